"""Builds the Vega-Lite specification of a chart.

Data cannot inject expressions: fields are named c0, c1, …, and titles, labels and notes are only written where Vega
accepts plain strings. The specification has no URL, and its few expressions are constants.
"""

from typing import Any

from zava_mcp.charts import axis_layout as layout
from zava_mcp.charts.chart import Chart, Panel
from zava_mcp.charts.points import MOST_BARS
from zava_mcp.charts.vega_axes import (
    CONFIG,
    NAMES_BESIDE,
    Spec,
    along,
    colour,
    labelled,
    measure,
    names,
    panel_title,
    series_of,
    wrapped,
)
from zava_mcp.charts.vega_axes import PALETTE as PALETTE

_WIDTH, _HEIGHT = 640, 340
_PANEL_HEIGHT = 200
_MAX_CELLS_WITH_NUMBERS = 120
_MAX_DOTS_ON_LINE = 60
_OPEN: Spec = {"field": "c5", "equal": True}
_FAINT: Spec = {"condition": {"test": _OPEN, "value": 0.45}, "value": 1}


def spec(chart: Chart) -> Spec:
    """The specification of a chart on a white background."""
    drawn = [_KINDS[chart.kind](chart, panel) for panel in chart.panels]
    notes = [*chart.notes, *_missing_names(chart)]
    head = {
        "data": {"values": [row for number, panel in enumerate(chart.panels) for row in _rows(chart, panel, number)]},
        "background": "white",
        "padding": 16,
        "title": {"text": wrapped(chart.title), "subtitle": [line for note in notes for line in wrapped(note)]},
        "config": CONFIG,
    }
    if len(drawn) == 1:
        return {**head, "width": _WIDTH, "height": _HEIGHT, **drawn[0]}
    side_by_side = layout.is_horizontal(chart)
    return {**head, "hconcat" if side_by_side else "vconcat": _panels(chart, drawn, side_by_side)}


def _panels(chart: Chart, drawn: list[Spec], side_by_side: bool) -> list[Spec]:
    """A view for each measure: below each other, or side by side if the bars are horizontal."""
    panels = []
    for number, (panel, view) in enumerate(zip(chart.panels, drawn, strict=True)):
        size: Spec = {"width": _WIDTH / len(drawn)} if side_by_side else {"height": _PANEL_HEIGHT, "width": _WIDTH}
        panels.append({"title": panel_title(panel.y), **size, **view, "transform": [_only("c6", number)]})
        if side_by_side and number:
            panels[-1]["encoding"]["y"] = {**view["encoding"]["y"], "axis": None}
        if chart.x.role != "time":
            places = list(dict.fromkeys(point.x for each in chart.panels for point in each.points))
            panels[-1]["encoding"]["y" if side_by_side else "x"]["scale"] = {"domain": places}
    return panels


def _only(name: str, value: Any) -> Spec:
    return {"filter": {"field": name, "equal": value}}


def _missing_names(chart: Chart) -> list[str]:
    missing = len(chart.points) - len(layout.named_dots(chart, _WIDTH, _HEIGHT)) if chart.names is not None else 0
    return [f"{missing:,} of {len(chart.points):,} names do not fit"] if missing else []


def _rows(chart: Chart, panel: Panel, number: int) -> list[Spec]:
    places = {name: place for place, name in enumerate(series_of(chart))}
    leading = layout.leading_to_open(panel.points)
    sides = layout.named_dots(chart, _WIDTH, _HEIGHT) if chart.kind == "scatter" else {}
    rows: list[Spec] = []
    for place, (point, text) in enumerate(zip(panel.points, layout.mark_texts(panel), strict=True)):
        row: Spec = {"c0": point.x, "c1": point.y, "c2": point.series, "c4": places[point.series]}
        row |= {"c3": text} if text else {}
        row |= {"c5": point.in_progress} if point.in_progress or leading[place] else {}
        row |= {"c6": number} if len(chart.panels) > 1 else {}
        row |= {"c7": True} if leading[place] else {}
        row |= {"c8": point.name, "c9": sides[place]} if place in sides else {}
        rows.append(row)
    return rows


