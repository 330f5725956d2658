"""Prints results on stdout: tables on a terminal, JSON when piped, or the requested format."""

import json
import re
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from rich.console import Console

from zava_mcp import call_context
from zava_mcp.cli.display.escape import Column, column, escape, escape_lines
from zava_mcp.cli.display.messages import console, print_lines, print_note
from zava_mcp.cli.display.pager import page_text
from zava_mcp.cli.display.terminal_hints import to_terminal_terms
from zava_mcp.cli.display.text_tables import lay_out, wrap_words
from zava_mcp.plurals import counted
from zava_mcp.standard_streams import write_exactly

if TYPE_CHECKING:
    from rich.console import RenderableType

    from zava_mcp.admin.change_report import Report
    from zava_mcp.doctor.check import Check
    from zava_mcp.sales.result import QueryResult
    from zava_mcp.sales.search_result import SearchResult

_NO_CHANGES = "nothing to do: everything is up to date"
_PIPED_CHART_WIDTH = 80  # columns
_MIN_WIDTH_FOR_STORES = 160  # columns
_CHECK_COLUMNS = ["name", "state", "found", "fix"]
_SQL = re.compile(r"(?:ALTER|COMMENT|CREATE|DELETE|DROP|GRANT|INSERT|REVOKE|SELECT|SET|UPDATE) ")
_STATE_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def show_result(
    result: "QueryResult", form: str | None, without: Sequence[str] = (), pager: bool = True, formulas: bool = True
) -> bool:
    """Print a query's result, without some columns; the default format is a table on a terminal, else JSON.

    Returns True if piped output lacks rows in a format that cannot say so.
    """
    from zava_mcp.sales.json_values import plain_cells

    result.rows_advice, result.bytes_advice = map(to_terminal_terms, (result.rows_advice, result.bytes_advice))
    form = _default_format(form)
    if form == "json":
        _print_json(result.json())
        return False
    indexes = [index for index, name in enumerate(result.columns) if name not in without]
    names = [result.columns[index] for index in indexes]
    rows = [[row[index] for index in indexes] for row in map(plain_cells, result.rows)]
    types = [result.types[index] for index in indexes]
    if form == "csv":
        _print_csv(names, rows, pager, None if formulas else types)
    else:
        show_columns(list(map(column, names, _transpose(names, rows), types)), pager=pager)
        if not rows:
            page_text("(0 rows)\n", console())
    for remark in [*result.remarks, *[result.hint()] * bool(result.truncated_by)]:
        print_note(remark)
    return bool(result.truncated_by) and not sys.stdout.isatty()


def show_chart(result: "QueryResult", sql: str) -> None:
    """Print the chart of a result, 80 columns wide when piped. Raises InputError if it cannot be drawn."""
    from zava_mcp.cli.display.terminal_charts import Style, draw_chart, to_ascii

    out = console()
    width = out.width if out.file.isatty() else _PIPED_CHART_WIDTH
    coloured = out.color_system is not None and not out.no_color
    out.width = width
    unicode = all(_is_shown(character, out.encoding) for character in "█▌│┤⣀━·")
    style = Style(coloured and unicode, unicode)
    render(draw_chart(result, sql, width, style), out, convert=str if unicode else to_ascii)


def show_search_result(result: "SearchResult", form: str | None, pager: bool = True) -> None:
    """Print products, and on stderr how they were found; a table omits long columns."""
    from zava_mcp.sales.search_result import FULL_TEXT

    form = _default_format(form)
    if form == "json":
        _print_json(result.json())
        return
    show_result(result.rows, form, without=_omitted_columns() if form == "table" else (), pager=pager)
    if result.closest:
        closest = {name: json.loads(value) for name, value in result.closest.items()}
        print_note(
            f"no product is similar enough; the closest is {closest['product_name']} ({closest['similarity']} %)"
        )
    for remark in result.remarks():
        print_note(remark)
    print_note(result.model.removeprefix("none: ") if result.model == FULL_TEXT else f"model: {result.model}")


def show_rows(columns: list[str], rows: list[list[str]], form: str | None) -> None:
    """Print rows of texts; the default format is a table on a terminal, else JSON."""
    call_context.current_call().rows = len(rows)
    form = _default_format(form)
    if form == "json":
        _print_json(_to_json(columns, rows))
    elif form == "csv":
        _print_csv(columns, rows)
    else:
        show_table(columns, rows)


