"""Promise 6: values are exact."""

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import SEATTLE, Ask, admin_keywords
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.retail.values import encoder

TABLE: tuple[tuple[str, Any], ...] = (
    ("true", True),
    ("false", False),
    ("NULL", None),
    ("NULL::int[]", None),
    ("1::smallint", 1),
    ("-2147483648", -2147483648),
    ("9007199254740991", 9007199254740991),
    ("9223372036854775807", "9223372036854775807"),
    ("1.10::numeric(10,2)", Decimal("1.10")),
    ("0.1::numeric", Decimal("0.1")),
    ("12345678901234567890123456789012345678.90", "12345678901234567890123456789012345678.90"),
    ("'NaN'::numeric", "NaN"),
    ("'-Infinity'::numeric", "-Infinity"),
    ("0.1::float8", Decimal("0.1")),
    ("1e300::float8", Decimal("1e300")),
    ("'NaN'::float8", "NaN"),
    ("'Infinity'::float4", "Infinity"),
    ("date '2026-11-22'", "2026-11-22"),
    ("date '0044-03-15 BC'", "0044-03-15 BC"),
    ("date 'infinity'", "infinity"),
    ("timestamp '2026-11-22 10:11:12.5'", "2026-11-22T10:11:12.5"),
    ("timestamp '-infinity'", "-infinity"),
    ("timestamptz '2026-11-22 10:11:12+02'", "2026-11-22T08:11:12+00:00"),
    ("timestamptz '0044-03-15 10:00:00+00 BC'", "0044-03-15 10:00:00+00 BC"),
    ("time '10:11'", "10:11:00"),
    ("timetz '10:11+01'", "10:11:00+01"),
    ("interval '1 day 2 hours'", "P1DT2H"),
    ("'f47ac10b-58cc-4372-a567-0e02b2c3d479'::uuid", "f47ac10b-58cc-4372-a567-0e02b2c3d479"),
    ("'\\xdeadbeef'::bytea", "\\xdeadbeef"),
    ('\'{"a": [1, 2.50, null, true, "x"]}\'::jsonb', {"a": [1, Decimal("2.50"), None, True, "x"]}),
    ('\'{"a": 1, "b": 12345678901234567890123}\'::json', {"a": 1, "b": "12345678901234567890123"}),
    ("'null'::jsonb", None),
    ("ARRAY[1, NULL, 3]", [1, None, 3]),
    ("ARRAY[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
    ("'{}'::int[]", []),
    ("'[0:1]={7,8}'::int[]", [7, 8]),
    ("ARRAY['a,b', 'c\"d', 'e\\f', '', 'NULL', NULL, '{x}']", ["a,b", 'c"d', "e\\f", "", "NULL", None, "{x}"]),
    ("ARRAY[1.5, 'NaN']::numeric[]", [Decimal("1.5"), "NaN"]),
    ("ARRAY[date '2026-01-01']", ["2026-01-01"]),
    ("int4range(1, 5)", "[1,5)"),
    ("'10.0.0.1/24'::inet", "10.0.0.1/24"),
    ("B'101'", "101"),
    ("'[1,2.5]'::vector", "[1,2.5]"),
    ("ROW(1, 'a b')", '(1,"a b")'),
    ("'tab\\t, \"quote\", line\nbreak, é, 🔩'", 'tab\\t, "quote", line\nbreak, é, 🔩'),
)


@pytest.mark.anyio
async def test_each_type_has_its_json(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        for sql, expected in TABLE:
            text, failed = await seattle.call("execute_sales_query", postgresql_query=f"SELECT {sql} AS v")
            assert not failed, text
            value = json.loads(text, parse_float=Decimal)["rows"][0][0]
            assert (value, type(value)) == (expected, type(expected)), sql


@pytest.mark.anyio
async def test_columns_keep_their_names_and_places(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        answer = await seattle.query('SELECT 1 AS a, 2 AS a, 3 AS " ", 4, \'x\' AS "say ""hi"""')
        assert answer["columns"] == ["a", "a", " ", "?column?", 'say "hi"']
        assert answer["rows"] == [[1, 2, 3, 4, "x"]]


@pytest.mark.anyio
async def test_an_empty_result_keeps_its_columns(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        answer = await seattle.query("SELECT order_id, order_date FROM retail.orders WHERE false")
        assert answer == {"columns": ["order_id", "order_date"], "rows": [], "row_count": 0, "truncated": False}
        assert (await seattle.query("SELECT FROM generate_series(1, 2)"))["rows"] == [[], []]


@pytest.mark.anyio
async def test_rows_keep_their_order(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        answer = await seattle.query("SELECT order_id FROM retail.orders ORDER BY order_id DESC", max_rows=500)
        ids = [row[0] for row in answer["rows"]]
        assert ids == sorted(ids, reverse=True)


def encoded(oid: int, text: str) -> Any:
    return json.loads(encoder(oid, 8000)(text), parse_constant=_never)


def _never(name: str) -> None:
    raise AssertionError(name)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_numerics_come_back_digit_by_digit(number: Decimal) -> None:
    text = f"{number:f}"
    if len(text) < 300:
        value = json.loads(encoder(1700, 8000)(text), parse_float=Decimal)
        assert Decimal(value) == Decimal(text)
        if not isinstance(value, str):
            assert Decimal(repr(float(text))) == Decimal(text)


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_come_back_exactly(number: int) -> None:
    value = encoded(20, str(number))
    assert int(value) == number
    assert isinstance(value, str) or float(value) == number


@given(st.floats())
def test_floats_come_back_exactly(number: float) -> None:
    text = "NaN" if math.isnan(number) else "Infinity" if number == math.inf else repr(number)
    value = encoded(701, "-Infinity" if number == -math.inf else text)
    assert math.isnan(float(value)) if math.isnan(number) else float(value) == number


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200))
def test_texts_come_back_exactly(text: str) -> None:
    assert encoded(25, text) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
)


@given(JSON)
def test_json_comes_back_exactly(value: Any) -> None:
    assert encoded(3802, json.dumps(value)) == value


def test_json_keeps_repeated_keys() -> None:
    assert encoder(114, 8000)('{"a": 1, "a": 2}') == '{"a":1,"a":2}'


TEXTS = st.lists(st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1)


@pytest.mark.anyio
async def test_arrays_of_texts_come_back_exactly(embedded: EmbeddedPostgres) -> None:
    """PostgreSQL writes the arrays itself: its quoting is what is read."""
    import psycopg

    with psycopg.connect(**admin_keywords(embedded)) as connection:

        @given(TEXTS)
        def check(texts: list[str | None]) -> None:
            row = connection.execute("SELECT %s::text[]::text", [texts]).fetchone()
            assert row is not None
            assert encoded(1009, row[0]) == texts

        check()
