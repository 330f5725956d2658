"""Promise 6: values are exact."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import SEATTLE, Ask, asking, settings_for
from tests.promises.value_table import Kind, kinds
from zava_mcp.cli.commands import app

pytestmark = [pytest.mark.anyio, pytest.mark.portable]

EDGES = [edge for kind in kinds() for edge in kind.edges]

#: Edges that a line of a file cannot show.
INVISIBLE = Kind(
    "invisible",
    "",
    [
        (r"E'\x01\x1f\x7f'", '"\\u0001\\u001f\x7f"'),
        (r"E'a\u2028b\u2029c\u0085d\ufeff'", '"a\u2028b\u2029c\x85d\ufeff"'),
        ("'1e400'::jsonb", f'"1{"0" * 400}"'),
        ("(repeat('[', 3000) || repeat(']', 3000))::jsonb", f'"{"[" * 3000}{"]" * 3000}"'),
        ("'👩‍👩‍👧 ﷺ'", '"👩‍👩‍👧 ﷺ"'),
    ],
)


def strict(text: str) -> Any:
    """JSON that any reader takes: no NaN, no key twice, nothing that UTF-8 cannot write."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)

    value = json.loads(text, parse_constant=pytest.fail, object_pairs_hook=once)
    json.dumps(value, ensure_ascii=False).encode()
    return value


@pytest.mark.parametrize("kind", [*kinds(), INVISIBLE], ids=lambda kind: kind.types)
async def test_each_value_has_its_json(data_dir: Path, kind: Kind) -> None:
    async with asking(settings_for(data_dir, SEATTLE)) as seattle:
        for sql, expected in kind.edges:
            text, _ = await seattle.call("execute_sales_query", postgresql_query=f"SELECT {sql} AS v")
            assert text == f'{{"columns":["v"],"rows":[[{expected}]],"row_count":1,"truncated":false}}', sql
            strict(text)


async def test_all_values_stand_side_by_side(ask: Ask) -> None:
    """Each column has its own type, in both eras."""
    async with ask(SEATTLE, ZAVA_MAX_BYTES="200000") as seattle:
        columns = ", ".join(f"{sql} AS v{place}" for place, (sql, _) in enumerate(EDGES))
        text, _ = await seattle.call("execute_sales_query", postgresql_query=f"SELECT {columns}")
    assert f'"rows":[[{",".join(expected for _, expected in EDGES)}]]' in text
    assert len(strict(text)["columns"]) == len(EDGES)


@pytest.fixture
def odd_settings(admin: psycopg.Connection) -> Iterator[None]:
    """A login and a database that would have every value written in another way."""
    odd = {
        "TimeZone": "Asia/Kolkata",
        "DateStyle": "German, DMY",
        "IntervalStyle": "postgres_verbose",
        "bytea_output": "escape",
        "extra_float_digits": "-10",
        "client_encoding": "LATIN1",
        "standard_conforming_strings": "off",
    }
    for name, value in odd.items():
        admin.execute(f"ALTER ROLE zava_seattle SET {name} = '{value}'".encode())
        admin.execute(f"ALTER DATABASE zava SET {name} = '{value}'".encode())
    yield
    for name in odd:
        admin.execute(f"ALTER ROLE zava_seattle RESET {name}; ALTER DATABASE zava RESET {name}".encode())


async def test_no_setting_of_login_or_database_changes_how_values_look(odd_settings: None, ask: Ask) -> None:
    async with ask(SEATTLE, ZAVA_MAX_BYTES="200000") as seattle:
        columns = ", ".join(sql for sql, _ in EDGES)
        text, _ = await seattle.call("execute_sales_query", postgresql_query=f"SELECT {columns}")
    assert f'"rows":[[{",".join(expected for _, expected in EDGES)}]]' in text


@pytest.fixture
def settable(admin: psycopg.Connection) -> Iterator[None]:
    """As on a server that nobody hardened."""
    admin.execute("GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO zava_seattle")
    yield
    admin.execute("REVOKE EXECUTE ON FUNCTION set_config(text, text, boolean) FROM zava_seattle")


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("America/Los_Angeles", "2026-07-01T03:00:00-07:00"),
        ("Asia/Kolkata", "2026-07-01T15:30:00+05:30"),
        ("Pacific/Chatham", "2026-07-01T22:45:00+12:45"),
        ('<a"b>-3', "2026-07-01T13:00:00+03:00"),
    ],
)
async def test_time_zone_set_by_the_query_is_reported(settable: None, ask: Ask, zone: str, written: str) -> None:
    sql = f"SELECT timestamptz '2026-07-01 10:00+00' FROM (SELECT set_config('TimeZone', '{zone}', true) OFFSET 0) z"
    async with ask(SEATTLE) as seattle:
        assert await seattle.value(sql) == written
        assert await seattle.value("SELECT timestamptz '2026-07-01 10:00+00'") == "2026-07-01T10:00:00+00:00"


async def test_settings_that_the_query_changes_break_no_answer(settable: None, ask: Ask) -> None:
    """A name of a time zone may have quotes in it, and older styles of dates write it out."""
    sql = (
        "SELECT set_config('DateStyle', 'Postgres', true), set_config('TimeZone', '<a\"b>-3', true),"
        " timestamptz '2026-07-01 10:00+00', timestamp '2026-07-01 10:00', date '2026-07-01'"
    )
    async with ask(SEATTLE) as seattle:
        text, failed = await seattle.call("execute_sales_query", postgresql_query=sql)
        assert not failed
        assert 'A"B' in strict(text)["rows"][0][2]


