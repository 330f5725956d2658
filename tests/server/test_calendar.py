"""Tests of the calendar of get_current_utc_date."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.conftest import SEATTLE, Ask
from zava_mcp.server.calendar import describe_time

pytestmark = pytest.mark.portable

#: A day; its weekday, ISO week and quarter; the last complete week, month and quarter.
DAYS = (
    ("2026-11-28", "Saturday", "2026-W48", "2026-Q4", "2026-11-16/22", "2026-10-01/31", "2026-07-01/2026-09-30"),
    ("2026-11-22", "Sunday", "2026-W47", "2026-Q4", "2026-11-09/15", "2026-10-01/31", "2026-07-01/2026-09-30"),
    ("2026-11-23", "Monday", "2026-W48", "2026-Q4", "2026-11-16/22", "2026-10-01/31", "2026-07-01/2026-09-30"),
    ("2027-01-01", "Friday", "2026-W53", "2027-Q1", "2026-12-21/27", "2026-12-01/31", "2026-10-01/2026-12-31"),
    ("2024-12-30", "Monday", "2025-W01", "2024-Q4", "2024-12-23/29", "2024-11-01/30", "2024-07-01/2024-09-30"),
    ("2024-03-01", "Friday", "2024-W09", "2024-Q1", "2024-02-19/25", "2024-02-01/29", "2023-10-01/2023-12-31"),
    ("2025-03-31", "Monday", "2025-W14", "2025-Q1", "2025-03-24/30", "2025-02-01/28", "2024-10-01/2024-12-31"),
    ("2025-04-01", "Tuesday", "2025-W14", "2025-Q2", "2025-03-24/30", "2025-03-01/31", "2025-01-01/2025-03-31"),
)


@pytest.mark.parametrize("row", DAYS, ids=lambda row: row[0])
def test_calendar_names_last_complete_periods(row: tuple[str, ...]) -> None:
    day, *fields, week, month, quarter = row
    reading = describe_time(datetime.fromisoformat(f"{day}T23:59:59+00:00"))
    assert [reading[name] for name in ("weekday", "iso_week", "quarter")] == fields
    for name, expected in (("week", week), ("month", month), ("quarter", quarter)):
        first, last = expected.split("/")
        assert reading[f"last_complete_{name}"] == [first, last if len(last) > 2 else first[:8] + last]
    assert reading["last_complete_year"] == [f"{int(day[:4]) - 1}-01-01", f"{int(day[:4]) - 1}-12-31"]


def test_complete_periods_end_before_every_day_of_ten_years() -> None:
    day, ends = date(2020, 1, 1), set()
    while day < date(2030, 1, 1):
        reading = describe_time(datetime(day.year, day.month, day.day, tzinfo=UTC))
        for name, longest in (("week", 7), ("month", 31), ("quarter", 92), ("year", 366)):
            first, last = map(date.fromisoformat, reading[f"last_complete_{name}"])
            assert first <= last < day <= last + timedelta(days=longest)
            ends.add((name, last))
        day += timedelta(days=1)
    assert len([name for name, _ in ends if name == "month"]) == 120


@pytest.mark.anyio
async def test_date_tool_returns_the_calendar(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        text, failed = await seattle.call("get_current_utc_date")
    assert not failed
    reading = json.loads(text)
    now = datetime.fromisoformat(reading["now"])
    assert now <= datetime.now(UTC)
    assert reading == describe_time(now)
    assert "today is incomplete" in reading["note"]
    assert len(text) <= 500
