"""`zava-mcp run`: runs a saved query as an identity, and prints the result or writes it to a file."""

from typing import Annotated

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile, Format, Pager, ResultFormat, UserId
from zava_mcp.cli.query_output import Bom, Chart, MaxRows, NoFormulas, Output, QueryOutput, Timeout
from zava_mcp.errors import InputError
from zava_mcp.settings import Settings


@app.command()
def run(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The saved query's name; default: list all saved queries.")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter's value. Repeat it for each parameter."),
    ] = None,
    max_rows: MaxRows = None,
    chart: Chart = False,
    form: ResultFormat = None,
    output: Output = None,
    timeout: Timeout = None,
    bom: Bom = False,
    no_formulas: NoFormulas = False,
    pager: Pager = True,
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Run a saved query as an identity and print the result; without a name, list the saved queries.

    Example: zava-mcp run top_products --param since=2026-01-01 --user-id seattle
    """
    settings = load_settings(ctx)
    from zava_mcp.sales.saved_query_call import SavedQueryCall

    shown = QueryOutput(max_rows, chart, form, output, timeout, bom, no_formulas, pager)
    shown.refuse_chart_with_format()
    shown.check()
    values = _values(param or [])
    if name is None:
        if values or chart or output or max_rows is not None:
            raise InputError("there is no name of a saved query", "`zava-mcp run` without options lists them.")
        return _list(settings, form)
    return shown.show(settings, lambda service: service.saved_queries.prepare(SavedQueryCall(name, values)))


def _list(settings: Settings, form: Format | None) -> None:
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.saved_command import show_saved_queries
    from zava_mcp.sales.service import service_for

    with progress_bar() as progress, service_for(settings, progress) as service:
        queries = service.saved_queries.list(service.new_reader())
    show_saved_queries(queries, form)


def _values(pairs: list[str]) -> dict[str, str]:
    """Return the values by name. Raises InputError for text without "=" and for a name that is given twice."""
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip()
        if not equals or not name:
            raise InputError(f"--param {pair[:60]!r} has no value", "Write --param NAME=VALUE.")
        if name in values:
            raise InputError(f"--param {name[:60]} is given twice", "Give each parameter once.")
        values[name] = value
    return values