@pytest.mark.parametrize("text", ["é", "Ã©", "plain"])
async def test_an_answer_in_another_encoding_is_refused(settable: None, ask: Ask, text: str) -> None:
    """`Ã©` in LATIN1 is `é` in UTF-8: read without a word, it would be another text."""
    async with ask(SEATTLE) as seattle:
        refusal = await seattle.refusal(f"SELECT set_config('client_encoding', 'LATIN1', false), '{text}'")
        assert "22021" in refusal
        assert await seattle.value(f"SELECT '{text}'") == text


async def test_columns_keep_their_names_and_places(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        answer = await seattle.query('SELECT 1 AS a, 2 AS a, 3 AS " ", 4, \'x\' AS "say ""hi"""')
        assert answer["columns"] == ["a", "a", " ", "?column?", 'say "hi"']
        assert answer["rows"] == [[1, 2, 3, 4, "x"]]
        answer = await seattle.query('SELECT 1 AS "line\nbreak", 2 AS "\\", 3 AS "🔩", 4 AS "\u2028", 5 AS "\x01"')
        assert answer["columns"] == ["line\nbreak", "\\", "🔩", "\u2028", "\x01"]
        assert "zero-length delimited identifier" in await seattle.refusal('SELECT 1 AS ""')


async def test_an_empty_result_keeps_its_columns(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        answer = await seattle.query("SELECT order_id, order_date FROM retail.orders WHERE false")
        assert answer.pop("hint").startswith("No rows.")
        assert answer == {"columns": ["order_id", "order_date"], "rows": [], "row_count": 0, "truncated": False}


async def test_there_may_be_no_column_at_all(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        assert (await seattle.query("SELECT FROM generate_series(1, 2)"))["rows"] == [[], []]
        answer = await seattle.query("SELECT WHERE false")
        assert answer == {"columns": [], "rows": [], "row_count": 0, "truncated": False}


async def test_there_may_be_as_many_columns_as_postgresql_takes(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        for number in (1600, 1664):
            answer = await seattle.query(f"SELECT {', '.join(f'{n} AS c{n}' for n in range(number))}")
            assert answer["rows"] == [list(range(number))]
        assert "54011" in await seattle.refusal(f"SELECT {', '.join(['1'] * 1665)}")


async def test_null_can_be_everywhere(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        types = ("int", "numeric", "text", "jsonb", "bytea", "date", "int[]", "int4range", "vector", "record")
        columns = ", ".join(f"NULL::{type_}" for type_ in types)
        answer = await seattle.query(f"SELECT {columns} FROM generate_series(1, 3)")
        assert answer["rows"] == [[None] * len(types)] * 3


async def test_types_that_somebody_defined(ask: Ask, admin: psycopg.Connection) -> None:
    """A domain is what it stands on; PostgreSQL says of the others only that they are none of its own."""
    admin.execute("CREATE TYPE public.mood AS ENUM ('sad', 'so \"so\"'); CREATE DOMAIN public.amount AS numeric(8,2)")
    admin.execute("CREATE DOMAIN public.amounts AS numeric[]; CREATE TYPE public.pair AS (a int, b public.mood)")
    try:
        async with ask(SEATTLE) as seattle:
            for sql, expected in (
                ("'so \"so\"'::public.mood", '"so \\"so\\""'),
                ("'2.50'::public.amount", "2.50"),
                ("'{2.50,1}'::public.amounts", "[2.50,1]"),
                ("'{sad}'::public.mood[]", '"{sad}"'),
                ("ROW(1, 'sad')::public.pair", '"(1,sad)"'),
                ("to_jsonb(ROW(1, 'sad')::public.pair)", '{"a":1,"b":"sad"}'),
            ):
                text, _ = await seattle.call("execute_sales_query", postgresql_query=f"SELECT {sql}")
                assert f'"rows":[[{expected}]]' in text, text
    finally:
        admin.execute("DROP TYPE public.pair, public.mood; DROP DOMAIN public.amount, public.amounts")


async def test_a_type_that_the_server_was_built_without_is_named(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        assert "0A000: unsupported XML feature" in await seattle.refusal("SELECT '<a/>'::xml")


async def test_rows_keep_their_order(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        answer = await seattle.query("SELECT order_id FROM retail.orders ORDER BY order_id DESC", max_rows=500)
        ids = [row[0] for row in answer["rows"]]
        assert ids == sorted(ids, reverse=True)


def test_tables_and_csv_show_the_same_digits(data_dir: Path) -> None:
    values = (
        "0.10 AS a, 12345678901234567890 AS b, ARRAY[1.50, 2] AS c, '{\"d\": 1.0}'::jsonb AS d, true AS e, NULL AS f"
    )
    sql = f"SELECT {values}"
    command = ["query", sql, "--user-id", SEATTLE, "--data-dir", str(data_dir), "--format"]
    shown = CliRunner().invoke(app, [*command, "csv"], catch_exceptions=False).stdout
    assert shown == 'a,b,c,d,e,f\n0.10,12345678901234567890,"[1.50,2]","{""d"":1.0}",true,\n'
    table = CliRunner().invoke(app, [*command, "table"], catch_exceptions=False).stdout
    reply = ["0.10", "12,345,678,901,234,567,890", "[1.50,2]", '{"d":1.0}', "true", "NULL"]
    assert table.splitlines()[1].split() == reply
