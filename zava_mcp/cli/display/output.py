"""What people see: tables on a terminal, plain text when piped, errors and progress on stderr."""

import json
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from zava_mcp import call_context
from zava_mcp.cli.command_audit import after_output
from zava_mcp.cli.display.escape import Column, column, escape, escape_lines
from zava_mcp.cli.display.pager import page_text, terminal_size
from zava_mcp.cli.display.sql_position import position_of
from zava_mcp.cli.display.terminal_hints import for_the_terminal
from zava_mcp.cli.display.text_tables import layout_of
from zava_mcp.errors import QueryError, ZavaError
from zava_mcp.standard_streams import write_exactly

if TYPE_CHECKING:
    from rich.console import RenderableType

    from zava_mcp.admin.change_report import Report
    from zava_mcp.admin.sample import Progress as Told
    from zava_mcp.postgres.checks import Check
    from zava_mcp.sales.result import QueryResult
    from zava_mcp.sales.search_result import SearchResult

_NOTHING = "nothing to do: everything is already there"
_WIDE = 10_000  # piped tables are not folded to some terminal's width
_PIPED_CHART = 80  # columns
_ROOM_FOR_STORES = 160
_CHECK = ["name", "state", "found", "fix"]
_STATES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def console(stderr: bool = False) -> Console:
    """A console for this run's stream: colour and width of the terminal, plain and wide elsewhere.

    What NO_COLOR, FORCE_COLOR and TERM=dumb say is heeded.
    """
    stream = sys.stderr if stderr else sys.stdout
    width, height = terminal_size(stream) if stream.isatty() else (_WIDE, _WIDE)
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=width, height=height)


def print_error(error: ZavaError) -> None:
    """An error on stderr: what happened, and what to do. It may quote the data."""
    out = console(stderr=True)
    told = Text("error: ", style="bold red").append(escape_lines(_told(error)), style="not bold default")
    out.print(told, soft_wrap=True)
    if out.is_terminal and isinstance(error, QueryError) and (place := position_of(error, out.width)):
        out.print(Text(place), soft_wrap=True)
    if error.hint:
        out.print(Text(escape_lines(for_the_terminal(error.hint) + error.listing)), soft_wrap=True)


def _told(error: ZavaError) -> str:
    return error.full_message() if isinstance(error, QueryError) else for_the_terminal(error.full_message())


def print_note(text: str) -> None:
    """A remark on stderr."""
    after_output(lambda: console(stderr=True).print(Text(escape_lines(for_the_terminal(text)), style="dim")))


def show_result(
    answer: "QueryResult", form: str | None, without: Sequence[str] = (), pager: bool = True, formulas: bool = True
) -> bool:
    """An answer on stdout, perhaps without some columns; without a form a table on a terminal, JSON when piped.

    Returns whether a program that reads it cannot see that rows are missing.
    """
    from zava_mcp.sales.json_values import cells

    answer.rows_advice, answer.bytes_advice = map(for_the_terminal, (answer.rows_advice, answer.bytes_advice))
    form = _form(form)
    if form == "json":
        _print_json(answer.json())
        return False
    places = [place for place, name in enumerate(answer.columns) if name not in without]
    names = [answer.columns[place] for place in places]
    rows = [[row[place] for place in places] for row in map(cells, answer.rows)]
    types = [answer.types[place] for place in places]
    if form == "csv":
        _print_csv(names, rows, pager, None if formulas else types)
    else:
        show_columns(list(map(column, names, _across(names, rows), types)), pager=pager)
        if not rows:
            page_text("(0 rows)\n", console())
    for remark in [*answer.remarks, *[answer.hint()] * bool(answer.truncated_by)]:
        print_note(remark)
    return bool(answer.truncated_by) and not sys.stdout.isatty()


def show_chart(answer: "QueryResult", sql: str) -> None:
    """An answer on stdout as a chart, 80 columns wide when piped. Raises InputError if it cannot be drawn."""
    from zava_mcp.cli.display.terminal_charts import Style, chart, in_ascii

    out = console()
    width = out.width if out.file.isatty() else _PIPED_CHART
    coloured = out.color_system is not None and not out.no_color
    out.width = width
    drawn = all(_is_shown(mark, out.encoding) for mark in "█▌│┤⣀━·")
    render(chart(answer, sql, width, Style(coloured and drawn, drawn)), out, change=str if drawn else in_ascii)


def show_search_result(found: "SearchResult", form: str | None, pager: bool = True) -> None:
    """Products on stdout, a table without what is long, and how they were found on stderr."""
    form = _form(form)
    if form == "json":
        _print_json(found.json())
        return
    show_result(found.rows, form, without=_left_out() if form == "table" else (), pager=pager)
    if found.closest:
        closest = {name: json.loads(value) for name, value in found.closest.items()}
        print_note(f"nothing is similar enough; the closest is {closest['product_name']} ({closest['similarity']} %)")
    for remark in found.remarks():
        print_note(remark)
    print_note(f"model: {found.model}")


def show_rows(columns: list[str], rows: list[list[str]], form: str | None) -> None:
    """Rows of texts on stdout; without a form a table on a terminal, JSON when piped."""
    call_context.current_call().rows = len(rows)
    form = _form(form)
    if form == "json":
        _print_json(_answer_of(columns, rows))
    elif form == "csv":
        _print_csv(columns, rows)
    else:
        show_table(columns, rows)


