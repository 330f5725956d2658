"""Tests that charts are true to the result: order, measures, periods and texts."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from zava_mcp.charts.chart import Chart, ChartRequest, choose_chart
from zava_mcp.charts.client_view import view
from zava_mcp.charts.missing_glyphs import rename
from zava_mcp.charts.ordering import is_ordered
from zava_mcp.charts.vega import spec
from zava_mcp.company import CompanyProfile
from zava_mcp.errors import InputError
from zava_mcp.sales.result import QueryResult

DATE, TEXT, INTEGER, BIGINT, NUMERIC = 1082, 25, 23, 20, 1700
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MONTHS = [f"2026-{month:02}-01" for month in range(1, 12)]
NAMES = ["January", "February", "March", "April", "May", "June", "July", "August", "September"]
NAMES += ["October", "November", "December"]
QUARTERS = [f"{year}-Q{quarter}" for year in range(2020, 2027) for quarter in (1, 2, 3, 4)]


def drawn(columns: dict[str, int], rows: list[list[Any]], sql: str = "", **request: str) -> Chart:
    answer = QueryResult(1000, 40_000, list(columns), list(columns.values()), [json.dumps(row) for row in rows])
    answer.company = CompanyProfile(currency="USD")
    return choose_chart(answer, ChartRequest(**request), sql, NOW)


def places(chart: Chart) -> list[str]:
    return list(dict.fromkeys(chart.x.written(point.x) for point in chart.points))


def found(part: Any, name: str) -> list[Any]:
    """Every value of this key in a specification."""
    if isinstance(part, dict):
        mine = [part[name]] if name in part else []
        return mine + [value for key, inner in part.items() if key != "values" for value in found(inner, name)]
    return [value for inner in part for value in found(inner, name)] if isinstance(part, list) else []


# ── order


@pytest.mark.parametrize(
    ("sql", "ordered"),
    [
        ("SELECT a FROM b ORDER BY 1", True),
        ("SELECT a FROM b\norder\n by 1 DESC LIMIT 3", True),
        ("(SELECT a FROM b) ORDER BY 1", True),
        ("WITH c AS (SELECT a FROM b ORDER BY 1) SELECT a FROM c", False),
        ("SELECT rank() OVER (ORDER BY a) FROM b", False),
        ("SELECT ' ORDER BY ' AS \"order by\" FROM b -- ORDER BY 1", False),
        ("SELECT a /* ORDER BY 1 */ FROM b", False),
        ("SELECT $x$ ORDER BY 1 $x$", False),
        ("", False),
    ],
)
def test_order_by_of_the_outermost_query_is_recognized(sql: str, ordered: bool) -> None:
    assert is_ordered(sql) is ordered


@pytest.mark.parametrize(
    ("names", "chart", "sql", "order"),
    [
        (["Tacoma", "Seattle", "Online"], "auto", "", ["Online", "Seattle", "Tacoma"]),
        (["Tacoma", "Seattle", "Online"], "auto", "ORDER BY x", ["Tacoma", "Seattle", "Online"]),
        (["Online", "Seattle", "Tacoma"], "auto", "ORDER BY 1", ["Online", "Seattle", "Tacoma"]),
        (["May", "April", "June"], "line", "", ["Apr", "May", "Jun"]),
        (["May", "April", "June"], "bar", "", ["Apr", "May", "Jun"]),
        (
            ["April", "June", "May"],
            "bar",
            "ORDER BY 1",
            ["Apr", "Jun", "May"],
        ),  # the alphabetical order also ranks the numbers
        (["Saturday", "Sunday", "Monday"], "bar", "ORDER BY dow", ["Sat", "Sun", "Mon"]),
        (["2026-03", "2026-02", "2026-01"], "bar", "ORDER BY 1 DESC", ["Mar 2026", "Feb 2026", "Jan 2026"]),
        (["2026-03", "2026-02", "2026-01"], "line", "ORDER BY 1 DESC", ["Jan 2026", "Feb 2026", "Mar 2026"]),
        (["2026-03", "2025-12", "2026-01"], "auto", "ORDER BY 2", ["Mar 2026", "Dec 2025", "Jan 2026"]),
    ],
)
def test_names_and_periods_keep_the_order_of_the_query(
    names: list[str], chart: str, sql: str, order: list[str]
) -> None:
    rows = [[name, number] for number, name in enumerate(names, 1)]
    assert places(drawn({"which": TEXT, "n": BIGINT}, rows, sql, chart=chart)) == order


def test_alphabetical_month_names_are_sorted_by_the_year() -> None:
    rows = [[name, number * 7 % 12] for number, name in enumerate(sorted(NAMES))]
    for chart in ("line", "bar"):
        assert places(drawn({"month": TEXT, "n": BIGINT}, rows, "ORDER BY 1", chart=chart)) == [n[:3] for n in NAMES]


def test_fiscal_year_begins_where_the_query_begins() -> None:
    rows = [[name, number * 7 % 12] for number, name in enumerate(NAMES[6:] + NAMES[:6])]
    for chart in ("line", "bar"):
        assert places(drawn({"month": TEXT, "n": BIGINT}, rows, "ORDER BY 3", chart=chart))[:2] == ["Jul", "Aug"]


@pytest.mark.parametrize("chart", ["line", "bar", "area"])
def test_all_quarters_are_drawn(chart: str) -> None:
    one = drawn({"quarter": TEXT, "revenue": NUMERIC}, [[q, n + 0.5] for n, q in enumerate(QUARTERS)], chart=chart)
    assert places(one) == [f"{quarter[5:]} {quarter[:4]}" for quarter in QUARTERS]


def test_many_ranked_rows_are_limited_to_the_first() -> None:
    slowest = drawn({"product": TEXT, "units": BIGINT}, [[f"p{n}", n] for n in range(100)], "ORDER BY units")
    assert places(slowest) == [f"p{n}" for n in range(25)]
    assert slowest.notes == ("product: the first 25 of 100, in the query's order; the others are not drawn",)


def test_weekdays_by_month_become_a_heat_map() -> None:
    rows = [[day, month, day + month] for day in range(7) for month in range(1, 13)]
    named = drawn({"dow": NUMERIC, "month": NUMERIC, "orders": BIGINT}, rows)
    plain = drawn({"a": NUMERIC, "b": INTEGER, "n": BIGINT}, rows, chart="heat_map")
    assert named.kind == plain.kind == "heat_map"
    assert named.series is not None
    assert places(named) == ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    assert found(spec(named), "domain")[-1] == [name[:3] for name in NAMES]
    assert not plain.notes


# ── measures


@pytest.mark.parametrize(
    ("columns", "row", "kind", "measures", "left_out"),
    [
        ({"month": DATE, "revenue": NUMERIC, "orders": BIGINT}, [9e5 + 0.5, 30], "line", 2, ""),
        ({"month": DATE, "revenue": NUMERIC, "cost": NUMERIC}, [9e5 + 0.5, 4e5 + 0.5], "line", 1, ""),
        ({"store": TEXT, "revenue": NUMERIC, "cost": NUMERIC}, [9e5 + 0.5, 4e5 + 0.5], "grouped_bar", 1, ""),
        ({"store": TEXT, "revenue": NUMERIC, "orders": BIGINT}, [9e5 + 0.5, 30], "bar", 2, ""),
        ({"store": TEXT, "revenue": NUMERIC, "rank": BIGINT}, [9e5 + 0.5, 1], "bar", 1, "rank"),
        ({"price": NUMERIC, "units": BIGINT, "stock": BIGINT}, [2, 3], "scatter", 1, "stock"),
        ({"month": DATE, "best_product": TEXT, "n": BIGINT}, ["?", 3], "line", 1, "best product"),
        ({"m": DATE, "a": BIGINT, "b": BIGINT, "c": BIGINT, "d": BIGINT}, [1, 99, 9999, 9e6], "line", 3, "d"),
    ],
)
def test_each_measure_is_drawn_or_named_in_a_note(
    columns: dict[str, int], row: list[Any], kind: str, measures: int, left_out: str
) -> None:
    firsts = [f"2025-{n:02}-01" if "m" in next(iter(columns)) else f"s{n}" for n in (1, 2)]
    first = [firsts[0], firsts[1]] if kind != "scatter" else [9.5, 4.5]
    chart = drawn(columns, [[name, *(name if cell == "?" else cell for cell in row)] for name in first])
    assert (chart.kind, len(chart.panels)) == (kind, measures)
    assert chart.notes == ((f"not drawn: {left_out}",) if left_out else ())
    names = [name for name in columns if name not in (next(iter(columns)), left_out.replace(" ", "_"))]
    summary = json.loads(chart.summary())["y"]
    assert [y["name"] for y in (summary if isinstance(summary, list) else [summary])] == names
    assert len({point.series for point in chart.points}) == (len(names) if measures == 1 and names[1:] else 1)
    assert [panel["name"] for panel in view(chart)["panels"]] == [panel.y.title for panel in chart.panels]
    if measures > 1:
        assert [p["title"]["text"] for p in spec(chart).get("vconcat") or spec(chart)["hconcat"]] == names


def test_several_measures_can_be_requested() -> None:
    columns, rows = {"store": TEXT, "a": BIGINT, "b": BIGINT, "c": BIGINT}, [["x", 1, 100, 3], ["y", 1, 100, 3]]
    assert [panel.y.name for panel in drawn(columns, rows, y="c, b").panels] == ["c", "b"]


def test_single_month_of_many_stores_has_the_stores_on_the_x_axis() -> None:
    chart = drawn({"month": DATE, "store": TEXT, "n": BIGINT}, [["2026-10-01", "a", 1], ["2026-10-01", "b", 2]])
    assert (chart.kind, chart.x.name, chart.title) == ("bar", "store", "N by store (Oct 2026)")


def test_scatter_plot_counts_names_that_do_not_fit() -> None:
    columns = {"product_name": TEXT, "price": NUMERIC, "units": BIGINT}
    chart = drawn(columns, [[f"p{n}", n % 5 + 0.5, n % 5] for n in range(15)], chart="scatter")
    rows = spec(chart)["data"]["values"]
    assert [row["c8"] for row in rows if "c8" in row] == [
        f"p{n}" for n in range(10)
    ]  # names stand to the right or to the left of the dots
    assert spec(chart)["title"]["subtitle"] == ["5 of 15 names do not fit"]
    assert [point[-1] for point in view(chart)["panels"][0]["points"]] == [f"p{n}" for n in range(15)]


# ── periods that are not over


@pytest.mark.parametrize(
    ("columns", "rows", "period"),
    [
        ({"month": DATE}, [[month] for month in MONTHS], "Nov 2026"),
        ({"month": TEXT}, [[month[:7]] for month in MONTHS], "Nov 2026"),
        ({"quarter": TEXT}, [[quarter] for quarter in QUARTERS], "Q4 2026"),
        ({"year": NUMERIC}, [[year] for year in range(2020, 2027)], "2026"),
        ({"week": DATE}, [["2026-11-16"], ["2026-11-23"]], "the week of 23 Nov 2026"),
        ({"day": DATE}, [["2026-11-27"], ["2026-11-28"]], "28 Nov 2026"),
        ({"year": NUMERIC, "month": NUMERIC}, [[2026, month] for month in range(1, 12)], "Nov 2026"),
        ({"year": INTEGER, "store": TEXT}, [[2025, "a"], [2026, "a"], [2026, "b"]], "2026"),
        ({"month": DATE}, [["2026-09-01"], ["2026-10-01"]], ""),
        ({"month": DATE}, [["2026-11-01"], ["2026-12-01"], ["2027-01-01"]], "Nov 2026"),
        ({"month": TEXT}, [["October"], ["November"]], ""),
    ],
)
@pytest.mark.parametrize("kind", ["line", "bar", "area"])
def test_current_period_is_marked(columns: dict[str, int], rows: list[list[Any]], period: str, kind: str) -> None:
    chart = drawn({**columns, "n": BIGINT}, [[*row, 5] for row in rows], chart=kind)
    marked = {chart.x.written(point.x) for point in chart.points if point.in_progress}
    assert marked == ({period.removeprefix("the week of ")} if period else set())
    today = "" if period.startswith("28") else ": today is 28 Nov 2026"
    assert chart.notes == ((f"{period} is not over yet{today}",) if period else ())
    values = spec(chart)["data"]["values"]
    assert sum(row.get("c5", False) for row in values) == sum(point.in_progress for point in chart.points)
    assert [bool(p[3]) for p in view(chart)["panels"][0]["points"]] == [point.in_progress for point in chart.points]
    if kind == "line":
        assert ([5, 4] in found(spec(chart), "strokeDash")) is bool(period)


def test_line_for_each_year_marks_only_the_current_month() -> None:
    rows = [[month, year, 5] for year in (2025, 2026) for month in range(1, 12)]
    chart = drawn({"month": NUMERIC, "year": NUMERIC, "n": BIGINT}, rows, x="month", series="year")
    assert [(point.x, point.series) for point in chart.points if point.in_progress] == [("Nov", "2026")]


PARTS = "SELECT extract(month from d) m, extract(year from d) y, sum(x) revenue FROM o GROUP BY 1, 2"


def test_months_before_their_years_give_a_line_for_each_year() -> None:
    rows = [[month, year, month * year / 2] for year in (2025, 2026) for month in range(1, 12)]
    chart = drawn({"m": NUMERIC, "y": NUMERIC, "revenue": NUMERIC}, rows, PARTS)
    assert (chart.kind, chart.x.name, chart.panels[0].y.name) == ("line", "m", "revenue")
    assert [(point.x, point.series) for point in chart.points if point.in_progress] == [("Nov", "2026")]
    years_first = [[year, month, number] for month, year, number in rows]
    timeline = drawn({"y": NUMERIC, "m": NUMERIC, "revenue": NUMERIC}, years_first, PARTS)
    assert (timeline.kind, timeline.series, places(timeline)[-1]) == ("line", None, "Nov 2026")


@pytest.mark.parametrize("form", ["2026-{:02}", "2026{:02}", "2026-W{:02}", "{:02}", "W{:02}"])
@pytest.mark.parametrize("first", [1, 38])
def test_weeks_as_text_give_a_line(form: str, first: int) -> None:
    rows = [[form.format(week), 1.5 * week] for week in range(first, first + 11)]
    sql = "SELECT to_char(d, 'IYYY-IW') w, sum(x) v FROM o GROUP BY 1"
    chart = drawn({"w": TEXT, "v": NUMERIC}, rows, sql)
    assert (chart.kind, chart.x.unit) == ("line", "week")
    assert sum(point.in_progress for point in chart.points) == (form.startswith("2026") and first == 38)


def test_column_without_numbers_is_named() -> None:
    with pytest.raises(InputError, match="'store_name' contains no numbers"):
        drawn({"store_name": TEXT, "v": NUMERIC}, [["a", 1.5], ["b", 2.5]], y="v,store_name")


def test_months_without_rows_are_named_in_a_note() -> None:
    chart = drawn({"month": DATE, "n": BIGINT}, [["2026-01-01", 1], ["2026-04-01", 2], ["2026-05-01", 2]])
    assert chart.notes == ("no rows for Feb 2026, Mar 2026",)


# ── texts


@pytest.mark.parametrize(
    ("title", "titles"),
    [("", set()), ("What did each store sell?", {"revenue", "store name"}), ("Revenue", {"store name"})],
)
def test_axis_title_is_omitted_if_the_chart_title_says_it(title: str, titles: set[str]) -> None:
    chart = drawn({"store_name": TEXT, "revenue": NUMERIC}, [["a", 1.5], ["b", 2.5]], title=title)
    assert {axis["title"] for axis in spec(chart)["encoding"].values() if axis.get("title")} == titles


@pytest.mark.parametrize("names", [["Zava Retail Seattle", "Zava Retail Tacoma"], ["Seattle", "Tacoma"]])
def test_negative_bars_leave_room_for_their_numbers(names: list[str]) -> None:
    chart = drawn({"store": TEXT, "profit": NUMERIC}, [[names[0], 1250.5], [names[1], -1000]])
    encoding = spec(chart)["encoding"]
    axis = encoding["x" if len(names[0]) > 12 else "y"]
    low, high = axis["scale"]["domain"]
    span, text = high - low, len("−$1,000.00") * 7 if len(names[0]) > 12 else 20
    pixels = 640 if len(names[0]) > 12 else 340
    assert axis["axis"]["values"][0] >= -1000
    assert (-1000 - low) / span * pixels >= text
    assert view(chart)["panels"][0]["ends"][0] < -1000


def test_names_in_letters_without_font_are_numbered() -> None:
    chart = drawn({"店": TEXT, "n": BIGINT}, [["北京", 3], ["Zoë", 2], ["京都", 1]], title="北 and Zoë")
    made = spec(chart)
    renamed = rename(made, lambda svg: b"box" if any(letter in svg for letter in "北京都店\u0378") else b"a letter")
    assert renamed == {"name 1": "北京", "name 2": "京都"}
    assert [row["c0"] for row in made["data"]["values"]] == ["name 1", "Zoë", "name 2"]
    assert made["title"] == {
        "text": ["? and Zoë"],
        "subtitle": ["names are numbered where no font of this machine has them"],
    }
    assert not rename(made, lambda _: b"never looked at" if "ë" not in _ else b"a letter")


def test_chart_of_a_truncated_result_is_rejected() -> None:
    answer = QueryResult(1, 40_000, ["a", "n"], [TEXT, BIGINT], ['["a",1]'], truncated_by="rows")
    with pytest.raises(InputError, match="more than the 1 row that"):
        choose_chart(answer, ChartRequest())
