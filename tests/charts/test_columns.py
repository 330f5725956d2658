"""Tests of how columns are recognized: periods, steps, numbers and labels in every format of SQL."""

from typing import Any

import pytest

from zava_mcp.charts.columns import ChartColumn, chart_columns, combine_periods
from zava_mcp.charts.labels import labels, make_unique
from zava_mcp.charts.number_format import axis, short_texts
from zava_mcp.charts.query_units import units_in

DATE, TIMESTAMP, TIMESTAMPTZ, TEXT, BPCHAR, INTEGER, BIGINT = 1082, 1114, 1184, 25, 1042, 23, 20
DOUBLE, NUMERIC, BOOLEAN, MONEY = 701, 1700, 16, 790
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October"]


def column(name: str, type_oid: int, values: list[Any]) -> ChartColumn:
    return chart_columns([name], [type_oid], [[value] for value in values], money="dollars")[0]


def shown(field: ChartColumn) -> list[str]:
    """The distinct values of a column as texts, in their own order."""
    natural = field.sort_keys()
    rows = range(len(field.values))
    ordered = sorted(rows, key=natural.__getitem__) if natural is not None else rows
    return list(dict.fromkeys(str(field.written(field.values[row])) for row in ordered))


PERIODS: list[tuple[str, int, list[Any], str, list[str]]] = [
    # extract(…) and date_part(…): numeric and double precision, under the names that people give
    ("year", NUMERIC, [2025, 2024, 2026], "year", ["2024", "2025", "2026"]),
    ("extract", NUMERIC, [2025, 2024], "year", ["2024", "2025"]),
    ("date_part", DOUBLE, [2025.0, 2024.0], "year", ["2024", "2025"]),
    ("orderYear", INTEGER, [2025, 2024], "year", ["2024", "2025"]),
    ("Order Year", NUMERIC, [2025, None], "year", ["2025", "(none)"]),
    ("yr", BIGINT, [2025, 2024], "year", ["2024", "2025"]),
    ("quarter", NUMERIC, [4, 1, 2], "quarter", ["Q1", "Q2", "Q4"]),
    ("month", NUMERIC, [11, 2, 1], "month", ["Jan", "Feb", "Nov"]),
    ("month_number", DOUBLE, [11.0, 2.0], "month", ["Feb", "Nov"]),
    ("month_of_sale", INTEGER, [11, 2], "month", ["Feb", "Nov"]),
    ("week", NUMERIC, [53, 9, 10], "week", ["9", "10", "53"]),
    ("dow", NUMERIC, [6, 0, 1], "weekday", ["Sun", "Mon", "Sat"]),
    ("isodow", NUMERIC, [7, 1, 6], "weekday", ["Mon", "Sat", "Sun"]),
    ("day_of_week", DOUBLE, [6.0, 0.0], "weekday", ["Sun", "Sat"]),
    ("day", NUMERIC, [0, 3], "weekday", ["Sun", "Wed"]),
    ("day", NUMERIC, [31, 3], "day", ["3", "31"]),
    ("hour", NUMERIC, [14, 9], "hour", ["09:00", "14:00"]),
    ("month", INTEGER, [202611, 202601], "month", ["Jan 2026", "Nov 2026"]),
    # to_char(…)
    ("month", TEXT, [f"{name:9}" for name in reversed(MONTHS)], "month", [name[:3] for name in MONTHS]),
    ("m", TEXT, ["SEP", "FEB", "DEC"], "month", ["Feb", "Sep", "Dec"]),
    ("month", TEXT, ["11", "02"], "month", ["Feb", "Nov"]),
    ("weekday", TEXT, ["Friday   ", "Monday   ", "Sunday   "], "weekday", ["Mon", "Fri", "Sun"]),
    ("d", BPCHAR, ["SUN", "TUE"], "weekday", ["Tue", "Sun"]),
    ("weekday", TEXT, ["7", "1"], "weekday", ["1", "7"]),  # to_char's D, in which 1 is Sunday
    ("quarter", TEXT, ["Q4", "Q1"], "quarter", ["Q1", "Q4"]),
    ("quarter", TEXT, ["2026-Q1", "2025-Q4"], "quarter", ["Q4 2025", "Q1 2026"]),
    ("quarter", TEXT, ["Q1 2026", "Q4 2025"], "quarter", ["Q4 2025", "Q1 2026"]),
    ("half", TEXT, ["2026 H1", "2025 H2"], "half", ["H2 2025", "H1 2026"]),
    ("month", TEXT, ["Nov 2026", "Jan 2026"], "month", ["Jan 2026", "Nov 2026"]),
    ("month", TEXT, ["November  2026", "January   2026"], "month", ["Jan 2026", "Nov 2026"]),
    ("month", TEXT, ["2026/11", "2026/02"], "month", ["Feb 2026", "Nov 2026"]),
    ("month", TEXT, ["11/2026", "02/2026"], "month", ["Feb 2026", "Nov 2026"]),
    ("month", TEXT, ["Nov-26", "Feb-26"], "month", ["Feb 2026", "Nov 2026"]),
    ("week", TEXT, ["2026-W10", "2026-W09"], "week", ["23 Feb 2026", "2 Mar 2026"]),
    ("week", TEXT, ["2026-10", "2026-09"], "week", ["23 Feb 2026", "2 Mar 2026"]),
    ("year", TEXT, ["2026", "2025"], "year", ["2025", "2026"]),
    ("day", TEXT, ["22 Nov 2026", "3 Feb 2026"], "day", ["3 Feb 2026", "22 Nov 2026"]),
    ("day", TEXT, ["11/22/2026", "11/03/2026"], "day", ["3 Nov 2026", "22 Nov 2026"]),
    ("hour", TEXT, ["14", "09"], "hour", ["09:00", "14:00"]),
    ("hour", TEXT, ["14:00", "09:00"], "hour", ["09:00", "14:00"]),
    # date_trunc(…)
    ("month", TIMESTAMP, ["2026-11-01T00:00:00", "2026-01-01T00:00:00"], "month", ["Jan 2026", "Nov 2026"]),
    ("quarter", TIMESTAMPTZ, ["2026-01-01T00:00:00+00:00"], "quarter", ["Q1 2026"]),
    ("q", DATE, ["2026-01-01", "2026-04-01", "2026-07-01"], "quarter", ["Q1 2026", "Q2 2026", "Q3 2026"]),
    ("week", DATE, ["2026-11-23", "2026-11-16"], "week", ["16 Nov 2026", "23 Nov 2026"]),
    ("week", DATE, ["2026-11-22", "2026-11-08"], "week", ["8 Nov 2026", "22 Nov 2026"]),  # of companies: from Sunday
    ("w", DATE, ["2026-11-07", "2026-11-14", "2026-11-21"], "week", ["7 Nov 2026", "14 Nov 2026", "21 Nov 2026"]),
    ("woche", TEXT, ["2026-11-08", "2026-11-15", "2026-11-22"], "week", ["8 Nov 2026", "15 Nov 2026", "22 Nov 2026"]),
    ("week", DATE, ["2026-11-22", "2026-11-09"], "day", ["9 Nov 2026", "22 Nov 2026"]),
    ("year", DATE, ["2026-01-01"], "year", ["2026"]),
    ("month", DATE, ["2025-01-01", "2026-01-01"], "month", ["Jan 2025", "Jan 2026"]),
    ("at", TIMESTAMPTZ, ["2026-11-01T10:00:00+00:00"], "hour", ["1 Nov 2026 10:00"]),
]


