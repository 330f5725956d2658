"""A chart as the view in a client draws it: every text, tick and order of the picture, ready to be placed."""

from typing import Any

from zava_mcp.charts import axis_layout as layout
from zava_mcp.charts import number_format
from zava_mcp.charts.chart import Chart, Panel
from zava_mcp.charts.vega_axes import series_of

_PIXELS = 500  # of an axis of bars, about


def view(chart: Chart) -> dict[str, Any]:
    """`{kind, title, notes, lying, x, places, series, panels}`, to be sent beside the rows.

    A point is [place on x, number, series by number, whether its period is not over, short text, exact text, name];
    labels on the x axis stand by their number in `places`.
    """
    places = list(dict.fromkeys(point.x for panel in chart.panels for point in panel.points))
    labels = chart.x.role in ("label", "step")
    return {
        "kind": chart.kind,
        "title": chart.title,
        "notes": chart.notes,
        "lying": layout.is_lying(chart),
        "x": {"name": chart.x.title, "title": layout.axis_title(chart, chart.x), **_x_axis(chart, places)},
        "places": places if labels else [],
        "exact": [] if labels else [chart.x.written(place) for place in places],
        "series": series_of(chart),
        "series_name": chart.series.title if chart.series is not None and chart.series.places else "",
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
    axis, texts = layout.number_axis(chart, panel), layout.beside(panel)
    lying = layout.is_lying(chart)
    bars = chart.kind in ("bar", "grouped_bar")
    ends = layout.with_room(axis, texts, _PIXELS / (len(chart.panels) if lying else 1), lying) if bars else axis[:2]
    points = [
        [numbers[point.x], point.y, series[point.series], int(point.open), text,
         number_format.exact(point.y, panel.y.unit), point.name]
        for point, text in zip(panel.points, texts, strict=True)
    ]  # fmt: skip
    title = panel.y.title if len(chart.panels) > 1 else layout.axis_title(chart, panel.y)
    return {"name": panel.y.title, "title": title, "ticks": axis.ticks, "ends": list(ends), "points": points}
