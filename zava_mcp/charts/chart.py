"""Chooses the chart of a query result: its kind, its columns, its points, and notes about what is not drawn."""

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from zava_mcp.charts.choice import Axes, axes_of, measures_named, named, repeats, share_an_axis
from zava_mcp.charts.choice import ChartRequest as ChartRequest
from zava_mcp.charts.columns import ChartColumn, as_labels, as_numbers, chart_columns
from zava_mcp.charts.ordering import choose_order, is_ordered, is_ranked, limit_points, sort_points
from zava_mcp.charts.periods import milliseconds, written
from zava_mcp.charts.points import (
    BARS,
    MOST_BARS,
    MOST_SERIES,
    Point,
    drop_missing,
    fill_gaps,
    missing_periods,
    unfinished,
)
from zava_mcp.charts.query_units import units_in
from zava_mcp.charts.titles import chart_title, default_title, join_titles
from zava_mcp.currencies import unit_of_currency
from zava_mcp.errors import InputError
from zava_mcp.plurals import counted
from zava_mcp.sales.json_values import compact_json
from zava_mcp.sales.result import QueryResult

#: Names of measures whose sum has a meaning.
_ADDITIVE = re.compile(r"^(?!.*(avg|average|mean|median|price|margin|pct|percent|share|rate|ratio|rank))", re.DOTALL)
_FEW_STEPS = 7  # up to this number, steps are bars to compare; more of them are a line


@dataclass(frozen=True)
class Panel:
    """A measure and its points, in the order in which they are drawn."""

    y: ChartColumn
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Chart:
    """A chart that can be rendered; several measures have a panel each, or are its series.

    `kind` is line, bar, grouped_bar, stacked_bar, area, scatter, heat_map, or value for one row, which needs no chart.
    """

    kind: str
    title: str
    x: ChartColumn
    series: ChartColumn | None
    panels: tuple[Panel, ...]
    notes: tuple[str, ...]
    measures: tuple[ChartColumn, ...] = ()  # the columns of the series, if each series is a measure
    names: ChartColumn | None = None  # the names of the dots of a scatter plot

    @property
    def y(self) -> ChartColumn:
        """The first measure."""
        return self.panels[0].y

    @property
    def points(self) -> tuple[Point, ...]:
        """The points of the first measure."""
        return self.panels[0].points

    def summary(self) -> str:
        """A JSON description for readers of the rows: which columns are drawn, how, and what is not drawn."""
        ys = [_describe_column(column) for column in self.measures or [panel.y for panel in self.panels]]
        summary: dict[str, Any] = {"kind": self.kind, "title": self.title}
        summary |= {"x": _describe_column(self.x)} if self.x.indexes else {}
        summary["y"] = ys[0] if len(ys) == 1 else ys
        summary |= {"series": _describe_column(self.series)} if self.series is not None and not self.measures else {}
        summary |= {"names": _describe_column(self.names)} if self.names is not None else {}
        return compact_json(summary | {"notes": self.notes})


def _describe_column(column: ChartColumn) -> dict[str, Any]:
    place = {"column": column.indexes[0]} if len(column.indexes) == 1 else {"columns": column.indexes}
    return {**place, "name": column.title, "as": column.unit or column.role}


def choose_chart(answer: QueryResult, request: ChartRequest, sql: str = "", now: datetime | None = None) -> Chart:
    """The chart of a query's result. Raises InputError if it cannot be drawn, with a hint that says what can be."""
    rows = [json.loads(row) for row in answer.rows]
    if not rows:
        raise InputError("the query returned no rows, so there is nothing to draw", " ".join(answer.remarks))
    if answer.truncated_by:
        raise InputError(
            f"there are more than the {counted(len(rows), 'row')} that a chart can have",
            "Aggregate in SQL (GROUP BY month, store or category), or choose the largest with ORDER BY and LIMIT.",
        )
    money = unit_of_currency(answer.company.currency)
    columns = chart_columns(answer.columns, answer.types, rows, units_in(sql, answer.columns), money)
    if len(rows) == 1 and request.chart == "auto":
        return _value(columns, request, rows)
    axes = axes_of(columns, request, rows)
    ordered = is_ordered(sql)
    kind = _kind(request, axes, ordered)
    if kind == "heat_map" and axes.series is None:
        raise InputError("a heat map needs two columns of categories besides the number", "Draw bars instead.")
    return _build_chart(kind, request, axes, ordered, now or answer.company.local_time(datetime.now(UTC)))


def _value(columns: list[ChartColumn], request: ChartRequest, rows: list[list[Any]]) -> Chart:
    """The chart of one row, which only states its numbers."""
    for name in (request.x, request.series):
        named(columns, name)
    measures = [as_numbers(column, [rows[0][column.index]]) for column in measures_named(columns, request.y)]
    measures = measures or [column for column in columns if column.role == "number"]
    drawn = [column for column in measures if not column.is_rank] or measures
    if not drawn:
        raise InputError("there is no column of numbers to draw", "Select one, such as sum(total_amount).")
    used = {column.indexes for column in drawn}
    others = [column for column in columns if column.role != "number" and column.indexes not in used]
    subject = " · ".join(column.written(column.values[0]) for column in others)
    title = join_titles(drawn) + (f": {subject}" if subject else "")
    panels = tuple(Panel(column, (Point("", column.values[0], "", 0),)) for column in drawn)
    notes = ("one row needs no chart",)
    return Chart("value", chart_title(request, title), ChartColumn((), "", "label", ("",)), None, panels, notes)


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
    return "stacked_bar" if few and all(_is_additive(y) for y in axes.measures) else "heat_map"


