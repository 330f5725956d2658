"""A chart as a Vega-Lite specification.

Nothing of the asker's is a part of its language: fields have names of ours (c0, c1, …), and titles, labels
and notes are plain strings where Vega takes strings for what they are. There is no address in it, and the
few expressions are constants.
"""

from datetime import UTC, datetime
from typing import Any

from zava_mcp.retail.chart_columns import Field, amount
from zava_mcp.retail.chart_points import MOST_BARS
from zava_mcp.retail.charts import Chart

Spec = dict[str, Any]

#: Of Okabe and Ito, whom colour-blind people helped to choose, the yellow darkened for white paper; and two more.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#A69B00", "#5E4FA2", "#7F7F7F")

_WIDTH, _HEIGHT = 640, 340
_TICKS = 8
_SHORT = r"replace(replace(datum.label, 'G', 'B'), /^(\D*0)[kMBT]$/, '$1')"  # d3 has giga for billions, and 0k
_LONG_LABEL = 12  # characters that do not fit below a bar
_TIME_FORMATS = {"year": "%Y", "month": "%b %Y", "day": "%-d %b %Y", "minute": "%-d %b %H:%M"}
_LINE_CHARACTERS = 80
_CELLS_WITH_NUMBERS = 120


def spec(chart: Chart) -> Spec:
    """The specification of a picture, white, for an axis as people write it."""
    drawing = _KINDS[chart.kind](chart)
    return {
        "data": {"values": _rows(chart)},
        "background": "white",
        "padding": 16,
        "title": {"text": _lines(chart.title), "subtitle": [line for note in chart.notes for line in _lines(note)]},
        "config": _CONFIG,
        "width": _WIDTH,
        "height": _HEIGHT,
        **drawing,
    }


def _rows(chart: Chart) -> list[Spec]:
    rows: list[Spec] = []
    places = {name: place for place, name in enumerate(dict.fromkeys(point.series for point in chart.points))}
    for point in chart.points:
        row: Spec = {"c0": point.x, "c1": point.y, "c2": point.series, "c4": places[point.series]}
        if point.y is not None:
            row["c3"] = amount(point.y, chart.y.written)
        rows.append(row)
    return rows


def _line(chart: Chart) -> Spec:
    few = len(chart.points) <= 60 or len({point.x for point in chart.points}) == 1
    return {"mark": {"type": "line", "point": {"size": 36} if few else False}, "encoding": _along(chart)}


def _area(chart: Chart) -> Spec:
    mark = {"type": "area", "line": chart.series is None, "fillOpacity": 0.35 if chart.series is None else 0.85}
    return {"mark": mark, "encoding": _along(chart)}


def _scatter(chart: Chart) -> Spec:
    encoding = _along(chart)
    for axis in ("x", "y"):
        encoding[axis]["scale"] = {**encoding[axis].get("scale", {}), "zero": False}
    return {"mark": {"type": "point", "filled": True, "size": 42, "opacity": 0.7}, "encoding": encoding}


def _along(chart: Chart) -> Spec:
    """Values along an axis of times or numbers, or of labels in their order."""
    encoding: Spec = {"x": _x_axis(chart), "y": _number_axis("c1", chart.y, [p.y for p in chart.points])}
    if chart.series is not None:
        encoding |= _colour(chart)
    return encoding


def _x_axis(chart: Chart) -> Spec:
    x, values = chart.x, list(dict.fromkeys(point.x for point in chart.points))
    if x.role == "number":
        return _number_axis("c0", x, values)
    if x.role != "time":
        return _label_axis("c0", x, values)
    return {
        "field": "c0",
        "type": "temporal",
        "title": None if x.written in ("year", "month", "day") else x.title,
        "scale": {"type": "utc"},
        "axis": {"values": _ticks(sorted(values), x.written), "format": _TIME_FORMATS[x.written], "grid": False},
    }


