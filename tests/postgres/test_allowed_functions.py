"""The allow-list of functions that identities may execute: PostgreSQL 15, 16 and 18, and analytic queries under it."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import SEATTLE, asking, settings_for
from tests.servers import ZavaServer
from zava_mcp import sql
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.settings import Settings

HARDENED = ("15", "16", "18")
_ANALYTICS = Path(__file__).with_name("analytics.sql")
_FROM = re.compile(r"-- from (\d+)\n(.*)")

#: Callable functions that are not IMMUTABLE: signature, name and whether PUBLIC may execute it.
_FUNCTIONS = """
SELECT p.oid::regprocedure::text, p.proname::text, has_function_privilege('public', p.oid, 'EXECUTE')
  FROM pg_proc p
 WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.provolatile <> 'i' AND p.prorettype <> 'trigger'::regtype
   AND 'internal'::regtype <> ALL (p.proargtypes)
   AND NOT EXISTS (SELECT FROM pg_type t WHERE p.oid IN (t.typinput, t.typoutput))
"""

#: The catalogues that hardening writes to; a written row has another place or transaction.
WRITTEN = ("pg_proc", "pg_class", "pg_attribute", "pg_database", "pg_language", "pg_event_trigger", "pg_shdepend")
_VERSION = "SELECT md5(string_agg(row, ',' ORDER BY row)) FROM (SELECT ctid || ':' || xmin::text AS row FROM {}) AS r"


@pytest.fixture
def hardened(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
    """A superuser's connection to a hardened database of one of HARDENED."""
    if request.param == "18":
        yield request.getfixturevalue("admin")
    elif request.param == "16":
        with request.getfixturevalue("postgres_16_hardened").as_superuser() as connection:
            yield connection
    else:
        yield from _hardened_15(request.getfixturevalue("debian_15"))


def _hardened_15(zava: ZavaServer) -> Iterator[psycopg.Connection]:
    """Another database on the server that a restricted administrator set up."""
    with zava.postgres.as_superuser() as superuser:
        superuser.execute("CREATE DATABASE hardened")
        try:
            with zava.postgres.as_superuser("hardened") as connection:
                connection.execute("CREATE SCHEMA zava")
                connection.execute(sql.script("hardening.sql").encode())
                yield connection
        finally:
            superuser.execute("DROP DATABASE hardened WITH (FORCE)")


def _listed() -> set[str]:
    """The names of the allow-list."""
    text = re.sub(r"--.*", "", sql.script("functions.sql")).partition("pg_catalog'::regnamespace THEN p.proname = ANY")[
        2
    ]
    return set(re.findall(r"\w+", " ".join(re.findall(r"'([\w ]+)'", text.partition("ELSE")[0])))) - {"s"}


@pytest.mark.parametrize("hardened", HARDENED, indirect=True)
def test_stable_and_volatile_functions_are_executable_if_named(hardened: psycopg.Connection) -> None:
    listed = _listed()
    for signature, name, executable in hardened.execute(_FUNCTIONS.encode()).fetchall():
        counts_transactions = re.search(r"\bxid8?\b", signature.partition("(")[2]) is not None
        assert executable == (name in listed and not counts_transactions), signature


def test_each_name_of_the_list_exists_in_a_version(request: pytest.FixtureRequest, admin: psycopg.Connection) -> None:
    servers = [request.getfixturevalue(name).as_superuser() for name in ("debian_15", "postgres_16_hardened")]
    known = {row[1] for connection in (*servers, admin) for row in connection.execute(_FUNCTIONS.encode())}
    for connection in servers:
        connection.close()
    assert len(_listed()) > 200
    of_citus = {"assign_distributed_transaction_id", "relation_is_a_known_shard"}
    of_citus |= {"read_intermediate_result", "read_intermediate_results"}
    assert _listed() - known == of_citus


@pytest.mark.parametrize("hardened", HARDENED, indirect=True)
def test_immutable_functions_are_executable_but_for_the_exceptions(hardened: psycopg.Connection) -> None:
    denied = hardened.execute(
        "SELECT DISTINCT proname::text FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace"
        " AND provolatile = 'i' AND NOT has_function_privilege('public', oid, 'EXECUTE') ORDER BY 1"
    ).fetchall()
    assert [name for (name,) in denied] == [
        *("path_distance", "path_inter", "pg_walfile_name", "pg_walfile_name_offset"),
        *("poly_contain", "poly_contained", "poly_distance", "poly_overlap", "poly_same"),
    ]


