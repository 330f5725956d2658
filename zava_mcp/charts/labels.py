"""Texts in a chart: the words of a column's name, and labels that every font, XML and reader takes."""

import json
import re
from collections.abc import Sequence
from typing import Any

LABEL_CHARACTERS = 40
_JOINERS = "\u200c\u200d"  # of letters and of emoji
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words_of(name: str) -> list[str]:
    """The words of a name, in lower case: order_year, "Order Year" and orderYear are order and year."""
    return [word.lower() for word in _WORD.findall(name[:200])]


def plain(text: str, characters: int) -> str:
    """A text on one line that every font, XML and reader takes: printable, and cut to so many characters.

    Control characters and others that nobody sees are written out, such as \\x1b.
    """
    text = "".join(
        mark if mark.isprintable() or mark in _JOINERS else _visible(mark) for mark in text[: 4 * characters]
    )
    text = " ".join(text.split())
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def _visible(mark: str) -> str:
    return " " if mark.isspace() else mark.encode("unicode_escape").decode()


def labels(values: Sequence[Any]) -> tuple[str, ...]:
    """Short printable texts, different for different values."""
    by_value: dict[str, str] = {}
    taken: set[str] = set()
    following: dict[str, int] = {}  # by label, the number to try next: many may be cut to the same
    keys = [json.dumps(value) for value in values]
    for key, value in zip(keys, values, strict=True):
        if key not in by_value:
            by_value[key] = unused(_label(value), taken, following)
            taken.add(by_value[key])
    return tuple(map(by_value.__getitem__, keys))


def _label(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return plain(text, LABEL_CHARACTERS) or "(empty)"


def unused(label: str, taken: set[str], following: dict[str, int]) -> str:
    """The label, or with the first number that nothing else has: `following` has where to look from."""
    free = label
    while free in taken:
        number = following.get(label, 2)
        free, following[label] = f"{label} ({number})", number + 1
    return free
