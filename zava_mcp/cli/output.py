"""What people see: tables on a terminal, plain text when piped, errors and progress on stderr."""

import csv
import io
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from zava_mcp.errors import ZavaError

if TYPE_CHECKING:
    from zava_mcp.database.health import Check
    from zava_mcp.database.sample import Progress as Told
    from zava_mcp.database.setup import Report
    from zava_mcp.retail.answers import Answer
    from zava_mcp.retail.search import Found

_NUMBERS = {20, 21, 23, 26, 700, 701, 1700}  # PostgreSQL's number types, which are aligned right

_NOTHING = "nothing to do: everything is already there"
_WIDE = 10_000  # piped tables are not folded to some terminal's width


def console(stderr: bool = False) -> Console:
    """A console for this run's stream: colour and width of the terminal, plain and wide elsewhere."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, highlight=False, width=None if stream.isatty() else _WIDE)


def complain(error: ZavaError) -> None:
    """An error on stderr: what happened, and what to do."""
    out = console(stderr=True)
    out.print(Text("error: ", style="bold red").append(error.told(), style="not bold default"), soft_wrap=True)
    if error.hint:
        out.print(Text(error.hint), soft_wrap=True)


def note(text: str) -> None:
    """A remark on stderr."""
    console(stderr=True).print(Text(text, style="dim"), soft_wrap=True)


def show_answer(answer: "Answer", form: str | None, without: str = "") -> None:
    """An answer on stdout, perhaps without a column; without a form a table on a terminal, JSON when piped."""
    from zava_mcp.retail.values import cells

    form = form or ("table" if sys.stdout.isatty() else "json")
    if form == "json":
        print(answer.json())
        return
    shown = [place for place, column in enumerate(answer.columns) if column != without]
    columns = [answer.columns[place] for place in shown]
    rows = [[row[place] for place in shown] for row in map(cells, answer.rows)]
    if form == "csv":
        print(_csv(columns, rows), end="")
    else:
        show_table(columns, rows, {i for i, place in enumerate(shown) if answer.types[place] in _NUMBERS})
    if answer.cut:
        note(answer.hint())


def show_found(found: "Found", form: str | None) -> None:
    """Products on stdout; the table leaves their descriptions out, and says how they were found."""
    form = form or ("table" if sys.stdout.isatty() else "json")
    if form == "json":
        print(found.json())
        return
    show_answer(found.answer, form, without="description" if form == "table" else "")
    if found.closest:
        closest = {name: json.loads(value) for name, value in found.closest.items()}
        note(f"nothing is similar enough; the closest is {closest['product_name']} ({closest['similarity']} %)")
    note(f"model: {found.model}")


def show_rows(columns: list[str], rows: list[list[str]], form: str | None) -> None:
    """Rows of texts on stdout; without a form a table on a terminal, JSON objects when piped."""
    form = form or ("table" if sys.stdout.isatty() else "json")
    if form == "json":
        print(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], ensure_ascii=False, indent=1))
    elif form == "csv":
        print(_csv(columns, rows), end="")
    else:
        show_table(columns, rows)


def show_checks(checks: "list[Check]", as_json: bool) -> None:
    """The doctor's checks on stdout, those that are not well with what to do."""
    if as_json:
        print(json.dumps([asdict(check) for check in checks], ensure_ascii=False, indent=1))
        return
    show_table(["check", "state", "found"], [[check.name, check.state, check.found] for check in checks])
    for check in checks:
        if check.state != "ok":
            print(f"{check.name}:", check.fix.replace("\n", "\n  "), sep="\n  ")


def show_report(report: "Report", only_sql: bool = False) -> None:
    """What set-up did on stdout; or, with `only_sql`, the SQL there and the rest on stderr."""
    lines = [f"gap: {gap}" for gap in report.gaps] + [f"warning: {warning}" for warning in report.warnings]
    if only_sql:
        statements = [f"{statement.rstrip().removesuffix(';')};" for statement in report.sql]
        print("\n".join(["BEGIN;", *statements, "COMMIT;"] if statements else [f"-- {_NOTHING}"]))
        for line in lines:
            note(line)
        return
    for line in [*(report.did or [_NOTHING]), *lines]:
        print(line)


def show_table(columns: list[str], rows: Sequence[Sequence[str | None]], numbers: set[int] | None = None) -> None:
    """Aligned columns; `numbers` are the places of those that are aligned right."""
    out = console()
    table = Table(box=None if not out.is_terminal else Table().box, header_style="bold", pad_edge=out.is_terminal)
    for place, column in enumerate(columns):
        table.add_column(Text(column), justify="right" if place in (numbers or set()) else "left")
    for row in rows:
        table.add_row(*[Text(cell or "") for cell in row])
    out.print(table)


def _csv(columns: list[str], rows: Sequence[Sequence[str | None]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([columns, *rows])
    return text.getvalue()


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
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        *([TextColumn("left:"), TimeRemainingColumn()] if speed else []),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda part, what: bar.update(task, completed=part, description=what)
