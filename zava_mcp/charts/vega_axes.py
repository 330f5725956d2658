"""Axes, scales and colours of a Vega-Lite specification; their expressions contain only computed numbers and labels."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from zava_mcp.charts.axis_layout import LONG_LABEL, axis_title, number_axis, time_ticks, x_axis
from zava_mcp.charts.chart import Chart, Panel
from zava_mcp.charts.columns import ChartColumn
from zava_mcp.charts.number_format import Axis

Spec = dict[str, Any]

#: The colours of Okabe and Ito for colour-blind readers, with a darker yellow for white backgrounds, and two more.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#A69B00", "#5E4FA2", "#7F7F7F")
_LINE_CHARACTERS = 80
NAMES_BESIDE: Spec = {"grid": False, "labelLimit": 320, "maxExtent": 340}


def measure(chart: Chart, panel: Panel, axis: Axis | None = None, ends: tuple[float, float] | None = None) -> Spec:
    """The axis of a panel's numbers; `axis` and `ends` replace the computed ones."""
    title = None if len(chart.panels) > 1 else axis_title(chart, panel.y)
    return numeric("c1", title, axis or number_axis(chart, panel), ends)


def numeric(name: str, title: str | None, axis: Axis, ends: tuple[float, float] | None = None) -> Spec:
    """An axis of numbers with its tick labels."""
    return {
        "field": name,
        "type": "quantitative",
        "title": title,
        "scale": {"domain": list(ends or (axis.low, axis.high)), "nice": False, "zero": False},
        "axis": {**labelled(axis.ticks), "domain": False, "ticks": False},
    }


def labelled(ticks: Sequence[tuple[float, str]]) -> Spec:
    """Ticks at these values with these labels, for an axis or a legend."""
    choice = "''"
    values = [value for value, _ in ticks]
    near = min((other - value for value, other in itertools.pairwise(values)), default=1) / 100
    for value, text in reversed(ticks):  # Vega may compute values that differ in the last digit
        choice = f"abs(datum.value - {value!r}) < {near!r} ? {json.dumps(text, ensure_ascii=False)} : {choice}"
    return {"values": values, "labelExpr": choice}


def along(chart: Chart, panel: Panel) -> Spec:
    """The x axis of times, numbers or labels."""
    values = list(dict.fromkeys(point.x for point in panel.points))
    title = axis_title(chart, chart.x)
    if chart.x.role == "number":
        return numeric("c0", title, x_axis(chart))
    if chart.x.role != "time":
        return names("c0", title, values)
    axis = {**labelled(time_ticks(chart.x, values)), "grid": False}
    return {"field": "c0", "type": "temporal", "title": title, "scale": {"type": "utc", "padding": 10}, "axis": axis}


def names(field: str, title: str | None, values: list[Any]) -> Spec:
    """An axis of labels, in the order of the rows."""
    crowded = sum(len(value) for value in values) > 90 or max(map(len, values)) > LONG_LABEL
    axis = {"labelAngle": -40 if crowded else 0, "labelOverlap": len(values) > 45, "grid": False}
    return {"field": field, "type": "ordinal", "sort": None, "title": title, "axis": axis}


def colour(chart: Chart) -> Spec:
    """The colour of each series; stacked marks are in the order of the colours."""
    if chart.series is None:
        return {}
    title: str | None = axis_title(chart, chart.series)
    domain = series_of(chart)
    scale = {"domain": domain, "range": list(PALETTE)}
    legend = {"symbolType": "stroke", "symbolStrokeWidth": 3} if chart.kind == "line" else {"symbolType": "square"}
    shown: Spec = {"field": "c2", "type": "nominal", "title": title, "scale": scale, "legend": legend}
    return {"color": shown} | ({"order": {"field": "c4"}} if chart.kind in ("stacked_bar", "area") else {})


def series_of(chart: Chart) -> list[str]:
    """The names of the series in their order."""
    return list(dict.fromkeys(point.series for panel in chart.panels for point in panel.points))


def panel_title(column: ChartColumn) -> Spec:
    """The title above one of several panels."""
    return {"text": column.title, "fontSize": 13, "fontWeight": "normal", "color": "#444444", "offset": 8}


def wrapped(text: str) -> list[str]:
    """A text as lines that fit the image."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= _LINE_CHARACTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [line[start : start + _LINE_CHARACTERS] for line in lines for start in range(0, len(line), _LINE_CHARACTERS)]


CONFIG: Spec = {
    "font": "Liberation Sans, Arial, Helvetica, sans-serif",
    "title": {"anchor": "start", "fontSize": 17, "subtitleFontSize": 12, "subtitleColor": "#666666", "offset": 14},
    "axis": {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titleColor": "#444444",
        "labelColor": "#333333",
        "gridColor": "#E6E6E6",
        "labelLimit": 240,
        "labelFlush": False,
    },
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 220},
    "view": {"stroke": None},
    "bar": {"color": PALETTE[0]},
    "line": {"color": PALETTE[0], "strokeWidth": 2.2, "strokeJoin": "round"},
    "area": {"color": PALETTE[0]},
    "point": {"color": PALETTE[0]},
    "scale": {"bandPaddingInner": 0.18},
}
