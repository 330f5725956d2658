"""Replicated servers: a hot standby, and a subscription to the access table."""

from pathlib import Path

import anyio
import pytest

from tests.conftest import SEATTLE, STORES, ToolClient, asking
from tests.faults.postgres import Postgres
from tests.faults.test_network import CALLS

pytestmark = pytest.mark.anyio

CHANGE = "UPDATE zava.access SET store_ids = %s WHERE rls_user_id = %s"


async def sees(asker: ToolClient, stores: list[int]) -> None:
    """Waits until an open session sees exactly these stores, after the change was replicated."""
    with anyio.fail_after(15):
        while (await asker.query("SELECT DISTINCT store_id FROM retail.orders ORDER BY 1"))["rows"] != [stores]:
            await anyio.lowlevel.checkpoint()


async def test_replica_serves_queries_and_survives_conflicts(elsewhere: Postgres, tmp_path: Path) -> None:
    replica = elsewhere.copy(tmp_path / "replica")
    replica.start(max_standby_streaming_delay="0", hot_standby="on")
    try:
        async with asking(elsewhere.settings(SEATTLE)) as asker:
            orders = await asker.value("SELECT count(*) FROM retail.orders")
        async with asking(replica.settings(SEATTLE)) as asker:
            assert await asker.value("SELECT pg_is_in_recovery()") is True
            assert await asker.value("SELECT count(*) FROM retail.orders") == orders
            with elsewhere.admin() as admin:
                for stores in ([2], [1]):
                    admin.execute(CHANGE, [stores, SEATTLE])
                    await sees(asker, stores)
            for tool, arguments in CALLS.items():
                text, failed = await asker.call(tool, **arguments)
                assert not failed, text
            slow = "SELECT count(*) FROM retail.orders, generate_series(1, 100000000), generate_series(1, 1000) b"
            refusals: list[str] = []
            async with anyio.create_task_group() as group:

                async def ask_slow() -> None:
                    refusals.append(await asker.refusal(slow))

                group.start_soon(ask_slow)
                with elsewhere.admin() as admin, anyio.fail_after(15):
                    while not refusals:
                        admin.execute("ALTER TABLE retail.orders ALTER COLUMN order_id SET STATISTICS -1")
                        await anyio.lowlevel.checkpoint()
            assert "40001" in refusals[0]
            assert "Try again" in refusals[0]
            assert await asker.value("SELECT count(*) FROM retail.orders") == orders
        stranger = replica.settings(SEATTLE, ZAVA_DATABASE_URL=replica.url(STORES["Redmond"], "identity"))
        async with asking(stranger) as asker:
            assert "belongs to another identity" in await asker.refusal("SELECT 1")
    finally:
        replica.stop()


async def test_url_of_two_servers_reads_the_replica_and_survives_the_loss_of_either(
    elsewhere: Postgres, tmp_path: Path
) -> None:
    replica = elsewhere.copy(tmp_path / "replica")
    replica.start(hot_standby="on")
    hosts = f"127.0.0.1:{elsewhere.port},127.0.0.1:{replica.port}"
    url = f"postgresql://{SEATTLE}:identity@{hosts}/zava?connect_timeout=2&target_session_attrs=prefer-standby"
    try:
        async with asking(elsewhere.settings(SEATTLE, ZAVA_DATABASE_URL=url)) as asker:
            orders = await asker.value("SELECT count(*) FROM retail.orders")
            assert await asker.value("SELECT pg_is_in_recovery()") is True
            replica.stop()
            await asker.call("execute_sales_query", postgresql_query="SELECT 1")  # may find the connection lost
            assert await asker.value("SELECT pg_is_in_recovery()") is False
            assert await asker.value("SELECT count(*) FROM retail.orders") == orders
            replica.start(hot_standby="on")
            elsewhere.stop()
            await asker.call("execute_sales_query", postgresql_query="SELECT 1")
            assert await asker.value("SELECT pg_is_in_recovery()") is True
            assert await asker.value("SELECT count(*) FROM retail.orders") == orders
    finally:
        replica.stop()
        elsewhere.stop()
        elsewhere.start()


async def test_replicated_access_change_reaches_an_open_session(elsewhere: Postgres) -> None:
    """The access table is replicated from another server, without statements that could fire a statement trigger."""
    keeper = f"host=127.0.0.1 port={elsewhere.port} dbname=keeper user=postgres password=admin"
    with elsewhere.admin() as here:
        entries = here.execute("SELECT login, rls_user_id, display_name, store_ids FROM zava.access").fetchall()
        here.execute("CREATE DATABASE keeper")
        with elsewhere.admin("keeper") as publisher:
            publisher.execute("CREATE SCHEMA zava")
            publisher.execute(
                "CREATE TABLE zava.access (login name PRIMARY KEY, rls_user_id uuid, display_name text,"
                " all_stores boolean, store_ids integer[], mapped boolean DEFAULT false)"
            )
            publisher.cursor().executemany("INSERT INTO zava.access VALUES (%s, %s, %s, false, %s)", entries)
            publisher.execute("CREATE PUBLICATION entries FOR TABLE zava.access")
            publisher.execute("SELECT pg_create_logical_replication_slot('entries', 'pgoutput')")
            here.execute(
                f"CREATE SUBSCRIPTION entries CONNECTION '{keeper}' PUBLICATION entries"
                " WITH (create_slot = false, copy_data = false, run_as_owner = true)".encode()
            )
            try:
                async with asking(elsewhere.settings(SEATTLE)) as asker:
                    for stores in ([2], [1]):
                        publisher.execute(CHANGE, [stores, SEATTLE])
                        await sees(asker, stores)
            finally:
                here.execute("DROP SUBSCRIPTION entries")
        here.execute("DROP DATABASE keeper")