def _answer_of(columns: list[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows in the shape that answers to queries have."""
    answer = {"columns": columns, "rows": rows, "row_count": len(rows), "truncated": False}
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def show_checks(checks: "list[Check]", form: str) -> None:
    """The doctor's checks on stdout, as a table those that are not well with what to do."""
    call_context.current_call().rows = len(checks)
    if form == "json":
        _print_json(_answer_of(_CHECK, [list(asdict(check).values()) for check in checks]))
        return
    if form == "csv":
        _print_csv(_CHECK, [list(asdict(check).values()) for check in checks])
        return
    names, states, found = zip(*[(check.name, check.state, check.found) for check in checks], strict=True)
    shown = column("check", names), column("state", states, styles=_STATES), column("found", found)
    show_columns(shown, whole=True, pager=False)
    for check in checks:
        if check.state != "ok":
            print(f"{escape(check.name)}:", escape_lines(check.fix).replace("\n", "\n  "), sep="\n  ")
    count = {state: states.count(state) for state in _STATES}
    print_note(f"{count['ok']} checks are well, {count['warn']} warn, {count['fail']} fail")


def show_text(text: str) -> None:
    """Lines of text on stdout."""
    page_text(f"{escape_lines(text)}\n", console())


def show_report(report: "Report", only_sql: bool = False) -> None:
    """What set-up did on stdout; or, with `only_sql`, the SQL there and the rest on stderr."""
    lines = [f"gap: {gap}" for gap in report.gaps] + [f"warning: {warning}" for warning in report.warnings]
    if only_sql:
        statements = [f"{statement.rstrip().removesuffix(';')};" for statement in report.sql]
        text = "\n".join(["BEGIN;", *statements, "COMMIT;"] if statements else [f"-- {_NOTHING}"])
        print(escape_lines(text) if sys.stdout.isatty() else text)
        for line in lines:
            print_note(line)
        return
    for line in [*(report.actions or [_NOTHING]), *lines]:
        print(escape_lines(line))


def show_table(columns: list[str], rows: Sequence[Sequence[str | None]], numbers: Collection[int] = ()) -> None:
    """Aligned columns of texts; `numbers` are the places of those that are aligned right."""
    texts = [column(name, cells) for name, cells in zip(columns, _across(columns, rows), strict=True)]
    show_columns([replace(text, number=True) if place in numbers else text for place, text in enumerate(texts)])


def show_columns(columns: Sequence[Column], whole: bool = False, pager: bool = True) -> None:
    """A table within the terminal's width; what was cut or rounded is said, unless `whole` keeps it from being cut."""
    out = console()
    layout = layout_of(columns, out.width if out.file.isatty() else None, whole)
    render(layout.printed, out, pager)
    if layout.cut:
        print_note("texts are cut to fit; --format csv has them whole")
    if any(one.rounded for one in columns):
        print_note("decimals are rounded; --format csv has them all")


def _left_out() -> tuple[str, ...]:
    narrow = sys.stdout.isatty() and console().width < _ROOM_FOR_STORES
    return ("description", "category", *(["stock_by_store"] if narrow else []))


def _form(form: str | None) -> str:
    return form or ("table" if sys.stdout.isatty() else "json")


def _across(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[list[str | None]]:
    """The cells of each column, from rows."""
    return [[row[place] for row in rows] for place in range(len(names))]


def render(printed: "RenderableType", out: Console, pager: bool = True, change: "Callable[[str], str]" = str) -> None:
    """Prints without blanks at the ends of lines, through a pager if it is longer than the screen."""
    with out.capture() as captured:
        out.print(printed)
    page_text(change("\n".join(line.rstrip(" ") for line in captured.get().split("\n"))), out, pager)


def _print_json(text: str) -> None:
    """JSON; on a terminal with escapes, which say the same, for what it would obey or has no letter for."""
    if sys.stdout.isatty():
        encoding = sys.stdout.encoding or "utf-8"
        text = "".join(mark if _is_shown(mark, encoding) else json.dumps(mark)[1:-1] for mark in text)
    write_exactly(f"{text}\n")


def _is_shown(mark: str, encoding: str) -> bool:
    if mark.isascii():
        return mark.isprintable() or mark == "\n"
    try:
        mark.encode(encoding)
    except UnicodeEncodeError:
        return False
    return mark.isprintable()


def _print_csv(
    columns: list[str], rows: Sequence[Sequence[str | None]], pager: bool = True, types: list[int] | None = None
) -> None:
    """CSV, as it is when piped; on a terminal with what it would obey written out."""
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


@contextmanager
def progress_bar(speed: bool = False) -> "Iterator[Told]":
    """A bar on stderr for work that takes long, with the time left if `speed`; elsewhere one line a step."""
    out = console(stderr=True)
    if not out.is_terminal:
        said: dict[str, float] = {}

        def tell(part: float, what: str) -> None:  # a line a step; of a step that counts, one every tenth
            step = re.sub(r"\d", "", what)
            if part >= said.get(step, part - 1) + 0.1 or part == 1.0:
                said[step] = part
                out.print(Text(f"{what} …"))

        yield tell
        return
    columns = (
        BarColumn(),
        TaskProgressColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        *([TextColumn("left:"), TimeRemainingColumn()] if speed else []),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("working", total=None)  # nobody knows how long, until somebody tells
        yield lambda part, what: bar.update(task, total=1.0, completed=part, description=what)
