"""Recognizes what the columns of a result are to a chart: times, steps, labels or numbers.

All renderers (PNG, the view in a client, the terminal) use these columns.
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
from zava_mcp.currencies import MONEY
from zava_mcp.errors import InputError

_DATES = {1082, 1114, 1184}  # date, timestamp, timestamptz
_OID = 26
_INTEGERS = {20, 21, 23, _OID}
_NUMBERS = _INTEGERS | {700, 701, 790, 1700}
_TEXTS = {18, 19, 25, 1042, 1043}
_YEARS = range(1800, 2201)

_KEYS = {"id", "sku", "uuid", "key", "code", "zip", "phone"}
_RANKS = {"rank", "position", "row_number", "rownum", "rn", "no"}
#: PostgreSQL's names for columns without an alias, and abbreviations; a chart shows the unit instead.
_UNNAMED = {"extract", "date_part", "to_char", "date_trunc", "yr", "mon", "mth", "qtr", "wk", "hr", "dow", "isodow"}
_TITLE_CHARACTERS = 60


@dataclass(frozen=True)
class ChartColumn:
    """One column of a result, or several combined into one, such as year and month.

    Values are milliseconds since 1970 in UTC for times, floats for numbers, and else labels. `unit` is the period of
    times and steps (year, month, weekday, …) or the unit of numbers (a currency, percent, fraction, ""). A value that
    cannot be drawn (null, NaN, infinity, an invalid date) is None, except for labels. Steps are labels with an order of
    their own, such as weekdays; `order` has the sort key of each row.
    """

    indexes: tuple[int, ...]  # the positions of its columns in the result; () for none
    name: str
    role: str  # time, step, label or number
    values: tuple[Any, ...]
    unit: str = ""
    order: tuple[float, ...] = ()
    money: str = MONEY  # the unit of amounts of this result

    @property
    def index(self) -> int:
        """The position of its first column in the result."""
        return self.indexes[0]

    @property
    def title(self) -> str:
        """The name for a reader: on one line, with spaces instead of underscores."""
        name = self.unit if self.unit and self.name.partition(" ")[0] in _UNNAMED else self.name
        return plain(name.replace("_", " "), _TITLE_CHARACTERS) or "(no name)"

    @property
    def is_key(self) -> bool:
        """Whether its name says that it holds keys, which are poor labels if there is a name."""
        return words_of(self.name)[-1:] != [] and words_of(self.name)[-1] in _KEYS

    @property
    def is_rank(self) -> bool:
        """Whether it numbers the rows; such a column is not a measure."""
        return self.name.lower() in _RANKS or words_of(self.name)[-1:] == ["rank"]

    def sort_keys(self) -> list[float] | None:
        """The sort keys of its rows in its own order; None for labels, which have no order of their own."""
        if self.role == "label":
            return None
        if self.order:
            return list(self.order)
        return [math.inf if value is None else float(value) for value in self.values]

    def written(self, value: Any) -> str:
        """One of its values as text for a reader."""
        if value is None:
            return "(none)"
        if self.role == "time":
            return periods.written(value, self.unit)
        return number_format.exact(value, self.unit) if self.role == "number" else str(value)


def chart_columns(
    names: Sequence[str],
    types: Sequence[int],
    rows: Sequence[Sequence[Any]],
    units: Sequence[str] = (),
    money: str = MONEY,
) -> list[ChartColumn]:
    """The columns of a result; repeated names get a number. `units` has what the query's text says: periods, and
    MONEY for amounts.

    `money` is the unit of amounts.
    """
    values_by_column = list(zip(*rows, strict=True)) or [()] * len(names)
    columns: list[ChartColumn] = []
    for index, (name, type_oid, values) in enumerate(zip(names, types, values_by_column, strict=True)):
        earlier = names[:index].count(name)
        unit = units[index] if units else ""
        column = _recognize(index, name, type_oid, values, "" if unit == MONEY else unit, money)
        if unit == MONEY and column.role == "number":
            column = replace(column, unit=number_format.amount_unit(name, column.unit, money))
        columns.append(replace(column, money=money, name=f"{name} ({earlier + 1})" if earlier else name))
    return columns


def _recognize(index: int, name: str, type_oid: int, values: tuple[Any, ...], unit: str, money: str) -> ChartColumn:
    named = unit or named_unit(name)
    if type_oid in _DATES:
        moments = [periods.instant(value) for value in values]
        return _time_column(index, name, moments, periods.unit_of([m for m in moments if m is not None], named))
    if type_oid in _NUMBERS:
        return _recognize_numbers(index, name, type_oid, values, named, money)
    if type_oid in _TEXTS or not type_oid:
        return _recognize_texts(index, name, type_oid, values, named, money)
    return ChartColumn((index,), name, "label", labels(values))


def _recognize_texts(
    index: int, name: str, type_oid: int, values: tuple[Any, ...], named: str, money: str
) -> ChartColumn:
    if stepped := steps(values, named):
        return ChartColumn((index,), name, "step", stepped.labels, stepped.unit, stepped.order)
    if dated := periods.moments(values, named):
        moments, unit = dated
        if unit == "day":
            unit = periods.unit_of([moment for moment in moments if moment is not None], named)
            unit = unit if unit == named or unit == "week" else "day"
        return _time_column(index, name, moments, unit)
    if number_format.are_written(values) and not _is_key(name):
        numbers = number_format.numbers(values)
        return ChartColumn(
            (index,), name, "number", numbers, number_format.unit_of(name, type_oid, numbers, values, money)
        )
    return ChartColumn((index,), name, "label", labels(values))


def _recognize_numbers(
    index: int, name: str, type_oid: int, values: tuple[Any, ...], named: str, money: str
) -> ChartColumn:
    numbers = number_format.numbers(values)
    present = [value for value in numbers if value is not None]
    if named and present and all(value == int(value) for value in present):
        whole = [None if value is None else int(value) for value in numbers]
        if named in ("year", "any") and all(int(value) in _YEARS for value in present):
            years = [None if value is None else datetime(value, 1, 1, tzinfo=UTC) for value in whole]
            return _time_column(index, name, years, "year")
        digits = [None if value is None else str(value) for value in whole]
        if named in ("month", "period") and (dated := periods.moments(digits, "month")):
            return _time_column(index, name, *dated)
        if stepped := steps(whole, named):
            return ChartColumn((index,), name, "step", stepped.labels, stepped.unit, stepped.order)
    if _is_key(name) or type_oid == _OID:
        return ChartColumn((index,), name, "label", labels(values))
    return ChartColumn((index,), name, "number", numbers, number_format.unit_of(name, type_oid, numbers, (), money))


def _is_key(name: str) -> bool:
    return ChartColumn((), name, "", ()).is_key


def _time_column(index: int, name: str, moments: Sequence[datetime | None], unit: str) -> ChartColumn:
    return ChartColumn((index,), name, "time", tuple(None if m is None else milliseconds(m) for m in moments), unit)


def as_labels(column: ChartColumn) -> ChartColumn:
    """The column with a label for each value; times and numbers keep their order."""
    if column.role in ("label", "step"):
        return column
    order = column.sort_keys() or []
    return replace(column, role="step", values=tuple(map(column.written, column.values)), order=tuple(order))


def as_numbers(column: ChartColumn, values: Sequence[Any]) -> ChartColumn:
    """The column with its values of the result as numbers. Raises InputError if one is not a number."""
    if column.role == "number":
        return column
    try:
        numbers = number_format.numbers(values)
    except ValueError:
        raise InputError(
            f"the column {plain(column.name, _TITLE_CHARACTERS)!r} contains no numbers",
            "Name a numeric column, or cast it: (…)::numeric.",
        ) from None
    unit = number_format.unit_of(column.name, 0, numbers, (), column.money)
    return replace(column, role="number", values=numbers, unit=unit, order=())


def combine_periods(columns: Sequence[ChartColumn]) -> list[ChartColumn]:
    """The columns, with a year and a quarter, month or week combined into one column of periods."""
    years = [column for column in columns if column.role == "time" and column.unit == "year"]
    parts = [column for column in columns if column.role == "step" and column.unit in ("quarter", "month", "week")]
    if len(years) != 1 or not parts:
        return list(columns)
    year, part = years[0], max(parts, key=lambda column: ("quarter", "month", "week").index(column.unit))
    begins = [begin_of(y, p, part.unit) for y, p in zip(year.values, part.order, strict=True)]
    period = replace(
        part,
        role="time",
        order=(),
        indexes=(year.index, part.index),
        values=tuple(None if moment is None else milliseconds(moment) for moment in begins),
    )
    dropped = {year.index, *(column.index for column in parts)}
    return [period, *(column for column in columns if column.index not in dropped)]


def begin_of(year: int | None, part: float, unit: str) -> datetime | None:
    """The begin of the quarter, month or week with this number in a year; None if there is none."""
    if year is None or math.isinf(part):
        return None
    number, step = periods.moment_of(year).year, int(part)
    try:
        if unit == "week":
            return datetime.fromisocalendar(number, step, 1).replace(tzinfo=UTC)
        return datetime(number, step if unit == "month" else 3 * step - 2, 1, tzinfo=UTC)
    except ValueError:
        return None
