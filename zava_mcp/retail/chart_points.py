"""The points of a chart: which are drawn, in which order, and what is said about the others."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from zava_mcp.errors import InputError
from zava_mcp.retail.chart_columns import Field

MOST_SERIES = 9  # colours that can be told apart
MOST_BARS = 25
MOST_STEPS = 60  # periods in bars and heat maps; a line may have more
MOST_COLUMNS, MOST_ROWS = 40, 30  # of a heat map


class Point(NamedTuple):
    """A place on the x axis (milliseconds, number or label), a number (None is a gap in a line), a series."""

    x: Any
    y: float | None
    series: str


def placed(kind: str, points: list[Point]) -> tuple[list[Point], list[str]]:
    """Without the points that have no place; a line keeps its gaps."""
    drawn = [point for point in points if point.x is not None]
    kept = [point for point in drawn if point.y is not None]
    missing = len(points) - len(kept)
    if not kept:
        return [], []
    note = f"{missing:,} of {len(points):,} rows not drawn: they have no value"
    return drawn if kind == "line" else kept, [note] if missing else []


def within_bounds(kind: str, points: list[Point], x: Field, series: Field | None) -> tuple[list[Point], list[str]]:
    notes = []
    if series is not None:
        most = MOST_ROWS if kind == "heat_map" else MOST_SERIES
        ranked = _ranked((point.series, point.y) for point in points)
        if len(ranked) > most:
            notes.append(_only(most, len(ranked), series))
            points = [point for point in points if point.series in ranked[:most]]
        places = {name: place for place, name in enumerate(ranked)}
        if series.role == "label":
            points.sort(key=lambda point: places[point.series])
    if kind in ("bar", "stacked_bar", "heat_map"):
        ranked = _ranked((point.x, point.y) for point in points)
        most = MOST_STEPS if x.role == "step" else MOST_COLUMNS if kind == "heat_map" else MOST_BARS
        if len(ranked) > most and x.role == "step":
            raise InputError(
                f"{len(ranked)} {x.title}s are too many for bars", "Draw a line, or group by longer periods."
            )
        if len(ranked) > most:
            notes.append(_only(most, len(ranked), x))
            points = [point for point in points if point.x in ranked[:most]]
        if x.role == "label":
            places = {name: place for place, name in enumerate(ranked)}
            points.sort(key=lambda point: places[point.x])
    return points, notes


def _only(most: int, there_are: int, field: Field) -> str:
    return f"{field.title}: the {most} largest of {there_are:,}; the others are not drawn"


def _ranked(pairs: Iterable[tuple[str, float | None]]) -> list[str]:
    """Names by what they add up to, the largest first."""
    sums: dict[str, float] = {}
    for name, number in pairs:
        sums[name] = sums.get(name, 0.0) + (number or 0.0)
    return sorted(sums, key=lambda name: -sums[name])


def filled(points: list[Point]) -> list[Point]:
    """Areas that lie on each other need a value everywhere. Raises InputError if one is negative."""
    if any((point.y or 0) < 0 for point in points):
        raise InputError("areas with negative values cannot lie on each other", "Draw a line instead.")
    places = list(dict.fromkeys(point.x for point in points))
    names = list(dict.fromkeys(point.series for point in points))
    known = {(point.x, point.series): point for point in points}
    return [known.get((place, name), Point(place, 0.0, name)) for name in names for place in places]
