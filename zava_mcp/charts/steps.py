"""Steps in a column: months, weekdays, quarters or hours without their year, as numbers or names, in their order."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from zava_mcp.charts.labels import labels, words_of
from zava_mcp.charts.periods import MONTH_NAMES, MONTHS, WEEKDAY_NAMES, WEEKDAYS, place_of

#: The words for a unit in a column's name, and the numbers that it has.
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
#: A name with one of these words counts something, such as orders_per_day and revenue_last_year.
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
    """The labels of a column of steps, their unit, and the place of each in their order."""

    labels: tuple[str, ...]
    unit: str
    order: tuple[float, ...]


def named_unit(name: str) -> str:
    """The unit that a column's name says its values are of; "" if it says none."""
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
    """The steps that a column holds; None if it holds something else."""
    given = [value for value in values if value is not None]
    if not given:
        return None
    for read in (
        _names_of(MONTH_NAMES, MONTHS, "month"),
        _names_of(WEEKDAY_NAMES, WEEKDAYS, "weekday"),
        _quarter,
        _time,
    ):
        if all(isinstance(value, str) and read(value) for value in given):
            return _steps(values, [read(value) if isinstance(value, str) else None for value in values])
    if named in _NUMBERS and all(_whole(value) is not None for value in given):
        return _numbered(values, named, isinstance(given[0], str))
    return None


Read = tuple[float, str, str]  # place in the order, label, unit


def _names_of(whole: list[str], short: tuple[str, ...], unit: str) -> Callable[[str], Read | None]:
    def read(text: str) -> Read | None:
        place = place_of(text, whole)
        return (place, short[place - 1], unit) if place else None

    return read


def _quarter(text: str) -> Read | None:
    match = re.fullmatch(r"\s*(?:Q|Quarter )([1-4])\s*", text, re.IGNORECASE)
    return (int(match[1]), f"Q{match[1]}", "quarter") if match else None


def _time(text: str) -> Read | None:
    match = _TIME_OF_DAY.fullmatch(text.strip())
    return (int(match[1]) * 60 + int(match[2]), text.strip(), "hour") if match else None


def _steps(values: Sequence[Any], found: Sequence[Read | None]) -> Steps:
    unit = next((one[2] for one in found if one), "")
    order = tuple(one[0] if one else math.inf for one in found)
    return Steps(
        tuple(one[1] if one else labels([value])[0] for one, value in zip(found, values, strict=True)), unit, order
    )


def _whole(value: Any) -> int | None:
    text = str(value).strip()
    return int(text) if re.fullmatch(r"\d{1,3}", text) else None


def _numbered(values: Sequence[Any], named: str, texts: bool) -> Steps | None:
    numbers = [None if value is None else _whole(value) for value in values]
    given = {number for number in numbers if number is not None}
    if named == "day" and 0 in given:  # extract(dow …) AS day: no month has a day 0
        named = "weekday"
    if not given <= set(_NUMBERS[named]) or (named == "weekday" and {0, 7} <= given):
        return None
    unit = "" if named == "any" else named
    found: list[Read | None] = [None if n is None else (n, _shown(n, named, texts), unit) for n in numbers]
    return _steps(values, found)


def _shown(number: int, unit: str, text: bool) -> str:
    if unit == "month":
        return MONTHS[number - 1]
    if unit == "weekday" and not text:  # dow has Sunday as 0, isodow as 7; to_char's D, a text, as 1
        return WEEKDAYS[number - 1]  # 0 is the last of them
    if unit in ("quarter", "half"):
        return f"{unit[0].upper()}{number}"
    return f"{number:02}:00" if unit == "hour" else str(number)
