"""`zava-mcp run`: runs a saved query as an identity, and prints the result or writes it to a file."""

from typing import Annotated

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile, Pager, ResultFormat, UserId
from zava_mcp.cli.query_output import Bom, Chart, MaxRows, NoFormulas, Output, QueryOutput, Timeout


@app.command()
def run(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The saved query's name; `zava-mcp saved list`.")],
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
    """Run a saved query as an identity and print the result.

    Example: zava-mcp run top_products --param since=2026-01-01 --user-id seattle
    """
    settings = load_settings(
        ctx, ZAVA_USER_ID=user_id, ZAVA_ENV_FILE=env_file, ZAVA_DATABASE_URL=database_url, ZAVA_DATA_DIR=data_dir
    )
    shown = QueryOutput(max_rows, chart, form, output, timeout, bom, no_formulas, pager)
    shown.refuse_chart_with_format()
    shown.check()
    values = _values(param or [])
    shown.show(settings, lambda service: service.prepare_saved_query(service.saved_query_call(name, values)))


def _values(pairs: list[str]) -> dict[str, str]:
    """Return the values by name. Raises InputError for text without "=" and for a name that is there twice."""
    from zava_mcp.errors import InputError

    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip()
        if not equals or not name:
            raise InputError(f"--param {pair[:60]!r} has no value", "Write --param NAME=VALUE.")
        if name in values:
            raise InputError(f"--param {name[:60]} is there twice", "Give each parameter once.")
        values[name] = value
    return values
