"""Periods: parses them from the texts of SQL, finds their unit, computes their end, and formats them for readers."""

import itertools
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

#: From the longest to the shortest.
UNITS = ("year", "half", "quarter", "month", "week", "day", "hour", "minute")
_MONTHS_OF = {"year": 12, "half": 6, "quarter": 3, "month": 1}
_SPAN = {"week": timedelta(days=7), "day": timedelta(days=1), "hour": timedelta(hours=1), "minute": timedelta(0)}
MONTH_NAMES = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
WEEKDAY_NAMES = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MONTHS = tuple(name[:3].title() for name in MONTH_NAMES)
WEEKDAYS = tuple(name[:3].title() for name in WEEKDAY_NAMES)

_Y, _NAME, _SEP = r"(?P<y>\d{4})", r"(?P<name>[A-Za-z]{3,9})\.?", r"[-/., _]*"
#: The formats of to_char and date functions, with their unit; all values of a column must match one of them.
_FORMS: tuple[tuple[str, str], ...] = (
    ("year", r"(?:FY ?)?(?P<y>(?:19|20|21)\d\d)"),
    ("half", rf"{_Y}{_SEP}H(?P<h>[12])"),
    ("half", rf"H(?P<h>[12]){_SEP}{_Y}"),
    ("quarter", rf"{_Y}{_SEP}Q(?P<q>[1-4])"),
    ("quarter", rf"Q(?P<q>[1-4]){_SEP}{_Y}"),
    ("week", rf"{_Y}{_SEP}(?:W|KW|Week) ?(?P<w>\d\d?)"),
    ("week", rf"(?:W|KW|Week) ?(?P<w>\d\d?){_SEP}{_Y}"),
    ("month", rf"{_Y}[-/.](?P<m>\d\d?)"),
    ("month", rf"(?P<m>\d\d?)[-/.]{_Y}"),
    ("month", rf"{_Y}{_SEP}{_NAME}"),
    ("month", rf"{_NAME}{_SEP}{_Y}"),
    ("month", rf"{_NAME}[-' ](?P<yy>\d\d)"),
    ("day", rf"{_Y}[-/.](?P<m>\d\d?)[-/.](?P<d>\d\d?)"),
    ("day", rf"(?P<d>\d\d?){_SEP}{_NAME}{_SEP}{_Y}"),
    ("day", rf"{_NAME} +(?P<d>\d\d?),? +{_Y}"),
    ("day", rf"(?P<d>\d\d?)\.(?P<m>\d\d?)\.{_Y}"),
)
_US, _BRITISH = rf"(?P<m>\d\d?)/(?P<d>\d\d?)/{_Y}", rf"(?P<d>\d\d?)/(?P<m>\d\d?)/{_Y}"
_DIGITS = {
    "week": r"(?P<y>\d{4})(?P<w>\d\d)",
    "month": r"(?P<y>\d{4})(?P<m>\d\d)",
    "day": r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)",
}
#: to_char(…, 'IYYY-IW'). Up to week 12, only the column's name or the query distinguishes it from a month.
_ISO_WEEK = r"(?P<y>(?:19|20|21)\d\d)-(?P<w>\d\d)"

Moments = list[datetime | None]


def moments(values: Sequence[Any], named: str) -> tuple[Moments, str] | None:
    """The begins of the periods in a column of texts, and their unit; None if not all texts are periods of one format.

    `named` is the unit in the column's name, which decides ambiguous texts.
    """
    texts = [value.strip() for value in values if isinstance(value, str)]
    if not texts or len(texts) < sum(value is not None for value in values):
        return None
    forms = [(named, _DIGITS[named])] if named in _DIGITS else []
    forms += [("week", _ISO_WEEK)] if named == "week" else []
    for unit, form in [*forms, *_FORMS, ("week", _ISO_WEEK)]:
        if begins := _parse_all(texts, form, unit):
            return _with_nulls(values, begins), unit
    american, british = _parse_all(texts, _US, "day"), _parse_all(texts, _BRITISH, "day")
    if (american is None) != (british is None):  # 11/12/2026 alone is ambiguous
        return _with_nulls(values, american or british or []), "day"
    return None


def _with_nulls(values: Sequence[Any], begins: list[datetime]) -> Moments:
    remaining = iter(begins)
    return [None if value is None else next(remaining) for value in values]


def _parse_all(texts: list[str], form: str, unit: str) -> list[datetime] | None:
    """The begins of the periods in these texts; None if one does not match the format."""
    pattern, begins = re.compile(form, re.IGNORECASE), []
    for text in texts:
        match = pattern.fullmatch(text)
        begin = _begin(match.groupdict(), unit) if match else None
        if begin is None:
            return None
        begins.append(begin)
    return begins


