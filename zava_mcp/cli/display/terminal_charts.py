"""Charts on a terminal: bars for things, lines for periods. What is drawn, and in which order, is as in the picture."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.bar import Bar
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from zava_mcp.charts import axis_layout as layout
from zava_mcp.charts import number_format, periods
from zava_mcp.charts.chart import Chart, ChartRequest, Panel, choose_chart
from zava_mcp.charts.columns import ChartColumn
from zava_mcp.charts.points import Point
from zava_mcp.cli.display.escape import column, escape
from zava_mcp.cli.display.text_tables import clipped
from zava_mcp.errors import ZavaError
from zava_mcp.sales.json_values import cells
from zava_mcp.sales.result import QueryResult

_HEIGHT = 16
_TICKS = 5
_ALONG = ("line", "area", "scatter")
_COLOURS = ("cyan", "magenta", "yellow", "green", "red", "blue", "orange", "white", "gray")
_BAR_COLOURS = ("cyan", "magenta", "yellow", "green", "red", "blue", "dark_orange", "white", "bright_black")
_MARKS = "*x+o#%@&$"  # where there are no colours
_KEY = "━━"
_SHORTEST_BAR = 14  # columns
_IN_ASCII = str.maketrans(
    {"·": ".", "…": "~", "━": "-", "–": "-", "−": "-", "×": "x"}  # what charts write
    | dict.fromkeys("─", "-")
    | dict.fromkeys("│", "|")
    | dict.fromkeys("┌┐└┘├┤┬┴┼", "+")
    | dict.fromkeys("█▉▊▋▌▐", "#")
    | dict.fromkeys("▍▎▏▕", " ")
)


@dataclass(frozen=True)
class Style:
    """What the terminal can show: colours, and the dots of Braille beside letters."""

    coloured: bool
    braille: bool

    def mark(self, number: int, how_many: int) -> str:
        """The mark of one of so many lines."""
        dots = self.braille and (self.coloured or how_many == 1)
        return "braille" if dots else _MARKS[number % len(_MARKS)]

    def key(self, number: int, how_many: int) -> str:
        """The same as a legend shows it."""
        mark = self.mark(number, how_many)
        return _KEY if mark == "braille" else mark


def in_ascii(drawn: str) -> str:
    """A chart in characters that every terminal has, each as wide as the one in its place."""
    return drawn.translate(_IN_ASCII)


def chart(answer: QueryResult, sql: str, width: int, style: Style) -> RenderableType:
    """The chart of an answer to this SQL.

    Raises InputError if there is none, ZavaError if lines are to be drawn and the extra is not installed.
    """
    found = choose_chart(answer, ChartRequest(), sql)
    shown = _Shown(answer)
    head: list[RenderableType] = [Text(escape(found.title), style="bold")]
    head += [Text(escape(note), style="dim") for note in found.notes]
    if found.kind == "value":
        return Group(*head, _numbers(found, shown))
    parts: list[RenderableType] = []
    for panel in found.panels:
        parts += [Text()] if parts else []
        parts += [Text(escape(panel.y.title), style="bold")] if len(found.panels) > 1 else []
        drawn = _lines(found, panel, width, style) if found.kind in _ALONG else _bars(found, panel, shown, width)
        parts.append(drawn)
    return Group(*head, *parts)


class _Shown:
    """The exact numbers of an answer, as its table would show them."""

    def __init__(self, answer: QueryResult) -> None:
        self._answer = answer
        self._rows = list(map(cells, answer.rows))
        self._columns: dict[int, list[str | None]] = {}

    def text(self, point: Point, y: ChartColumn) -> str:
        """The number of a point, with what it counts."""
        if y.unit == "fraction" or point.row < 0:
            return number_format.exact(point.y, y.unit)
        if y.place not in self._columns:
            values = [row[y.place] for row in self._rows]
            name, type_oid = self._answer.columns[y.place], self._answer.types[y.place]
            self._columns[y.place] = column(name, values, type_oid).cells
        text = self._columns[y.place][point.row] or "NULL"
        if y.unit == "dollars" and re.fullmatch(r"[-\d,]+\.\d", text):
            text += "0"
        return text if "$" in text or "%" in text else number_format.with_unit(text, y.unit)


def _numbers(found: Chart, shown: _Shown) -> RenderableType:
    """One row: its numbers alone."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    for panel in found.panels:
        grid.add_row(Text(escape(panel.y.title)), Text(shown.text(panel.points[0], panel.y)))
    return grid


