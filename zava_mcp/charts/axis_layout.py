"""What every drawing of a chart shares: the extent of its axes, which texts are needed, where names have room."""

from collections.abc import Sequence

from zava_mcp.charts import number_format, periods
from zava_mcp.charts.chart import Chart, Panel
from zava_mcp.charts.columns import ChartColumn
from zava_mcp.charts.labels import words_of
from zava_mcp.charts.number_format import Axis
from zava_mcp.charts.points import BARS, Point

LONG_LABEL = 12  # characters that do not fit below a bar
_TIME_TICKS = 8
_CHARACTER = 7.0  # pixels, of text beside a mark
_PERIODS = ("year", "half", "quarter", "month", "week", "day", "weekday", "hour")


def number_axis(chart: Chart, panel: Panel, ticks: int = 6) -> Axis:
    """The axis of a panel's measure; it has nought on it unless points only stand in a plane."""
    return number_format.axis(_reached(chart.kind, panel.points), panel.y.unit, chart.kind != "scatter", ticks)


def x_axis(chart: Chart) -> Axis:
    """The axis along the numbers of a scatter plot."""
    return number_format.axis([point.x for point in chart.points], chart.x.unit, False)


def _reached(kind: str, points: Sequence[Point]) -> list[float]:
    """How far marks reach: what is stacked adds up."""
    given = [point for point in points if point.y is not None]
    if kind not in ("stacked_bar", "area"):
        return [point.y for point in given if point.y is not None]
    ends: dict[tuple[object, bool], float] = {}
    for point in given:
        key = (point.x, (point.y or 0) < 0)
        ends[key] = ends.get(key, 0.0) + (point.y or 0)
    return list(ends.values())


def with_room(axis: Axis, texts: Sequence[str], pixels: float, lying: bool) -> tuple[float, float]:
    """The ends of an axis of bars that have numbers at their ends, so that these meet no name of a category."""
    room = (max(map(len, texts), default=0) * _CHARACTER + 8 if lying else 20) / pixels
    span = (axis.high - axis.low) / max(0.2, 1 - 2 * room)
    low = axis.low - span * room if axis.low < 0 else axis.low
    return low, axis.high + span * room if axis.high > 0 else axis.high


def time_ticks(field: ChartColumn, moments: Sequence[int]) -> list[tuple[int, str]]:
    """The times on an axis that bear a label."""
    chosen = periods.ticks(moments, field.unit, _TIME_TICKS)
    texts = [periods.written(moment, field.unit) for moment in chosen]
    if field.unit in ("hour", "minute") and len({periods.moment_of(moment).year for moment in chosen}) == 1:
        texts = [text.replace(f" {periods.moment_of(chosen[0]).year} ", " ") for text in texts]
    return list(zip(chosen, texts, strict=True))


def axis_title(chart: Chart, field: ChartColumn) -> str | None:
    """What has to stand beside an axis: nothing that the title says, or that its labels say themselves."""
    if chart.kind != "scatter" and (field.unit in _PERIODS or not field.places):
        return None
    said, words = set(words_of(chart.title)), words_of(field.title)
    return None if chart.kind != "scatter" and words and set(words) <= said else field.title


def is_lying(chart: Chart) -> bool:
    """Whether bars go from left to right, because their names would not fit below them."""
    labels = list(dict.fromkeys(point.x for panel in chart.panels for point in panel.points))
    if chart.kind not in BARS or chart.x.order:
        return False
    return len(labels) > 9 or max(map(len, labels)) > LONG_LABEL


def beside(panel: Panel) -> list[str]:
    """The numbers of a panel as they stand beside its marks."""
    texts = number_format.beside([point.y for point in panel.points], panel.y.unit)
    return [f"{text} *" if point.open else text for text, point in zip(texts, panel.points, strict=True)]


def leading_to_open(points: Sequence[Point]) -> list[bool]:
    """Whether a point is at an end of the part of its line that leads into a period that is not over."""
    following = [*points[1:], None]
    return [
        point.open or (after is not None and after.open and after.series == point.series)
        for point, after in zip(points, following, strict=True)
    ]


Box = tuple[float, float, float, float]


def named_dots(chart: Chart, width: float, height: float) -> dict[int, str]:
    """The dots of a scatter plot that have room for their names, by number, and at which side: left or right."""
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
    taken: list[Box] = [(left - 4, down - 4, left + 4, down + 4) for left, down in spots]
    found: dict[int, str] = {}
    for number, (left, down) in enumerate(spots):
        long = len(chart.points[number].name) * 6.2
        for side, box in (
            ("right", (left + 6, down - 6, left + 6 + long, down + 6)),
            ("left", (left - 6 - long, down - 6, left - 6, down + 6)),
        ):
            inside = box[0] >= 0 and box[2] <= width
            if inside and not any(_overlap(box, other) for other in taken):
                found[number] = side
                taken.append(box)
                break
    return found


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
