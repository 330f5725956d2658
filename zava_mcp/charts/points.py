"""The points of a chart: which are drawn, which belong to a period that is not over, and which periods are missing."""

from datetime import datetime
from typing import Any, NamedTuple

from zava_mcp.charts import periods
from zava_mcp.charts.columns import ChartColumn, begin_of
from zava_mcp.errors import InputError

MOST_SERIES = 9  # colours that can be distinguished
MOST_BARS = 25
MOST_STEPS = 60  # periods, or ordered names, in bars and heat maps; a line may have more
MOST_COLUMNS, MOST_ROWS = 40, 30  # the limits of a heat map
BARS = ("bar", "grouped_bar", "stacked_bar")
_MAX_LISTED = 5
_MAX_MISSING = 1_000


class Point(NamedTuple):
    """A place on the x axis (milliseconds, number or label), a number (None is a gap in a line), a series.

    `row` is the index of its row, `name` the name of a dot, and `in_progress` whether its period is not over.
    """

    x: Any
    y: float | None
    series: str
    row: int = -1
    in_progress: bool = False
    name: str = ""


def drop_missing(kind: str, points: list[Point], noun: str) -> tuple[list[Point], list[str]]:
    """The points that have a place and a number, and notes about the others; a line keeps points without number."""
    drawn = [point for point in points if point.x is not None]
    kept = [point for point in drawn if point.y is not None]
    missing = len(points) - len(kept)
    if not kept:
        return [], []
    note = f"{missing:,} of {len(points):,} {noun} not drawn: they have no value"
    return drawn if kind == "line" else kept, [note] if missing else []


def fill_gaps(points: list[Point], places: list[Any], names: list[str]) -> list[Point]:
    """Points with 0 for missing values, because stacked areas need a value at each place.

    Raises InputError if a value is negative.
    """
    if any((point.y or 0) < 0 for point in points):
        raise InputError("areas with negative values cannot be stacked", "Draw a line instead.")
    known = {(point.x, point.series): point for point in points}
    used_places, used_names = {point.x for point in points}, {point.series for point in points}
    return [
        known.get((place, name), Point(place, 0.0, name))
        for name in names
        if name in used_names
        for place in places
        if place in used_places
    ]


def unfinished(x: ChartColumn, series: ChartColumn | None, now: datetime) -> dict[int, str]:
    """The rows whose period is not over at this time, with the period's text."""
    periods_by_row: dict[int, str] = {}
    for row, value in enumerate(x.values):
        for period in _periods(x, series, row, value):
            begin, unit = period
            moment = periods.moment_of(begin)
            if unit != "minute" and moment <= now < periods.end(moment, unit):
                periods_by_row[row] = ("the week of " if unit == "week" else "") + periods.written(begin, unit)
                break
    return periods_by_row


def _periods(x: ChartColumn, series: ChartColumn | None, row: int, value: Any) -> list[tuple[int, str]]:
    """The periods of a row as (begin, unit); none if the year is unknown."""
    if x.role == "time":
        return [] if value is None else [(value, x.unit)]
    if series is None or series.role != "time" or series.values[row] is None:
        return []
    if x.role == "step" and series.unit == "year" and x.unit in ("month", "quarter", "week"):
        moment = begin_of(series.values[row], x.order[row], x.unit)
        return [(periods.milliseconds(moment), x.unit)] if moment else []
    return [(series.values[row], series.unit)]


def missing_periods(x: ChartColumn) -> str:
    """A note about years, quarters or months without rows between the first and the last; "" if there are none."""
    if x.role != "time" or x.unit not in ("year", "half", "quarter", "month"):
        return ""
    begins = {value for value in x.values if value is not None}
    if not begins:
        return ""
    missing: list[int] = []
    moment, last = periods.moment_of(min(begins)), max(begins)
    while (begin := periods.milliseconds(moment)) < last and len(missing) < _MAX_MISSING:
        if begin not in begins:
            missing.append(begin)
        moment = periods.end(moment, x.unit)
    named = ", ".join(periods.written(begin, x.unit) for begin in missing[:_MAX_LISTED])
    more = f" and {len(missing) - _MAX_LISTED:,} others" if len(missing) > _MAX_LISTED else ""
    return f"no rows for {named}{more}" if missing else ""
