"""Texts of a chart: the words of a column's name, and printable labels on one line."""

import json
import re
from collections.abc import Sequence
from typing import Any

LABEL_CHARACTERS = 40
_JOINERS = "\u200c\u200d"  # they join letters and emoji
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words_of(name: str) -> list[str]:
    """The words of a name, in lower case: order_year, "Order Year" and orderYear are order and year."""
    return [word.lower() for word in _WORD.findall(name[:200])]


def plain(text: str, characters: int) -> str:
    """A text on one line, printable and truncated to this number of characters.

    Control characters and other invisible ones are escaped, such as \\x1b.
    """
    text = "".join(mark if mark.isprintable() or mark in _JOINERS else _escape(mark) for mark in text[: 4 * characters])
    text = " ".join(text.split())
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def _escape(mark: str) -> str:
    return " " if mark.isspace() else mark.encode("unicode_escape").decode()


def labels(values: Sequence[Any]) -> tuple[str, ...]:
    """Short printable texts, different for different values."""
    by_value: dict[str, str] = {}
    used: set[str] = set()
    next_numbers: dict[str, int] = {}  # This keeps the time linear for many values with the same truncated text.
    keys = [json.dumps(value) for value in values]
    for key, value in zip(keys, values, strict=True):
        if key not in by_value:
            by_value[key] = make_unique(_label(value), used, next_numbers)
            used.add(by_value[key])
    return tuple(map(by_value.__getitem__, keys))


def _label(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return plain(text, LABEL_CHARACTERS) or "(empty)"


def make_unique(label: str, used: set[str], next_numbers: dict[str, int]) -> str:
    """The label, followed by a number if it is used already; `next_numbers` has the next number to try by label."""
    unique = label
    while unique in used:
        number = next_numbers.get(label, 2)
        unique, next_numbers[label] = f"{label} ({number})", number + 1
    return unique
