"""`zava-mcp init`: creates, upgrades, adopts or resets the database."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from zava_mcp.cli import onboarding
from zava_mcp.cli.app import app, is_explicit, load_settings
from zava_mcp.cli.options import AdminUrl, DataDir, EnvFile
from zava_mcp.settings import Settings


@app.command()
def init(
    ctx: typer.Context,
    sample: Annotated[bool, typer.Option(help="Fill a new database with the sample.")] = True,
    scale: Annotated[float, typer.Option(help="Size of the sample; 1 is about 200,000 orders.")] = 1.0,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the sample; default today.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sample's random numbers.")] = 42,
    passwords_file: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="On a server: write generated passwords to this libpq passfile."),
    ] = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Adopt an existing Zava database without changing its rows.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --adopt: only print the SQL that would run.")
    ] = False,
    company: Annotated[
        Path | None,
        typer.Option(
            "--company", metavar="FILE", help="A TOML file with the company profile; see `zava-mcp guide company`."
        ),
    ] = None,
    take_over_roles: Annotated[
        bool,
        typer.Option(
            "--take-over-roles",
            help="On a server: use existing roles that have the names of Zava's roles. "
            "Resets their passwords and memberships.",
        ),
    ] = False,
    tenants_from: Annotated[
        str,
        typer.Option(
            "--tenants-from",
            metavar="TABLE:KEY:NAME",
            help="In a database without Zava's tables: an identity for each row of this table, by its key and name.",
        ),
    ] = "",
    single_node: Annotated[
        bool,
        typer.Option("--single-node", help="On the coordinator of a Citus cluster: keep all tables on this server."),
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Remove the embedded database, after confirmation, and create a new one.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --reset: do not ask for confirmation.")] = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Create or upgrade the database: schema, identities, sample. Existing rows are not changed.

    On a terminal, without options and without a server in the settings, offer the choices and print what comes next.

    Example: zava-mcp init --scale 0.1
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.init import adopt_database, initialise, reset_embedded
    from zava_mcp.admin.profile import read_profile_file
    from zava_mcp.admin.sample import Sample
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_report

    choice = None
    if onboarding.is_offered(ctx, settings.database is not None or settings.admin_url is not None):
        choice = onboarding.choose()
        if choice is not onboarding.SAMPLE:
            return onboarding.show_next(choice)
    _check_options(adopt, dry_run, reset, passwords_file, take_over_roles, sample, company)
    if tenants_from:
        given = [
            name for name in ("scale", "as_of", "seed", "adopt", "take_over_roles", "reset") if is_explicit(ctx, name)
        ]
        _initialise_tenants(settings, tenants_from, passwords_file, given)
        return None
    profile = read_profile_file(company) if company else None
    sample_options = Sample(scale, as_of.date() if as_of else None, seed)
    if reset:
        _confirm_reset(settings, yes)
    with progress_bar() as progress:
        if reset:
            report = reset_embedded(settings, sample_options, progress)
        elif adopt:
            report = adopt_database(settings, dry_run, passwords_file, progress, take_over_roles, profile)
        else:
            explicit = [name for name in ("scale", "as_of", "seed") if is_explicit(ctx, name)]
            new_sample = sample_options if sample else None
            report = initialise(
                settings, new_sample, passwords_file, progress, take_over_roles, explicit, profile, single_node
            )
    show_report(report, only_sql=dry_run)
    if choice is not None:
        onboarding.show_next(choice)
    return None


def _initialise_tenants(settings: Settings, table: str, passwords_file: Path | None, given: list[str]) -> None:
    from zava_mcp.admin.tenants import initialise_tenants
    from zava_mcp.admin.tenants_table import TenantsTable
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_report
    from zava_mcp.errors import InputError

    if given:
        option = f"--{given[0].replace('_', '-')}"
        raise InputError(
            f"{option} cannot be used with --tenants-from", "Leave it out: such a database gets no sample."
        )
    with progress_bar() as progress:
        report = initialise_tenants(settings, TenantsTable.parse(table), passwords_file, progress)
    show_report(report)


def _check_options(
    adopt: bool,
    dry_run: bool,
    reset: bool,
    passwords_file: Path | None,
    take_over_roles: bool,
    sample: bool,
    company: Path | None,
) -> None:
    """Raise InputError for options that contradict each other."""
    from zava_mcp.errors import InputError

    if dry_run and not adopt:
        raise InputError("--dry-run is for --adopt", "Without --adopt, init does not change existing rows.")
    if dry_run and company:
        raise InputError("--dry-run does not show what --company writes", "Leave one of them out.")
    if reset and (adopt or passwords_file or take_over_roles or company or not sample):
        raise InputError("--reset is for the embedded database alone", "Leave the other options out.")


def _confirm_reset(settings: Settings, yes: bool) -> None:
    """Ask for confirmation. Raises InputError if stdin is not a terminal, and Exit if the answer is no."""
    from zava_mcp.admin.init import lost_by_reset
    from zava_mcp.errors import InputError

    lost = lost_by_reset(settings)
    if lost is None or yes:
        return
    if not sys.stdin.isatty():
        raise InputError("--reset needs confirmation, but stdin is not a terminal", "Add --yes.")
    identities = f", including the identities {', '.join(lost)}" if lost else ""
    if not typer.confirm(f"Remove the embedded database with everything in it{identities}?", err=True):
        raise typer.Exit(1)
