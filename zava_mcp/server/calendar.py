"""Describes a time by the calendar: weekday, ISO week, quarter, and the last complete periods before it."""

from datetime import date, datetime, timedelta
from typing import Any

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = timedelta(days=1)


def describe_time(moment: datetime) -> dict[str, Any]:
    """The moment, and [first day, last day] of the last complete week (from Monday), month, quarter and year."""
    today = moment.date()
    year, week, weekday = today.isocalendar()
    quarter = (today.month + 2) // 3
    monday, month = today - timedelta(days=weekday - 1), today.replace(day=1)
    quarter_begin = date(today.year, 3 * quarter - 2, 1)
    return {
        "now": moment.isoformat(timespec="seconds"),
        "today": today.isoformat(),
        "weekday": _WEEKDAYS[weekday - 1],
        "iso_week": f"{year}-W{week:02}",
        "quarter": f"{today.year}-Q{quarter}",
        "last_complete_week": _days(monday - timedelta(days=7), monday),
        "last_complete_month": _days((month - _DAY).replace(day=1), month),
        "last_complete_quarter": _days(_months_before(quarter_begin, 3), quarter_begin),
        "last_complete_year": _days(date(today.year - 1, 1, 1), date(today.year, 1, 1)),
        "note": "today is incomplete, and so are this week, month, quarter and year",
    }


def _months_before(first: date, months: int) -> date:
    """The first day of the month that lies `months` before the month of `first`."""
    month = first.year * 12 + first.month - 1 - months
    return date(month // 12, month % 12 + 1, 1)


def _days(first: date, end: date) -> list[str]:
    """The first day, and the last day before `end`."""
    return [first.isoformat(), (end - _DAY).isoformat()]
