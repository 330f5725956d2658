"""Answers as charts of the terminal: bars for things, lines for times."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from zava_mcp.cli.reading import NUMBERS, column, counts, number, safe
from zava_mcp.cli.tables import clipped
from zava_mcp.errors import InputError, ZavaError

_MOST_CHARTS = 3
_MOST_LINES = 6
_HEIGHT = 16
_TICKS = 5
_DAY = re.compile(r"\d{4}-\d\d(-\d\d|$)")  # or a month, as to_char(…, 'YYYY-MM') writes it
_COLOURS = ("cyan", "magenta", "yellow", "green", "red", "blue")
_MARKS = "•x+o*#"  # where there are no colours


@dataclass(frozen=True)
class _Measure:
    """A column of numbers: as they are shown, and as they are drawn."""

    name: str
    shown: list[str]
    values: list[float | None]


def charts(
    names: Sequence[str], types: Sequence[int], rows: Sequence[Sequence[str | None]], width: int, coloured: bool
) -> RenderableType:
    """A chart for each column of numbers, at most three, over the first column that is none.

    Lines if that column holds times, one for each value of a second such column; bars otherwise. Raises InputError
    if there is nothing to draw, ZavaError if lines are to be drawn and the extra is not installed.
    """
    cells = [[row[place] for row in rows] for place in range(len(names))]
    counting = [place for place in range(len(names)) if counts(names[place], types[place])]
    naming = [place for place in range(len(names)) if place not in counting]
    if not (rows and naming and counting):
        raise InputError(
            "a chart needs rows with a name or a date, and a number",
            "Select for instance a month and a sum, or a category and a count; leave out --chart for a table.",
        )
    measures = [_measure(names[place], types[place], cells[place]) for place in counting[:_MOST_CHARTS]]
    labels = [_shown(names[place], types[place], cells[place]) for place in naming]
    times = [] if types[naming[0]] in NUMBERS else [_time(cell or "") for cell in cells[naming[0]]]
    if len(set(times)) > 1 and None not in times:
        when = [time for time in times if time is not None]
        groups = [" · ".join(parts) for parts in zip(*labels[1:], strict=True)] or [""] * len(rows)
        drawn = [_lines(when, groups, measure, width, coloured) for measure in measures]
    else:
        things = [" · ".join(parts) for parts in zip(*labels, strict=True)]
        drawn = [_bars(things, measure, width) for measure in measures]
    return Group(*[part for chart in drawn for part in (chart, Text())][:-1])


def _shown(name: str, type_oid: int, cells: list[str | None]) -> list[str]:
    return ["NULL" if cell is None else cell for cell in column(name, cells, type_oid).cells]


def _measure(name: str, type_oid: int, cells: list[str | None]) -> _Measure:
    values = [float(cell) if cell is not None else math.nan for cell in cells]
    return _Measure(
        safe(name), _shown(name, type_oid, cells), [value if math.isfinite(value) else None for value in values]
    )


def _time(text: str) -> float | None:
    """A date, a time or a month such as 2026-11, in seconds; None for anything else."""
    if not _DAY.match(text):
        return None
    try:
        time = datetime.fromisoformat(text if text[7:] else f"{text}-01")
    except ValueError:
        return None
    return time.replace(tzinfo=time.tzinfo or UTC).timestamp()


def _bars(labels: list[str], measure: _Measure, width: int) -> RenderableType:
    """A bar for each row, from nought, with its value behind it."""
    drawn = [value or 0.0 for value in measure.values]
    low, high = min(0.0, *drawn), max(0.0, *drawn)
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    grid.add_column(max_width=width // 3, no_wrap=True, overflow="ellipsis")
    grid.add_column(ratio=1)
    grid.add_column(justify="right", no_wrap=True)
    for label, value, shown in zip(labels, drawn, measure.shown, strict=True):
        bar = Bar(high - low or 1.0, min(0.0, value) - low, max(0.0, value) - low, color="cyan")
        grid.add_row(Text(label), bar, Text(shown))
    return Group(Text(measure.name, style="bold"), grid)


def _lines(times: list[float], groups: list[str], measure: _Measure, width: int, coloured: bool) -> RenderableType:
    """A line for each group, the largest six of them, over an axis of dates."""
    plot = _plotext()
    points = [
        (time, value, group)
        for time, value, group in zip(times, measure.values, groups, strict=True)
        if value is not None
    ]
    sums: dict[str, float] = {}
    for _, value, group in points:
        sums[group] = sums.get(group, 0.0) + abs(value)
    largest = sorted(sums, key=lambda group: sums[group], reverse=True)[:_MOST_LINES]
    plot.clear_figure()
    plot.limit_size(False, False)
    plot.plotsize(width, _HEIGHT)
    plot.theme("clear")
    for place, group in enumerate(sorted(largest, key=groups.index)):
        mine = sorted((time, value) for time, value, whose in points if whose == group)
        plot.plot(
            [time for time, _ in mine],
            [value for _, value in mine],
            marker="braille" if coloured or len(largest) == 1 else _MARKS[place],
            color=_COLOURS[place],
            label=clipped(group, width // 3) or None,
        )
    _axes(plot, times, [value for _, value, _ in points])
    more = f" (the largest {len(largest)} of {len(sums)})" if len(sums) > len(largest) else ""
    return Group(Text(f"{measure.name}{more}", style="bold"), Text.from_ansi(plot.build()))


def _axes(plot: Any, times: list[float], values: list[float]) -> None:
    """Ticks that people can read: dates of the data below, round numbers with their thousands on the left."""
    days = sorted(set(times))
    ticks = days[:: math.ceil(len(days) / _TICKS)]
    form = "%Y-%m-%d" if all(day % 86_400 == 0 for day in days) else "%m-%d %H:%M"
    plot.xticks(ticks, [datetime.fromtimestamp(day, UTC).strftime(form) for day in ticks])
    if not values:
        return
    step = 10 ** math.floor(math.log10(max(map(abs, values)) or 1.0))
    low, high = min(0.0, *values), max(0.0, *values)
    step = next(
        size for size in (step / 10, step / 5, step / 2, step, step * 2, step * 5) if (high - low) / size <= _TICKS
    )
    marks = [place * step for place in range(math.floor(low / step), math.ceil(high / step) + 1)]
    plot.ylim(marks[0], marks[-1])
    plot.yticks(marks, [number(f"{mark:.10g}") for mark in marks])


def _plotext() -> Any:
    try:
        import plotext
    except ImportError:
        raise ZavaError(
            "lines are drawn with plotext, which is not installed",
            "Install the extra charts: uvx 'zava-mcp[charts]' …, or pip install 'zava-mcp[charts]'.",
        ) from None
    return plotext
