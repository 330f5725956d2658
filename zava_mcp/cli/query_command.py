"""`zava-mcp query`: runs one SQL query as an identity, and prints the result or writes it to a file."""

from typing import Annotated

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile, Pager, ResultFormat, UserId
from zava_mcp.cli.query_output import Bom, Chart, MaxRows, NoFormulas, Output, QueryOutput, Timeout
from zava_mcp.cli.sql_input import SqlCommand, read_query


@app.command(cls=SqlCommand)
def query(
    ctx: typer.Context,
    sql: Annotated[
        str | None, typer.Argument(metavar="SQL", help="One query; - reads it from stdin.", show_default=False)
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", metavar="PATH", help="Read the query from a file; - is stdin.")
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
    """Run one SQL query as an identity and print the result.

    Example: zava-mcp query "SELECT store_name, is_online FROM retail.stores" --user-id seattle
    """
    settings = load_settings(ctx)
    from zava_mcp import call_context
    from zava_mcp.postgres.bound_sql import BoundSql

    shown = QueryOutput(max_rows, chart, form, output, timeout, bom, no_formulas, pager)
    shown.refuse_chart_with_format()
    call_context.current_call().sql = text = read_query(sql, file)
    shown.check()
    shown.show(settings, lambda _: BoundSql(text))