def _begin(parts: dict[str, str | None], unit: str) -> datetime | None:
    year = int(parts.get("y") or "20" + (parts.get("yy") or ""))
    try:
        if unit == "week":
            return datetime.fromisocalendar(year, int(parts["w"] or 0), 1).replace(tzinfo=UTC)
        month = int(parts.get("m") or 1)
        if name := parts.get("name"):
            month = place_of(name, MONTH_NAMES) or 0
        if unit in ("half", "quarter"):
            month = (int(parts.get("h") or parts.get("q") or 1) - 1) * _MONTHS_OF[unit] + 1
        return datetime(year, month, int(parts.get("d") or 1), tzinfo=UTC)
    except ValueError:
        return None


def place_of(name: str, names: Sequence[str]) -> int | None:
    """The number, from 1, of a month or weekday that is written in full or with three letters."""
    word = name.strip().rstrip(".").lower()
    for place, whole in enumerate(names, 1):
        if word in (whole, whole[:3], *(["sept"] if whole == "september" else [])):
            return place
    return None


def instant(value: Any) -> datetime | None:
    """The time of a date or timestamp in its JSON form; None for null, infinity and years BC."""
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def unit_of(times: list[datetime], named: str) -> str:
    """The unit of periods that begin at these times: the named one if possible, else the longest that is likely."""
    is_week = len({moment.weekday() for moment in times}) == 1  # companies' weeks begin on any day
    possible = [unit for unit in UNITS if (unit != "week" or is_week) and all(_begins(one, unit) for one in times)]
    if named in possible:
        return named
    distinct = sorted(set(times))
    for unit in possible:
        if unit in ("half", "quarter", "week"):  # other periods may begin there by chance, so these must be consecutive
            regular = len(distinct) > 2 and all(end(one, unit) == other for one, other in itertools.pairwise(distinct))
            if not regular:
                continue
        if unit == "year" and len(distinct) == 1:
            continue
        return unit
    return "minute"


def _begins(moment: datetime, unit: str) -> bool:
    if unit == "minute":
        return True
    if moment.minute or moment.second or moment.microsecond:
        return False
    if unit == "hour":
        return True
    if moment.hour:
        return False
    return unit in ("week", "day") or (moment.day == 1 and (moment.month - 1) % _MONTHS_OF[unit] == 0)


def end(moment: datetime, unit: str) -> datetime:
    """The end of the period that begins at a time."""
    if unit in _SPAN:
        return moment + min(_SPAN[unit], datetime.max.replace(tzinfo=UTC) - moment)
    month = moment.month - 1 + _MONTHS_OF[unit]
    year = moment.year + month // 12
    return (
        datetime(year, month % 12 + 1, 1, tzinfo=UTC) if year <= datetime.max.year else datetime.max.replace(tzinfo=UTC)
    )


def milliseconds(moment: datetime) -> int:
    """The milliseconds from 1970 to a time."""
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


def moment_of(since_1970: float) -> datetime:
    """The time from its milliseconds since 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=since_1970)


def written(since_1970: float, unit: str) -> str:
    """A period as text for a reader: 2026, H2 2026, Q4 2026, Nov 2026, 22 Nov 2026, 22 Nov 2026 10:11."""
    moment = moment_of(since_1970)
    day = f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"
    forms: dict[str, Callable[[], str]] = {
        "year": lambda: str(moment.year),
        "half": lambda: f"H{(moment.month + 5) // 6} {moment.year}",
        "quarter": lambda: f"Q{(moment.month + 2) // 3} {moment.year}",
        "month": lambda: f"{MONTHS[moment.month - 1]} {moment.year}",
        "hour": lambda: f"{day} {moment:%H:%M}",
        "minute": lambda: f"{day} {moment:%H:%M}",
    }
    return forms.get(unit, lambda: day)()


def ticks(moments_drawn: Sequence[int], unit: str, most: int) -> list[int]:
    """The times on an axis that get a tick, at most `most`; of months every first, second, third, … from January."""
    drawn = sorted(set(moments_drawn))
    if unit in ("month", "quarter"):
        for step in (1, 2, 3, 6, 12):
            chosen = [moment for moment in drawn if (moment_of(moment).month - 1) % step == 0]
            if 2 <= len(chosen) <= most:
                return chosen
    return drawn[:: -(-len(drawn) // most)]
