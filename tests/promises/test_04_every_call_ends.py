"""Promise 4: every call ends, in the database too."""

import time
from pathlib import Path
from typing import Any

import anyio
import psycopg
import pytest

from tests.conftest import REDMOND, SEATTLE, Ask, admin_keywords, asking, settings_for
from tests.stdio_client import server_for
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.embedded import kill_backend
from zava_mcp.settings import CONCURRENT_QUERIES

pytestmark = pytest.mark.anyio

SLOW = "SELECT count(*) FROM generate_series(1, 100000000) AS slow_test, generate_series(1, 1000) AS b"
RUNNING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE state = 'active' AND query LIKE '%slow\\_test%' AND pid <> pg_backend_pid()"
)

# The slow query writes a temporary file once it has sent the rows that come first in a UNION ALL.
SPILLING = RUNNING.replace("SELECT count(*)", "SELECT pid") + (
    " AND EXISTS (SELECT 1 FROM pg_ls_tmpdir() f WHERE f.name LIKE 'pgsql\\_tmp' || pid || '.%')"
)


async def until(admin: psycopg.Connection, running: int, seconds: float) -> None:
    """Waits until so many slow queries run in the database."""
    with anyio.fail_after(seconds):
        while admin.execute(RUNNING.encode()).fetchone() != (running,):
            await anyio.lowlevel.checkpoint()


async def test_the_deadline_stops_a_query_and_the_next_call_works(ask: Ask, admin: psycopg.Connection) -> None:
    async with ask(SEATTLE, ZAVA_QUERY_TIMEOUT="1") as seattle:
        refusal = await seattle.refusal(SLOW)
        assert "57014" in refusal
        assert "Narrow" in refusal
        await until(admin, 0, 2)
        assert await seattle.value("SELECT 1") == 1


async def test_the_query_cannot_switch_its_deadline_off(ask: Ask, admin: psycopg.Connection) -> None:
    admin.execute("GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO zava_seattle")
    try:
        async with ask(SEATTLE, ZAVA_QUERY_TIMEOUT="1") as seattle:
            for setting in ("statement_timeout", "client_connection_check_interval"):
                started = time.monotonic()
                refusal = await seattle.refusal(
                    f"WITH off AS MATERIALIZED (SELECT set_config('{setting}', '0', false)) {SLOW}, off"
                )
                assert "57014" in refusal
                assert time.monotonic() - started < 5
            assert await seattle.value("SELECT current_setting('statement_timeout')") == "1s"
    finally:
        admin.execute("REVOKE EXECUTE ON FUNCTION set_config(text, text, boolean) FROM zava_seattle")


async def test_a_cancelled_call_is_gone_from_the_database(ask: Ask, admin: psycopg.Connection) -> None:
    async with ask(SEATTLE) as seattle:
        async with anyio.create_task_group() as group:

            async def slow() -> None:
                await seattle.query(SLOW)

            group.start_soon(slow)
            await until(admin, 1, 20)
            group.cancel_scope.cancel()
        await until(admin, 0, 2)
        assert await seattle.value("SELECT 1") == 1


async def test_the_connection_of_a_cancelled_call_is_not_used_again(ask: Ask, admin: psycopg.Connection) -> None:
    """The cancellation may still be on its way, and must not hit whoever asks next."""
    async with ask(SEATTLE) as seattle:
        async with anyio.create_task_group() as group:

            async def slow() -> None:
                await seattle.query(SLOW)

            group.start_soon(slow)
            await until(admin, 1, 20)
            row = admin.execute(RUNNING.replace("count(*)", "max(pid)").encode()).fetchone()
            group.cancel_scope.cancel()
        assert row is not None
        await until(admin, 0, 2)
        for _ in range(5):
            assert await seattle.value("SELECT pg_backend_pid()") != row[0]


def test_a_query_ends_soon_after_its_server_was_killed(data_dir: Path, admin: psycopg.Connection) -> None:
    """Nobody is there to cancel it: PostgreSQL looks every two seconds whether its client still lives."""

    def running() -> bool:
        return admin.execute(RUNNING.encode()).fetchone() == (1,)

    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        call = {"name": "execute_sales_query", "arguments": {"postgresql_query": SLOW}}
        server.send({"jsonrpc": "2.0", "id": 99, "method": "tools/call", "params": call})
        deadline = time.monotonic() + 20
        while not running():
            assert time.monotonic() < deadline
        server.process.kill()
        server.process.wait()
        deadline = time.monotonic() + 5
        while running():
            assert time.monotonic() < deadline


