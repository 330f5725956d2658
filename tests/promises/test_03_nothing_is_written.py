"""Promise 3: nothing is written."""

import hashlib

import psycopg
import pytest

from tests.conftest import HEAD_OFFICE, SEATTLE, Ask, login_keywords
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import QueryError
from zava_mcp.postgres.query import Query
from zava_mcp.postgres.timeout_connection import TimeoutConnection

pytestmark = pytest.mark.anyio

NOT_ONE_QUERY = (
    "",
    ";",
    "-- nothing",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE retail.orders",
    "DELETE FROM retail.orders",
    "INSERT INTO retail.categories VALUES (99, 'X')",
    "UPDATE retail.products SET cost = 0",
    "MERGE INTO retail.categories USING (VALUES (1)) v(i) ON category_id = i WHEN MATCHED THEN DELETE",
    "TRUNCATE retail.orders",
    "CREATE TABLE x (i int)",
    "CREATE TEMP TABLE x AS SELECT 1",
    "DROP SCHEMA retail CASCADE",
    "ALTER ROLE CURRENT_USER SET search_path = public",
    "ALTER ROLE CURRENT_USER PASSWORD 'x'",
    "GRANT SELECT ON retail.orders TO PUBLIC",
    "SET search_path = public",
    "SET LOCAL statement_timeout = 0",
    "RESET ALL",
    "SHOW search_path",
    "COPY retail.orders TO STDOUT",
    "COPY retail.orders TO PROGRAM 'cat'",
    "DO $$ BEGIN END $$",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "PREPARE x AS SELECT 1",
    "EXECUTE x",
    "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    "LISTEN x",
    "NOTIFY zava_schema_changed",
    "LOCK TABLE retail.orders",
    "VACUUM",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "COMMIT; DELETE FROM retail.orders",
    "SELECT * INTO x FROM retail.orders",
    "DISCARD ALL",
    "CHECKPOINT",
)
REFUSED = (
    "WITH gone AS (DELETE FROM retail.orders RETURNING *) SELECT count(*) FROM gone",
    "SELECT * FROM retail.orders FOR UPDATE",
    "SELECT nextval('x')",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_notify('zava_schema_changed', '')",
    "SELECT set_config('work_mem', '1GB', false)",
    "SELECT txid_current()",
    "SELECT pg_terminate_backend(pg_backend_pid())",
    "SELECT pg_cancel_backend(pg_backend_pid())",
    "SELECT pg_reload_conf()",
    "SELECT pg_logical_emit_message(false, 'x', 'y')",
    "SELECT pg_stat_reset()",
)


def fingerprint(admin: psycopg.Connection) -> str:
    """Everything that a call could have changed: rows, schema, roles, settings, sequences, large objects."""
    digest = hashlib.sha256()
    for sql in (
        "SELECT count(*), sum(order_id), sum(customer_id) FROM retail.orders",
        "SELECT count(*), sum(total_amount) FROM retail.order_items",
        "SELECT sum(cost), sum(base_price) FROM retail.products",
        "SELECT array_agg(c ORDER BY category_id) FROM retail.categories c",
        "SELECT array_agg(a ORDER BY login) FROM zava.access a",
        "SELECT array_agg((relname, relkind, relacl::text) ORDER BY oid) FROM pg_class WHERE relpersistence <> 't'",
        "SELECT array_agg((proname, proacl::text) ORDER BY oid) FROM pg_proc WHERE pronamespace > 10000",
        "SELECT array_agg((rolname, rolpassword, rolconnlimit) ORDER BY oid) FROM pg_authid",
        "SELECT array_agg(s ORDER BY setrole) FROM pg_db_role_setting s",
        "SELECT count(*) FROM pg_largeobject_metadata",
        "SELECT count(*) FROM pg_prepared_xacts",
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
    ):
        digest.update(repr(admin.execute(sql.encode()).fetchall()).encode())
    return digest.hexdigest()


@pytest.mark.parametrize("user_id", [SEATTLE, HEAD_OFFICE])
async def test_only_one_row_returning_query_is_accepted(ask: Ask, admin: psycopg.Connection, user_id: str) -> None:
    before = fingerprint(admin)
    async with ask(user_id) as asker:
        for sql in NOT_ONE_QUERY:
            refusal = await asker.refusal(sql)
            assert "only one row-returning query is allowed" in refusal, sql
        assert await asker.value("SELECT 1") == 1
    assert fingerprint(admin) == before


@pytest.mark.parametrize("user_id", [SEATTLE, HEAD_OFFICE])
async def test_queries_that_would_write_are_refused(ask: Ask, admin: psycopg.Connection, user_id: str) -> None:
    before = fingerprint(admin)
    async with ask(user_id) as asker:
        for sql in REFUSED:
            await asker.refusal(sql)
    assert fingerprint(admin) == before