def _to_json(columns: list[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows in the JSON form of query results."""
    result = {"columns": columns, "rows": rows, "row_count": len(rows), "truncated": False}
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"))


def show_checks(checks: "list[Check]", form: str) -> None:
    """Print the doctor's checks; after a table, print what to do about warnings and failures."""
    call_context.current_call().rows = len(checks)
    if form == "json":
        _print_json(_to_json(_CHECK_COLUMNS, [list(asdict(check).values()) for check in checks]))
        return
    if form == "csv":
        _print_csv(_CHECK_COLUMNS, [list(asdict(check).values()) for check in checks])
        return
    names, states, findings = zip(*[(check.name, check.state, check.found) for check in checks], strict=True)
    columns = column("check", names), column("state", states, styles=_STATE_STYLES), column("found", findings)
    show_columns(columns, whole=True, pager=False)
    for check in checks:
        if check.state != "ok":
            fix = check.fix.replace("\n", "\n  ")
            print(f"{escape(check.name)}:")
            if _SQL.match(check.fix):  # stays as it is, to be copied
                print(f"  {escape_lines(fix)}")
            else:
                print_lines(f"  {fix}")
    count = {state: states.count(state) for state in _STATE_STYLES}
    print_note(f"{count['ok']} passed, {counted(count['warn'], 'warning')}, {count['fail']} failed")


def show_text(text: str, wrap: bool = False) -> None:
    """Print lines of text; with `wrap`, within the width of a terminal."""
    out, text = console(), escape_lines(text)
    page_text(f"{wrap_words(text, out.width) if wrap else text}\n", out)


def show_report(report: "Report", only_sql: bool = False) -> None:
    """Print what an administrator's command changed; with `only_sql`, print the SQL, and the rest on stderr."""
    lines = [f"gap: {gap}" for gap in report.gaps] + [f"warning: {warning}" for warning in report.warnings]
    if only_sql:
        statements = [f"{statement.rstrip().removesuffix(';')};" for statement in report.sql]
        text = "\n".join(["BEGIN;", *statements, "COMMIT;"] if statements else [f"-- {_NO_CHANGES}"])
        print(escape_lines(text) if sys.stdout.isatty() else text)
        for line in lines:
            print_note(line)
        return
    for line in [*(report.actions or [_NO_CHANGES]), *lines]:
        print_lines(line)
    for line in report.next_steps:
        print(escape_lines(line)) if sys.stdout.isatty() else print_note(line)


def show_changes(report: "Report", dry_run: bool) -> None:
    """Print what a command changed, or on a dry run would change."""
    if dry_run:
        print_note("dry run: nothing was changed; these changes would be made")
    show_report(report)


def show_table(columns: list[str], rows: Sequence[Sequence[str | None]], numbers: Collection[int] = ()) -> None:
    """Print aligned columns of texts; `numbers` has the indexes of columns that are aligned right."""
    texts = [column(name, cells) for name, cells in zip(columns, _transpose(columns, rows), strict=True)]
    show_columns([replace(text, number=True) if index in numbers else text for index, text in enumerate(texts)])


def show_columns(columns: Sequence[Column], whole: bool = False, pager: bool = True) -> None:
    """Print a table within the terminal's width, and notes if texts were truncated or numbers rounded.

    With `whole`, no text is truncated.
    """
    out = console()
    layout = lay_out(columns, out.width if out.file.isatty() else None, whole)
    render(layout.renderable, out, pager)
    if layout.truncated:
        print_note("texts are truncated to fit; --format csv has the full texts")
    if any(column.rounded for column in columns):
        print_note("decimals are rounded; --format csv has all of them")


def _omitted_columns() -> tuple[str, ...]:
    narrow = sys.stdout.isatty() and console().width < _MIN_WIDTH_FOR_STORES
    return ("description", "category", *(["stock_by_store"] if narrow else []))


def _default_format(form: str | None) -> str:
    return form or ("table" if sys.stdout.isatty() else "json")


def _transpose(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[list[str | None]]:
    """Return the cells of each column."""
    return [[row[index] for row in rows] for index in range(len(names))]


def render(
    renderable: "RenderableType", out: Console, pager: bool = True, convert: "Callable[[str], str]" = str
) -> None:
    """Print without spaces at the ends of lines, through a pager if the text is longer than the screen."""
    with out.capture() as captured:
        out.print(renderable, crop=False)
    page_text(convert("\n".join(line.rstrip(" ") for line in captured.get().split("\n"))), out, pager)


def _print_json(text: str) -> None:
    """Print JSON; on a terminal, replace characters that it would interpret or cannot show by JSON's escapes."""
    if sys.stdout.isatty():
        encoding = sys.stdout.encoding or "utf-8"
        text = "".join(
            character if _is_shown(character, encoding) else json.dumps(character)[1:-1] for character in text
        )
    write_exactly(f"{text}\n")


def _is_shown(character: str, encoding: str) -> bool:
    """Whether a terminal with this encoding shows a character, without interpreting it."""
    if character.isascii():
        return character.isprintable() or character == "\n"
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return character.isprintable()


def _print_csv(
    columns: list[str], rows: Sequence[Sequence[str | None]], pager: bool = True, types: list[int] | None = None
) -> None:
    """Print CSV; on a terminal, escape the characters that it would interpret. With `types`, disable formulas."""
    from zava_mcp.sales.result import csv_line
    from zava_mcp.sales.spreadsheet_formulas import line_without_formulas

    if types is None:
        text = "".join(map(csv_line, [columns, *rows]))
    else:
        text = line_without_formulas(columns, [0] * len(columns)) + "".join(
            line_without_formulas(row, types) for row in rows
        )
    if sys.stdout.isatty():
        page_text(escape_lines(text), console(), pager)
    else:
        write_exactly(text)