@pytest.mark.parametrize("hardened", HARDENED, indirect=True)
def test_functions_of_a_newer_postgresql_are_denied_until_named(hardened: psycopg.Connection) -> None:
    made = "CREATE FUNCTION pg_catalog.newer_{0}() RETURNS timestamptz LANGUAGE internal {0} AS '{1}'"
    with hardened.transaction(force_rollback=True):
        hardened.execute("SET LOCAL allow_system_table_mods = on")
        for kind in ("VOLATILE", "STABLE", "IMMUTABLE"):
            hardened.execute(made.format(kind, "clock_timestamp").encode())
        hardened.execute(sql.script("hardening.sql").encode())
        found = hardened.execute(
            "SELECT proname::text, has_function_privilege('public', oid, 'EXECUTE') FROM pg_proc"
            " WHERE proname LIKE 'newer%' ORDER BY 1"
        ).fetchall()
    assert found == [("newer_immutable", True), ("newer_stable", False), ("newer_volatile", False)]


@pytest.mark.parametrize("hardened", HARDENED, indirect=True)
def test_hardening_a_second_time_writes_nothing(hardened: psycopg.Connection) -> None:
    before = _versions(hardened)
    hardened.execute(sql.script("hardening.sql").encode())
    assert _versions(hardened) == before


def _versions(connection: psycopg.Connection) -> dict[str, object]:
    return {name: connection.execute(_VERSION.format(name).encode()).fetchone() for name in WRITTEN}


@pytest.mark.parametrize("hardened", ["15"], indirect=True)
def test_functions_of_extensions_outside_the_list_are_named(hardened: psycopg.Connection) -> None:
    for extension in ("uuid-ossp", "pg_trgm", "unaccent", "tablefunc"):
        hardened.execute(f'CREATE EXTENSION "{extension}"'.encode())
    check = sql.named("checks.sql")["functions_revoked_from_public"].encode()
    hardened.execute(f'SET SESSION AUTHORIZATION "{SEATTLE}"'.encode())
    ((state, found, fix),) = hardened.execute(check).fetchall()
    hardened.execute("RESET SESSION AUTHORIZATION")
    assert state == "warn"
    assert "clocks and waits within a statement (uuid_generate_v1, uuid_generate_v1mc)" in found
    assert "SQL text run within a function (crosstab, " in found
    assert not re.search("similarity|unaccent|uuid_generate_v4|normal_rand", found)
    hardened.execute(fix.encode())
    hardened.execute(f'SET SESSION AUTHORIZATION "{SEATTLE}"'.encode())
    assert hardened.execute(check).fetchall() == []


@pytest.mark.anyio
@pytest.mark.parametrize("version", ["16", "18"])
async def test_analytics_run_on_hardened_servers(version: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    queries = _analytics(int(version))
    assert len(queries) >= 250 - (version == "16") * 20
    refused = []
    async with asking(_settings(version, request, tmp_path)) as seattle:
        for query in queries:
            text, failed = await seattle.call("execute_sales_query", postgresql_query=query)
            refused += [(query, text)] * failed
    assert not refused, "\n".join(f"{query[:100]}: {text}" for query, text in refused)


def _analytics(version: int) -> list[str]:
    """The queries of `analytics.sql` that a version of PostgreSQL knows."""
    text = _FROM.sub(lambda part: part[2] if int(part[1]) <= version else "", _ANALYTICS.read_text(encoding="utf-8"))
    return [line for line in text.splitlines() if line and not line.startswith("--")]


def _settings(version: str, request: pytest.FixtureRequest, folder: Path) -> Settings:
    if version == "18":
        embedded: EmbeddedPostgres = request.getfixturevalue("embedded")
        return settings_for(embedded.folder, SEATTLE)
    zava: ZavaServer = request.getfixturevalue("postgres_16_hardened")
    return settings_for(folder, SEATTLE, ZAVA_DATABASE_URL=zava.place, POSTGRES_PASSWORD=zava.passwords[SEATTLE])