@pytest.mark.parametrize(("name", "type_oid", "values", "unit", "texts"), PERIODS)
def test_periods_are_recognized_in_every_sql_format(
    name: str, type_oid: int, values: list[Any], unit: str, texts: list[str]
) -> None:
    found = column(name, type_oid, values)
    assert (found.role in ("time", "step"), found.unit, shown(found)) == (True, unit, texts)


@pytest.mark.parametrize(
    ("name", "type_oid", "values", "role"),
    [
        ("orders_per_day", INTEGER, [3, 4], "number"),
        ("revenue_last_year", NUMERIC, [2020, 2021], "number"),
        ("units_this_month", BIGINT, [3, 4], "number"),
        ("avg_week", NUMERIC, [3, 4], "number"),
        ("year", NUMERIC, [2020.5, 2021], "number"),
        ("month", INTEGER, [0, 40_000], "number"),
        ("store_id", INTEGER, [1, 2], "label"),
        ("sku", TEXT, ["2024-99", "2025-01"], "label"),
        ("day", TEXT, ["11/12/2026", "10/11/2026"], "label"),  # the order of day and month is ambiguous
        ("zip", TEXT, ["98101", "98102"], "label"),
        ("is_online", BOOLEAN, [True, False], "label"),
        ("note", TEXT, ["March of time", "May be"], "label"),
        ("total", TEXT, ["$1,234.50", "$10.00"], "number"),
        ("growth", TEXT, ["-3.5%", "10%"], "number"),
        ("total", MONEY, ["$1,234.50", "-$10.00"], "number"),
    ],
)
def test_other_columns_are_not_recognized_as_periods(name: str, type_oid: int, values: list[Any], role: str) -> None:
    assert column(name, type_oid, values).role == role


