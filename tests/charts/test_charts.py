"""Tests of the choice of a chart for a result."""

import json
from types import NoneType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zava_mcp.charts.chart import Chart, ChartRequest, choose_chart
from zava_mcp.charts.client_view import view
from zava_mcp.charts.vega import spec
from zava_mcp.company import CompanyProfile
from zava_mcp.errors import InputError, ZavaError
from zava_mcp.sales.result import QueryResult

DATE, TIMESTAMPTZ, TEXT, INTEGER, BIGINT, DOUBLE, NUMERIC, BOOLEAN, JSONB = 1082, 1184, 25, 23, 20, 701, 1700, 16, 3802


def answer(columns: dict[str, int], *rows: list[Any]) -> QueryResult:
    """A query result from columns with their types, and rows."""
    texts = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    return QueryResult(
        1000, 40_000, list(columns), list(columns.values()), texts, company=CompanyProfile(currency="USD")
    )


def drawn(columns: dict[str, int], *rows: list[Any], **request: str) -> Chart:
    return choose_chart(answer(columns, *rows), ChartRequest(**request))


def refused(columns: dict[str, int], *rows: list[Any], **request: str) -> str:
    with pytest.raises(InputError) as raised:
        drawn(columns, *rows, **request)
    return f"{raised.value} {raised.value.hint}"


MONTHS = [["2026-03-01", 30.5], ["2026-01-01", 10.25], ["2026-02-01", 20.0]]


def test_dates_become_a_line_in_their_order() -> None:
    chart = drawn({"month": DATE, "revenue": NUMERIC}, *MONTHS)
    assert (chart.kind, chart.title, chart.x.unit, chart.y.unit) == (
        "line",
        "Revenue by month",
        "month",
        "dollars",
    )
    assert [point.y for point in chart.points] == [10.25, 20.0, 30.5]
    axis = spec(chart)["encoding"]["x"]
    assert (axis["type"], axis["scale"]["type"]) == ("temporal", "utc")
    assert '"Jan 2026"' in axis["axis"]["labelExpr"]
    assert '"$10"' in spec(chart)["encoding"]["y"]["axis"]["labelExpr"]


@pytest.mark.parametrize(
    ("type_oid", "values", "unit"),
    [
        (TEXT, ["2026-01", "2026-02"], "month"),
        (TEXT, ["2026-01-05", "2026-02-01"], "day"),
        (DATE, ["2025-01-01", "2026-01-01"], "year"),
        (DATE, ["2026-01-01"], "month"),
        (TIMESTAMPTZ, ["2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"], "month"),
        (TIMESTAMPTZ, ["2026-01-01T00:00:00+00:00", "2026-02-01T10:30:00+00:00"], "minute"),
    ],
)
def test_times_have_labels_in_the_unit_of_their_periods(type_oid: int, values: list[str], unit: str) -> None:
    chart = drawn({"at": type_oid, "orders": BIGINT}, *([value, 1] for value in values), chart="line")
    assert (chart.x.role, chart.x.unit) == ("time", unit)


def test_one_row_is_a_value_unless_a_kind_is_requested() -> None:
    columns = {"month": DATE, "store": TEXT, "revenue": NUMERIC, "orders": BIGINT}
    row = ["2026-03-01", "Seattle", 30.5, 3]
    summary = json.loads(drawn(columns, row).summary())
    assert (summary["kind"], summary["title"]) == ("value", "Revenue and orders: Mar 2026 · Seattle")
    assert [y["column"] for y in summary["y"]] == [2, 3]
    assert "x" not in summary
    assert drawn({"orders": BIGINT}, [3]).kind == "value"
    assert drawn(columns, row, chart="bar").kind == "bar"


def test_categories_become_bars_the_largest_first() -> None:
    chart = drawn({"store": TEXT, "orders": BIGINT}, ["Tacoma", 2], ["Seattle", 9], ["Online", 5])
    assert chart.kind == "bar"
    assert [point.x for point in chart.points] == ["Seattle", "Online", "Tacoma"]
    assert spec(chart)["encoding"]["x"]["sort"] is None
    assert not chart.notes


def test_long_names_make_bars_horizontal() -> None:
    chart = drawn({"store": TEXT, "orders": BIGINT}, ["Zava Retail Seattle", 9], ["Zava Retail Tacoma", 2])
    assert spec(chart)["encoding"]["y"]["field"] == "c0"


def test_years_are_drawn_in_their_order() -> None:
    chart = drawn({"year": INTEGER, "revenue": NUMERIC}, [2026, 1.5], [2024, 3.5], [2025, 2.5])
    assert (chart.kind, [chart.x.written(point.x) for point in chart.points]) == ("line", ["2024", "2025", "2026"])


