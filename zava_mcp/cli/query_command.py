"""`zava-mcp query`: one SQL query as an identity, shown or written to a file."""

from pathlib import Path
from typing import Annotated

import typer

from zava_mcp.cli.app import app, settings_of
from zava_mcp.cli.options import AnswerFormat, DatabaseUrl, DataDir, EnvFile, Pager, UserId
from zava_mcp.cli.sql_input import SqlCommand, query_text
from zava_mcp.settings import DEFAULT_ROWS

#: The exit code of a command whose piped table or CSV lacks rows; JSON says so itself.
CUT = 3


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
        typer.Option("--max-rows", help=f"Most rows to return; {DEFAULT_ROWS} if not given.", show_default=False),
    ] = None,
    chart: Annotated[bool, typer.Option("--chart", help="Draw it: lines over periods, bars for all else.")] = False,
    form: AnswerFormat = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write all rows there: .csv, .jsonl or .xlsx."),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="With --output: until it is stopped; 600.")
    ] = None,
    bom: Annotated[bool, typer.Option("--bom", help="With --output: a mark by which Excel knows UTF-8.")] = False,
    no_formulas: Annotated[
        bool, typer.Option("--no-formulas", help="In CSV: ' before texts that a spreadsheet would run.")
    ] = False,
    pager: Pager = True,
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Ask one SQL question as an identity and print the answer.

    Example: zava-mcp query "SELECT store_name, is_online FROM retail.stores" --user-id seattle
    """
    settings = settings_of(
        ctx, ZAVA_USER_ID=user_id, ZAVA_ENV_FILE=env_file, ZAVA_DATABASE_URL=database_url, ZAVA_DATA_DIR=data_dir
    )
    from zava_mcp import call_context
    from zava_mcp.cli.display.output import progress_bar, show_chart, show_result
    from zava_mcp.cli.display.terminal_hints import refuse_too_many, rows_advice
    from zava_mcp.errors import InputError
    from zava_mcp.sales.service import SalesService

    if chart and form:
        raise InputError("--chart and --format exclude each other", "Leave one of them out.")

    call_context.current_call().sql = text = query_text(sql, file)
    if output is not None:
        if chart or form or max_rows is not None:
            raise InputError("--output writes all rows in the file's own format", "Leave the other options out.")
        from zava_mcp.cli.query_export import export

        return export(settings, text, output, timeout, bom, not no_formulas)
    if bom or timeout is not None:
        raise InputError("--timeout and --bom are for --output", "Add --output FILE.")
    if no_formulas and (form is None or form.value != "csv"):
        raise InputError("--no-formulas is for CSV", "Add --format csv, or --output FILE.csv.")
    with progress_bar() as tell, SalesService(settings, tell) as service:
        most = settings.max_rows if chart else min(DEFAULT_ROWS, settings.max_rows)
        rows = most if max_rows is None else max_rows
        refuse_too_many(rows, settings.max_rows)
        with service.name_hints():
            answer = service.run_query(service.sales_query(text, rows), may_read_descriptions=True)
        answer.record()
        answer.rows_advice = rows_advice(rows, settings.max_rows)
        answer.bytes_advice += " --output FILE writes every row."
    if chart:
        return show_chart(answer, text)
    if show_result(answer, form.value if form else None, pager=pager, formulas=not no_formulas):
        raise typer.Exit(CUT)
    return None