def _kind_of_periods(axes: Axes, ordered: bool) -> str:
    x, series = axes.x, axes.series
    places = len(set(x.values))
    if series is not None:
        return "heat_map" if x.role == series.role == "step" else "line" if places > 1 else "stacked_bar"
    if places == 1 or (x.role == "step" and places <= _FEW_STEPS):
        return "bar"
    # Periods that are ranked by a measure, such as the ten best months, are bars: a line would suggest a time series.
    return "bar" if ordered and places <= MOST_BARS and is_ranked(axes.measures[0].values, x) else "line"


def _is_additive(y: ChartColumn) -> bool:
    return _ADDITIVE.search(y.name.lower()) is not None


def _build_chart(kind: str, request: ChartRequest, axes: Axes, ordered: bool, now: datetime) -> Chart:
    x, series, measures = axes.x, axes.series, axes.measures
    if kind != "scatter" and repeats(zip(x.values, series.values if series else x.values, strict=True)):
        both = f"{x.title} and {series.title}" if series else x.title
        raise InputError(
            f"several rows have the same {both}",
            f"Aggregate in SQL (GROUP BY {both}), or name the column that distinguishes them as series.",
        )
    running = {} if kind == "scatter" else unfinished(x, series, now)
    notes = _notes(kind, axes, running, now)
    if kind in (*BARS, "heat_map"):
        x = as_labels(x)
    axes = replace(axes, x=x, series=as_labels(series) if series is not None else None)
    groups = _groups(kind, axes, running)
    folded = len(groups) < len(measures)
    if folded:
        kind = "grouped_bar" if kind == "bar" else kind
        axes = replace(axes, series=ChartColumn((), "", "label", ()))
    panels, more = _panels(kind, axes, groups, ordered)
    title = chart_title(request, default_title(axes, [panel.y for panel in panels]))
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


def _notes(kind: str, axes: Axes, running: dict[int, str], now: datetime) -> list[str]:
    """Notes about columns that are not drawn, periods that are not over, and periods without rows."""
    notes = [f"not drawn: {', '.join(column.title for column in axes.left_out)}"] if axes.left_out else []
    if running:
        periods, today = " and ".join(dict.fromkeys(running.values())), written(milliseconds(now), "day")
        notes.append(f"{periods} is not over yet" + (f": today is {today}" if today not in periods else ""))
    if kind in ("line", "area") and axes.series is None and (missing := missing_periods(axes.x)):
        notes.append(missing)
    return notes


def _groups(kind: str, axes: Axes, running: dict[int, str]) -> list[tuple[ChartColumn, list[Point]]]:
    """The measures with their points: one group each, or all in one group if they can share an axis."""
    x, series, measures, rows = axes.x, axes.series, axes.measures, range(len(axes.x.values))
    shared = len(measures) > 1 and series is None and kind in ("line", "bar", "stacked_bar") and share_an_axis(measures)
    if shared:
        places = tuple(column.index for column in measures)
        both = ChartColumn(places, join_titles(measures), "number", (), measures[0].unit)
        return [(both, [Point(x.values[r], y.values[r], y.title, r, r in running) for r in rows for y in measures])]
    names = axes.names.values if axes.names is not None and kind == "scatter" else [""] * len(x.values)
    apart = series.values if series is not None else [""] * len(x.values)
    return [
        (y, [Point(x.values[r], y.values[r], apart[r], r, r in running, str(names[r])) for r in rows]) for y in measures
    ]


def _panels(
    kind: str, axes: Axes, groups: list[tuple[ChartColumn, list[Point]]], ordered: bool
) -> tuple[tuple[Panel, ...], list[str]]:
    """One panel for each measure, with the places of the first one; and notes about what is not drawn."""
    panels: list[Panel] = []
    order = choose_order(kind, groups[0][1], axes.x, axes.series, ordered)
    first, notes = limit_points(kind, groups[0][1], order, axes.x, axes.series)
    places, names = {point.x for point in first}, {point.series for point in first}
    for y, points in groups:
        kept = sort_points(kind, [point for point in points if point.x in places and point.series in names], order)
        drawn, more = drop_missing(kind, kept, "rows" if len(groups) == 1 else "values")
        if not drawn:
            notes.append(f"not drawn: {y.title}, which has no value")
            continue
        if kind == "area" and axes.series is not None:
            drawn = fill_gaps(drawn, order.places, order.series)
        panels.append(Panel(y, tuple(drawn)))
        notes += [f"{y.title}: {note}" if len(groups) > 1 else note for note in more]
    if not panels:
        raise InputError(f"no row has a number in {groups[0][0].title!r} that can be drawn")
    return tuple(panels), notes