async def test_calls_side_by_side_get_their_own_answers(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        answers: dict[int, int] = {}

        async def one(number: int) -> None:
            answers[number] = await seattle.value(f"SELECT {number}")

        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(one, number)
    assert answers == {number: number for number in range(20)}


async def test_slow_queries_keep_a_quick_one_from_nothing(ask: Ask, admin: psycopg.Connection) -> None:
    """All but one place are taken by queries that go on; with all of them taken, what needs no query is answered."""
    async with ask(SEATTLE) as seattle, anyio.create_task_group() as group:
        await seattle.call("get_multiple_table_schemas", table_names=["orders"])
        for _ in range(CONCURRENT_QUERIES - 1):
            group.start_soon(seattle.query, SLOW)
        await until(admin, CONCURRENT_QUERIES - 1, 25)
        for number in range(20):
            assert await seattle.value(f"SELECT {number}") == number
        assert admin.execute(RUNNING.encode()).fetchone() == (CONCURRENT_QUERIES - 1,)
        group.start_soon(seattle.query, SLOW)
        await until(admin, CONCURRENT_QUERIES, 20)
        assert "order_date" in (await seattle.call("get_multiple_table_schemas", table_names=["orders"]))[0]
        assert await seattle.call("get_current_utc_date")
        assert admin.execute(RUNNING.encode()).fetchone() == (CONCURRENT_QUERIES,)
        group.cancel_scope.cancel()
    await until(admin, 0, 5)


async def test_calls_beyond_the_queue_are_rejected_with_a_hint(ask: Ask, admin: psycopg.Connection) -> None:
    async with ask(SEATTLE, ZAVA_QUERY_TIMEOUT="3") as seattle:
        texts: list[str] = []

        async def one() -> None:
            text, _ = await seattle.call("execute_sales_query", postgresql_query=SLOW)
            texts.append(text)
            if "too many calls" in text:
                group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            for _ in range(60):
                group.start_soon(one)
        assert any("too many calls" in text for text in texts)
        await until(admin, 0, 5)
        assert await seattle.value("SELECT 1") == 1


DEAF_RUNNING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE usename = 'zava_seattle' AND state = 'active' AND query LIKE '%repeat(%'"
)
#: Functions of PostgreSQL that never look up from their work: no timeout, no cancellation reaches them.
DEAF = (
    "SELECT length(translate(repeat('a', 1000000), repeat('b', 400000), ''))",
    "SELECT strpos(repeat('a', 1000000), 'b' || repeat('a', 20000))",
)
#: The same behind rows that fill the answer, and behind columns that do not fit into one.
DEAF_BEHIND = (
    "SELECT CASE WHEN g < 990 THEN repeat('x', 9000)"
    " ELSE length(translate(repeat('a', 1000000 + g), repeat('b', 400000), ''))::text END"
    " FROM generate_series(1, 1000) g",
    "SELECT " + ", ".join(f"1 AS a_name_of_a_column_that_is_rather_long_{n}" for n in range(1200)) + ","
    " length(translate(repeat('a', 1000000 + g), repeat('b', 400000), '')) FROM generate_series(1, 2) g",
)


@pytest.mark.parametrize("sql", DEAF)
async def test_a_query_that_heeds_nothing_is_ended_all_the_same(data_dir: Path, sql: str) -> None:
    async with asking(settings_for(data_dir, SEATTLE, ZAVA_QUERY_TIMEOUT="1")) as seattle:
        refusal = await seattle.refusal(sql)
        assert "57014" in refusal
        with anyio.fail_after(10):
            while (text := await seattle.call("execute_sales_query", postgresql_query="SELECT 1"))[1]:
                assert "reconnects by itself" in text[0] or "Try again" in text[0]
        with psycopg.connect(**admin_keywords_of(data_dir)) as admin:
            assert admin.execute(DEAF_RUNNING.encode()).fetchone() == (0,)


@pytest.mark.parametrize("sql", DEAF_BEHIND)
async def test_nothing_runs_on_behind_an_answer_that_was_cut(data_dir: Path, sql: str) -> None:
    async with asking(settings_for(data_dir, SEATTLE, ZAVA_QUERY_TIMEOUT="1")) as seattle:
        await seattle.call("execute_sales_query", postgresql_query=sql, max_rows=1000)
        with anyio.fail_after(10):
            while (await seattle.call("execute_sales_query", postgresql_query="SELECT 1"))[1]:
                pass
        with psycopg.connect(**admin_keywords_of(data_dir)) as admin:
            assert admin.execute(DEAF_RUNNING.encode()).fetchone() == (0,)


async def test_a_cancelled_query_that_heeds_nothing_is_gone_long_before_its_deadline(data_dir: Path) -> None:
    async with asking(settings_for(data_dir, SEATTLE, ZAVA_QUERY_TIMEOUT="60")) as seattle:
        await seattle.value("SELECT 1")
        with anyio.move_on_after(1):
            await seattle.call("execute_sales_query", postgresql_query=DEAF[0])
        with anyio.fail_after(15):
            while not await _gone(data_dir):
                await anyio.sleep(0.05)
        with anyio.fail_after(10):
            while (await seattle.call("execute_sales_query", postgresql_query="SELECT 1"))[1]:
                pass


