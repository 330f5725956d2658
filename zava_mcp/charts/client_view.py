"""The data that the view in an MCP client draws a chart from: texts, ticks and order are those of the PNG."""

from typing import Any

from zava_mcp.charts import axis_layout as layout
from zava_mcp.charts import number_format
from zava_mcp.charts.chart import Chart, Panel
from zava_mcp.charts.vega_axes import series_of

_AXIS_PIXELS = 500  # the approximate length of an axis of bars


def view(chart: Chart) -> dict[str, Any]:
    """`{kind, title, notes, horizontal, x, places, series, panels}`, sent in the metadata of the result.

    A point is [index in `places` or of the x axis, number, index of its series, 1 if its period is not over, short
    text, exact text, name].
    """
    places = list(dict.fromkeys(point.x for panel in chart.panels for point in panel.points))
    labels = chart.x.role in ("label", "step")
    return {
        "kind": chart.kind,
        "title": chart.title,
        "notes": chart.notes,
        "horizontal": layout.is_horizontal(chart),
        "x": {"name": chart.x.title, "title": layout.axis_title(chart, chart.x), **_x_axis(chart, places)},
        "places": places if labels else [],
        "exact": [] if labels else [chart.x.written(place) for place in places],
        "series": series_of(chart),
        "series_name": chart.series.title if chart.series is not None and chart.series.indexes else "",
        "panels": [
            _panel(chart, panel, {place: number for number, place in enumerate(places)}) for panel in chart.panels
        ],
    }


def _x_axis(chart: Chart, places: list[Any]) -> dict[str, Any]:
    if chart.x.role == "time":
        ends = [min(places), max(places)]
        return {"kind": "time", "ticks": layout.time_ticks(chart.x, places), "ends": ends, "points": places}
    if chart.x.role == "number":
        axis = layout.x_axis(chart)
        return {"kind": "number", "ticks": axis.ticks, "ends": [axis.low, axis.high], "points": places}
    return {"kind": "label"}


def _panel(chart: Chart, panel: Panel, numbers: dict[Any, int]) -> dict[str, Any]:
    series = {name: number for number, name in enumerate(series_of(chart))}
    axis, texts = layout.number_axis(chart, panel), layout.mark_texts(panel)
    horizontal = layout.is_horizontal(chart)
    pixels = _AXIS_PIXELS / (len(chart.panels) if horizontal else 1)
    bars = chart.kind in ("bar", "grouped_bar")
    ends = layout.extend_for_texts(axis, texts, pixels, horizontal) if bars else axis[:2]
    points = [
        [numbers[point.x], point.y, series[point.series], int(point.in_progress), text,
         number_format.exact(point.y, panel.y.unit), point.name]
        for point, text in zip(panel.points, texts, strict=True)
    ]  # fmt: skip
    title = panel.y.title if len(chart.panels) > 1 else layout.axis_title(chart, panel.y)
    return {"name": panel.y.title, "title": title, "ticks": axis.ticks, "ends": list(ends), "points": points}
