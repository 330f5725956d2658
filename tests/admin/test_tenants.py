"""`init --tenants-from`: identities of the rows of an existing table, in a database without Zava's tables."""

import json
from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from typer.testing import CliRunner

from tests.billing import run
from tests.conftest import ADMIN
from zava_mcp.cli.commands import app
from zava_mcp.doctor.database_checks import catalogue_statements

#: Rows of a table of tenants that cannot be identities, and the reasons.
FAULTS = (
    ("CREATE TABLE t (id int, name text)", ["the table has no rows"]),
    ("CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'a'), (1, 'b'), (2, 'c')", ["appear twice: 1"]),
    ("CREATE TABLE t (id uuid, name text); INSERT INTO t VALUES (NULL, 'a'), (NULL, 'b')", ["2 rows have no key"]),
    ("CREATE TABLE t (id text, name text); INSERT INTO t VALUES ('x', NULL), ('y', ' ')", ["have no name: x, y"]),
    (
        "CREATE TABLE t (id text, name text);"
        " INSERT INTO t VALUES ('x', E'a\\x07'), ('y', repeat('a', 201)), ('y', 'b')",
        ["control characters: x, y", "appear twice: y"],
    ),
    (
        "CREATE TABLE t (id text, name text);"
        " INSERT INTO t VALUES (E'\\x1b[m', 'a'), (repeat('k', 201), 'a'), (E'\\ufe01', 'b'), ('y', E'b\\u3164')",
        ["3 keys have more than 200 characters or control characters", "control characters: y"],
    ),
    ("CREATE TABLE t (id date, name text); INSERT INTO t VALUES ('2026-01-01', 'a')", ["cannot be a key of tenants"]),
    ("CREATE TABLE t (id int, title text)", ["has no column 'name'"]),
    ("CREATE VIEW t AS SELECT 1 AS id, 'a' AS name", ["there is no table 'public.t'"]),
    ("SELECT", ["there is no table 'public.t'"]),
)
#: Types of keys, three keys, and whether policies test a column of that type itself.
KEYS = (
    ("integer", ("7", "-3", "2000000000"), True),
    ("bigint", ("7", "-3", "9000000000"), False),
    ("text", ("acme", "b'''c", 'ü "x"'), False),
)


