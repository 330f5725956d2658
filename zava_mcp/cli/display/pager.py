"""The size of the terminal, and a pager for what is longer than it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console

from zava_mcp.cli.command_audit import flush_output
from zava_mcp.search_paths import find_program

_SIZE = (80, 24)  # of a terminal that does not tell its own
_LEAST = 20  # columns: no table fits into fewer
_MOST = 10_000
_SIGNALLED = 128  # what shells add to a signal's number
#: Of less, unless the user has set them: colours are shown, what fits after all is only printed.
_LESS = {"LESS": "FRX"}


def terminal_size(stream: TextIO) -> tuple[int, int]:
    """Columns and lines of a terminal; COLUMNS and LINES say otherwise, if they are sizes that a terminal can have."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        size = os.terminal_size((0, 0))
    columns = _sensible(os.environ.get("COLUMNS", ""), _LEAST) or size.columns or _SIZE[0]
    lines = _sensible(os.environ.get("LINES", ""), 1) or size.lines or _SIZE[1]
    return max(columns, _LEAST), lines


def page_text(text: str, out: Console, pager: bool = True) -> None:
    """Prints a rendered text, through a pager if it is longer than the screen of somebody who sits there."""
    encoding = out.encoding or "utf-8"  # a stream that lacks a letter gets it written out
    shown = text.encode(encoding, "backslashreplace")
    if pager and text.count("\n") >= out.height and (command := _pager()) and _paged(command, shown, encoding):
        return
    out.file.write(shown.decode(encoding))
    out.file.flush()


def _sensible(text: str, least: int) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    return number if least <= number <= _MOST else 0


def _pager() -> str:
    """The command of the pager; "" where nobody sits who can turn pages, or none is wanted or there."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM", "") == "dumb":
        return ""
    wanted = os.environ.get("PAGER")
    if wanted is None:
        return next((name for name in ("less", "more") if find_program(name)), "")
    return "" if wanted.strip() in ("", "cat") else wanted


def _paged(command: str, text: bytes, encoding: str) -> bool:
    """Whether a pager showed the text; a command that fails has not."""
    own = {**_LESS, **({"LESSCHARSET": "utf-8"} if encoding.lower().replace("-", "") == "utf8" else {})}
    flush_output(len(text))
    try:
        with _interrupts_left_to_the_pager():
            ran = subprocess.run(  # noqa: S602  # a shell runs it, as it does for every program that pages
                command, shell=True, input=text, env={**own, **os.environ}, check=False
            )
    except OSError:
        return False
    return ran.returncode <= 0 or ran.returncode > _SIGNALLED  # somebody who had seen it ended it


@contextmanager
def _interrupts_left_to_the_pager() -> Iterator[None]:
    """Ctrl-C is for the pager meanwhile."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
