"""Runs a query and prints its rows, draws them or writes them to a file: for `zava-mcp query` and `zava-mcp run`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zava_mcp.cli.options import Format
from zava_mcp.settings import DEFAULT_ROWS, Settings

if TYPE_CHECKING:
    from zava_mcp.postgres.bound_sql import BoundSql
    from zava_mcp.sales.result import QueryResult
    from zava_mcp.sales.service import SalesService

#: Exit code of a command whose piped table or CSV lacks rows. JSON states this itself.
TRUNCATED = 3

MaxRows = Annotated[
    int | None,
    typer.Option("--max-rows", help=f"Most rows to return; default {DEFAULT_ROWS}.", show_default=False),
]
Chart = Annotated[bool, typer.Option("--chart", help="Draw a chart: lines for periods, bars for everything else.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write all rows to a file: .csv, .jsonl or .xlsx."),
]
Timeout = Annotated[
    float | None, typer.Option("--timeout", metavar="SECONDS", help="With --output: the timeout; default 600.")
]
Bom = Annotated[
    bool, typer.Option("--bom", help="With --output: begin with a byte order mark, so that Excel reads UTF-8.")
]
NoFormulas = Annotated[
    bool, typer.Option("--no-formulas", help="In CSV: write ' before texts that a spreadsheet would run as formulas.")
]


@dataclass(frozen=True)
class QueryOutput:
    """The options that determine how the rows of a query are shown."""

    max_rows: int | None
    chart: bool
    form: Format | None
    output: Path | None
    timeout: float | None
    bom: bool
    no_formulas: bool
    pager: bool

    def refuse_chart_with_format(self) -> None:
        """Raise InputError if both are given."""
        from zava_mcp.errors import InputError

        if self.chart and self.form:
            raise InputError("--chart and --format exclude each other", "Leave one of them out.")

    def check(self) -> None:
        """Raise InputError for options that contradict each other."""
        from zava_mcp.errors import InputError

        if self.output is not None:
            if self.chart or self.form or self.max_rows is not None:
                raise InputError("--output writes all rows in the file's own format", "Leave the other options out.")
            return
        if self.bom or self.timeout is not None:
            raise InputError("--timeout and --bom are for --output", "Add --output FILE.")
        if self.no_formulas and (self.form is None or self.form.value != "csv"):
            raise InputError("--no-formulas is for CSV", "Add --format csv, or --output FILE.csv.")

    def show(self, settings: Settings, prepare: "Callable[[SalesService], BoundSql]") -> None:
        """Run the query of `prepare`, and show its rows. Raises Exit with TRUNCATED if piped output lacks rows."""
        from zava_mcp.cli.display.output import show_chart, show_result

        if self.output is not None:
            from zava_mcp.cli.query_export import export

            return export(settings, prepare, self.output, self.timeout, self.bom, not self.no_formulas)
        result, sql = self._run(settings, prepare)
        if self.chart:
            return show_chart(result, sql)
        form = self.form.value if self.form else None
        if show_result(result, form, pager=self.pager, formulas=not self.no_formulas):
            raise typer.Exit(TRUNCATED)
        return None

    def _run(self, settings: Settings, prepare: "Callable[[SalesService], BoundSql]") -> "tuple[QueryResult, str]":
        """Return the result of a query, with advice in terms of the command line, and the SQL."""
        from zava_mcp.cli.display.messages import progress_bar
        from zava_mcp.cli.display.terminal_hints import require_row_limit, rows_advice
        from zava_mcp.sales.service import service_for

        with progress_bar() as progress, service_for(settings, progress) as service:
            default = settings.max_rows if self.chart else min(DEFAULT_ROWS, settings.max_rows)
            rows = default if self.max_rows is None else self.max_rows
            require_row_limit(rows, settings.max_rows)
            query = prepare(service)
            with service.name_hints():
                result = service.run_query(service.sales_query(query, rows), may_read_descriptions=True)
            result.record()
            result.rows_advice = rows_advice(rows, settings.max_rows)
            result.bytes_advice += " --output FILE writes every row."
        return result, query.sql
