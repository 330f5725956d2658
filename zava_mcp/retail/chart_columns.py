"""What the columns of an answer are to a chart: times, steps, labels or numbers, and how people write them."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from zava_mcp.errors import InputError

_TIMES = {1082, 1114, 1184}  # date, timestamp, timestamptz
_INTEGERS = {20, 21, 23, 26}
_NUMBERS = _INTEGERS | {700, 701, 1700}

_MONTH_OR_DAY = re.compile(r"\d{4}-\d\d(-\d\d)?")  # what to_char(…, 'YYYY-MM') gives
_KEY = re.compile(r"(^|_)(id|sku|uuid|key)$")
_STEP = re.compile(r"(^|_)(year|quarter|month|week|day|hour|dow|isodow|doy|isoyear)(_?(num|number|no|of_\w+))?$")
_MONEY = re.compile(r"(^|_)(revenue|price|amount|cost|profit|margin|turnover|spend|spent|spending|income)(_|$)")
_MAYBE_MONEY = re.compile(r"(^|_)(total|sum|sales|sold|value|avg|average|max|min|subtotal|\w*usd|\w*dollars)(_|$)")
_NOT_MONEY = re.compile(r"(^|_)(count|orders|units|quantity|qty|pct|percent|percentage|share|rate|ratio|rank)(_|$)")

LABEL_CHARACTERS = 40
_TITLE_CHARACTERS = 60
_LARGEST = 1e300  # an axis has to reach beyond it


@dataclass(frozen=True)
class Field:
    """One column. Values are milliseconds since 1970 in UTC for times, floats for numbers, else labels.

    `written` says how people write them: as year, month, day or minute; as dollars; "" as they are. A value
    that cannot be drawn (null, NaN, infinity, a date that is none) is None; labels have none.
    """

    place: int
    name: str
    role: str  # time, step (labels whose order is theirs), label or number
    values: tuple[Any, ...]
    written: str = ""

    @property
    def title(self) -> str:
        """The name as people write it."""
        return plain(self.name.replace("_", " "), _TITLE_CHARACTERS) or "(no name)"

    @property
    def is_key(self) -> bool:
        """Whether it only identifies: a poor label beside a name."""
        return _KEY.search(self.name.lower()) is not None


def fields(names: Sequence[str], types: Sequence[int], rows: Sequence[Sequence[Any]]) -> list[Field]:
    """The columns of an answer; of several with the same name, the first."""
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return [
        _field(place, name, type_oid, values)
        for place, (name, type_oid, values) in enumerate(zip(names, types, columns, strict=True))
        if name not in names[:place]
    ]


def _field(place: int, name: str, type_oid: int, values: tuple[Any, ...]) -> Field:
    word = name.lower()
    if type_oid in _TIMES or _looks_like_dates(values):
        return _times(place, name, values)
    if type_oid in _INTEGERS and _STEP.search(word):
        return Field(place, name, "step", labels(values))
    if type_oid in _NUMBERS and not _KEY.search(word):
        return Field(place, name, "number", numbers(values), "dollars" if _is_money(word, type_oid, values) else "")
    return Field(place, name, "label", labels(values))


def _looks_like_dates(values: tuple[Any, ...]) -> bool:
    given = [value for value in values if value is not None]
    return bool(given) and all(isinstance(value, str) and _MONTH_OR_DAY.fullmatch(value) for value in given)


def _is_money(word: str, type_oid: int, values: tuple[Any, ...]) -> bool:
    if _NOT_MONEY.search(word):
        return False
    if _MONEY.search(word):
        return True
    # a sum of prices has cents; a sum of pieces has none
    cents = type_oid == 1700 and any(isinstance(value, float) for value in values)
    return cents and _MAYBE_MONEY.search(word) is not None


def _times(place: int, name: str, values: tuple[Any, ...]) -> Field:
    moments = [_moment(value) for value in values]
    return Field(
        place,
        name,
        "time",
        tuple(None if moment is None else int(moment.timestamp() * 1000) for moment in moments),
        _unit([moment for moment in moments if moment is not None]),
    )


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(f"{value}-01" if len(value) == len("2026-11") else value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):  # null, infinity, BC
        return None


def _unit(moments: list[datetime]) -> str:
    """The largest unit that each of them begins."""
    if any((moment.hour, moment.minute, moment.second, moment.microsecond) != (0, 0, 0, 0) for moment in moments):
        return "minute"
    if any(moment.day != 1 for moment in moments):
        return "day"
    return "month" if len(moments) == 1 or any(moment.month != 1 for moment in moments) else "year"


def numbers(values: Sequence[Any]) -> tuple[float | None, ...]:
    """Numbers, also those that come as texts. Raises ValueError for a text that is none."""
    return tuple(map(_number, values))


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        raise ValueError
    try:
        number = float(value.replace(",", "").replace("$", "") if isinstance(value, str) else value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) < _LARGEST else None


def labels(values: Sequence[Any]) -> tuple[str, ...]:
    """Short printable texts, different for different values."""
    by_value: dict[str, str] = {}
    taken: set[str] = set()
    for value in values:
        key = json.dumps(value)
        if key not in by_value:
            by_value[key] = _free(_label(value), taken)
            taken.add(by_value[key])
    return tuple(by_value[json.dumps(value)] for value in values)


def _label(value: Any) -> str:
    if value is None:
        return "(none)"
    return (
        plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), LABEL_CHARACTERS) or "(empty)"
    )


def _free(label: str, taken: set[str]) -> str:
    number, free = 2, label
    while free in taken:
        free, number = f"{label} ({number})", number + 1
    return free


def plain(text: str, characters: int) -> str:
    """A text on one line that every font, XML and reader takes: printable, and cut to so many characters."""
    text = "".join(character if character.isprintable() else " " for character in text[: 4 * characters])
    text = " ".join(text.split())
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def order(field: Field) -> list[float] | None:
    """By what its rows are put in order; None for labels, which have none of their own."""
    if field.role == "label":
        return None
    return [math.inf if value in (None, "(none)") else float(value) for value in field.values]


def as_labels(field: Field) -> Field:
    """The same column with a label for each value; the order of times and numbers stays theirs."""
    if field.role in ("label", "step"):
        return field
    written = tuple(
        "(none)" if value is None else f"{value:,.15g}" if field.role == "number" else when(value, field.written)
        for value in field.values
    )
    return Field(field.place, field.name, "step", written, field.written)


def as_numbers(field: Field, values: Sequence[Any]) -> Field:
    """The same column with numbers for its values, as they came. Raises InputError if they are none."""
    if field.role == "number":
        return field
    try:
        return Field(field.place, field.name, "number", numbers(values))
    except ValueError:
        raise InputError(
            f"the column {field.title!r} holds no numbers", "Name a numeric column, or cast it: (…)::numeric."
        ) from None


def when(milliseconds: int, unit: str) -> str:
    """A time as people write it: 2026, Nov 2026, 22 Nov 2026, 22 Nov 2026 10:11."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    month = f"{moment:%b} {moment.year}"
    if unit == "year":
        return str(moment.year)
    if unit == "month":
        return month
    return f"{moment.day} {month}" + (f" {moment:%H:%M}" if unit == "minute" else "")


def amount(number: float, written: str) -> str:
    """A number as people write it beside a bar: $10.3M, −1,234, 0.25."""
    size = abs(number)
    if size >= 1e15:
        return f"{number:.1e}"
    for least, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k")):
        if size >= least:
            short = f"{size / least * (10 if letter == 'k' else 1):,.1f}".removesuffix(".0") + letter
            break
    else:
        short = f"{size:,.0f}" if size == int(size) else f"{size:,.2f}" if size >= 1 or written else f"{size:.2g}"
    return f"{'−' if number < 0 else ''}{'$' if written == 'dollars' else ''}{short}"
