"""`zava-mcp tables`: lists or describes the tables that an identity can query; exposes and hides tables."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from zava_mcp.cli.app import app, keep_options, load_settings
from zava_mcp.cli.options import AdminUrl, DatabaseUrl, DataDir, DryRun, EnvFile, ResultFormat, UserId


class _NamesOrCommands(TyperGroup):
    """The arguments after `tables` are names of tables, unless the first one is a command."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            args = ["describe", *args]
        return super().resolve_command(ctx, args)


tables = typer.Typer(
    cls=_NamesOrCommands, context_settings={"help_option_names": ["-h", "--help"]}, rich_markup_mode=None
)
app.add_typer(tables, name="tables")

Table = Annotated[str, typer.Argument(metavar="TABLE", help="A table or view with its schema, such as sales.invoice.")]


@tables.callback(invoke_without_command=True, subcommand_metavar="[NAME]... | COMMAND")
def tables_default(
    ctx: typer.Context,
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List the tables, or describe the named ones: columns, types, keys, meaning and valid values.

    As an administrator, expose your own tables to identities, or hide them again.

    Example: zava-mcp tables orders order_items --user-id seattle
    """
    keep_options(ctx)
    if ctx.invoked_subcommand is None:
        _show(ctx, [])


@tables.command(hidden=True)
def describe(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="[NAME]...", help="Tables to describe.")],
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Describe tables, as `zava-mcp tables NAME` does.

    Example: zava-mcp tables describe orders --user-id seattle
    """
    _show(ctx, names)


def _show(ctx: typer.Context, names: list[str]) -> None:
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_text
    from zava_mcp.sales.service import service_for

    settings = load_settings(ctx)
    with progress_bar() as progress, service_for(settings, progress) as service:
        text = (
            service.describe_tables(names, service.new_reader()) if names else service.list_tables(service.new_reader())
        )
    show_text(text, wrap=True)


@tables.command()
def expose(
    ctx: typer.Context,
    table: Table,
    store_column: Annotated[
        str, typer.Option("--store-column", metavar="COLUMN", help="The column that names the store of a row.")
    ] = "",
    through: Annotated[
        str,
        typer.Option(
            "--through",
            metavar="COLUMN:TABLE",
            help="A row belongs to the store of the row of TABLE that COLUMN names.",
        ),
    ] = "",
    shared: Annotated[
        bool, typer.Option("--shared", help="Every identity may read every row, as of a catalogue.")
    ] = False,
    hide_column: Annotated[
        list[str] | None,
        typer.Option("--hide-column", metavar="COLUMN", help="A column that no identity may read. Can be repeated."),
    ] = None,
    comments: Annotated[
        Path | None,
        typer.Option(
            "--comments",
            metavar="FILE",
            help="A TOML file with comments, which assistants read; default: prompts for them.",
        ),
    ] = None,
    dry_run: DryRun = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Let identities read a table or view of any schema, each the rows of its own stores, as an administrator.

    Example: zava-mcp tables expose sales.invoice --store-column tenant_id --comments invoice.toml
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.exposed_tables import ExposeRequest, expose_table
    from zava_mcp.admin.table_comments import read_comments
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_changes

    texts = read_comments(comments) if comments else {}
    ask = _ask if comments is None and sys.stdin.isatty() and sys.stderr.isatty() else None
    request = ExposeRequest(table, store_column, through, shared, tuple(hide_column or ()), texts, ask)
    # A progress bar would overwrite the prompts.
    with nullcontext(lambda *_: None) if ask else progress_bar() as progress:
        report = expose_table(settings, request, dry_run, progress)
    show_changes(report, dry_run)


@tables.command()
def hide(
    ctx: typer.Context,
    table: Table,
    dry_run: DryRun = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Hide an exposed table or view from identities, and remove its policies and triggers.

    Example: zava-mcp tables hide sales.invoice
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.exposed_tables import hide_table
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_changes

    with progress_bar() as progress:
        report = hide_table(settings, table, dry_run, progress)
    show_changes(report, dry_run)


@tables.command()
def exposed(
    ctx: typer.Context,
    form: ResultFormat = None,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List the exposed tables and views: whose rows an identity sees, and which columns are hidden.

    Example: zava-mcp tables exposed
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.exposed_tables import exposed_tables
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_rows

    with progress_bar() as progress:
        rows = exposed_tables(settings, progress)
    show_rows(["table", "rows", "columns", "hidden_columns"], rows, form and form.value)


def _ask(column: str) -> str:
    """Ask for the comment on a column, or on the table."""
    about = f"the column {column}" if column else "a row of the table"
    answer: str = typer.prompt(f"What is {about}? (Enter for none)", default="", show_default=False, err=True)
    return answer
