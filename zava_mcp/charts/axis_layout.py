"""The layout that all renderers of a chart share: the extent of axes, which labels are needed, which names fit."""

from collections.abc import Sequence

from zava_mcp.charts import number_format, periods
from zava_mcp.charts.chart import Chart, Panel
from zava_mcp.charts.columns import ChartColumn
from zava_mcp.charts.labels import words_of
from zava_mcp.charts.number_format import Axis
from zava_mcp.charts.points import BARS, Point

LONG_LABEL = 12  # longer labels do not fit below a bar
_TIME_TICKS = 8
_CHARACTER_PIXELS = 7.0  # width of one character of text beside a mark
_NAME_CHARACTER_PIXELS = 6.2  # width of one character of a name beside a dot
_PERIODS = ("year", "half", "quarter", "month", "week", "day", "weekday", "hour")


def number_axis(chart: Chart, panel: Panel, ticks: int = 6) -> Axis:
    """The axis of a panel's measure; it includes 0, except in a scatter plot."""
    return number_format.axis(_mark_ends(chart.kind, panel.points), panel.y.unit, chart.kind != "scatter", ticks)


def x_axis(chart: Chart) -> Axis:
    """The x axis of a scatter plot."""
    return number_format.axis([point.x for point in chart.points], chart.x.unit, False)


def _mark_ends(kind: str, points: Sequence[Point]) -> list[float]:
    """The numbers where marks end; the values of stacked marks add up."""
    drawn = [point for point in points if point.y is not None]
    if kind not in ("stacked_bar", "area"):
        return [point.y for point in drawn if point.y is not None]
    ends: dict[tuple[object, bool], float] = {}
    for point in drawn:
        key = (point.x, (point.y or 0) < 0)
        ends[key] = ends.get(key, 0.0) + (point.y or 0)
    return list(ends.values())


def extend_for_texts(axis: Axis, texts: Sequence[str], pixels: float, horizontal: bool) -> tuple[float, float]:
    """The ends of an axis of bars, extended so that the numbers beside the bars overlap no category's name."""
    room = (max(map(len, texts), default=0) * _CHARACTER_PIXELS + 8 if horizontal else 20) / pixels
    span = (axis.high - axis.low) / max(0.2, 1 - 2 * room)
    low = axis.low - span * room if axis.low < 0 else axis.low
    return low, axis.high + span * room if axis.high > 0 else axis.high


def time_ticks(column: ChartColumn, moments: Sequence[int]) -> list[tuple[int, str]]:
    """The times on an axis that have a label, with their labels."""
    chosen = periods.ticks(moments, column.unit, _TIME_TICKS)
    texts = [periods.written(moment, column.unit) for moment in chosen]
    if column.unit in ("hour", "minute") and len({periods.moment_of(moment).year for moment in chosen}) == 1:
        texts = [text.replace(f" {periods.moment_of(chosen[0]).year} ", " ") for text in texts]
    return list(zip(chosen, texts, strict=True))


def axis_title(chart: Chart, column: ChartColumn) -> str | None:
    """The title of an axis; None if the chart's title or the axis's labels already say it."""
    if chart.kind != "scatter" and (column.unit in _PERIODS or not column.indexes):
        return None
    title_words, words = set(words_of(chart.title)), words_of(column.title)
    return None if chart.kind != "scatter" and words and set(words) <= title_words else column.title


def is_horizontal(chart: Chart) -> bool:
    """Whether bars are horizontal, because their names would not fit below them."""
    labels = list(dict.fromkeys(point.x for panel in chart.panels for point in panel.points))
    if chart.kind not in BARS or chart.x.order:
        return False
    return len(labels) > 9 or max(map(len, labels)) > LONG_LABEL


def mark_texts(panel: Panel) -> list[str]:
    """The short texts of a panel's numbers, shown beside its marks; `*` marks a period that is not over."""
    texts = number_format.short_texts([point.y for point in panel.points], panel.y.unit)
    return [f"{text} *" if point.in_progress else text for text, point in zip(texts, panel.points, strict=True)]


def leading_to_open(points: Sequence[Point]) -> list[bool]:
    """Whether each point is an end of the part of its line that leads into a period that is not over."""
    following = [*points[1:], None]
    return [
        point.in_progress or (after is not None and after.in_progress and after.series == point.series)
        for point, after in zip(points, following, strict=True)
    ]


Box = tuple[float, float, float, float]


def named_dots(chart: Chart, width: float, height: float) -> dict[int, str]:
    """The dots of a scatter plot whose names fit: by number of the point, the side of the name, left or right."""
    if chart.names is None:
        return {}
    x, y = x_axis(chart) if chart.x.role == "number" else None, number_axis(chart, chart.panels[0])
    if x is None:
        return {}
    spots = [
        ((p.x - x.low) / (x.high - x.low) * width, (p.y - y.low) / (y.high - y.low) * height)
        for p in chart.points
        if p.y is not None
    ]
    occupied: list[Box] = [(left - 4, down - 4, left + 4, down + 4) for left, down in spots]
    sides: dict[int, str] = {}
    for number, (left, down) in enumerate(spots):
        length = len(chart.points[number].name) * _NAME_CHARACTER_PIXELS
        for side, box in (
            ("right", (left + 6, down - 6, left + 6 + length, down + 6)),
            ("left", (left - 6 - length, down - 6, left - 6, down + 6)),
        ):
            inside = box[0] >= 0 and box[2] <= width
            if inside and not any(_overlap(box, other) for other in occupied):
                sides[number] = side
                occupied.append(box)
                break
    return sides


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