def test_dates_with_a_category_become_one_line_for_each() -> None:
    rows = [[month, store, 1.5] for month in ("2026-01", "2026-02") for store in ("Seattle", "Tacoma")]
    chart = drawn({"month": TEXT, "store": TEXT, "revenue": NUMERIC}, *rows)
    assert chart.series is not None
    assert (chart.kind, chart.series.name, chart.title) == ("line", "store", "Revenue by month and store")
    assert spec(chart)["encoding"]["color"]["field"] == "c2"


def test_two_categories_become_stacked_bars_and_many_a_heat_map() -> None:
    columns = {"store": TEXT, "category": TEXT, "revenue": NUMERIC}
    few = [[f"store {n}", f"category {m}", n + m + 0.5] for n in range(3) for m in range(9)]
    many = [[f"store {n}", f"category {m}", n + m + 0.5] for n in range(3) for m in range(10)]
    assert drawn(columns, *few).kind == "stacked_bar"
    assert drawn(columns, *many).kind == "heat_map"
    assert drawn(columns, *few, chart="bar").kind == "stacked_bar"


def test_averages_are_not_stacked() -> None:
    rows = [[f"store {n}", f"category {m}", n + 0.5] for n in range(2) for m in range(2)]
    assert drawn({"store": TEXT, "category": TEXT, "avg_price": NUMERIC}, *rows).kind == "heat_map"


def test_two_numbers_become_a_scatter_plot() -> None:
    chart = drawn({"price": NUMERIC, "units": BIGINT}, [9.99, 3], [4.5, 30], [4.5, 10])
    assert (chart.kind, chart.x.name, chart.y.name) == ("scatter", "price", "units")
    assert chart.x.unit == "dollars"


def test_name_is_preferred_to_an_id() -> None:
    chart = drawn(
        {"sku": TEXT, "product_id": INTEGER, "product_name": TEXT, "units": BIGINT},
        ["A1", 7, "Paint", 3],
        ["A2", 8, "Saw", 4],
    )
    assert (chart.x.name, chart.y.name) == ("product_name", "units")


@pytest.mark.parametrize(
    ("name", "type_oid", "value", "written"),
    [
        ("revenue", NUMERIC, 1.5, "dollars"),
        ("revenue", BIGINT, 2, "dollars"),
        ("unit_price", DOUBLE, 1.5, "dollars"),
        ("total", NUMERIC, 1.50, "dollars"),
        ("sum", NUMERIC, 1.25, "dollars"),
        ("total", BIGINT, 2, ""),
        ("total_orders", NUMERIC, 1.5, ""),
        ("revenue_share", NUMERIC, 1.5, "percent"),
        ("score", NUMERIC, 1.25, ""),
    ],
)
def test_dollars_are_recognized_by_name_and_cents(name: str, type_oid: int, value: float, written: str) -> None:
    assert drawn({"store": TEXT, name: type_oid}, ["Seattle", value], ["Tacoma", value]).y.unit == written


def test_requested_columns_are_drawn() -> None:
    columns = {"store": TEXT, "region": TEXT, "orders": BIGINT, "revenue": NUMERIC}
    rows = [["Seattle", "North", 3, 30.5], ["Tacoma", "South", 2, 20.5]]
    chart = drawn(columns, *rows, chart="line", x="region", y="REVENUE", series="store", title="Regions")
    assert chart.series is not None
    assert (chart.kind, chart.x.name, chart.y.name, chart.series.name, chart.title) == (
        "line",
        "region",
        "revenue",
        "store",
        "Regions",
    )


def test_unknown_column_is_rejected_with_the_nearest_and_all_names() -> None:
    text = refused({"month": DATE, "revenue": NUMERIC}, *MONTHS, y="revenu")
    assert "no column 'revenu' (did you mean revenue?)" in text
    assert "The columns are: month, revenue" in text


