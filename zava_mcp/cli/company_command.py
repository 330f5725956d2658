"""`zava-mcp company`: shows and changes the company profile, as an administrator."""

from dataclasses import asdict
from typing import Annotated

import typer

from zava_mcp.cli.app import app, keep_options, load_settings
from zava_mcp.cli.options import AdminUrl, DataDir, DryRun, EnvFile, Format, ResultFormat

company = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]}, rich_markup_mode=None)
app.add_typer(company, name="company")


@company.callback(invoke_without_command=True)
def company_default(
    ctx: typer.Context,
    form: ResultFormat = None,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Show the company profile: name, currency, time zone, calendar, notes. An administrator can change it.

    Example: zava-mcp company
    """
    keep_options(ctx)
    if ctx.invoked_subcommand is None:
        _show(ctx, form)


@company.command()
def show(
    ctx: typer.Context,
    form: ResultFormat = None,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Show the company profile, as `zava-mcp company` does.

    Example: zava-mcp company show
    """
    _show(ctx, form)


def _show(ctx: typer.Context, form: Format | None) -> None:
    settings = load_settings(ctx)
    from zava_mcp.admin.profile import FIELDS, read_profile
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_rows

    with progress_bar() as progress:
        profile = asdict(read_profile(settings, progress))
    show_rows(["field", "value"], [[name, str(profile[name])] for name in FIELDS], form and form.value)


@company.command(name="set")
def set_(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="The company's name.")] = None,
    sells: Annotated[
        str | None, typer.Option("--sells", metavar="TEXT", help='What it sells, as in "it sells bread and cakes".')
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", metavar="CODE", help="The currency of all amounts, such as EUR.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", metavar="ZONE", help="Where its days begin, such as Europe/Berlin.")
    ] = None,
    fiscal_year_start: Annotated[
        str | None,
        typer.Option("--fiscal-year-start", metavar="MONTH", help="First month of the fiscal year, 1 to 12."),
    ] = None,
    week_start: Annotated[
        str | None, typer.Option("--week-start", metavar="DAY", help="First day of the week, such as Sunday.")
    ] = None,
    notes: Annotated[
        str | None,
        typer.Option("--notes", metavar="TEXT", help="What assistants should know, 1,000 characters at most."),
    ] = None,
    dry_run: DryRun = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Change the company profile; fields without an option stay.

    Example: zava-mcp company set --name "Brot & Zeit" --sells bread --currency EUR --time-zone Europe/Berlin
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.profile import change_profile, check_fields
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_changes
    from zava_mcp.errors import InputError

    fields = {
        "name": name,
        "sells": sells,
        "currency": currency,
        "time_zone": time_zone,
        "fiscal_year_start": fiscal_year_start,
        "week_start": week_start,
        "notes": notes,
    }
    changes = check_fields({field: value for field, value in fields.items() if value is not None})
    if not changes:
        raise InputError("no field of the profile is given", "Give one, such as --currency EUR; --help lists them.")
    with progress_bar() as progress:
        report = change_profile(settings, changes, dry_run, progress)
    show_changes(report, dry_run)