def _line(chart: Chart, panel: Panel) -> Spec:
    few = len(panel.points) <= _MAX_DOTS_ON_LINE or len({point.x for point in panel.points}) == 1
    dots: Spec = {"type": "point", "filled": True, "size": 36, "opacity": 1}
    encoding = _along(chart, panel)
    if not any(point.in_progress for point in panel.points):
        return {"mark": {"type": "line", "point": {"size": 36} if few else False}, "encoding": encoding}
    closed: Spec = {"transform": [{"filter": {"not": _OPEN}}]}
    layers = [
        {"mark": "line", **closed},
        {"mark": {"type": "line", "strokeDash": [5, 4]}, "transform": [_only("c7", True)]},
        *([{"mark": dots, **closed}] if few else []),
        {"mark": {**dots, "filled": False, "size": 46, "fill": "white"}, "transform": [{"filter": _OPEN}]},
    ]
    return {"encoding": encoding, "layer": layers}


def _area(chart: Chart, panel: Panel) -> Spec:
    opacity = 0.35 if chart.series is None else 0.85
    mark: Spec = {"type": "area", "line": chart.series is None, "fillOpacity": opacity}
    encoding = _along(chart, panel)
    if not any(point.in_progress for point in panel.points):
        return {"mark": mark, "encoding": encoding}
    faint = {**mark, "line": False, "fillOpacity": opacity / 2.5}
    closed, leading = [{"filter": {"not": _OPEN}}], [_only("c7", True)]
    return {"encoding": encoding, "layer": [{"mark": mark, "transform": closed}, {"mark": faint, "transform": leading}]}


def _scatter(chart: Chart, panel: Panel) -> Spec:
    encoding = _along(chart, panel)
    dots: Spec = {"type": "point", "filled": True, "size": 42, "opacity": 0.7}
    if chart.names is None:
        return {"mark": dots, "encoding": encoding}
    texts = [
        {
            "mark": {"type": "text", "fontSize": 11, "align": align, "baseline": "middle", "dx": shift},
            "transform": [_only("c9", side)],
            "encoding": {"text": {"field": "c8", "type": "nominal"}, "color": {"value": "#444444"}},
        }
        for side, align, shift in (("right", "left", 6), ("left", "right", -6))
    ]
    return {"encoding": encoding, "layer": [{"mark": dots}, *texts]}


def _along(chart: Chart, panel: Panel) -> Spec:
    return {"x": along(chart, panel), "y": measure(chart, panel)} | colour(chart)


def _bars(chart: Chart, panel: Panel) -> Spec:
    labels = list(dict.fromkeys(point.x for point in panel.points))
    horizontal = layout.is_horizontal(chart)
    series = len(series_of(chart)) if chart.kind == "grouped_bar" else 1
    numbered = chart.kind != "stacked_bar" and len(labels) * series <= (MOST_BARS if horizontal else 12)
    encoding = _bar_axes(chart, panel, labels, numbered) | colour(chart)
    size: Spec = {"width": max(200, min(_WIDTH, 90 * len(labels) * series))}
    if horizontal:
        size = {"height": {"step": 26 if series == 1 else 16}}
    if chart.kind == "grouped_bar":
        offset = {"field": "c2", "type": "nominal", "sort": None, "scale": {"domain": series_of(chart)}}
        encoding["yOffset" if horizontal else "xOffset"] = offset
    layers: list[Spec] = [{"mark": "bar"}]
    if any((point.y or 0) < 0 for point in panel.points):
        layers.append({"mark": {"type": "rule", "color": "#888888"}, "encoding": _zero_line(horizontal)})
    if numbered:
        layers += [_beside(horizontal, True), _beside(horizontal, False)]
    return {"encoding": encoding, **size} | ({"layer": layers} if layers[1:] else layers[0])


