"""Orders the places of a chart by the query, by periods or by size, and drops those that do not fit."""

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from zava_mcp.charts.columns import ChartColumn
from zava_mcp.charts.points import BARS, MOST_BARS, MOST_COLUMNS, MOST_ROWS, MOST_SERIES, MOST_STEPS, Point
from zava_mcp.errors import InputError

#: Strings, comments and quoted names. They and parentheses hold no ORDER BY of the query itself.
_LITERALS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_INNERMOST = re.compile(r"\([^()]*\)")
_MAX_DEPTH = 100
_UNORDERED_KINDS = (*BARS, "heat_map")  # kinds that may be drawn in any order


class Order(NamedTuple):
    """The order of the places on the x axis and of the series."""

    places: list[Any]
    series: list[str]
    is_ranking: bool  # the query's rows are ordered by a measure
    is_from_query: bool  # the places are in the query's order


def is_ordered(sql: str) -> bool:
    """Whether the outermost query seems to have an ORDER BY, so that the order of its rows is intended."""
    text = _LITERALS.sub(" ", sql)
    for _ in range(_MAX_DEPTH):
        text, replaced = _INNERMOST.subn(" ", text)
        if not replaced:
            break
    return re.search(r"\border\s+by\b", text, re.IGNORECASE) is not None


def is_ranked(numbers: Sequence[float | None], x: ChartColumn) -> bool:
    """Whether rows of periods are in the order of a measure instead of time, such as the ten best months."""
    keys = x.sort_keys() or []
    return _is_monotone([number for number in numbers if number is not None]) and not _is_monotone(keys)


def choose_order(kind: str, points: list[Point], x: ChartColumn, series: ChartColumn | None, ordered: bool) -> Order:
    """The order of points that are in the order of the rows; `ordered` is whether the query has an ORDER BY."""
    ranking = ordered and series is None and _is_monotone([point.y for point in points if point.y is not None])
    places, from_query = _order_places(kind, points, x, series, ordered, ranking)
    if from_query and x.role == "label" and series is None:
        # Labels that are not in alphabetical order are ordered by some measure.
        ranking = ranking or places not in (sorted(places), sorted(places, reverse=True))
    if series is None:
        return Order(places, [""], ranking, from_query)
    if (natural := series.sort_keys()) is not None:
        names = _sort_by_keys(natural, [point.series for point in points], [point.row for point in points])
    elif not series.indexes or (ordered and _is_consistent((point.x, point.series) for point in points)):
        names = _distinct(point.series for point in points)
    else:
        names = largest_first((point.series, point.y) for point in points)
    return Order(places, names, ranking, from_query)


def _order_places(
    kind: str, points: list[Point], x: ChartColumn, series: ChartColumn | None, ordered: bool, ranking: bool
) -> tuple[list[Any], bool]:
    """The order of the places, and whether it is the query's."""
    by_rows = _distinct(point.x for point in points)
    natural = x.sort_keys()
    if natural is None:
        if ordered and _is_consistent((point.series, point.x) for point in points):
            return by_rows, True
        if kind not in _UNORDERED_KINDS:
            return by_rows, False
        series_are_measures = series is not None and not series.indexes
        counted = [point for point in points if not series_are_measures or point.series == points[0].series]
        return largest_first((point.x, point.y) for point in counted), False
    by_keys = _sort_by_keys(natural, [point.x for point in points], [point.row for point in points])
    if not ordered or not _is_consistent((point.series, point.x) for point in points):
        return by_keys, False
    is_reversed_or_ranked = kind in _UNORDERED_KINDS and (_is_rotation(by_rows, by_keys[::-1]) or ranking)
    is_intended = _is_rotation(by_rows, by_keys) or is_reversed_or_ranked
    # Dates always run from left to right. The alphabetical order of month names is never intended.
    return (by_rows, True) if is_intended and x.role == "step" else (by_keys, False)


