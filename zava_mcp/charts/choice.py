"""Chooses which columns of a result are drawn on which axis, and which are left out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from zava_mcp.charts.columns import ChartColumn, as_numbers, combine_periods
from zava_mcp.charts.labels import LABEL_CHARACTERS, plain
from zava_mcp.errors import InputError
from zava_mcp.suggestions import did_you_mean

MOST_PANELS = 3
MOST_YEARS = 9  # lines whose colours can be distinguished
_X_ROLES = ("time", "step", "label", "number")  # the roles of the x axis, the preferred one first
_SHARED_AXIS_RATIO = 10  # measures share an axis if the largest is at most so many times the smallest


@dataclass(frozen=True)
class ChartRequest:
    """The arguments of a chart; "" means that the column or title is chosen."""

    chart: str = "auto"  # line, bar, stacked_bar, area, scatter, heat_map
    x: str = ""
    y: str = ""
    series: str = ""
    title: str = ""


@dataclass(frozen=True)
class Axes:
    """The columns of a chart: x axis, measures, series, names of dots; and the columns that are not drawn.

    `constant` is the text of columns with one value in all rows, which get no axis.
    """

    x: ChartColumn
    measures: list[ChartColumn]
    series: ChartColumn | None = None
    names: ChartColumn | None = None
    left_out: tuple[ChartColumn, ...] = ()
    constant: str = ""


def axes_of(columns: list[ChartColumn], request: ChartRequest, rows: list[list[Any]]) -> Axes:
    """The requested axes, and a choice for those that are not requested. Raises InputError if there are none."""
    x, series, ys = named(columns, request.x), named(columns, request.series), measures_named(columns, request.y)
    ys = [as_numbers(y, [row[y.index] for row in rows]) for y in ys]
    assigned = {column.indexes for column in (x, series, *ys) if column is not None}
    free = [column for column in columns if column.indexes not in assigned]
    if x is None and series is None and request.chart in ("auto", "line"):
        x = _step_before_year(free)
        free = [column for column in free if column is not x]
    if x is None and request.chart != "heat_map":
        free = combine_periods(free)
    numbers = [column for column in free if column.role == "number"]
    measures = [column for column in numbers if not column.is_rank] or numbers
    if x is None:
        x = _first_axis(free, request.chart, measures if ys else measures[:-1])
        measures = [column for column in measures if column is not x]
    others = [column for column in free if column.role != "number" and column is not x]
    if request.chart == "heat_map" and not (series or others) and len(measures) > (not ys):
        series, *measures = measures
        numbers = [column for column in numbers if column is not series]
    left_out: list[ChartColumn] = []
    if not ys:
        ys, left_out = _choose_measures(measures, numbers, x, request.chart)
    if request.chart == "scatter" and x.role != "time":
        x = as_numbers(x, [row[x.index] for row in rows])
    free = [column for column in free if column.role != "number" and column is not x]
    if series is None:
        series = _series(free, request, x)
    names = next(iter(sorted(free, key=lambda column: column.is_key)), None) if x.role == "number" else None
    constant = " · ".join(_written(column) for column in free if column is not series and _is_constant(column))
    if not (request.x or request.y or request.series):
        left_out += [column for column in free if _is_left_out(column, series, names)]
    return _replace_constant_x(Axes(x, ys, series, names, tuple(left_out), constant), request)


def _is_left_out(column: ChartColumn, series: ChartColumn | None, names: ChartColumn | None) -> bool:
    """Whether a column varies and is on no axis, such as the best-selling product of each month."""
    drawn = {place for axis in (series, names) if axis is not None for place in axis.indexes}
    return not drawn & set(column.indexes) and len(set(column.values)) > 1 and not column.is_key


def _is_constant(column: ChartColumn) -> bool:
    return len(set(column.values)) == 1 < len(column.values) and not column.is_key


def _written(column: ChartColumn) -> str:
    return str(column.written(column.values[0]))


def _choose_measures(
    measures: list[ChartColumn], numbers: list[ChartColumn], x: ChartColumn, kind: str
) -> tuple[list[ChartColumn], list[ChartColumn]]:
    """The measures that are drawn, and the numeric columns that are not."""
    if not measures:
        raise InputError("there is no column of numbers to draw", "Select one, such as sum(total_amount).")
    most = 1 if kind in ("scatter", "heat_map") or x.role == "number" else MOST_PANELS
    drawn = (
        measures if len(measures) > most > 1 and share_an_axis(measures[:9]) and len(measures) <= 9 else measures[:most]
    )
    return drawn, [column for column in numbers if column not in drawn and column is not x]


def share_an_axis(measures: list[ChartColumn]) -> bool:
    """Whether measures have the same unit and about the same size."""
    largest = [max((abs(value) for value in column.values if value is not None), default=0.0) for column in measures]
    return len({column.unit for column in measures}) == 1 and max(largest) <= _SHARED_AXIS_RATIO * min(largest)


def _first_axis(free: list[ChartColumn], kind: str, spare: list[ChartColumn]) -> ChartColumn:
    """The column of the x axis, if none is requested; `spare` are numeric columns that are not needed as measures."""
    if kind == "scatter" and spare:
        return spare[0]
    candidates = [column for column in free if column.role != "number"]
    # Constant columns come last, and keys after names, because both are poor labels.
    candidates.sort(key=lambda column: (len(set(column.values)) == 1, _X_ROLES.index(column.role), column.is_key))
    if candidates or spare:
        return (candidates or spare)[0]
    raise InputError("there is no column for the x axis", "Select a date, a month or a category besides them.")


def _step_before_year(free: list[ChartColumn]) -> ChartColumn | None:
    """The months, quarters or weeks that a query selects before their years, so that each year is a line; else None."""
    columns = [column for column in free if column.role != "number"]
    if [column.role for column in columns] != ["step", "time"]:
        return None
    step, year = columns
    is_pair = year.unit == "year" and step.unit in ("quarter", "month", "week")
    return step if is_pair and 2 <= len(set(year.values)) <= MOST_YEARS else None


def measures_named(columns: list[ChartColumn], names: str) -> list[ChartColumn]:
    """The columns with these names, one or several with commas. Raises InputError if there is no such column."""
    if any(column.name == names or column.name.lower() == names.strip().lower() for column in columns):
        matches = [named(columns, names)]
    else:
        matches = [named(columns, name) for name in names.split(",")] if names else []
    measures = [column for column in matches if column is not None]
    numeric = [column for column in measures if column.role == "number"]
    if len(measures) > MOST_PANELS and not share_an_axis(numeric or measures):
        raise InputError(f"a chart has at most {MOST_PANELS} measures", "Draw the others in a second chart.")
    return measures


def named(columns: list[ChartColumn], name: str) -> ChartColumn | None:
    """The column with this name; None for an empty name. Raises InputError if there is no such column."""
    if not name.strip():
        return None
    for column in columns:
        if column.name == name or column.name.lower() == name.strip().lower():
            return column
    names = [column.name for column in columns]
    shown = ", ".join(plain(each, 60) for each in names[:20])
    raise InputError(
        f"there is no column {plain(name, 60)!r}{did_you_mean(name, [plain(each, 60) for each in names])}",
        f"The columns are: {shown}" + (", …" if len(names) > 20 else "."),
    )


def _series(rest: list[ChartColumn], request: ChartRequest, x: ChartColumn) -> ChartColumn | None:
    """The column, or several joined ones, that distinguish rows with the same x; None if none is needed."""
    if request.chart == "scatter" or x.role == "number":
        return None
    if repeats(x.values):
        for column in rest:
            if not repeats(zip(x.values, column.values, strict=True)):
                return column
        if len(rest) > 1 and not repeats(zip(x.values, *[column.values for column in rest], strict=True)):
            return _join_columns([column for column in rest if len(set(column.values)) > 1] or rest)
    if rest and request.chart in ("stacked_bar", "heat_map"):
        return rest[0]
    return None


def _join_columns(columns: list[ChartColumn]) -> ChartColumn:
    """Several columns as one column of labels."""
    parts = [[column.written(value) for value in column.values] for column in columns]
    values = tuple(plain(" · ".join(texts), 2 * LABEL_CHARACTERS) for texts in zip(*parts, strict=True))
    name = " and ".join(column.name for column in columns)
    return ChartColumn(tuple(column.index for column in columns), name, "label", values)


def repeats(values: Iterable[Any]) -> bool:
    """Whether a value occurs twice."""
    listed = list(values)
    return len(set(listed)) < len(listed)


def _replace_constant_x(axes: Axes, request: ChartRequest) -> Axes:
    """Draws the series on the x axis if x has one value only: a single month of many stores compares the stores."""
    x, series = axes.x, axes.series
    if request.x or series is None or request.chart not in ("auto", "bar", "line") or not _is_constant(x):
        return axes
    return replace(axes, x=series, series=None, constant=_written(x))