def _bar_axes(chart: Chart, panel: Panel, labels: list[str], numbered: bool) -> Spec:
    """The axes of bars, with room for the numbers at the ends of the bars."""
    horizontal, panels = layout.is_horizontal(chart), len(chart.panels)
    pixels = _WIDTH / panels if horizontal else _HEIGHT if panels == 1 else _PANEL_HEIGHT
    axis = layout.number_axis(chart, panel, int(pixels // 100) if horizontal else 6)
    ends = layout.extend_for_texts(axis, layout.mark_texts(panel), pixels, horizontal) if numbered else None
    placed, number = names("c0", layout.axis_title(chart, chart.x), labels), measure(chart, panel, axis, ends)
    if horizontal:
        return {"y": {**placed, "axis": NAMES_BESIDE}, "x": number, "opacity": _FAINT}
    return {"x": placed, "y": number, "opacity": _FAINT}


def _zero_line(horizontal: bool) -> Spec:
    """A line where bars begin; it has none of the encodings of the bars."""
    here, other = ("x", "y") if horizontal else ("y", "x")
    offset = "yOffset" if horizontal else "xOffset"
    return {here: {"datum": 0}, other: None, "color": None, "opacity": None, "order": None, offset: None}


def _beside(horizontal: bool, negative: bool) -> Spec:
    """The numbers at the ends of the positive or the negative bars."""
    place: Spec = {"align": "right" if negative else "left", "dx": -5 if negative else 5}
    if not horizontal:
        place = {"baseline": "top" if negative else "bottom", "dy": 5 if negative else -5}
    return {
        "transform": [{"filter": {"field": "c1", "lt" if negative else "gte": 0}}],
        "mark": {"type": "text", "fontSize": 12, "color": "#222222", **place},
        "encoding": {
            "text": {"field": "c3", "type": "nominal"},
            "color": {"value": "#222222"},
            "opacity": {"value": 1},
        },
    }


def _heat_map(chart: Chart, panel: Panel) -> Spec:
    columns = list(dict.fromkeys(point.x for point in panel.points))
    rows = series_of(chart)
    numbers = [point.y for point in panel.points if point.y is not None]
    scheme: Spec = {"scheme": "blues"}
    if min(numbers) < 0:  # blue above 0 and orange below it, with the same strength at the same distance
        reach = max(map(abs, numbers))
        scheme = {"scheme": "blueorange", "reverse": True, "domain": [-reach, 0, reach]}
    assert chart.series is not None
    encoding: Spec = {
        "x": names("c0", layout.axis_title(chart, chart.x), columns),
        "y": {**names("c2", layout.axis_title(chart, chart.series), rows), "axis": NAMES_BESIDE},
    }
    for axis_name in ("x", "y"):
        encoding[axis_name]["scale"] = {"paddingInner": 0.04}
    encoding["y"]["scale"]["domain"] = rows
    title = layout.axis_title(chart, panel.y)
    colours: Spec = {"field": "c1", "type": "quantitative", "title": title, "scale": scheme}
    size = {"width": max(240, min(_WIDTH, 70 * len(columns))), "height": {"step": 30}}
    cells: Spec = {"mark": "rect", "encoding": {"color": colours}}
    if len(columns) * len(rows) > _MAX_CELLS_WITH_NUMBERS or len(columns) > 12:
        colours["legend"] = labelled(layout.number_axis(chart, panel).ticks)
        return {"encoding": encoding, "layer": [cells], **size}
    colours["legend"] = None  # the cells show their numbers
    return {"encoding": encoding, "layer": [cells, _inside(numbers)], **size}


def _inside(numbers: list[float]) -> Spec:
    """The number in each cell, white where the cell is dark."""
    low, high = min(numbers), max(numbers)
    dark: Spec = {"field": "c1", "gte": (low + 2 * high) / 3}
    if low < 0:
        reach = max(-low, high) * 0.6
        dark = {"or": [{"field": "c1", "gte": reach}, {"field": "c1", "lte": -reach}]}
    ink: Spec = {"condition": {"test": dark, "value": "white"}, "value": "#222222"}
    if low == high:
        ink = {"value": "#222222"}
    return {"mark": "text", "encoding": {"text": {"field": "c3", "type": "nominal"}, "color": ink}}


_KINDS = {
    "line": _line,
    "bar": _bars,
    "grouped_bar": _bars,
    "stacked_bar": _bars,
    "area": _area,
    "scatter": _scatter,
    "heat_map": _heat_map,
}
