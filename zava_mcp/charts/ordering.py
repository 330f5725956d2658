"""In which order the places of a chart stand: the query's own, that of periods, or by size; and which have room."""

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from zava_mcp.charts.columns import ChartColumn
from zava_mcp.charts.points import BARS, MOST_BARS, MOST_COLUMNS, MOST_ROWS, MOST_SERIES, MOST_STEPS, Point
from zava_mcp.errors import InputError

#: What has no clause of the query itself in it: texts, comments, quoted names; and a pair of parentheses.
_ASIDE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_INNERMOST = re.compile(r"\([^()]*\)")
_MOST_NESTED = 100
_APART = (*BARS, "heat_map")  # kinds whose places may stand in any order


class Order(NamedTuple):
    """The order of the places on the x axis and of the series, and whether the query's rows rank what they show."""

    places: list[Any]
    series: list[str]
    ranking: bool
    kept: bool  # the places are in the query's own order


def is_ordered(sql: str) -> bool:
    """Whether a query seems to have an ORDER BY of its own, and so rows in an order that is meant."""
    text = _ASIDE.sub(" ", sql)
    for _ in range(_MOST_NESTED):
        text, found = _INNERMOST.subn(" ", text)
        if not found:
            break
    return re.search(r"\border\s+by\b", text, re.IGNORECASE) is not None


def ranks(numbers: Sequence[float | None], x: ChartColumn) -> bool:
    """Whether rows of periods stand in the order of a measure instead of theirs: the ten best months."""
    keys = x.natural() or []
    return _is_monotone([number for number in numbers if number is not None]) and not _is_monotone(keys)


def order_of(kind: str, points: list[Point], x: ChartColumn, series: ChartColumn | None, ordered: bool) -> Order:
    """How points that stand in the rows' order are put in theirs; `ordered` if the query has an ORDER BY."""
    ranking = ordered and series is None and _is_monotone([point.y for point in points if point.y is not None])
    places, kept = _places(kind, points, x, series, ordered, ranking)
    if kept and x.role == "label" and series is None:  # what does not go from A to Z is by some measure
        ranking = ranking or places not in (sorted(places), sorted(places, reverse=True))
    if series is None:
        return Order(places, [""], ranking, kept)
    if (natural := series.natural()) is not None:
        names = _by(natural, [point.series for point in points], [point.row for point in points])
    elif not series.places or (ordered and _is_consistent((point.x, point.series) for point in points)):
        names = _distinct(point.series for point in points)
    else:
        names = ranked((point.series, point.y) for point in points)
    return Order(places, names, ranking, kept)


def _places(
    kind: str, points: list[Point], x: ChartColumn, series: ChartColumn | None, ordered: bool, ranking: bool
) -> tuple[list[Any], bool]:
    found = _distinct(point.x for point in points)
    natural = x.natural()
    if natural is None:
        if ordered and _is_consistent((point.series, point.x) for point in points):
            return found, True
        if kind not in _APART:
            return found, False
        measures = series is not None and not series.places  # of which the first ranks
        counted = [point for point in points if not measures or point.series == points[0].series]
        return ranked((point.x, point.y) for point in counted), False
    own = _by(natural, [point.x for point in points], [point.row for point in points])
    if not ordered or not _is_consistent((point.series, point.x) for point in points):
        return own, False
    turned = _is_rotation(found, own) or (kind in _APART and (_is_rotation(found, own[::-1]) or ranking))
    # a line over dates is read from left to right, and nobody means month names from A to Z
    return (found, True) if turned and (x.role == "step") else (own, False)


def _by(keys: Sequence[float], values: list[Any], rows: list[int]) -> list[Any]:
    """Distinct values, in the order of their rows' keys."""
    least: dict[Any, float] = {}
    for value, row in zip(values, rows, strict=True):
        least.setdefault(value, keys[row])
    return sorted(least, key=least.__getitem__)


def _is_rotation(found: list[Any], own: list[Any]) -> bool:
    """Whether the order is the usual one, perhaps begun elsewhere, such as a fiscal year's."""
    start = own.index(found[0])
    return found == own[start:] + own[:start]


def _is_monotone(numbers: list[float]) -> bool:
    pairs = list(itertools.pairwise(numbers))
    return len(set(numbers)) > 1 and (all(a <= b for a, b in pairs) or all(a >= b for a, b in pairs))


def _is_consistent(pairs: Iterable[tuple[Any, Any]]) -> bool:
    """Whether the values stand in one and the same order in each group."""
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


def ranked(pairs: Iterable[tuple[Any, float | None]]) -> list[Any]:
    """Names by what they add up to, the largest first."""
    sums: dict[Any, float] = {}
    for name, number in pairs:
        sums[name] = sums.get(name, 0.0) + (number or 0.0)
    return sorted(sums, key=lambda name: -sums[name])


def arranged(
    kind: str, points: list[Point], order: Order, x: ChartColumn, series: ChartColumn | None
) -> tuple[list[Point], list[str]]:
    """As many of the points as can be read, and what is said about the others."""
    notes: list[str] = []
    if series is not None:
        most = MOST_ROWS if kind == "heat_map" else MOST_SERIES
        points = _bounded(points, "series", order.series, most, notes, series)
    if kind in _APART:
        points = _bounded_places(kind, points, order, notes, x)
    return points, notes


def in_order(kind: str, points: list[Point], order: Order) -> list[Point]:
    """The points as they are drawn: place after place, or series after series for what is drawn along."""
    if kind == "scatter":
        return points
    place = {value: number for number, value in enumerate(order.places)}
    rank = {name: number for number, name in enumerate(order.series)}
    if kind in _APART:
        return sorted(points, key=lambda point: (place[point.x], rank[point.series]))
    return sorted(points, key=lambda point: (rank[point.series], place[point.x]))


def _bounded(
    points: list[Point], part: str, names: list[Any], most: int, notes: list[str], field: ChartColumn
) -> list[Point]:
    if len(names) <= most:
        return points
    notes.append(f"{field.title}: the {most} largest of {len(names):,}; the others are not drawn")
    kept = set(ranked((getattr(point, part), point.y) for point in points)[:most])
    return [point for point in points if getattr(point, part) in kept]


def _bounded_places(kind: str, points: list[Point], order: Order, notes: list[str], x: ChartColumn) -> list[Point]:
    there = len({point.x for point in points})
    periods = x.role != "label"
    if periods and there > MOST_STEPS:
        raise InputError(f"{there} {x.title}s are too many for bars", "Draw a line, or group by longer periods.")
    if there <= (MOST_STEPS if periods or (order.kept and not order.ranking) else MOST_BARS):
        return points
    if order.kept and order.ranking:
        notes.append(f"{x.title}: the first {MOST_BARS} of {there:,}, in the query's order; the others are not drawn")
        first = set(order.places[:MOST_BARS])
        return [point for point in points if point.x in first]
    most = MOST_COLUMNS if kind == "heat_map" else MOST_BARS
    return _bounded(points, "x", order.places, most, notes, x)
