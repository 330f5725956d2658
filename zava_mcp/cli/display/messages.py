"""Prints errors, notes and progress on stderr."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from zava_mcp.cli.command_audit import after_output
from zava_mcp.cli.display.escape import escape_lines
from zava_mcp.cli.display.pager import terminal_size
from zava_mcp.cli.display.sql_position import format_position
from zava_mcp.cli.display.terminal_hints import to_terminal_terms
from zava_mcp.cli.display.text_tables import wrap_words
from zava_mcp.errors import QueryError, ZavaError

if TYPE_CHECKING:
    from zava_mcp.progress_callback import Progress as ProgressCallback

_PIPE_WIDTH = 10_000  # Output to a pipe or a file is not wrapped.


def console(stderr: bool = False) -> Console:
    """Return a console for stdout or stderr: with colours and the width of a terminal, without both elsewhere.

    NO_COLOR, FORCE_COLOR and TERM=dumb are respected.
    """
    stream = sys.stderr if stderr else sys.stdout
    width, height = terminal_size(stream) if stream.isatty() else (_PIPE_WIDTH, _PIPE_WIDTH)
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=width, height=height)


def print_error(error: ZavaError) -> None:
    """Print an error on stderr: what happened, and what to do. The message may quote data."""
    out = console(stderr=True)
    message = wrap_words(f"error: {escape_lines(_message(error))}", out.width).removeprefix("error: ")
    out.print(Text("error: ", style="bold red").append(message, style="not bold default"), soft_wrap=True)
    if out.is_terminal and isinstance(error, QueryError) and (position := format_position(error, out.width)):
        out.print(Text(position), soft_wrap=True)
    if error.hint:
        hint = escape_lines(to_terminal_terms(error.hint) + error.listing)
        out.print(Text(wrap_words(hint, out.width)), soft_wrap=True)


def _message(error: ZavaError) -> str:
    return error.full_message() if isinstance(error, QueryError) else to_terminal_terms(error.full_message())


def print_lines(text: str) -> None:
    """Print lines of text on stdout, within the width of a terminal."""
    print(wrap_words(escape_lines(text), console().width), flush=True)


def print_note(text: str) -> None:
    """Print a note on stderr."""
    out = console(stderr=True)
    note = wrap_words(escape_lines(to_terminal_terms(text)), out.width)
    after_output(lambda: out.print(Text(note, style="dim"), soft_wrap=True))


@contextmanager
def progress_bar(time_left: bool = False) -> "Iterator[ProgressCallback]":
    """Show a progress bar on stderr, with the remaining time if `time_left`; elsewhere print one line per step."""
    out = console(stderr=True)
    if not out.is_terminal:
        yield _line_progress(out)
        return
    columns = (
        BarColumn(),
        TaskProgressColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        *([TextColumn("left:"), TimeRemainingColumn()] if time_left else []),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("working", total=None)  # The total is unknown until the first report.
        yield lambda part, step: bar.update(task, total=1.0, completed=part, description=step)


def _line_progress(out: Console) -> "ProgressCallback":
    """Return a function that prints a line per step, and for a step that counts, a line per tenth."""
    printed: dict[str, float] = {}

    def show(part: float, step: str) -> None:
        name = re.sub(r"\d", "", step)
        if part >= printed.get(name, part - 1) + 0.1 or part == 1.0:
            printed[name] = part
            out.print(Text(f"{step} …"))

    return show
