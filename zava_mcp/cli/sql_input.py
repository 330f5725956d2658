"""SQL that people give: as an argument, in a file or on stdin."""

import codecs
import re
import sys
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

from zava_mcp.errors import InputError

_MOST_BYTES = 1_000_000  # ten times what a query may have in characters
_COMMENT = re.compile(r"--(\s|[^\n=]*\n)")  # and no option
_MARKS = (
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


def query_text(sql: str | None, file: str | None) -> str:
    """The query of an argument, a file or stdin. Raises InputError if there is none, or more than one."""
    if (sql is None) == (file is None):
        raise InputError(
            "there is no query" if sql is None else "a query and --file exclude each other",
            'Give one as an argument, "SELECT …", or in a file with --file; - reads stdin.',
        )
    if sql is not None and sql != "-":
        return sql
    where = "stdin" if "-" in (sql, file) else f"the file {file}"
    try:
        if where == "stdin":
            data = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with Path(str(file)).expanduser().open("rb") as opened:
                data = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{where} cannot be read: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise InputError(f"{where} has more than {_MOST_BYTES:,} bytes", "Give one query.")
    return decoded(data, where)


def decoded(data: bytes, where: str) -> str:
    """A text in UTF-8, or in UTF-16 or UTF-32 as their marks or zeros tell. Raises InputError for all else."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    if not encoding:
        zeros = data[:2].find(b"\0")
        encoding = {0: "utf-16-be", 1: "utf-16-le"}.get(zeros, "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where} is not {encoding.upper()}: byte {error.start + 1} is wrong", "Save it as UTF-8."
        ) from None
