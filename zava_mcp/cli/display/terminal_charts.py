"""Draws charts on a terminal, with the same panels, series and order as the PNG: bars, and lines for periods."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.bar import Bar
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from zava_mcp import currencies
from zava_mcp.charts import axis_layout as layout
from zava_mcp.charts import number_format, periods
from zava_mcp.charts.chart import Chart, ChartRequest, Panel, choose_chart
from zava_mcp.charts.columns import ChartColumn
from zava_mcp.charts.points import Point
from zava_mcp.cli.display.escape import column, escape
from zava_mcp.cli.display.text_tables import truncate
from zava_mcp.errors import ZavaError, install_extra
from zava_mcp.sales.json_values import plain_cells
from zava_mcp.sales.result import QueryResult

_HEIGHT = 16
_TICKS = 5
_PLOTTED_KINDS = ("line", "area", "scatter")
_COLOURS = ("cyan", "magenta", "yellow", "green", "red", "blue", "orange", "white", "gray")
_BAR_COLOURS = ("cyan", "magenta", "yellow", "green", "red", "blue", "dark_orange", "white", "bright_black")
_MARKERS = "*x+o#%@&$"  # used without colours
_BRAILLE_KEY = "━━"
_MIN_BAR_WIDTH = 14  # columns
_TO_ASCII = str.maketrans(
    {"·": ".", "…": "~", "━": "-", "–": "-", "−": "-", "×": "x"}  # characters of titles and labels
    | dict.fromkeys("─", "-")
    | dict.fromkeys("│", "|")
    | dict.fromkeys("┌┐└┘├┤┬┴┼", "+")
    | dict.fromkeys("█▉▊▋▌▐", "#")
    | dict.fromkeys("▍▎▏▕", " ")
)


@dataclass(frozen=True)
class Style:
    """Whether the terminal can show colours and Braille dots."""

    coloured: bool
    braille: bool

    def marker(self, index: int, count: int) -> str:
        """Return the marker of one of `count` lines."""
        dots = self.braille and (self.coloured or count == 1)
        return "braille" if dots else _MARKERS[index % len(_MARKERS)]

    def key(self, index: int, count: int) -> str:
        """Return the marker as the legend shows it."""
        marker = self.marker(index, count)
        return _BRAILLE_KEY if marker == "braille" else marker


def to_ascii(drawing: str) -> str:
    """Return a chart in ASCII, with a character of the same width for each other character."""
    return drawing.translate(_TO_ASCII)


def draw_chart(result: QueryResult, sql: str, width: int, style: Style) -> RenderableType:
    """Return the chart of a query's result.

    Raises InputError if there is none, and ZavaError if it needs the extra `charts`, which is not installed.
    """
    chart = choose_chart(result, ChartRequest(), sql)
    labels = _ValueLabels(result)
    head: list[RenderableType] = [Text(escape(chart.title), style="bold")]
    head += [Text(escape(note), style="dim") for note in chart.notes]
    if chart.kind == "value":
        return Group(*head, _numbers(chart, labels))
    parts: list[RenderableType] = []
    for panel in chart.panels:
        parts += [Text()] if parts else []
        parts += [Text(escape(panel.y.title), style="bold")] if len(chart.panels) > 1 else []
        plotted = chart.kind in _PLOTTED_KINDS
        parts.append(_lines(chart, panel, width, style) if plotted else _bars(chart, panel, labels, width))
    return Group(*head, *parts)


class _ValueLabels:
    """The exact numbers of a result, formatted as in its table."""

    def __init__(self, result: QueryResult) -> None:
        self._result = result
        self._rows = list(map(plain_cells, result.rows))
        self._columns: dict[int, list[str | None]] = {}

    def label(self, point: Point, y: ChartColumn) -> str:
        """Return the number of a point with its unit."""
        if y.unit == "fraction" or point.row < 0:
            return number_format.exact(point.y, y.unit)
        if y.index not in self._columns:
            values = [row[y.index] for row in self._rows]
            name, type_oid = self._result.columns[y.index], self._result.types[y.index]
            self._columns[y.index] = column(name, values, type_oid).cells
        text = self._columns[y.index][point.row] or "NULL"
        if currencies.is_money(y.unit) and currencies.decimals(y.unit) == 2 and re.fullmatch(r"[-\d,]+\.\d", text):
            text += "0"
        return text if currencies.unit_of_text(text) or "%" in text else number_format.with_unit(text, y.unit)


def _numbers(chart: Chart, labels: _ValueLabels) -> RenderableType:
    """Return the numbers of a result with one row."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    for panel in chart.panels:
        grid.add_row(Text(escape(panel.y.title)), Text(labels.label(panel.points[0], panel.y)))
    return grid


