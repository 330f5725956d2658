"""The points of a chart: in which order they are drawn, which are left out, and what is said about those."""

from datetime import datetime
from typing import Any, NamedTuple

from zava_mcp.charts import periods
from zava_mcp.charts.columns import ChartColumn, begin_of
from zava_mcp.errors import InputError

MOST_SERIES = 9  # colours that can be told apart
MOST_BARS = 25
MOST_STEPS = 60  # periods, or names in an order of theirs, in bars and heat maps; a line may have more
MOST_COLUMNS, MOST_ROWS = 40, 30  # of a heat map
BARS = ("bar", "grouped_bar", "stacked_bar")
_MOST_NAMED = 5


class Point(NamedTuple):
    """A place on the x axis (milliseconds, number or label), a number (None is a gap in a line), a series.

    `row` is the row it comes from, and `name` the name of a dot. The period of an `open` one is not over.
    """

    x: Any
    y: float | None
    series: str
    row: int = -1
    open: bool = False
    name: str = ""


def placed(kind: str, points: list[Point], what: str) -> tuple[list[Point], list[str]]:
    """Without the points that have no place; a line keeps its gaps."""
    drawn = [point for point in points if point.x is not None]
    kept = [point for point in drawn if point.y is not None]
    missing = len(points) - len(kept)
    if not kept:
        return [], []
    note = f"{missing:,} of {len(points):,} {what} not drawn: they have no value"
    return drawn if kind == "line" else kept, [note] if missing else []


def filled(points: list[Point], places: list[Any], names: list[str]) -> list[Point]:
    """Areas that lie on each other need a value everywhere. Raises InputError if one is negative."""
    if any((point.y or 0) < 0 for point in points):
        raise InputError("areas with negative values cannot lie on each other", "Draw a line instead.")
    known = {(point.x, point.series): point for point in points}
    there, drawn = {point.x for point in points}, {point.series for point in points}
    return [
        known.get((place, name), Point(place, 0.0, name))
        for name in names
        if name in drawn
        for place in places
        if place in there
    ]


def unfinished(x: ChartColumn, series: ChartColumn | None, now: datetime) -> dict[int, str]:
    """The rows whose period is not over at that time, with how people write the period."""
    found: dict[int, str] = {}
    for row, value in enumerate(x.values):
        for period in _periods(x, series, row, value):
            begin, unit = period
            moment = periods.moment_of(begin)
            if unit != "minute" and moment <= now < periods.end(moment, unit):
                found[row] = ("the week of " if unit == "week" else "") + periods.written(begin, unit)
                break
    return found


def _periods(x: ChartColumn, series: ChartColumn | None, row: int, value: Any) -> list[tuple[int, str]]:
    """The periods that a row is about, as far as they have a year."""
    if x.role == "time":
        return [] if value is None else [(value, x.unit)]
    if series is None or series.role != "time" or series.values[row] is None:
        return []
    if x.role == "step" and series.unit == "year" and x.unit in ("month", "quarter", "week"):
        moment = begin_of(series.values[row], x.order[row], x.unit)
        return [(periods.milliseconds(moment), x.unit)] if moment else []
    return [(series.values[row], series.unit)]


def without_rows(x: ChartColumn) -> str:
    """What periods of a column of years, quarters or months have no row; "" if none has."""
    if x.role != "time" or x.unit not in ("year", "half", "quarter", "month"):
        return ""
    there = {value for value in x.values if value is not None}
    given = sorted(there)
    missing: list[int] = []
    moment = periods.moment_of(given[0]) if given else None
    while moment is not None and (begin := periods.milliseconds(moment)) < given[-1] and len(missing) < 1000:
        if begin not in there:
            missing.append(begin)
        moment = periods.end(moment, x.unit)
    named = ", ".join(periods.written(begin, x.unit) for begin in missing[:_MOST_NAMED])
    more = f" and {len(missing) - _MOST_NAMED:,} others" if len(missing) > _MOST_NAMED else ""
    return f"no rows for {named}{more}" if missing else ""