def _sort_by_keys(keys: Sequence[float], values: list[Any], rows: list[int]) -> list[Any]:
    """Distinct values in the order of their rows' keys."""
    least: dict[Any, float] = {}
    for value, row in zip(values, rows, strict=True):
        least.setdefault(value, keys[row])
    return sorted(least, key=least.__getitem__)


def _is_rotation(places: list[Any], usual: list[Any]) -> bool:
    """Whether places are in the usual order with any first place, such as the months of a fiscal year."""
    start = usual.index(places[0])
    return places == usual[start:] + usual[:start]


def _is_monotone(numbers: list[float]) -> bool:
    pairs = list(itertools.pairwise(numbers))
    return len(set(numbers)) > 1 and (all(a <= b for a, b in pairs) or all(a >= b for a, b in pairs))


def _is_consistent(pairs: Iterable[tuple[Any, Any]]) -> bool:
    """Whether the values, given as (group, value), are in the same order in each group."""
    listed = list(pairs)
    rank = {value: place for place, value in enumerate(_distinct(value for _, value in listed))}
    last: dict[Any, int] = {}
    for group, value in listed:
        if rank[value] < last.get(group, -1):
            return False
        last[group] = rank[value]
    return True


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def largest_first(pairs: Iterable[tuple[Any, float | None]]) -> list[Any]:
    """The names in the order of the sums of their numbers, the largest first."""
    sums: dict[Any, float] = {}
    for name, number in pairs:
        sums[name] = sums.get(name, 0.0) + (number or 0.0)
    return sorted(sums, key=lambda name: -sums[name])


def limit_points(
    kind: str, points: list[Point], order: Order, x: ChartColumn, series: ChartColumn | None
) -> tuple[list[Point], list[str]]:
    """As many of the points as are legible, and notes about the others."""
    notes: list[str] = []
    if series is not None:
        most = MOST_ROWS if kind == "heat_map" else MOST_SERIES
        points = _keep_largest(points, "series", order.series, most, notes, series)
    if kind in _UNORDERED_KINDS:
        points = _limit_places(kind, points, order, notes, x)
    return points, notes


def sort_points(kind: str, points: list[Point], order: Order) -> list[Point]:
    """The points in the order of drawing: by place for bars and cells, by series for lines and areas."""
    if kind == "scatter":
        return points
    place = {value: number for number, value in enumerate(order.places)}
    rank = {name: number for number, name in enumerate(order.series)}
    if kind in _UNORDERED_KINDS:
        return sorted(points, key=lambda point: (place[point.x], rank[point.series]))
    return sorted(points, key=lambda point: (rank[point.series], place[point.x]))


def _keep_largest(
    points: list[Point], part: str, names: list[Any], most: int, notes: list[str], column: ChartColumn
) -> list[Point]:
    if len(names) <= most:
        return points
    notes.append(f"{column.title}: the {most} largest of {len(names):,}; the others are not drawn")
    kept = set(largest_first((getattr(point, part), point.y) for point in points)[:most])
    return [point for point in points if getattr(point, part) in kept]


def _limit_places(kind: str, points: list[Point], order: Order, notes: list[str], x: ChartColumn) -> list[Point]:
    count = len({point.x for point in points})
    are_periods = x.role != "label"
    if are_periods and count > MOST_STEPS:
        raise InputError(f"{x.title}: {count} values are too many for bars", "Draw a line, or group by longer periods.")
    if count <= (MOST_STEPS if are_periods or (order.is_from_query and not order.is_ranking) else MOST_BARS):
        return points
    if order.is_from_query and order.is_ranking:
        notes.append(f"{x.title}: the first {MOST_BARS} of {count:,}, in the query's order; the others are not drawn")
        first = set(order.places[:MOST_BARS])
        return [point for point in points if point.x in first]
    most = MOST_COLUMNS if kind == "heat_map" else MOST_BARS
    return _keep_largest(points, "x", order.places, most, notes, x)