async def test_transactions_are_read_only_and_rolled_back(ask: Ask, admin: psycopg.Connection) -> None:
    """With write privileges and the functions granted: the transaction is what stops the writes."""
    admin.execute("CREATE TABLE public.scratch (i int); CREATE SEQUENCE public.counter")
    admin.execute("GRANT ALL ON public.scratch, public.counter TO zava_seattle")
    admin.execute("GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO zava_seattle")
    admin.execute(
        "CREATE FUNCTION public.write() RETURNS int LANGUAGE sql AS 'INSERT INTO public.scratch VALUES (1); SELECT 1'"
    )
    try:
        async with ask(SEATTLE) as seattle:
            assert "read-only transaction" in await seattle.refusal("SELECT public.write()")
            assert "read-only transaction" in await seattle.refusal("SELECT nextval('public.counter')")
            assert "read-write mode" in await seattle.refusal(
                "SELECT set_config('transaction_read_only', 'off', false), public.write()"
            )
            before = await seattle.value("SELECT current_setting('work_mem')")
            await seattle.query("SELECT set_config('work_mem', '64kB', false)")
            assert await seattle.value("SELECT current_setting('work_mem')") == before
            await seattle.query("SELECT set_config('default_transaction_read_only', 'off', false)")
            assert await seattle.value("SELECT current_setting('default_transaction_read_only')") == "on"
        assert admin.execute("SELECT count(*) FROM public.scratch").fetchone() == (0,)
        assert admin.execute("SELECT is_called FROM public.counter").fetchone() == (False,)
    finally:
        admin.execute("REVOKE EXECUTE ON FUNCTION set_config(text, text, boolean) FROM zava_seattle")
        admin.execute("DROP FUNCTION public.write(); DROP TABLE public.scratch; DROP SEQUENCE public.counter")


async def test_a_lock_taken_by_a_query_does_not_outlive_it(ask: Ask, admin: psycopg.Connection) -> None:
    """Where advisory locks cannot be revoked, they are given back after each query."""
    functions = "pg_advisory_lock(bigint), pg_advisory_unlock_all()"
    admin.execute(f"GRANT EXECUTE ON FUNCTION {functions} TO zava_seattle".encode())
    try:
        async with ask(SEATTLE) as seattle:
            await seattle.query("SELECT pg_advisory_lock(42)")
            held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            assert admin.execute(held.encode()).fetchone() == (0,)
    finally:
        admin.execute(f"REVOKE EXECUTE ON FUNCTION {functions} FROM zava_seattle".encode())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 7",
        "SELECT 7;",
        "SELECT 7 ; ",
        "SELECT 7;;",
        "SELECT 7; -- and a comment",
        "SELECT 7 -- and a comment;",
        "SELECT 7; /* and ; a comment */ ;",
        "/* first ; */ SELECT 7",
        "VALUES (7)",
        "(SELECT 7)",
        "(((SELECT 7)));",
        "SELECT 7 UNION SELECT 7",
        "WITH a AS (SELECT 7 AS b) SELECT b FROM a",
        "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a WHERE n < 7) SELECT max(n) FROM a",
        "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY g) FROM generate_series(1, 13) g",
        "SELECT count(*) OVER () FROM generate_series(1, 7) LIMIT 1",
        "SELECT length('a;b;c;d') -- ';'",
        "SELECT length($$a;b;c;d$$)",
        "SELECT sum(n)::int FROM (VALUES (3), (4)) AS answer (n)",
        "SELECT text FROM (VALUES (7)) AS text (text)",
        "SELECT 7 FROM retail.stores LIMIT 1",
        "SELECT (ARRAY[5, 6, 7])[3]",
        "SELECT 7 WHERE 'drop table; delete; insert; set role' <> ''",
    ],
)
async def test_legitimate_queries_are_never_refused(ask: Ask, sql: str) -> None:
    async with ask(SEATTLE) as seattle:
        assert (await seattle.query(sql))["rows"] == [[7]]


async def test_syntax_error_inside_a_function_is_reported_unchanged(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        assert "syntax error in tsquery" in await seattle.refusal("SELECT to_tsquery('english', 'cordless drill')")


async def test_an_error_says_where_and_what_to_do(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        refusal = await seattle.refusal("SELECT order_id, nope FROM retail.orders")
        assert '42703: column "nope" does not exist (at character 18). ' in refusal
        assert "get_multiple_table_schemas lists each table's columns" in refusal


def question(sql: str) -> Query:
    return Query(sql, limit=10, row_bytes=1000, seconds=5)


def test_a_transaction_is_read_only_whatever_the_login_starts_with(
    embedded: EmbeddedPostgres, admin: psycopg.Connection
) -> None:
    """On a connection that may write otherwise: BEGIN READ ONLY alone stops it."""
    admin.execute("CREATE TABLE public.scratch (i int); GRANT INSERT ON public.scratch TO zava_seattle")
    admin.execute(
        "CREATE FUNCTION public.write() RETURNS int LANGUAGE sql AS 'INSERT INTO public.scratch VALUES (1); SELECT 1'"
    )
    try:
        writable = {**login_keywords(embedded, SEATTLE), "options": "-c default_transaction_read_only=off"}
        with TimeoutConnection.connect(**writable, autocommit=True) as connection:
            with pytest.raises(QueryError, match="read-only transaction"):
                list(question("SELECT public.write()").run(connection, clear_locks=False))
            connection.execute("SELECT public.write()")  # it is not the privileges
    finally:
        admin.execute("DROP FUNCTION public.write(); DROP TABLE public.scratch")


def test_nothing_is_committed(embedded: EmbeddedPostgres, admin: psycopg.Connection) -> None:
    """What a query may change in a read-only transaction too, its session's settings, goes with the ROLLBACK."""
    admin.execute("GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO zava_seattle")
    try:
        with TimeoutConnection.connect(**login_keywords(embedded, SEATTLE), autocommit=True) as connection:
            before = connection.execute("SHOW work_mem").fetchone()
            list(question("SELECT set_config('work_mem', '64kB', false)").run(connection, clear_locks=False))
            assert connection.execute("SHOW work_mem").fetchone() == before
    finally:
        admin.execute("REVOKE EXECUTE ON FUNCTION set_config(text, text, boolean) FROM zava_seattle")
