"""Reads the size of the terminal, and shows longer output in a pager."""

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

_DEFAULT_SIZE = (80, 24)  # of a terminal that does not report its size
_MIN_COLUMNS = 20  # No table fits fewer columns.
_MAX_SIZE = 10_000
_SIGNAL_EXIT_CODE = 128  # A shell's exit code after a signal is this plus the signal's number.
#: Options of `less`, unless the user has set them: show colours, and print short output without paging.
_LESS_OPTIONS = {"LESS": "FRX"}


def terminal_size(stream: TextIO) -> tuple[int, int]:
    """Return the columns and lines of a terminal; valid values of COLUMNS and LINES override them."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        size = os.terminal_size((0, 0))
    columns = _parse_size(os.environ.get("COLUMNS", ""), _MIN_COLUMNS) or size.columns or _DEFAULT_SIZE[0]
    lines = _parse_size(os.environ.get("LINES", ""), 1) or size.lines or _DEFAULT_SIZE[1]
    return max(columns, _MIN_COLUMNS), lines


def page_text(text: str, out: Console, pager: bool = True) -> None:
    """Print a rendered text, through a pager if it is longer than an interactive terminal."""
    encoding = out.encoding or "utf-8"
    encoded = text.encode(encoding, "backslashreplace")  # Characters that the encoding lacks are escaped.
    if pager and text.count("\n") >= out.height and (command := _pager_command()) and _run(command, encoded, encoding):
        return
    out.file.write(encoded.decode(encoding))
    out.file.flush()


def _parse_size(text: str, minimum: int) -> int:
    """Return a number of columns or lines, or 0 if it is not a size that a terminal can have."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    return number if minimum <= number <= _MAX_SIZE else 0


def _pager_command() -> str:
    """Return the pager's command; "" if the terminal is not interactive, or there is no pager, or PAGER disables it."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM", "") == "dumb":
        return ""
    command = os.environ.get("PAGER")
    if command is None:
        return next((name for name in ("less", "more") if find_program(name)), "")
    return "" if command.strip() in ("", "cat") else command


def _run(command: str, text: bytes, encoding: str) -> bool:
    """Run a pager, and return whether it showed the text."""
    defaults = {**_LESS_OPTIONS, **({"LESSCHARSET": "utf-8"} if encoding.lower().replace("-", "") == "utf8" else {})}
    flush_output(len(text))
    try:
        with _ignore_interrupts():
            # PAGER is a shell command in every program that pages.
            result = subprocess.run(  # noqa: S602
                command, shell=True, input=text, env={**defaults, **os.environ}, check=False
            )
    except OSError:
        return False
    # A user who ends the pager by a signal has seen the text.
    return result.returncode <= 0 or result.returncode > _SIGNAL_EXIT_CODE


@contextmanager
def _ignore_interrupts() -> Iterator[None]:
    """Ignore Ctrl-C, which the pager handles."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
