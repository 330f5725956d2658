"""What the columns of an answer are to a chart: times, steps, labels or numbers, whatever SQL made them with.

Every chart, in a picture, in a client's view or on a terminal, takes its columns from here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from zava_mcp.charts import number_format, periods
from zava_mcp.charts.labels import labels, plain, words_of
from zava_mcp.charts.periods import milliseconds
from zava_mcp.charts.steps import named_unit, steps
from zava_mcp.errors import InputError

_DATES = {1082, 1114, 1184}  # date, timestamp, timestamptz
_INTEGERS = {20, 21, 23, 26}
_NUMBERS = _INTEGERS | {700, 701, 790, 1700}
_TEXTS = {18, 19, 25, 1042, 1043}
_YEARS = range(1800, 2201)

_KEYS = {"id", "sku", "uuid", "key", "code", "zip", "phone"}
_RANKS = {"rank", "position", "row_number", "rownum", "rn", "no"}
#: What PostgreSQL calls a column without an alias, and short names that people do not write.
_UNNAMED = {"extract", "date_part", "to_char", "date_trunc", "yr", "mon", "mth", "qtr", "wk", "hr", "dow", "isodow"}
_TITLE_CHARACTERS = 60


@dataclass(frozen=True)
class ChartColumn:
    """One column, or the year and the month of two as one.

    Values are milliseconds since 1970 in UTC for times, floats for numbers, else labels. `unit` says of which
    periods times and steps are (year, month, weekday, …) and what numbers count (dollars, percent, fraction, "").
    A value that cannot be drawn (null, NaN, infinity, a date that is none) is None; labels have none. Steps are
    labels whose order is theirs: `order` has it.
    """

    places: tuple[int, ...]  # of its column, or columns, in the answer; () for none
    name: str
    role: str  # time, step, label or number
    values: tuple[Any, ...]
    unit: str = ""
    order: tuple[float, ...] = ()

    @property
    def place(self) -> int:
        """Of its column in the answer, the first if it is made of several."""
        return self.places[0]

    @property
    def title(self) -> str:
        """The name as people write it."""
        name = self.unit if self.unit and self.name.partition(" ")[0] in _UNNAMED else self.name
        return plain(name.replace("_", " "), _TITLE_CHARACTERS) or "(no name)"

    @property
    def is_key(self) -> bool:
        """Whether it only identifies: a poor label beside a name."""
        return words_of(self.name)[-1:] != [] and words_of(self.name)[-1] in _KEYS

    @property
    def is_rank(self) -> bool:
        """Whether it numbers the rows, which is no measure of them."""
        return self.name.lower() in _RANKS or words_of(self.name)[-1:] == ["rank"]

    def natural(self) -> list[float] | None:
        """By what its rows are in order by themselves; None for labels, which have no order of their own."""
        if self.role == "label":
            return None
        if self.order:
            return list(self.order)
        return [math.inf if value is None else float(value) for value in self.values]

    def written(self, value: Any) -> str:
        """One of its values as people write it."""
        if value is None:
            return "(none)"
        if self.role == "time":
            return periods.written(value, self.unit)
        return number_format.exact(value, self.unit) if self.role == "number" else str(value)


def chart_columns(names: Sequence[str], types: Sequence[int], rows: Sequence[Sequence[Any]]) -> list[ChartColumn]:
    """The columns of an answer; a name that comes again gets a number."""
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    found: list[ChartColumn] = []
    for place, (name, type_oid, values) in enumerate(zip(names, types, columns, strict=True)):
        seen = names[:place].count(name)
        field = _field(place, name, type_oid, values)
        found.append(replace(field, name=f"{name} ({seen + 1})") if seen else field)
    return found


def _field(place: int, name: str, type_oid: int, values: tuple[Any, ...]) -> ChartColumn:
    named = named_unit(name)
    if type_oid in _DATES:
        moments = [periods.instant(value) for value in values]
        return _times(place, name, moments, periods.unit_of([m for m in moments if m is not None], named))
    if type_oid in _NUMBERS:
        return _of_numbers(place, name, type_oid, values, named)
    if type_oid in _TEXTS or not type_oid:
        return _of_texts(place, name, type_oid, values, named)
    return ChartColumn((place,), name, "label", labels(values))


def _of_texts(place: int, name: str, type_oid: int, values: tuple[Any, ...], named: str) -> ChartColumn:
    if found := steps(values, named):
        return ChartColumn((place,), name, "step", found.labels, found.unit, found.order)
    if found_moments := periods.moments(values, named):
        moments, unit = found_moments
        if unit == "day":
            unit = periods.unit_of([moment for moment in moments if moment is not None], named)
            unit = unit if unit == named or unit == "week" else "day"
        return _times(place, name, moments, unit)
    if number_format.are_written(values) and not _is_key(name):
        found_numbers = number_format.numbers(values)
        return ChartColumn(
            (place,), name, "number", found_numbers, number_format.unit_of(name, type_oid, found_numbers, values)
        )
    return ChartColumn((place,), name, "label", labels(values))


def _of_numbers(place: int, name: str, type_oid: int, values: tuple[Any, ...], named: str) -> ChartColumn:
    found = number_format.numbers(values)
    whole = [value for value in found if value is not None]
    if named and whole and all(value == int(value) for value in whole):
        if named in ("year", "any") and all(int(value) in _YEARS for value in whole):
            years = [None if value is None else datetime(int(value), 1, 1, tzinfo=UTC) for value in found]
            return _times(place, name, years, "year")
        if named in ("month", "period") and (
            made := periods.moments([None if value is None else str(int(value)) for value in found], "month")
        ):
            return _times(place, name, *made)
        if stepped := steps([None if value is None else int(value) for value in found], named):
            return ChartColumn((place,), name, "step", stepped.labels, stepped.unit, stepped.order)
    if _is_key(name) or type_oid == 26:
        return ChartColumn((place,), name, "label", labels(values))
    return ChartColumn((place,), name, "number", found, number_format.unit_of(name, type_oid, found, ()))


def _is_key(name: str) -> bool:
    return ChartColumn((), name, "", ()).is_key


def _times(place: int, name: str, moments: Sequence[datetime | None], unit: str) -> ChartColumn:
    return ChartColumn((place,), name, "time", tuple(None if m is None else milliseconds(m) for m in moments), unit)


def as_labels(field: ChartColumn) -> ChartColumn:
    """The same column with a label for each value; the order of times and numbers stays theirs."""
    if field.role in ("label", "step"):
        return field
    order = field.natural() or []
    return replace(field, role="step", values=tuple(map(field.written, field.values)), order=tuple(order))


def as_numbers(field: ChartColumn, values: Sequence[Any]) -> ChartColumn:
    """The same column with numbers for its values, as they came. Raises InputError if they are none."""
    if field.role == "number":
        return field
    try:
        found = number_format.numbers(values)
    except ValueError:
        raise InputError(
            f"the column {field.title!r} holds no numbers", "Name a numeric column, or cast it: (…)::numeric."
        ) from None
    return replace(field, role="number", values=found, unit=number_format.unit_of(field.name, 0, found, ()), order=())


def together(columns: Sequence[ChartColumn]) -> list[ChartColumn]:
    """The columns with a year and a quarter, month or week made one column of periods, where both are there."""
    years = [column for column in columns if column.role == "time" and column.unit == "year"]
    parts = [column for column in columns if column.role == "step" and column.unit in ("quarter", "month", "week")]
    if len(years) != 1 or not parts:
        return list(columns)
    year, part = years[0], max(parts, key=lambda column: ("quarter", "month", "week").index(column.unit))
    made = [begin_of(y, p, part.unit) for y, p in zip(year.values, part.order, strict=True)]
    period = replace(
        part,
        role="time",
        order=(),
        places=(year.place, part.place),
        values=tuple(None if moment is None else milliseconds(moment) for moment in made),
    )
    dropped = {year.place, *(column.place for column in parts)}
    return [period, *(column for column in columns if column.place not in dropped)]


def begin_of(year: int | None, part: float, unit: str) -> datetime | None:
    """When the period begins that a year and the number of a part of it name."""
    if year is None or math.isinf(part):
        return None
    number, step = periods.moment_of(year).year, int(part)
    try:
        if unit == "week":
            return datetime.fromisocalendar(number, step, 1).replace(tzinfo=UTC)
        return datetime(number, step if unit == "month" else 3 * step - 2, 1, tzinfo=UTC)
    except ValueError:
        return None