def test_booleans_are_labelled_yes_and_no() -> None:
    assert column("is_online", BOOLEAN, [True, False, None]).values == ("yes", "no", "(none)")


@pytest.mark.parametrize("unit", ["month", "quarter", "week"])
def test_year_and_month_columns_are_combined(unit: str) -> None:
    rows = [[year, part, 1.5] for year in (2025, 2026) for part in (1, 2)]
    period, measure = combine_periods(chart_columns(["year", unit, "revenue"], [NUMERIC] * 3, rows, money="dollars"))
    assert (period.role, period.unit, period.indexes, measure.name) == ("time", unit, (0, 1), "revenue")
    assert len(set(period.values)) == 4


def test_columns_with_the_same_name_get_numbers() -> None:
    found = chart_columns(["extract", "extract", "sum"], [NUMERIC] * 3, [[2026, 11, 1.5]], money="dollars")
    assert [field.name for field in found] == ["extract", "extract (2)", "sum"]


@pytest.mark.parametrize(
    ("name", "type_oid", "values", "unit", "texts"),
    [
        ("avg_price", NUMERIC, [65, 69.2], "dollars", ["$65.00", "$69.20"]),
        ("rating", NUMERIC, [65, 69.2], "", ["65.0", "69.2"]),
        ("score", DOUBLE, [1, 0.125], "", ["1.00", "0.12"]),
        ("margin_percent", NUMERIC, [33, 31.5], "percent", ["33.0%", "31.5%"]),
        (
            "margin_pct",
            NUMERIC,
            [0.25, 0.5],
            "",
            ["0.25", "0.50"],
        ),  # the name does not say whether 0.25 means 25 % or 0.25 %
        ("discount_pct", INTEGER, [5, 25], "percent", ["5%", "25%"]),
        ("share", NUMERIC, [0.25, 0.125], "fraction", ["25.0%", "12.5%"]),
        ("share_of_sales", NUMERIC, [25.5, 74.5], "percent", ["25.5%", "74.5%"]),
        ("return_rate", DOUBLE, [0.25, 0.5], "fraction", ["25%", "50%"]),
        ("hourly_rate", NUMERIC, [0.5, 1], "", ["0.5", "1.0"]),
        ("revenue", NUMERIC, [1_000_000, 500_000], "dollars", ["$1.0M", "$0.5M"]),
        ("revenue", NUMERIC, [10_342_393.96, 646_818.94], "dollars", ["$10.34M", "$0.65M"]),
        ("revenue", NUMERIC, [10_342_393.96, 1_200.5], "dollars", ["$10.3M", "$1,200"]),
        ("profit", NUMERIC, [-1500, 310.25], "dollars", ["−$1,500.00", "$310.25"]),
        ("total", TEXT, ["$1,234.50", "($10.00)"], "dollars", ["$1,234.50", "−$10.00"]),
        ("units", BIGINT, [12, None, 900], "", ["12", "", "900"]),
        ("units", BIGINT, [0, 0], "", ["0", "0"]),
        ("n", DOUBLE, [1e18, 1], "", ["1.0e+18", "1.0e+00"]),
    ],
)
def test_short_texts_of_a_column_have_one_format(
    name: str, type_oid: int, values: list[Any], unit: str, texts: list[str]
) -> None:
    found = column(name, type_oid, values)
    assert (found.unit, short_texts(found.values, found.unit)) == (unit, texts)


@pytest.mark.parametrize(
    ("numbers", "unit", "texts"),
    [
        ([1_000_000, 500_000], "dollars", ["$0", "$0.2M", "$0.4M", "$0.6M", "$0.8M", "$1.0M"]),
        ([12_000, 3], "dollars", ["$0", "$2k", "$4k", "$6k", "$8k", "$10k", "$12k"]),
        ([-1500, 310.25], "dollars", ["−$1,500", "−$1,000", "−$500", "$0", "$500"]),
        ([3.2, 1.1], "dollars", ["$0", "$1", "$2", "$3", "$4"]),
        ([1.2, 1.1], "dollars", ["$0", "$0.20", "$0.40", "$0.60", "$0.80", "$1.00", "$1.20"]),
        ([0.25, 0.5], "fraction", ["0%", "10%", "20%", "30%", "40%", "50%"]),
        ([33, 31.5], "percent", ["0%", "10%", "20%", "30%", "40%"]),
        ([2, 1], "", ["0", "1", "2"]),
        ([0], "", ["0", "1"]),
    ],
)
def test_ticks_of_an_axis_have_one_format(numbers: list[float], unit: str, texts: list[str]) -> None:
    assert [text for _, text in axis(numbers, unit).ticks] == texts


