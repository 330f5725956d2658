"""Which chart tells what an answer says: its kind, its columns, its points, and what is left out of it."""

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from zava_mcp.errors import InputError
from zava_mcp.retail.answers import Answer
from zava_mcp.retail.chart_columns import Field, as_labels, as_numbers, fields, order, plain
from zava_mcp.retail.chart_points import MOST_BARS, MOST_SERIES, Point, filled, placed, within_bounds

_TITLE_CHARACTERS = 200
_ADDS_UP = re.compile(r"^(?!.*(avg|average|mean|median|price|margin|pct|percent|share|rate|ratio|rank))", re.DOTALL)
_ALONG = ("time", "step", "label", "number")  # what the x axis takes first


@dataclass(frozen=True)
class Wish:
    """What somebody wants drawn; "" leaves the choice to us."""

    chart: str = "auto"  # line, bar, stacked_bar, area, scatter, heat_map
    x: str = ""
    y: str = ""
    series: str = ""
    title: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart that can be drawn, its points in the order in which they are."""

    kind: str
    title: str
    x: Field
    y: Field
    series: Field | None
    points: tuple[Point, ...]
    notes: tuple[str, ...]

    def told(self) -> str:
        """As JSON, for readers of the rows: what was drawn from which columns, how, and what was left out."""
        axes = {"x": self.x, "y": self.y, "series": self.series}
        told: dict[str, Any] = {"kind": self.kind, "title": self.title}
        for axis, field in axes.items():
            if field is not None:
                told[axis] = {"column": field.place, "name": field.title, "as": field.written or field.role}
        return json.dumps(told | {"notes": self.notes}, ensure_ascii=False, separators=(",", ":"))


def chart_of(answer: Answer, wish: Wish) -> Chart:
    """The chart of an answer. Raises InputError if there is none, with what would make one."""
    rows = [json.loads(row) for row in answer.rows]
    if not rows:
        raise InputError("the query gave no rows, so there is nothing to draw", "Widen its conditions.")
    if answer.cut:
        raise InputError(
            f"there are more than the {len(rows):,} rows that a chart can have",
            "Aggregate in SQL (GROUP BY month, store or category), or choose the largest with ORDER BY and LIMIT.",
        )
    columns = fields(answer.columns, answer.types, rows)
    x, y = _axes(columns, wish, rows)
    series = _series(columns, wish, x, y)
    kind = _kind(wish, x, y, series)
    if kind == "heat_map" and series is None:
        raise InputError("a heat map needs two columns of categories besides the number", "Draw bars instead.")
    return _drawn(kind, wish, x, y, series)


def _axes(columns: list[Field], wish: Wish, rows: list[list[Any]]) -> tuple[Field, Field]:
    x, y = _named(columns, wish.x), _named(columns, wish.y)
    series = _named(columns, wish.series)
    free = [column for column in columns if column not in (x, y, series)]
    measures = [column for column in free if column.role == "number"]
    if x is None:
        x = _first_axis(free, wish.chart, measures if y is not None else measures[:-1])
    if y is None:
        measures = [column for column in measures if column is not x]
        if not measures:
            raise InputError("there is no column of numbers to draw", "Select one, such as sum(total_amount).")
        y = measures[0]
    if wish.chart == "scatter" and x.role != "time":
        x = as_numbers(x, [row[x.place] for row in rows])
    return x, as_numbers(y, [row[y.place] for row in rows])


def _first_axis(free: list[Field], kind: str, spare: list[Field]) -> Field:
    """The column along which values are put, if nobody says; `spare` are numbers that are not needed as y."""
    if kind == "scatter" and spare:
        return spare[0]
    named = [column for column in free if column.role != "number"]
    # an id is a poor label beside a name
    named.sort(key=lambda column: (_ALONG.index(column.role), column.is_key))
    if named or spare:
        return (named or spare)[0]
    raise InputError(
        "there is no column along which to draw the numbers", "Select a date, a month or a category besides them."
    )


def _named(columns: list[Field], name: str) -> Field | None:
    if not name:
        return None
    for column in columns:
        if column.name == name or column.name.lower() == name.strip().lower():
            return column
    names = [column.name for column in columns]
    near = difflib.get_close_matches(name[:100], names, n=1)
    shown = ", ".join(plain(each, 60) for each in names[:20])
    raise InputError(
        f"there is no column {plain(name, 60)!r}" + (f" (did you mean {plain(near[0], 60)}?)" if near else ""),
        f"The columns are: {shown}" + (", …" if len(names) > 20 else "."),
    )


def _series(columns: list[Field], wish: Wish, x: Field, y: Field) -> Field | None:
    if wish.series:
        named = _named(columns, wish.series)
        return named and as_labels(named)
    if wish.chart == "scatter" or (x.role == "number" and wish.chart == "auto"):
        return None
    rest = [c for c in columns if c.place not in (x.place, y.place) and c.role != "number"]
    for column in rest:
        if _repeats(x.values) and not _repeats(zip(x.values, column.values, strict=True)):
            return as_labels(column)
    if rest and wish.chart in ("stacked_bar", "heat_map"):
        return as_labels(rest[0])
    return None


def _repeats(values: Iterable[Any]) -> bool:
    listed = list(values)
    return len(set(listed)) < len(listed)


def _kind(wish: Wish, x: Field, y: Field, series: Field | None) -> str:
    if wish.chart != "auto":
        if wish.chart in ("bar", "stacked_bar"):
            return "stacked_bar" if series else "bar"
        return wish.chart
    if x.role == "number":
        return "scatter"
    if x.role in ("time", "step"):
        return "line" if len(set(x.values)) > 1 else "stacked_bar" if series else "bar"
    if series is None:
        return "bar"
    few = len(set(series.values)) <= MOST_SERIES and len(set(x.values)) <= MOST_BARS
    return "stacked_bar" if few and _ADDS_UP.search(y.name.lower()) else "heat_map"


def _drawn(kind: str, wish: Wish, x: Field, y: Field, series: Field | None) -> Chart:
    if kind != "scatter" and _repeats(zip(x.values, series.values if series else x.values, strict=True)):
        both = f"{x.title} and {series.title}" if series else x.title
        raise InputError(
            f"several rows have the same {both}",
            f"Aggregate in SQL (GROUP BY {both}), or name the column that tells them apart as series.",
        )
    along = order(x)
    if kind in ("bar", "stacked_bar", "heat_map"):
        x = as_labels(x)
    points = [
        Point(*point)
        for point in zip(x.values, y.values, series.values if series else ("",) * len(x.values), strict=True)
    ]
    if along is not None:
        points = [points[place] for place in sorted(range(len(points)), key=along.__getitem__)]
    points, notes = placed(kind, points)
    if not points:
        raise InputError(f"no row has a number in {y.title!r} that can be drawn")
    points, more = within_bounds(kind, points, x, series)
    if kind == "area" and series is not None:
        points = filled(points)
    title = plain(wish.title, _TITLE_CHARACTERS) or _title(x, y, series)
    return Chart(kind, title, x, y, series, tuple(points), (*notes, *more))


def _title(x: Field, y: Field, series: Field | None) -> str:
    title = f"{y.title} by {x.title}" + (f" and {series.title}" if series else "")
    return title[0].upper() + title[1:]
