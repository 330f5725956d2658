"""Chooses the columns of the identities that fit a terminal without wrapping a user id or a login."""

import sys
from collections.abc import Sequence
from itertools import takewhile

from rich.cells import cell_len

from zava_mcp.cli.display.pager import terminal_size
from zava_mcp.cli.options import Format

_GAP = 2  # between columns
_MIN_NAME_WIDTH = 12  # terminal columns in which names and stores are readable in a few lines
_USER_ID, _NAME, _STORES, _LOGIN, _LAST_DAY = range(5)


def shorten_stores(rows: Sequence[list[str]]) -> list[list[str]]:
    """Return the rows without the words that all store names begin with."""
    names = [row[_STORES] for row in rows if row[_STORES] not in ("all", "none", "")]
    first, last = min(names, default=""), max(names, default="")
    equal = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    prefix = "".join(letter for letter, _ in equal).rpartition(" ")[0]
    return [
        [text.replace(f"{prefix} ", "") if prefix and index == _STORES else text for index, text in enumerate(row)]
        for row in rows
    ]


def fit_columns(columns: Sequence[str], rows: Sequence[Sequence[str]], form: Format | None) -> tuple[list[int], str]:
    """Return the indexes of the columns to show, and a remark on omitted ones; a pipe or a file gets all columns."""
    shown = list(range(len(columns)))
    if form not in (None, Format.table) or not sys.stdout.isatty() or not rows:
        return shown, ""
    width = terminal_size(sys.stdout)[0]
    widths = [max(cell_len(text) for text in (columns[index], *(row[index] for row in rows))) for index in shown]
    omitted = []
    for index in (_LAST_DAY, _LOGIN, _STORES):
        if _total_width(widths, shown) <= width:
            break
        if index == _LAST_DAY and any(row[_LAST_DAY] for row in rows):
            continue  # A last day is rare, and important if there is one.
        wrapped = [*widths[:_NAME], _MIN_NAME_WIDTH, _MIN_NAME_WIDTH, *widths[_LOGIN:]]
        if index == _STORES and _total_width(wrapped, shown) <= width:
            break
        shown.remove(index)
        omitted += [columns[index]] * any(row[index] for row in rows)
    return shown, f"{' and '.join(omitted)} omitted to fit; --format csv has every column" if omitted else ""


def _total_width(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[index] for index in shown) + _GAP * (len(shown) - 1)