@pytest.fixture
def connection(server: str, database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(ADMIN.format(database=database, host=server), autocommit=True) as connection:
        yield connection


def refusal(url: str, *arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--admin-database-url", url])
    assert result.exception is not None, result.output
    return str(result.exception)


def test_rows_that_cannot_be_identities_are_refused_with_reasons(connection: psycopg.Connection, url: str) -> None:
    for made, reasons in FAULTS:
        connection.execute(made.encode())
        message = refusal(url, "init", "--tenants-from", "public.t:id:name")
        assert all(reason in message for reason in reasons), message
        assert connection.execute("SELECT to_regnamespace('zava')").fetchone() == (None,)
        connection.execute(b"DROP VIEW IF EXISTS t" if "VIEW" in made else b"DROP TABLE IF EXISTS t")
    for wrong in ("t", "t:id", "t:id:name:x", ":id:name"):
        assert "TABLE:KEY:NAME" in refusal(url, "init", "--tenants-from", wrong)
    assert "cannot be used with --tenants-from" in refusal(
        url, "init", "--tenants-from", "public.t:id:name", "--scale", "1"
    )


@pytest.mark.parametrize(("kind", "keys", "is_direct"), KEYS)
def test_tenants_of_each_kind_of_key_see_their_rows(
    connection: psycopg.Connection, url: str, kind: str, keys: tuple[str, ...], is_direct: bool
) -> None:
    connection.execute(f"CREATE SCHEMA s; CREATE TABLE s.t (id {kind} PRIMARY KEY, name text)".encode())
    connection.execute(f"CREATE TABLE s.x (t {kind} REFERENCES s.t, n int)".encode())
    for key in keys[:2]:
        connection.execute("INSERT INTO s.t VALUES (%s, 'Same name')", [key])
    init = ("init", "--tenants-from", "s.t:id:name")
    assert "identities of 2 tenants and of head office" in run(url, *init)
    connection.execute("INSERT INTO s.t VALUES (%s, 'Head Office')", [keys[2]])
    connection.execute("INSERT INTO s.x SELECT id, 1 FROM s.t")
    exposed = run(url, "tables", "expose", "s.x", "--store-column", "t")
    assert ("1 of 3 rows has no tenant" in exposed) or is_direct
    before = connection.execute("SELECT login, rls_user_id FROM zava.access ORDER BY 1").fetchall()
    assert "identities of 1 tenant" in run(url, *init)
    connection.execute("DELETE FROM s.x WHERE t::text = %s", [keys[0]])
    connection.execute("DELETE FROM s.t WHERE id::text = %s", [keys[0]])
    assert "1 tenant is no longer in the table" in run(url, *init)
    assert set(before) < set(connection.execute("SELECT login, rls_user_id FROM zava.access").fetchall())
    names = {name for _, name, *_ in json.loads(run(url, "identities", "--format", "json"))["rows"]}
    assert names == {"Head office", *(f"Same name ({key})" for key in keys[:2]), f"Head Office ({keys[2]})"}
    assert all(UUID(str(user_id)).version == 4 for _, user_id in before)
    has_column = "SELECT FROM pg_attribute WHERE attrelid = 's.x'::regclass AND attname = 'zava_store'"
    assert bool(connection.execute(has_column.encode()).rowcount) != is_direct
    for key in keys[1:]:
        login = connection.execute(
            "SELECT a.login::text FROM zava.access a JOIN zava.store_keys k ON a.store_ids = ARRAY[k.store_id]"
            " WHERE k.key = %s",
            [key],
        ).fetchall()[0][0]
        connection.execute(f'SET SESSION AUTHORIZATION "{login}"'.encode())
        assert connection.execute("SELECT t::text FROM s.x").fetchall() == [(key,)]
        connection.execute("RESET SESSION AUTHORIZATION")


def test_database_of_tenants_and_of_shops_are_not_mixed(connection: psycopg.Connection, url: str) -> None:
    connection.execute("CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'a'); CREATE TABLE u AS TABLE t")
    run(url, "init", "--tenants-from", "public.t:id:name")
    assert "the tenants of this database are in public.t:id:name" in refusal(
        url, "init", "--tenants-from", "public.u:id:name"
    )
    assert "has tenants instead of stores and orders" in refusal(url, "init", "--adopt")
    assert "login for" not in run(url, "init")  # which upgrades, and adds no sample
    assert connection.execute("SELECT count(*) FROM zava.access").fetchone() == (2,)
    open_to_public = "SELECT has_function_privilege('public', 'pg_sleep(float8)', 'EXECUTE')"
    assert connection.execute(open_to_public.encode()).fetchone() == (True,)
    logins = connection.execute("SELECT quote_ident(login) FROM zava.access").fetchall()
    check = catalogue_statements(has_orders=False)["company_is_described"].encode()
    for (login,) in logins:
        connection.execute(f"SET SESSION AUTHORIZATION {login}; SET search_path = pg_catalog, pg_temp".encode())
        ((state, found, fix),) = connection.execute(check).fetchall()
        connection.execute("RESET SESSION AUTHORIZATION; RESET search_path")
        assert (state, found) == ("warn", "the company profile names no company and no currency")
        assert "zava-mcp company set --name NAME" in fix
    assert not connection.execute("SELECT FROM pg_class WHERE relname LIKE 'orders\\__'").rowcount


def test_tenants_are_refused_in_a_database_with_stores(connection: psycopg.Connection, url: str) -> None:
    run(url, "init", "--no-sample")
    connection.execute("CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'a')")
    assert "has stores of its own" in refusal(url, "init", "--tenants-from", "public.t:id:name")
