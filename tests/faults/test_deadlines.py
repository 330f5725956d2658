"""Deadline and cancellation of all database calls, on every server and for every SQL."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import psycopg
import pytest

from tests.conftest import SEATTLE, ToolClient, asking
from tests.faults.network import Network
from tests.faults.postgres import Postgres, backends
from tests.faults.test_network import CALLS, recovered
from tests.stdio_client import StdioClient
from zava_mcp.sales import descriptions
from zava_mcp.settings import CONCURRENT_QUERIES

pytestmark = pytest.mark.anyio

SLOW = "SELECT count(*) AS slow_here FROM generate_series(1, 100000000) a, generate_series(1, 1000) b"
#: What a query may set in the middle of itself, where nobody took set_config from it.
SWITCHES = {
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "client_connection_check_interval": "0",
    "lock_timeout": "0",
    "tcp_user_timeout": "0",
}
LOCKED = ("semantic_search_products", "get_multiple_table_schemas")
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = %s"


@contextmanager
def locked(postgres: Postgres) -> Iterator[psycopg.Connection]:
    """Another session locks the tables, so that zava-mcp's own statements wait."""
    with postgres.admin() as holder, holder.transaction(force_rollback=True):
        holder.execute("LOCK TABLE retail.orders, retail.products")
        yield holder


async def gone(admin: psycopg.Connection, pids: list[int], seconds: float) -> None:
    with anyio.fail_after(seconds):
        while admin.execute(
            "SELECT 1 FROM pg_stat_activity WHERE pid = ANY (%s) AND state = 'active'", [pids]
        ).rowcount:
            await anyio.sleep(0.02)


async def waiting(admin: psycopg.Connection) -> list[int]:
    """The backends that wait for a lock, once there are any."""
    with anyio.fail_after(20):
        while not (found := admin.execute(WAITING, [SEATTLE]).fetchall()):
            await anyio.sleep(0.02)
    return [pid for (pid,) in found]


@pytest.mark.parametrize("place", ["elsewhere", "older"])
async def test_settings_cannot_disable_the_deadline(request: pytest.FixtureRequest, place: str) -> None:
    postgres: Postgres = request.getfixturevalue(place)
    with postgres.admin() as admin:
        known = {name for (name,) in admin.execute("SELECT name FROM pg_settings").fetchall()}
        admin.execute(f'GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO "{SEATTLE}"'.encode())
        try:
            async with asking(postgres.settings(SEATTLE, ZAVA_QUERY_TIMEOUT="1")) as asker:
                for switches in [[name] for name in SWITCHES if name in known] + [sorted(known & SWITCHES.keys())]:
                    off = ", ".join(f"set_config('{name}', '{SWITCHES[name]}', false)" for name in switches)
                    started = time.monotonic()
                    refusal = await asker.refusal(f"WITH off AS MATERIALIZED (SELECT {off}) {SLOW}, off")
                    assert "57014" in refusal, switches
                    assert time.monotonic() - started < 6, switches
                    await gone(admin, backends(admin, "%slow_here%"), 2)
                assert await asker.value("SELECT current_setting('statement_timeout')") == "1s"
        finally:
            admin.execute(f'REVOKE EXECUTE ON FUNCTION set_config(text, text, boolean) FROM "{SEATTLE}"'.encode())


@pytest.mark.parametrize("tool", LOCKED)
async def test_cancelled_search_or_description_ends_in_the_database(
    elsewhere: Postgres, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptions, "_MAX_AGE_SECONDS", -1)  # cached descriptions would wait for no lock
    async with asking(elsewhere.settings(SEATTLE)) as asker:
        await asker.value("SELECT 1")
        with locked(elsewhere) as admin, elsewhere.admin() as observer:
            async with anyio.create_task_group() as group:
                group.start_soon(_call, asker, tool)
                pids = await waiting(observer)
                group.cancel_scope.cancel()
            await gone(observer, pids, 2)
            assert admin.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        await recovered(asker)


@pytest.mark.parametrize("tool", [*LOCKED, "execute_sales_query"])
@pytest.mark.parametrize("place", ["elsewhere", "older"])
async def test_query_of_a_killed_server_ends_in_the_database(
    request: pytest.FixtureRequest, place: str, tool: str
) -> None:
    postgres: Postgres = request.getfixturevalue(place)
    environment = {"ZAVA_DATABASE_URL": postgres.url(SEATTLE, "identity"), "ZAVA_USER_ID": SEATTLE}
    arguments = {**CALLS, "execute_sales_query": {"postgresql_query": "SELECT count(*) FROM retail.orders"}}[tool]
    with locked(postgres), postgres.admin() as observer, StdioClient(environment=environment) as server:
        server.shake_hands()
        call = {"name": tool, "arguments": arguments}
        server.send({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": call})
        pids = await waiting(observer)
        server.process.kill()
        await gone(observer, pids, 4)  # looks every two seconds


async def test_calls_waiting_for_locks_free_their_threads_at_the_deadline(elsewhere: Postgres) -> None:
    """There are more waiting calls of each kind than connections, and then a query that does not wait."""
    async with asking(elsewhere.settings(SEATTLE, ZAVA_QUERY_TIMEOUT="1")) as asker:
        await asker.value("SELECT 1")
        with locked(elsewhere):
            async with anyio.create_task_group() as group:
                for tool in (*LOCKED, *LOCKED, *LOCKED):
                    group.start_soon(_call, asker, tool)
                for _ in range(6):
                    group.start_soon(_ask, asker, "SELECT count(*) FROM retail.orders")
                await anyio.sleep(0.2)
                with anyio.fail_after(8):
                    assert await asker.value("SELECT 1") == 1


async def test_repeatedly_cancelled_calls_do_not_pile_up(elsewhere: Postgres, network: Network) -> None:
    """On a silent network, no cancellation reaches the database, and a call keeps its thread until its deadline."""
    async with asking(elsewhere.settings(SEATTLE, network.port)) as asker:
        await asker.value("SELECT 1")
        before = threading.active_count()
        network.fall_silent()
        for _ in range(30):
            async with anyio.create_task_group() as group:
                for _ in range(CONCURRENT_QUERIES):
                    group.start_soon(_ask, asker, "SELECT 1")
                await anyio.sleep(0.02)
                group.cancel_scope.cancel()
        threads = threading.active_count() - before
        assert threads <= 4 * CONCURRENT_QUERIES, "those at work, and those who try to cancel them"
        network.heal()
        await recovered(asker, seconds=30)


async def _call(asker: ToolClient, tool: str) -> None:
    await asker.call(tool, **CALLS[tool])


async def _ask(asker: ToolClient, sql: str) -> Any:
    return await asker.call("execute_sales_query", postgresql_query=sql)
