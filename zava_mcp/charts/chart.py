"""Which chart says what an answer says: its kind, its columns, its points, and what is left out of it."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from zava_mcp.charts.choice import Axes, axes_of, measures_named, named, share_an_axis
from zava_mcp.charts.choice import ChartRequest as ChartRequest
from zava_mcp.charts.columns import ChartColumn, as_labels, as_numbers, chart_columns
from zava_mcp.charts.labels import plain
from zava_mcp.charts.ordering import arranged, in_order, is_ordered, order_of, ranks
from zava_mcp.charts.periods import milliseconds, written
from zava_mcp.charts.points import (
    BARS,
    MOST_BARS,
    MOST_SERIES,
    Point,
    filled,
    placed,
    unfinished,
    without_rows,
)
from zava_mcp.errors import InputError
from zava_mcp.sales.result import QueryResult

_TITLE_CHARACTERS = 200
_ADDS_UP = re.compile(r"^(?!.*(avg|average|mean|median|price|margin|pct|percent|share|rate|ratio|rank))", re.DOTALL)
_FEW_STEPS = 7  # quarters and weekdays are compared, months followed


@dataclass(frozen=True)
class Panel:
    """A measure and its points, in the order in which they are drawn."""

    y: ChartColumn
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Chart:
    """A chart that can be drawn; several measures have a panel each, or are its series."""

    kind: str  # line, bar, grouped_bar, stacked_bar, area, scatter, heat_map, or value: one row, which needs no chart
    title: str
    x: ChartColumn
    series: ChartColumn | None
    panels: tuple[Panel, ...]
    notes: tuple[str, ...]
    measures: tuple[ChartColumn, ...] = ()  # the series, if they are measures
    names: ChartColumn | None = None  # of the dots of a scatter plot

    @property
    def y(self) -> ChartColumn:
        """The first measure."""
        return self.panels[0].y

    @property
    def points(self) -> tuple[Point, ...]:
        """Of the first measure."""
        return self.panels[0].points

    def summary(self) -> str:
        """As JSON, for readers of the rows: what was drawn from which columns, how, and what was left out."""
        ys = [_described(field) for field in self.measures or [panel.y for panel in self.panels]]
        told: dict[str, Any] = {"kind": self.kind, "title": self.title}
        told |= {"x": _described(self.x)} if self.x.places else {}
        told["y"] = ys[0] if len(ys) == 1 else ys
        told |= {"series": _described(self.series)} if self.series is not None and not self.measures else {}
        told |= {"names": _described(self.names)} if self.names is not None else {}
        return json.dumps(told | {"notes": self.notes}, ensure_ascii=False, separators=(",", ":"))


def _described(field: ChartColumn) -> dict[str, Any]:
    place = {"column": field.places[0]} if len(field.places) == 1 else {"columns": field.places}
    return {**place, "name": field.title, "as": field.unit or field.role}


def chart_of(answer: QueryResult, request: ChartRequest, sql: str = "", now: datetime | None = None) -> Chart:
    """The chart of an answer to this SQL. Raises InputError if there is none, with what would make one."""
    rows = [json.loads(row) for row in answer.rows]
    if not rows:
        raise InputError("the query gave no rows, so there is nothing to draw", " ".join(answer.remarks))
    if answer.truncated_by:
        raise InputError(
            f"there are more than the {len(rows):,} rows that a chart can have",
            "Aggregate in SQL (GROUP BY month, store or category), or choose the largest with ORDER BY and LIMIT.",
        )
    columns = chart_columns(answer.columns, answer.types, rows)
    if len(rows) == 1 and request.chart == "auto":
        return _value(columns, request, rows)
    axes = axes_of(columns, request, rows)
    ordered = is_ordered(sql)
    kind = _kind(request, axes, ordered)
    if kind == "heat_map" and axes.series is None:
        raise InputError("a heat map needs two columns of categories besides the number", "Draw bars instead.")
    return _drawn(kind, request, axes, ordered, now or datetime.now(UTC))


def _value(columns: list[ChartColumn], request: ChartRequest, rows: list[list[Any]]) -> Chart:
    """One row: nothing to compare, so its numbers are only written."""
    for name in (request.x, request.series):
        named(columns, name)
    measures = [as_numbers(column, [rows[0][column.place]]) for column in measures_named(columns, request.y)]
    measures = measures or [column for column in columns if column.role == "number"]
    drawn = [column for column in measures if not column.is_rank] or measures
    if not drawn:
        raise InputError("there is no column of numbers to draw", "Select one, such as sum(total_amount).")
    said = {column.places for column in drawn}
    others = [column for column in columns if column.role != "number" and column.places not in said]
    about = " · ".join(column.written(column.values[0]) for column in others)
    title = _and(drawn) + (f": {about}" if about else "")
    panels = tuple(Panel(column, (Point("", column.values[0], "", 0),)) for column in drawn)
    notes = ("one row needs no chart",)
    return Chart("value", _titled(request, title), ChartColumn((), "", "label", ("",)), None, panels, notes)


def _kind(request: ChartRequest, axes: Axes, ordered: bool) -> str:
    x, series = axes.x, axes.series
    if request.chart != "auto":
        if request.chart in ("bar", "stacked_bar"):
            return "stacked_bar" if series else "bar"
        return request.chart
    if x.role == "number":
        return "scatter"
    if x.role in ("time", "step"):
        return _kind_of_periods(axes, ordered)
    if series is None:
        return "bar"
    few = len(set(series.values)) <= MOST_SERIES and len(set(x.values)) <= MOST_BARS
    return "stacked_bar" if few and all(_adds_up(y) for y in axes.measures) else "heat_map"


def _kind_of_periods(axes: Axes, ordered: bool) -> str:
    x, series = axes.x, axes.series
    places = len(set(x.values))
    if series is not None:
        return "heat_map" if x.role == series.role == "step" else "line" if places > 1 else "stacked_bar"
    if places == 1 or (x.role == "step" and places <= _FEW_STEPS):
        return "bar"
    # the ten best months are no course of time
    return "bar" if ordered and places <= MOST_BARS and ranks(axes.measures[0].values, x) else "line"


def _adds_up(y: ChartColumn) -> bool:
    return _ADDS_UP.search(y.name.lower()) is not None


def _drawn(kind: str, request: ChartRequest, axes: Axes, ordered: bool, now: datetime) -> Chart:
    x, series, measures = axes.x, axes.series, axes.measures
    if kind != "scatter" and _repeats(zip(x.values, series.values if series else x.values, strict=True)):
        both = f"{x.title} and {series.title}" if series else x.title
        raise InputError(
            f"several rows have the same {both}",
            f"Aggregate in SQL (GROUP BY {both}), or name the column that tells them apart as series.",
        )
    running = {} if kind == "scatter" else unfinished(x, series, now)
    notes = _remarks(kind, axes, running, now)
    if kind in (*BARS, "heat_map"):
        x = as_labels(x)
    axes = replace(axes, x=x, series=as_labels(series) if series is not None else None)
    groups = _groups(kind, axes, running)
    folded = len(groups) < len(measures)
    if folded:
        kind = "grouped_bar" if kind == "bar" else kind
        axes = replace(axes, series=ChartColumn((), "", "label", ()))
    panels, more = _panels(kind, axes, groups, ordered)
    title = _titled(request, _title(axes, [panel.y for panel in panels]))
    return Chart(
        kind,
        title,
        x,
        axes.series,
        panels,
        tuple(dict.fromkeys((*notes, *more))),
        tuple(measures) if folded else (),
        axes.names,
    )


def _remarks(kind: str, axes: Axes, running: dict[int, str], now: datetime) -> list[str]:
    """What is said before anything is drawn."""
    notes = [f"not drawn: {', '.join(field.title for field in axes.left_out)}"] if axes.left_out else []
    if running:
        periods, today = " and ".join(dict.fromkeys(running.values())), written(milliseconds(now), "day")
        notes.append(f"{periods} is not over yet" + (f": today is {today}" if today not in periods else ""))
    if kind in ("line", "area") and axes.series is None and (missing := without_rows(axes.x)):
        notes.append(missing)
    return notes


def _groups(kind: str, axes: Axes, running: dict[int, str]) -> list[tuple[ChartColumn, list[Point]]]:
    """The measures with their points: one each, or all in one where they can share an axis."""
    x, series, measures, rows = axes.x, axes.series, axes.measures, range(len(axes.x.values))
    shared = len(measures) > 1 and series is None and kind in ("line", "bar", "stacked_bar") and share_an_axis(measures)
    if shared:
        both = ChartColumn(tuple(field.place for field in measures), _and(measures), "number", (), measures[0].unit)
        return [(both, [Point(x.values[r], y.values[r], y.title, r, r in running) for r in rows for y in measures])]
    names = axes.names.values if axes.names is not None and kind == "scatter" else [""] * len(x.values)
    apart = series.values if series is not None else [""] * len(x.values)
    return [
        (y, [Point(x.values[r], y.values[r], apart[r], r, r in running, str(names[r])) for r in rows]) for y in measures
    ]


def _panels(
    kind: str, axes: Axes, groups: list[tuple[ChartColumn, list[Point]]], ordered: bool
) -> tuple[tuple[Panel, ...], list[str]]:
    """What is drawn of each measure; all have the places of the first."""
    panels: list[Panel] = []
    order = order_of(kind, groups[0][1], axes.x, axes.series, ordered)
    first, notes = arranged(kind, groups[0][1], order, axes.x, axes.series)
    places, names = {point.x for point in first}, {point.series for point in first}
    for y, points in groups:
        kept = in_order(kind, [point for point in points if point.x in places and point.series in names], order)
        drawn, more = placed(kind, kept, "rows" if len(groups) == 1 else "values")
        if not drawn:
            notes.append(f"not drawn: {y.title}, which has no value")
            continue
        if kind == "area" and axes.series is not None:
            drawn = filled(drawn, order.places, order.series)
        panels.append(Panel(y, tuple(drawn)))
        notes += [f"{y.title}: {note}" if len(groups) > 1 else note for note in more]
    if not panels:
        raise InputError(f"no row has a number in {groups[0][0].title!r} that can be drawn")
    return tuple(panels), notes


def _titled(request: ChartRequest, title: str) -> str:
    return plain(request.title, _TITLE_CHARACTERS) or plain(title[:1].upper() + title[1:], _TITLE_CHARACTERS)


def _title(axes: Axes, ys: list[ChartColumn]) -> str:
    series = f" and {axes.series.title}" if axes.series is not None and axes.series.places else ""
    return f"{_and(ys)} by {axes.x.title}{series}" + (f" ({axes.constant})" if axes.constant else "")


def _and(measures: list[ChartColumn]) -> str:
    titles = [field.title for field in measures]
    return " and ".join([", ".join(titles[:-1]), titles[-1]] if titles[1:] else titles)


def _repeats(values: Iterable[Any]) -> bool:
    listed = list(values)
    return len(set(listed)) < len(listed)