def _bars(found: Chart, panel: Panel, shown: _Shown, width: int) -> RenderableType:
    """A bar for each point, from nought, with its number behind it."""
    drawn = [point.y or 0.0 for point in panel.points]
    low, high = min(0.0, *drawn), max(0.0, *drawn)
    names = list(dict.fromkeys(point.series for point in panel.points))
    numbers = [
        shown.text(point, next((field for field in found.measures if field.title == point.series), panel.y))
        for point in panel.points
    ]
    most = max(width // 3, width - max(map(cell_len, numbers), default=0) - _SHORTEST_BAR - 2)
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_column(justify="right", no_wrap=True)
    for point, value, number in zip(panel.points, drawn, numbers, strict=True):
        colour = _BAR_COLOURS[names.index(point.series) % len(_BAR_COLOURS)]
        bar = Bar(high - low or 1.0, min(0.0, value) - low, max(0.0, value) - low, color=colour)
        grid.add_row(Text(_label(point, most)), bar, Text(number))
    return grid


def _label(point: Point, most: int) -> str:
    """The names of a bar within so many columns; of two names that are too long, both keep their beginnings."""
    parts = [escape(part) for part in (str(point.x), point.series) if part]
    most -= 2 * point.open
    if cell_len(" · ".join(parts)) > most:
        room = (most - 3 * (len(parts) - 1)) // max(1, len(parts))
        parts = [clipped(part, max(room, most - 3 - cell_len(other))) for part, other in _with_other(parts)]
    return clipped(" · ".join(parts), most) + (" *" if point.open else "")


def _with_other(parts: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(parts, reversed(parts), strict=True))


def _lines(found: Chart, panel: Panel, width: int, style: Style) -> RenderableType:
    """A line for each series, or dots; the part that leads into a period that is not over is dotted."""
    plot = _plotext()
    plot.clear_figure()
    plot.limit_size(False, False)
    plot.plotsize(width, _HEIGHT)
    plot.theme("clear")
    points = [point for point in panel.points if point.y is not None]
    places = _places(found, points)
    names = list(dict.fromkeys(point.series for point in points))
    for number, name in enumerate(names):
        mine = [point for point in points if point.series == name]
        mark = style.mark(number, len(names))
        colour: dict[str, Any] = {"color": _COLOURS[number % len(_COLOURS)]}
        draw = plot.scatter if found.kind == "scatter" else plot.plot
        closed = [point for point in mine if not point.open]
        if closed:
            draw([places[p.x] for p in closed], [p.y for p in closed], marker=mark, **colour)
        leading = [point for point, leads in zip(mine, layout.leading_to_open(mine), strict=True) if leads]
        if leading:
            draw([places[p.x] for p in leading], [p.y for p in leading], marker="·", **colour)
    _axes(plot, found, panel, places)
    return Group(*_legend(names, width, style), Text.from_ansi(plot.build()))


def _legend(names: Sequence[str], width: int, style: Style) -> list[RenderableType]:
    """What the marks of the lines stand for, above them, where it hides none."""
    if not any(names):
        return []
    entries = [
        Text.assemble((style.key(number, len(names)), _BAR_COLOURS[number % len(_BAR_COLOURS)]), " ", label)
        for number, name in enumerate(names)
        for label in [clipped(escape(name), width - 4)]
    ]
    across = max(1, width // (max(entry.cell_len for entry in entries) + 2))
    grid = Table.grid(padding=(0, 2, 0, 0))
    for place in range(0, len(entries), across):
        grid.add_row(*entries[place : place + across])
    return [grid]


def _places(found: Chart, points: Sequence[Point]) -> dict[Any, float]:
    """Where on the axis the points stand: times in seconds, numbers as they are, labels one after the other."""
    values = list(dict.fromkeys(point.x for point in points))
    if found.x.role == "time":
        return {value: value / 1000 for value in values}
    return {value: value if found.x.role == "number" else float(number) for number, value in enumerate(values)}


def _axes(plot: Any, found: Chart, panel: Panel, places: dict[Any, float]) -> None:
    """Ticks as in the picture, but fewer."""
    axis = layout.number_axis(found, panel, _TICKS)
    plot.ylim(axis.low, axis.high)
    plot.yticks([place for place, _ in axis.ticks], [text for _, text in axis.ticks])
    if found.x.role == "number":
        ticks = layout.x_axis(found).ticks
        plot.xticks([place for place, _ in ticks], [text for _, text in ticks])
        return
    values = list(places)
    values = periods.ticks(values, found.x.unit, _TICKS) if found.x.role == "time" else values[:: -(-len(values) // 12)]
    plot.xticks([places[value] for value in values], [escape(str(found.x.written(value))) for value in values])


def _plotext() -> Any:
    try:
        import plotext
    except ImportError:
        raise ZavaError(
            "lines are drawn with plotext, which is not installed",
            "Install the extra charts: uvx 'zava-mcp[charts]' …, or pip install 'zava-mcp[charts]'.",
        ) from None
    return plotext