def _ticks(moments: list[int], unit: str) -> list[int]:
    """Some of the times on an axis, of months those that people count in: every second, third, sixth, January."""
    if unit == "month":
        months = {moment: datetime.fromtimestamp(moment / 1000, UTC).month for moment in moments}
        for step in (1, 2, 3, 6, 12):
            chosen = [moment for moment, month in months.items() if (month - 1) % step == 0]
            if 2 <= len(chosen) <= _TICKS:
                return chosen
    return moments[:: -(-len(moments) // _TICKS)]


def _number_axis(name: str, field: Field, numbers: list[float | None]) -> Spec:
    largest = max(map(abs, filter(None, numbers)), default=0.0)
    dollars = "$" if field.written == "dollars" else ""
    given = [number for number in numbers if number is not None]
    shown = "~s" if largest >= 10_000 else ",.2f" if largest < 10 and dollars else ",~f" if largest < 10 else ",.0f"
    return {
        "field": name,
        "type": "quantitative",
        "title": field.title,
        "axis": {
            "format": dollars + shown,
            "labelExpr": _SHORT,
            "tickCount": 6,
            "tickMinStep": 1 if all(number.is_integer() for number in given) else 0,
            "domain": False,
            "ticks": False,
        },
    }


def _label_axis(name: str, field: Field, values: list[Any]) -> Spec:
    crowded = sum(len(value) for value in values) > 90 or max(map(len, values)) > _LONG_LABEL
    axis = {"labelAngle": -40 if crowded else 0, "labelOverlap": len(values) > 45, "grid": False}
    return {"field": name, "type": "ordinal", "sort": None, "title": field.title, "axis": axis}


def _colour(chart: Chart) -> Spec:
    assert chart.series is not None
    scale = {"domain": list(dict.fromkeys(point.series for point in chart.points)), "range": list(PALETTE)}
    colour = {"field": "c2", "type": "nominal", "title": chart.series.title, "scale": scale}
    # what lies on each other does so in the order of the colours
    return {"color": colour} | ({"order": {"field": "c4"}} if chart.kind in ("stacked_bar", "area") else {})


def _bars(chart: Chart) -> Spec:
    labels = list(dict.fromkeys(point.x for point in chart.points))
    lying = chart.x.role == "label" and (len(labels) > 9 or max(map(len, labels)) > _LONG_LABEL)
    along, up = ("y", "x") if lying else ("x", "y")
    encoding = {
        along: _label_axis("c0", chart.x, labels),
        up: _number_axis("c1", chart.y, [point.y for point in chart.points]),
    }
    if lying:
        encoding["y"]["axis"] = {"grid": False, "labelLimit": 320, "maxExtent": 340}
    if chart.series is not None:
        encoding |= _colour(chart)
    size: Spec = {"height": {"step": 26}} if lying else {"width": max(200, min(_WIDTH, 90 * len(labels)))}
    if chart.series is not None or len(labels) > (MOST_BARS if lying else 12):
        return {"mark": "bar", "encoding": encoding, **size}
    return {"encoding": encoding, "layer": [{"mark": "bar"}, _beside(lying, True), _beside(lying, False)], **size}


def _beside(lying: bool, negative: bool) -> Spec:
    """The numbers at the ends of the bars that go this way."""
    place: Spec = {"align": "right" if negative else "left", "dx": -5 if negative else 5}
    if not lying:
        place = {"baseline": "top" if negative else "bottom", "dy": 5 if negative else -5}
    return {
        "transform": [{"filter": {"field": "c1", "lt" if negative else "gte": 0}}],
        "mark": {"type": "text", "fontSize": 12, **place},
        "encoding": {"text": {"field": "c3", "type": "nominal"}},
    }


def _heat_map(chart: Chart) -> Spec:
    assert chart.series is not None
    columns, rows = (list(dict.fromkeys(point[part] for point in chart.points)) for part in (0, 2))
    numbers = [point.y for point in chart.points if point.y is not None]
    axis = _number_axis("c1", chart.y, list(numbers))
    scheme: Spec = {"scheme": "blues"}
    if min(numbers) < 0 < max(numbers):
        scheme = {"scheme": "blueorange", "domainMid": 0}
    encoding = {
        "x": _label_axis("c0", chart.x, columns),
        "y": {**_label_axis("c2", chart.series, rows), "axis": {"grid": False, "labelLimit": 320, "maxExtent": 340}},
    }
    colour = {**axis, "scale": scheme, "legend": {"format": axis["axis"]["format"]}}
    del colour["axis"]
    for axis_name in ("x", "y"):
        encoding[axis_name]["scale"] = {"paddingInner": 0.04}
    size = {"width": max(240, min(_WIDTH, 70 * len(columns))), "height": {"step": 30}}
    cells: Spec = {"mark": "rect", "encoding": {"color": colour}}
    if len(columns) * len(rows) > _CELLS_WITH_NUMBERS or len(columns) > 12:
        return {"encoding": encoding, "layer": [cells], **size}
    colour["legend"] = None  # the numbers tell it
    return {"encoding": encoding, "layer": [cells, _inside(numbers)], **size}


def _inside(numbers: list[float]) -> Spec:
    """The number in each cell, white where the cell is dark."""
    dark = (min(numbers) + 2 * max(numbers)) / 3
    ink = {"condition": {"test": {"field": "c1", "gte": dark}, "value": "white"}, "value": "#222222"}
    if min(numbers) < 0 or min(numbers) == max(numbers):
        ink = {"value": "#222222"}
    return {"mark": "text", "encoding": {"text": {"field": "c3", "type": "nominal"}, "color": ink}}


def _lines(text: str) -> list[str]:
    """A text in lines that fit the picture."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= _LINE_CHARACTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [line[start : start + _LINE_CHARACTERS] for line in lines for start in range(0, len(line), _LINE_CHARACTERS)]


_KINDS = {
    "line": _line,
    "bar": _bars,
    "stacked_bar": _bars,
    "area": _area,
    "scatter": _scatter,
    "heat_map": _heat_map,
}

_CONFIG: Spec = {
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
    "line": {"color": PALETTE[0], "strokeWidth": 2.2},
    "area": {"color": PALETTE[0]},
    "point": {"color": PALETTE[0]},
    "scale": {"bandPaddingInner": 0.18},
}
