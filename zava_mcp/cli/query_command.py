"""`zava-mcp query`: runs one SQL query as an identity, and prints the result or writes it to a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile, Format, Pager, ResultFormat, UserId
from zava_mcp.cli.sql_input import SqlCommand, read_query
from zava_mcp.settings import DEFAULT_ROWS, Settings

if TYPE_CHECKING:
    from zava_mcp.sales.result import QueryResult

#: Exit code of a command whose piped table or CSV lacks rows. JSON states this itself.
TRUNCATED = 3


@app.command(cls=SqlCommand)
def query(
    ctx: typer.Context,
    sql: Annotated[
        str | None, typer.Argument(metavar="SQL", help="One query; - reads it from stdin.", show_default=False)
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", metavar="PATH", help="Read the query from a file; - is stdin.")
    ] = None,
    max_rows: Annotated[
        int | None,
        typer.Option("--max-rows", help=f"Most rows to return; default {DEFAULT_ROWS}.", show_default=False),
    ] = None,
    chart: Annotated[
        bool, typer.Option("--chart", help="Draw a chart: lines for periods, bars for everything else.")
    ] = False,
    form: ResultFormat = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write all rows to a file: .csv, .jsonl or .xlsx."),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="With --output: the timeout; default 600.")
    ] = None,
    bom: Annotated[
        bool, typer.Option("--bom", help="With --output: begin with a byte order mark, so that Excel reads UTF-8.")
    ] = False,
    no_formulas: Annotated[
        bool,
        typer.Option("--no-formulas", help="In CSV: write ' before texts that a spreadsheet would run as formulas."),
    ] = False,
    pager: Pager = True,
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Run one SQL query as an identity and print the result.

    Example: zava-mcp query "SELECT store_name, is_online FROM retail.stores" --user-id seattle
    """
    settings = load_settings(
        ctx, ZAVA_USER_ID=user_id, ZAVA_ENV_FILE=env_file, ZAVA_DATABASE_URL=database_url, ZAVA_DATA_DIR=data_dir
    )
    from zava_mcp import call_context
    from zava_mcp.cli.display.output import show_chart, show_result

    _refuse_chart_with_format(chart, form)
    call_context.current_call().sql = text = read_query(sql, file)
    _check_options(chart, form, output, max_rows, timeout, bom, no_formulas)
    if output is not None:
        from zava_mcp.cli.query_export import export

        return export(settings, text, output, timeout, bom, not no_formulas)
    result = _run_query(settings, text, max_rows, chart)
    if chart:
        return show_chart(result, text)
    if show_result(result, form.value if form else None, pager=pager, formulas=not no_formulas):
        raise typer.Exit(TRUNCATED)
    return None


def _refuse_chart_with_format(chart: bool, form: Format | None) -> None:
    from zava_mcp.errors import InputError

    if chart and form:
        raise InputError("--chart and --format exclude each other", "Leave one of them out.")


def _check_options(
    chart: bool,
    form: Format | None,
    output: Path | None,
    max_rows: int | None,
    timeout: float | None,
    bom: bool,
    no_formulas: bool,
) -> None:
    """Raise InputError for options that contradict each other."""
    from zava_mcp.errors import InputError

    if output is not None:
        if chart or form or max_rows is not None:
            raise InputError("--output writes all rows in the file's own format", "Leave the other options out.")
        return
    if bom or timeout is not None:
        raise InputError("--timeout and --bom are for --output", "Add --output FILE.")
    if no_formulas and (form is None or form.value != "csv"):
        raise InputError("--no-formulas is for CSV", "Add --format csv, or --output FILE.csv.")


def _run_query(settings: Settings, sql: str, max_rows: int | None, chart: bool) -> "QueryResult":
    """Return the result of a query, with advice in terms of the command line."""
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.terminal_hints import require_row_limit, rows_advice
    from zava_mcp.sales.service import SalesService

    with progress_bar() as progress, SalesService(settings, progress) as service:
        default = settings.max_rows if chart else min(DEFAULT_ROWS, settings.max_rows)
        rows = default if max_rows is None else max_rows
        require_row_limit(rows, settings.max_rows)
        with service.name_hints():
            result = service.run_query(service.sales_query(sql, rows), may_read_descriptions=True)
        result.record()
        result.rows_advice = rows_advice(rows, settings.max_rows)
        result.bytes_advice += " --output FILE writes every row."
    return result