class Looked(set[str]):
    """A set that counts its lookups."""

    times = 0

    def __contains__(self, item: object) -> bool:
        self.times += 1
        return super().__contains__(item)


def test_many_equally_truncated_names_become_unique_in_few_steps() -> None:
    taken = Looked()
    following: dict[str, int] = {}
    for _ in range(2_000):
        taken.add(make_unique("x", taken, following))
    assert len(taken) == 2_000
    assert taken.times <= 2 * 2_000
    assert len(set(labels(["x" * 100 + str(n) for n in range(2_000)]))) == 2_000


@pytest.mark.parametrize(
    ("expression", "unit"),
    [
        ("extract(year from order_date) y", "year"),
        ("EXTRACT( Year  FROM o.order_date )::int AS y", "year"),
        ("cast(extract(isoyear from (d at time zone 'utc')) as int) as y", "year"),
        ("round(date_part('year', d)::numeric, 0) \"y\"", "year"),
        ("extract(month from d) /* a month */ y", "month"),
        ("to_char(d, 'FMMM') AS y", "month"),
        ("to_char(d, 'IYYY-\"W\"IW') y", "week"),
        ("'W' || to_char(d, 'IW') y", "week"),
        ("date_trunc('week', d)::date y", "week"),
        ("extract(dow from d) y", "weekday"),
        ("extract(epoch from d) y", ""),
        ("count(DISTINCT extract(month from d)) y", ""),
        ("extract(day from a - b) / 7 y", ""),
        ("coalesce(n, extract(month from d)) y", ""),
        ("extract(month from d", ""),
        ("extract(month from d) m, extract(day from e) y", "day"),
    ],
)
def test_part_of_a_date_is_read_from_the_query(expression: str, unit: str) -> None:
    assert units_in(f"SELECT {expression}, sum(x) v FROM o GROUP BY 1 ORDER BY v DESC", ["y", "v"]) == [unit, ""]
    assert units_in(f"WITH c AS (SELECT n, {expression} FROM o) SELECT y, v FROM c", ["v", "y"]) == ["", unit]


@pytest.mark.parametrize(
    ("expression", "is_amount"),
    [
        ("sum(i.total_amount) AS y", True),
        ("round(sum(total_amount)\n / nullif(count(*), 0), 2) y", True),
        ('lag(sum(total_amount)) OVER (ORDER BY 1) "y"', True),
        ("sum(total_amount) FILTER (WHERE true) AS y", True),
        ("sum(unit_price * quantity - coalesce(discount_amount, 0)) AS y", True),
        ("count(total_amount) AS y", False),
        ("rank() OVER (ORDER BY sum(total_amount)) AS y", False),
        ("sum(a.total_amount) / sum(b.total_amount) AS y", False),
        ("sum(CASE WHEN total_amount > 5 THEN 1 END) AS y", False),
        ("sum(quantity) AS y", False),
    ],
)
def test_amount_is_read_from_the_query(expression: str, is_amount: bool) -> None:
    for sql in (f"SELECT a, {expression} FROM o", f"WITH c AS (SELECT {expression} FROM o) SELECT a, y FROM c"):
        assert (units_in(sql, ["y"]) == ["money"]) is is_amount, sql
    numbers = chart_columns(["Summe_2026"], [NUMERIC], [[5], [7]], units_in(sql, ["y"]), "EUR")
    assert numbers[0].unit == ("EUR" if is_amount else "")
    names = ("preis", "umsatz_mitte", "menge")
    assert [column(name, NUMERIC, [5]).unit for name in names] == ["dollars", "dollars", ""]


def test_parts_of_dates_without_aliases_are_read_in_their_order() -> None:
    sql = "SELECT extract(month from d), extract(year from d), 1 FROM o GROUP BY extract(month from d), 2"
    assert units_in(sql, ["extract", "extract", "?column?"]) == ["month", "year", ""]
    assert units_in("SELECT " + "extract(year from " * 50_000, ["extract"]) == [""]