@pytest.mark.parametrize(
    ("columns", "rows", "arguments", "said"),
    [
        ({"month": DATE, "revenue": NUMERIC}, [], {}, "no rows"),
        ({"store": TEXT}, [["Seattle"]], {}, "no column of numbers"),
        ({"orders": BIGINT}, [[3], [4]], {}, "no column for the x axis"),
        ({"store": TEXT, "orders": BIGINT}, [["A", None], ["B", None]], {}, "no row has a number in 'orders'"),
        ({"store": TEXT, "name": TEXT}, [["A", "x"], ["B", "y"]], {"y": "name"}, "contains no numbers"),
        ({"store": TEXT, "orders": BIGINT}, [["A", 1], ["A", 2]], {}, "GROUP BY store"),
        ({"store": TEXT, "orders": BIGINT}, [["A", 1]], {"chart": "heat_map"}, "two columns of categories"),
        ({"m": DATE, "s": TEXT, "n": DOUBLE}, [["2026-01-01", "a", -1], ["2026-01-01", "b", 1], ["2026-02-01", "b", 1]],
         {"chart": "area"}, "negative"),
        ({"d": DATE, "n": BIGINT}, [[f"2026-{m:02}-{d:02}", 1] for m in (1, 2, 3) for d in range(1, 29)],
         {"chart": "bar"}, "d: 84 values are too many for bars"),
    ],
)  # fmt: skip
def test_result_that_cannot_be_drawn_is_rejected_with_reason(
    columns: dict[str, int], rows: list[list[Any]], arguments: dict[str, str], said: str
) -> None:
    assert said in refused(columns, *rows, **arguments)


def test_truncated_result_is_rejected() -> None:
    cut = answer({"store": TEXT, "orders": BIGINT}, ["Seattle", 1])
    cut.truncated_by = "rows"
    with pytest.raises(InputError, match="more than the 1 row that") as raised:
        choose_chart(cut, ChartRequest())
    assert "GROUP BY" in raised.value.hint


def test_many_categories_are_limited_to_the_largest_with_a_note() -> None:
    chart = drawn({"product": TEXT, "units": BIGINT}, *([f"product {n}", n] for n in range(1, 101)))
    assert [point.y for point in chart.points] == list(range(100, 75, -1))
    assert chart.notes == ("product: the 25 largest of 100; the others are not drawn",)
    assert spec(chart)["title"]["subtitle"] == list(chart.notes)
    rows = [[f"2026-{m:02}", f"store {n:02}", n] for m in (1, 2) for n in range(1, 13)]
    lines = drawn({"month": TEXT, "store": TEXT, "units": BIGINT}, *rows)
    assert {point.series for point in lines.points} == {f"store {n:02}" for n in range(4, 13)}
    assert lines.notes == ("store: the 9 largest of 12; the others are not drawn",)


def test_missing_and_infinite_values_are_not_drawn_with_a_note() -> None:
    rows: list[list[Any]] = [["a", 1.0], ["b", None], ["c", "NaN"], ["d", "-Infinity"], [None, -2.0], ["", 3.0]]
    chart = drawn({"store": TEXT, "profit": DOUBLE}, *rows)
    assert [(point.x, point.y) for point in chart.points] == [("(empty)", 3.0), ("a", 1.0), ("(none)", -2.0)]
    assert chart.notes == ("3 of 6 rows not drawn: they have no value",)


def test_line_keeps_its_gaps() -> None:
    chart = drawn({"month": TEXT, "n": BIGINT}, ["2026-01", 1], ["2026-02", None], ["2026-03", 3])
    assert [point.y for point in chart.points] == [1.0, None, 3.0]


def test_stacked_areas_have_a_value_at_each_place() -> None:
    rows = [["2026-01", "a", 1], ["2026-02", "a", 2], ["2026-02", "b", 3]]
    chart = drawn({"month": TEXT, "s": TEXT, "n": BIGINT}, *rows, chart="area")
    assert {(point.series, point.y) for point in chart.points} == {("a", 1.0), ("a", 2.0), ("b", 0.0), ("b", 3.0)}


def test_numbers_as_texts_are_drawn_as_numbers() -> None:
    chart = drawn({"store": TEXT, "n": NUMERIC}, ["a", "123456789012345678901"], ["b", "1e400"])
    assert [point.y for point in chart.points] == [123456789012345678901.0]
    assert drawn({"store": TEXT, "n": TEXT}, ["a", "$1,234.50"], ["b", "1"], y="n").points[0].y == 1234.5


def test_numbers_on_the_x_axis_of_bars_keep_their_order() -> None:
    chart = drawn({"size": DOUBLE, "n": BIGINT}, [253402300800000.0, 1], [-1.5, 2], [None, 3], chart="bar")
    assert [point.x for point in chart.points] == ["−1.5", "253,402,300,800,000", "(none)"]


def test_truncated_names_stay_distinct() -> None:
    chart = drawn({"name": TEXT, "n": BIGINT}, *(["x" * 100 + str(n), n] for n in range(1, 4)))
    assert len({point.x for point in chart.points}) == 3
    assert max(len(point.x) for point in chart.points) <= 44