async def _gone(data_dir: Path) -> bool:
    try:
        with psycopg.connect(**admin_keywords_of(data_dir)) as admin:
            return admin.execute(DEAF_RUNNING.encode()).fetchone() == (0,)
    except psycopg.OperationalError:  # it restarts
        return False


def admin_keywords_of(data_dir: Path) -> dict[str, Any]:
    postgres = embedded_postgres(settings_for(data_dir), lambda *_: None)
    try:
        return admin_keywords(postgres)
    finally:
        postgres.close()


#: Texts during whose analysis or planning PostgreSQL heeds neither a timeout nor a cancellation.
UNSTOPPABLE = {
    "comments that open comments": "SELECT 1 " + "/*" * 25_000 + "*/" * 24_000,
    "comments beside comments": "SELECT 1 " + "/**/" * 24_000,
    "comments half closed": "SELECT 1 " + "/*/" * 32_000,
    "signs": "SELECT 1 " + "+" * 98_000 + " 1",
    "signs in turn": "SELECT 1 " + "+-" * 49_000 + " 1",
    "stars": "SELECT " + ", ".join(["x.*"] * 10_000) + " FROM retail.orders x",
    "stars beside comments": "SELECT " + ",".join(["x./**/*/**/"] * 8_000) + " FROM retail.orders x",
    "a chain of subqueries": "WITH c0 AS (SELECT 1 x)"
    + "".join(f", c{n} AS (TABLE c{n - 1})" for n in range(1, 1500))
    + " SELECT * FROM c1499",
    "many joins": "SELECT 1 FROM retail.stores s0"
    + "".join(f" FULL JOIN retail.stores s{n} USING (store_id)" for n in range(1, 1500)),
}
STOPPABLE = (
    f"/{'*' * 900}/ SELECT 1 --{'-' * 900}",
    f"SELECT 1 FROM ({' UNION ALL '.join(['SELECT 2'] * 140)}) q LIMIT 1",
    f"SELECT {'+'.join(['1*1'] * 400)} /* a product */",
    "SELECT 1 WHERE 2 IN (" + ",".join(map(str, range(15_000))) + ")",
)


@pytest.mark.parametrize("sql", UNSTOPPABLE.values(), ids=UNSTOPPABLE)
async def test_a_text_that_would_hold_the_database_up_is_not_sent(ask: Ask, sql: str) -> None:
    async with ask(SEATTLE) as seattle:
        for tool in ("execute_sales_query", "explain_sales_query", "chart_sales_query"):
            text, failed = await seattle.call(tool, postgresql_query=sql)
            assert failed
            assert "the query has more than" in text
            assert len(text) < 300


@pytest.mark.parametrize("sql", STOPPABLE)
async def test_a_long_text_that_is_no_such_thing_is_answered(ask: Ask, sql: str) -> None:
    async with ask(SEATTLE) as seattle:
        assert await seattle.value(sql) in (1, 400)


async def test_calls_of_other_servers_wait_while_the_database_restarts(data_dir: Path) -> None:
    """The embedded PostgreSQL restarts when one of its processes is killed, and refuses connections meanwhile."""
    async with asking(settings_for(data_dir, SEATTLE)) as seattle, asking(settings_for(data_dir, REDMOND)) as redmond:
        backend = await seattle.value("SELECT pg_backend_pid()")
        replies: list[tuple[str, bool]] = []

        async def count(number: int) -> None:
            sql = f"SELECT {number}, count(*) FROM generate_series(1, 3000000)"
            replies.append(await redmond.call("execute_sales_query", postgresql_query=sql))

        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(count, number)
            while len(replies) < 2:
                await anyio.lowlevel.checkpoint()
            kill_backend(backend)
        assert [text for text, failed in replies if failed] == []
        assert await seattle.value("SELECT 1") == 1


async def test_rows_that_were_delivered_are_not_delivered_again(data_dir: Path) -> None:
    with psycopg.connect(**admin_keywords_of(data_dir), autocommit=True) as admin:
        async with asking(settings_for(data_dir, SEATTLE)) as seattle, anyio.create_task_group() as group:
            replies: list[tuple[str, bool]] = []

            async def ask() -> None:
                sql = f"SELECT repeat('x', 2000) FROM generate_series(1, 16) UNION ALL SELECT q::text FROM ({SLOW}) q"
                replies.append(await seattle.call("execute_sales_query", postgresql_query=sql))

            group.start_soon(ask)
            with anyio.fail_after(20):
                while admin.execute(SPILLING.encode()).fetchone() is None:
                    await anyio.lowlevel.checkpoint()
            admin.execute(RUNNING.replace("count(*)", "pg_terminate_backend(pid)").encode())
    assert len(replies) == 1
    assert replies[0][1]
    assert "closed the connection" in replies[0][0]
