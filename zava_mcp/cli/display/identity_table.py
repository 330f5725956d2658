"""Which columns of the identities fit side by side on a terminal: no user id or login is broken in two."""

import sys
from collections.abc import Sequence
from itertools import takewhile

from rich.cells import cell_len

from zava_mcp.cli.display.pager import terminal_size
from zava_mcp.cli.options import Format

_GAP = 2  # between columns
_LEAST_NAME = 12  # columns in which names and stores are readable in a few lines
_USER_ID, _NAME, _STORES, _LOGIN, _LAST_DAY = range(5)


def short_stores(rows: Sequence[list[str]]) -> list[list[str]]:
    """The rows with the words left out that all names of stores begin with."""
    names = [row[_STORES] for row in rows if row[_STORES] not in ("all", "none", "")]
    first, last = min(names, default=""), max(names, default="")
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    common = "".join(letter for letter, _ in same).rpartition(" ")[0]
    return [
        [text.replace(f"{common} ", "") if common and place == _STORES else text for place, text in enumerate(row)]
        for row in rows
    ]


def fitted(columns: Sequence[str], rows: Sequence[Sequence[str]], form: Format | None) -> tuple[list[int], str]:
    """The places of the columns to show, and what to say about those left out; all of them where a program reads."""
    shown = list(range(len(columns)))
    if form not in (None, Format.table) or not sys.stdout.isatty() or not rows:
        return shown, ""
    width = terminal_size(sys.stdout)[0]
    needed = [max(cell_len(text) for text in (columns[place], *(row[place] for row in rows))) for place in shown]
    left_out = []
    for place in (_LAST_DAY, _LOGIN, _STORES):
        if _room(needed, shown) <= width:
            break
        if place == _LAST_DAY and any(row[_LAST_DAY] for row in rows):
            continue  # rare, and important where there is one
        if place == _STORES and _room([*needed[:_NAME], _LEAST_NAME, _LEAST_NAME, *needed[_LOGIN:]], shown) <= width:
            break
        shown.remove(place)
        left_out += [columns[place]] * any(row[place] for row in rows)
    return shown, f"{' and '.join(left_out)} left out to fit; --format csv has every column" if left_out else ""


def _room(needed: Sequence[int], shown: Sequence[int]) -> int:
    return sum(needed[place] for place in shown) + _GAP * (len(shown) - 1)
