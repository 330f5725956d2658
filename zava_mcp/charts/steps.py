"""Recognizes steps: months, weekdays, quarters or hours without a year, as numbers or names, and orders them."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from zava_mcp.charts.labels import labels, words_of
from zava_mcp.charts.periods import MONTH_NAMES, MONTHS, WEEKDAY_NAMES, WEEKDAYS, place_of

#: The words for each unit in a column's name.
_WORDS = {
    "year": "year years yr isoyear fy",
    "half": "half semester",
    "quarter": "quarter qtr q",
    "month": "month mon mth mm",
    "week": "week wk isoweek kw",
    "weekday": "weekday dow isodow dayofweek",
    "day": "day date dom",
    "hour": "hour hr",
    "minute": "minute",
    "period": "period",
    "any": "extract part",
}
_UNITS = {word: unit for unit, words in _WORDS.items() for word in words.split()}
#: The numbers that steps of each unit have.
_NUMBERS = {
    "half": range(1, 3),
    "quarter": range(1, 5),
    "month": range(1, 13),
    "week": range(54),
    "weekday": range(8),
    "day": range(1, 367),
    "hour": range(25),
    "minute": range(60),
    "any": range(367),
}
#: A column whose name has one of these words is a measure, such as orders_per_day and revenue_last_year.
_COUNTING = {
    "per",
    "avg",
    "average",
    "mean",
    "sum",
    "total",
    "count",
    "last",
    "this",
    "previous",
    "prior",
    "next",
    "change",
    "growth",
    "pct",
    "percent",
    "share",
    "rate",
    "ratio",
    "orders",
    "units",
    "revenue",
    "amount",
    "cost",
    "profit",
    "items",
    "customers",
    "quantity",
    "qty",
    "median",
    "max",
    "min",
    "since",
    "until",
    "in",
}
_TRAILING = {"number", "num", "no", "nr", "name", "label", "start", "begin", "beginning", "of", "the", "starting"}
_PHRASES = {
    "day of week": "weekday",
    "day name": "weekday",
    "week day": "weekday",
    "iso dow": "weekday",
    "day of month": "day",
    "day of year": "day",
    "hour of day": "hour",
}
_TIME_OF_DAY = re.compile(r"(\d\d):(\d\d)(:\d\d)?")


class Steps(NamedTuple):
    """The labels of a column of steps, their unit, and the sort key of each row."""

    labels: tuple[str, ...]
    unit: str
    order: tuple[float, ...]


def named_unit(name: str) -> str:
    """The unit in a column's name; "" if it has none."""
    words = words_of(name)
    if _COUNTING & set(words):
        return ""
    text = " ".join(words)
    for phrase, unit in _PHRASES.items():
        if phrase in text:
            return unit
    while len(words) > 1 and (words[-1] in _TRAILING or words[-1].isdigit()):
        words.pop()
    if "of" in words[1:-1]:  # month_of_sale
        words = words[: words.index("of")]
    return _UNITS.get(words[-1], "") if words else ""


def steps(values: Sequence[Any], named: str) -> Steps | None:
    """The steps in a column; None if it holds other values."""
    present = [value for value in values if value is not None]
    if not present:
        return None
    for read in (
        _name_reader(MONTH_NAMES, MONTHS, "month"),
        _name_reader(WEEKDAY_NAMES, WEEKDAYS, "weekday"),
        _quarter,
        _week,
        _time,
    ):
        if all(isinstance(value, str) and read(value) for value in present):
            return _collect(values, [read(value) if isinstance(value, str) else None for value in values])
    if named in _NUMBERS and all(_whole(value) is not None for value in present):
        return _numbered_steps(values, named, isinstance(present[0], str))
    return None


Step = tuple[float, str, str]  # sort key, label, unit


def _name_reader(names: list[str], short: tuple[str, ...], unit: str) -> Callable[[str], Step | None]:
    def read(text: str) -> Step | None:
        place = place_of(text, names)
        return (place, short[place - 1], unit) if place else None

    return read


def _quarter(text: str) -> Step | None:
    match = re.fullmatch(r"\s*(?:Q|Quarter )([1-4])\s*", text, re.IGNORECASE)
    return (int(match[1]), f"Q{match[1]}", "quarter") if match else None


def _week(text: str) -> Step | None:
    match = re.fullmatch(r"\s*(?:W|[CK]W ?|Week )(\d\d)\s*|\s*Week (\d)\s*", text, re.IGNORECASE)
    number = int(match[1] or match[2]) if match else 0
    return (number, f"W{number:02}", "week") if 1 <= number <= 53 else None


def _time(text: str) -> Step | None:
    match = _TIME_OF_DAY.fullmatch(text.strip())
    return (int(match[1]) * 60 + int(match[2]), text.strip(), "hour") if match else None


def _collect(values: Sequence[Any], read: Sequence[Step | None]) -> Steps:
    unit = next((step[2] for step in read if step), "")
    order = tuple(step[0] if step else math.inf for step in read)
    texts = tuple(step[1] if step else labels([value])[0] for step, value in zip(read, values, strict=True))
    return Steps(texts, unit, order)


def _whole(value: Any) -> int | None:
    text = str(value).strip()
    return int(text) if re.fullmatch(r"\d{1,3}", text) else None


def _numbered_steps(values: Sequence[Any], named: str, are_texts: bool) -> Steps | None:
    numbers = [None if value is None else _whole(value) for value in values]
    distinct = {number for number in numbers if number is not None}
    if named == "day" and 0 in distinct:  # no month has a day 0, so this is extract(dow …) AS day
        named = "weekday"
    if not distinct <= set(_NUMBERS[named]) or (named == "weekday" and {0, 7} <= distinct):
        return None
    unit = "" if named == "any" else named
    read: list[Step | None] = [None if n is None else (n, _label(n, named, are_texts), unit) for n in numbers]
    return _collect(values, read)


def _label(number: int, unit: str, is_text: bool) -> str:
    if unit == "month":
        return MONTHS[number - 1]
    if unit == "weekday" and not is_text:  # Sunday is 0 in dow and 7 in isodow; in to_char's D, a text, it is 1
        return WEEKDAYS[number - 1]  # index -1 is Sunday
    if unit in ("quarter", "half"):
        return f"{unit[0].upper()}{number}"
    return f"{number:02}:00" if unit == "hour" else str(number)
