"""`zava-mcp saved`: saves queries with parameters for all identities, lists, shows and removes them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import AdminUrl, DataDir, EnvFile, Format, ResultFormat

if TYPE_CHECKING:
    from zava_mcp.postgres.saved_query import SavedQuery

saved = typer.Typer(
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    help="Save queries with parameters, which identities and their assistants run by name.\n\n"
    "Example: zava-mcp saved list",
)
app.add_typer(saved, name="saved")


@saved.command()
def add(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files with one query each; - is stdin.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the files, and save nothing.")] = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Check the queries in files and save all of them, or none; a query with the same name is replaced.

    Example: zava-mcp saved add queries/top_products.sql queries/revenue_by_month.sql
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.saved_queries import save_queries
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_changes
    from zava_mcp.cli.sql_input import read_query

    texts = {path: read_query(None, str(path)) for path in files}
    with progress_bar() as progress:
        report = save_queries(settings, texts, progress, dry_run)
    show_changes(report, dry_run)


@saved.command(name="list")
def list_(
    ctx: typer.Context,
    form: ResultFormat = None,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List the saved queries with their parameters; as an identity, `zava-mcp run` lists them.

    Example: zava-mcp saved list
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.saved_queries import list_queries
    from zava_mcp.cli.display.messages import progress_bar

    with progress_bar() as progress:
        queries = list_queries(settings, progress)
    show_saved_queries(queries, form)


def show_saved_queries(queries: "list[SavedQuery]", form: Format | None) -> None:
    """Print saved queries: name, parameters and description."""
    from zava_mcp.cli.display.output import show_rows

    rows = [
        [query.name, ", ".join(parameter.describe() for parameter in query.parameters), query.description]
        for query in queries
    ]
    show_rows(["name", "parameters", "description"], rows, form and form.value)


@saved.command()
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The saved query's name.")],
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Print the file of a saved query.

    Example: zava-mcp saved show top_products
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.saved_queries import show_query
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_text

    with progress_bar() as progress:
        query = show_query(settings, name, progress)
    show_text(query.source)


@saved.command()
def remove(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of saved queries.")],
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Remove saved queries, all or none; open sessions can no longer run them.

    Example: zava-mcp saved remove top_products
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.saved_queries import remove_queries
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_report

    with progress_bar() as progress:
        report = remove_queries(settings, names, progress)
    show_report(report)
