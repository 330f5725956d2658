"""Describes a time by a company's calendar: weekday, week, quarter, and the last complete periods before it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from zava_mcp.company import MONTHS, NEUTRAL, WEEKDAYS, CompanyProfile

_DAY = timedelta(days=1)


def describe_time(moment: datetime, company: CompanyProfile = NEUTRAL) -> dict[str, Any]:
    """The moment, and [first day, last day] of the last complete week, month, quarter and year of the company."""
    local = moment.astimezone(company.zone)
    today = local.date()
    year, week, _ = today.isocalendar()
    this_week = today - timedelta(days=(today.isoweekday() - company.week_start) % 7)
    month, this_year = today.replace(day=1), _year_begin(today, company.fiscal_year_start)
    quarter = (today.year - this_year.year) * 4 + (today.month - this_year.month) // 3
    this_quarter = _months_after(this_year, 3 * quarter)
    utc = {} if company.zone is UTC else {"utc": moment.astimezone(UTC).isoformat(timespec="seconds")}
    return {
        "now": local.isoformat(timespec="seconds"),
        **utc,
        "time_zone": "UTC" if company.zone is UTC else company.time_zone,
        "today": today.isoformat(),
        "weekday": WEEKDAYS[today.weekday()],
        "iso_week": f"{year}-W{week:02}",
        "quarter": f"{_name_of_year(this_year)}-Q{quarter + 1}",
        "last_complete_week": _days(this_week - timedelta(days=7), this_week),
        "last_complete_month": _days((month - _DAY).replace(day=1), month),
        "last_complete_quarter": _days(_months_after(this_quarter, -3), this_quarter),
        "last_complete_year": _days(_months_after(this_year, -12), this_year),
        "note": "today is incomplete, and so are this week, month, quarter and year" + _conventions(company),
    }


def _year_begin(day: date, first_month: int) -> date:
    """The first day of the fiscal year that a day is in."""
    return date(day.year - (day.month < first_month), first_month, 1)


def _name_of_year(begin: date) -> str:
    """2026, or FY2026/27 for a fiscal year that does not begin in January."""
    return f"{begin.year}" if begin.month == 1 else f"FY{begin.year}/{(begin.year + 1) % 100:02}"


def _conventions(company: CompanyProfile) -> str:
    fiscal, week = company.fiscal_year_start, company.week_start
    quarters = f"; quarters and years are fiscal, from {MONTHS[fiscal - 1]}" if fiscal != 1 else ""
    return quarters + (f"; weeks start on {WEEKDAYS[week - 1]}" if week != 1 else "")


def _months_after(first: date, months: int) -> date:
    """The first day of the month that lies `months` after the month of `first`."""
    month = first.year * 12 + first.month - 1 + months
    return date(month // 12, month % 12 + 1, 1)


def _days(first: date, end: date) -> list[str]:
    """The first day, and the last day before `end`."""
    return [first.isoformat(), (end - _DAY).isoformat()]