def test_chart_summary_is_json() -> None:
    summary = json.loads(drawn({"month": DATE, "total_revenue": NUMERIC}, *MONTHS).summary())
    assert summary == {
        "kind": "line",
        "title": "Total revenue by month",
        "x": {"column": 0, "name": "month", "as": "month"},
        "y": {"column": 1, "name": "total revenue", "as": "dollars"},
        "notes": [],
    }


HOSTILE = [
    "datum.x",
    "a.b[0]['c'].d\\",
    "x\"y'z`${1+1}{{title}}",
    "line\nline\0 end \u202e\ufffe",
    "<script>alert(1)</script>&amp;",
    "https://example.com/x.png",
    "%Y $,.2f",
    "__proto__",
    "constructor",
    '{"signal": "1"}',
    "x" * 10_000,
]


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    if isinstance(value, dict):
        return {key: leaf for name, part in value.items() for key, leaf in leaves(part, (*path, name)).items()}
    if isinstance(value, list):
        return {key: leaf for part in value for key, leaf in leaves(part, path).items()}
    return {path: value}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("kind", ["line", "stacked_bar", "area", "heat_map"])
def test_names_and_values_never_become_vega_expressions(text: str, kind: str) -> None:
    """A hostile text changes the specification only where Vega takes plain strings."""

    def made(word: str, other: str) -> dict[tuple[str, ...], Any]:
        columns = {word: TEXT, other: TEXT, word + "#": NUMERIC}
        rows = [[word, other, 1.5], [word + "2", other + "2", 2.5]]
        request = {"x": word, "series": other, "y": word + "#", "title": word}
        return leaves(spec(drawn(columns, *rows, chart=kind, **request)))

    # about the same length leads to the same layout
    harmless, hostile = made("n" * min(40, len(text)), "m" * min(40, len(text))), made(text, text + "s")
    assert harmless.keys() == hostile.keys()
    changed = {path for path, leaf in hostile.items() if leaf != harmless[path]}
    assert {path[-1] for path in changed} <= {"c0", "c2", "title", "text", "domain", "labelAngle"}
    assert {type(hostile[path]) for path in changed} <= {str, int, NoneType}
    written = [str(leaf) for path, leaf in hostile.items() if path[-1] != "labelExpr"]
    assert all(text.isprintable() and len(text) <= 200 for text in written)


CELLS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["NaN", "Infinity", "-Infinity", "1e999", "infinity", "2026-01", "2026-02-30", "0044-03-15 BC"])
    | st.dates().map(str)
    | st.datetimes().map(lambda moment: moment.isoformat() + "+00:00")
    | st.text(max_size=60)
    | st.lists(st.none() | st.integers(), max_size=3)
)
TYPES = st.sampled_from([DATE, TIMESTAMPTZ, TEXT, INTEGER, BIGINT, DOUBLE, NUMERIC, BOOLEAN, JSONB])
NAMES = st.sampled_from(["month", "year", "store_id", "name", "revenue", "units"]) | st.text(max_size=30)
KINDS = st.sampled_from(["auto", "line", "bar", "stacked_bar", "area", "scatter", "heat_map"])


def cells(type_oid: int) -> st.SearchStrategy[Any]:
    """Values of a type in JSON: numbers, or their texts."""
    if type_oid in (INTEGER, BIGINT):
        return st.none() | st.integers(-(2**62), 2**62)
    if type_oid in (DOUBLE, NUMERIC):
        return (
            st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["NaN", "1e999", "-1e400"])
        )
    return CELLS


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_result_becomes_a_chart_or_an_input_error(data: st.DataObject) -> None:
    columns = data.draw(st.lists(st.tuples(NAMES, TYPES), max_size=4))
    row = st.tuples(*(cells(type_oid) for _, type_oid in columns)).map(list)
    rows = data.draw(st.lists(row, max_size=8))
    named = st.sampled_from(["", "", *(name for name, _ in columns)]) | st.text(max_size=5)
    request = ChartRequest(
        data.draw(KINDS), data.draw(named), data.draw(named), data.draw(named), data.draw(st.text(max_size=300))
    )
    given_answer = QueryResult(
        1000, 40_000, [n for n, _ in columns], [t for _, t in columns], [json.dumps(r) for r in rows]
    )
    try:
        chart = choose_chart(given_answer, request)
    except ZavaError:
        return
    json.dumps(view(chart), allow_nan=False).encode()
    if chart.kind != "value":
        json.dumps(spec(chart), allow_nan=False).encode()
    assert json.loads(chart.summary())["kind"] == chart.kind
    assert chart.points
