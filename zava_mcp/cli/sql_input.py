"""Reads a query from an argument, a file or stdin."""

import codecs
import re
import sys
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

from zava_mcp.errors import InputError

_MAX_BYTES = 1_000_000  # ten times the longest query in characters
_COMMENT = re.compile(r"--(\s|[^\n=]*\n)")  # An option has neither a space nor a line end.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class SqlCommand(TyperCommand):
    """A command whose SQL may begin with a comment, "--", as options do."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        comments = [arg for arg in args if _COMMENT.match(arg)] if "--" not in args else []
        if comments:
            args = [*(arg for arg in args if arg not in comments), "--", *comments]
        return super().parse_args(ctx, args)


def read_query(sql: str | None, file: str | None) -> str:
    """Return the query from an argument, a file or stdin. Raises InputError if there is none, or more than one."""
    if (sql is None) == (file is None):
        raise InputError(
            "there is no query" if sql is None else "a query and --file exclude each other",
            'Give one as an argument, "SELECT …", or in a file with --file; - reads stdin.',
        )
    if sql is not None and sql != "-":
        return sql
    source = "stdin" if "-" in (sql, file) else f"the file {file}"
    try:
        if source == "stdin":
            data = sys.stdin.buffer.read(_MAX_BYTES + 1)
        else:
            with Path(str(file)).expanduser().open("rb") as opened:
                data = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror}") from None
    if len(data) > _MAX_BYTES:
        raise InputError(f"{source} has more than {_MAX_BYTES:,} bytes", "Give one query.")
    return decode(data, source)


def decode(data: bytes, source: str) -> str:
    """Return a text in UTF-8, or in UTF-16 or UTF-32 with a byte order mark, or in UTF-16 without one.

    Raises InputError for other encodings.
    """
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), "")
    if not encoding:
        zero = data[:2].find(b"\0")  # A query begins with an ASCII character, which has one zero byte in UTF-16.
        encoding = {0: "utf-16-be", 1: "utf-16-le"}.get(zero, "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{source} is not {encoding.upper()}: byte {error.start + 1} is invalid", "Save it as UTF-8."
        ) from None