def _bars(chart: Chart, panel: Panel, labels: _ValueLabels, width: int) -> RenderableType:
    """Return a bar from zero for each point, followed by its number."""
    values = [point.y or 0.0 for point in panel.points]
    low, high = min(0.0, *values), max(0.0, *values)
    names = list(dict.fromkeys(point.series for point in panel.points))
    numbers = [
        labels.label(point, next((column for column in chart.measures if column.title == point.series), panel.y))
        for point in panel.points
    ]
    name_width = max(width // 3, width - max(map(cell_len, numbers), default=0) - _MIN_BAR_WIDTH - 2)
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_column(justify="right", no_wrap=True)
    for point, value, number in zip(panel.points, values, numbers, strict=True):
        colour = _BAR_COLOURS[names.index(point.series) % len(_BAR_COLOURS)]
        bar = Bar(high - low or 1.0, min(0.0, value) - low, max(0.0, value) - low, color=colour)
        grid.add_row(Text(_bar_name(point, name_width)), bar, Text(number))
    return grid


def _bar_name(point: Point, width: int) -> str:
    """Return the names of a bar within a width; of two long names, both keep their beginnings."""
    parts = [escape(part) for part in (str(point.x), point.series) if part]
    width -= 2 * point.in_progress
    if cell_len(" · ".join(parts)) > width:
        share = (width - 3 * (len(parts) - 1)) // max(1, len(parts))
        pairs = zip(parts, reversed(parts), strict=True)
        parts = [truncate(part, max(share, width - 3 - cell_len(other))) for part, other in pairs]
    return truncate(" · ".join(parts), width) + (" *" if point.in_progress else "")


def _lines(chart: Chart, panel: Panel, width: int, style: Style) -> RenderableType:
    """Return a line or points for each series; the line to an incomplete period is dotted."""
    plot = _plotext()
    plot.clear_figure()
    plot.limit_size(False, False)
    plot.plotsize(width, _HEIGHT)
    plot.theme("clear")
    points = [point for point in panel.points if point.y is not None]
    positions = _x_positions(chart, points)
    names = list(dict.fromkeys(point.series for point in points))
    for index, name in enumerate(names):
        series = [point for point in points if point.series == name]
        marker = style.marker(index, len(names))
        colour: dict[str, Any] = {"color": _COLOURS[index % len(_COLOURS)]}
        draw = plot.scatter if chart.kind == "scatter" else plot.plot
        closed = [point for point in series if not point.in_progress]
        if closed:
            draw([positions[p.x] for p in closed], [p.y for p in closed], marker=marker, **colour)
        leading = [point for point, leads in zip(series, layout.leading_to_open(series), strict=True) if leads]
        if leading:
            draw([positions[p.x] for p in leading], [p.y for p in leading], marker="·", **colour)
    _draw_axes(plot, chart, panel, positions)
    return Group(*_legend(names, width, style), Text.from_ansi(plot.build()))


def _legend(names: Sequence[str], width: int, style: Style) -> list[RenderableType]:
    """Return the legend of the lines. It stands above the plot, where it hides no line."""
    if not any(names):
        return []
    entries = [
        Text.assemble((style.key(index, len(names)), _BAR_COLOURS[index % len(_BAR_COLOURS)]), " ", label)
        for index, name in enumerate(names)
        for label in [truncate(escape(name), width - 4)]
    ]
    per_row = max(1, width // (max(entry.cell_len for entry in entries) + 2))
    grid = Table.grid(padding=(0, 2, 0, 0))
    for start in range(0, len(entries), per_row):
        grid.add_row(*entries[start : start + per_row])
    return [grid]


def _x_positions(chart: Chart, points: Sequence[Point]) -> dict[Any, float]:
    """Return positions on the x axis: times in seconds, numbers unchanged, and labels by their order."""
    values = list(dict.fromkeys(point.x for point in points))
    if chart.x.role == "time":
        return {value: value / 1000 for value in values}
    return {value: value if chart.x.role == "number" else float(index) for index, value in enumerate(values)}


def _draw_axes(plot: Any, chart: Chart, panel: Panel, positions: dict[Any, float]) -> None:
    """Draw ticks as in the PNG, but fewer."""
    axis = layout.number_axis(chart, panel, _TICKS)
    plot.ylim(axis.low, axis.high)
    plot.yticks([position for position, _ in axis.ticks], [text for _, text in axis.ticks])
    if chart.x.role == "number":
        ticks = layout.x_axis(chart).ticks
        plot.xticks([position for position, _ in ticks], [text for _, text in ticks])
        return
    values = list(positions)
    values = periods.ticks(values, chart.x.unit, _TICKS) if chart.x.role == "time" else values[:: -(-len(values) // 12)]
    plot.xticks([positions[value] for value in values], [escape(str(chart.x.written(value))) for value in values])


def _plotext() -> Any:
    try:
        import plotext
    except ImportError:
        raise ZavaError(
            "drawing lines needs plotext, which is not installed",
            install_extra("charts"),
        ) from None
    return plotext
