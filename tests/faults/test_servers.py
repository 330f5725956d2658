"""A database server with faults: the tool error, and that the next call after the fault succeeds."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import anyio
import psycopg
import pytest

from tests.conftest import SEATTLE, STORES, asking
from tests.faults.postgres import Postgres
from tests.faults.test_network import CALLS, recovered
from zava_mcp.embedded.host import change_owner_to_runner, make_reachable

pytestmark = pytest.mark.anyio

END = b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE '%-%-%-%-%'"
OF_SEATTLE = f'ALTER ROLE "{SEATTLE}" IN DATABASE zava'
#: Sorts more than fits into memory.
LARGE_SORT = "SELECT count(*) FROM (SELECT md5(g::text) AS word FROM generate_series(1, 1500000) g ORDER BY 1) q"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGQUIT, None])
async def test_stopped_server_is_reported_and_recovered(elsewhere: Postgres, ending: signal.Signals | None) -> None:
    """The server shuts down in order, at once, or by a power cut."""
    async with asking(elsewhere.settings(SEATTLE)) as asker:
        orders = await asker.value("SELECT count(*) FROM retail.orders")
        elsewhere.stop(ending) if ending else elsewhere.cut_the_power()
        try:
            for tool, arguments in CALLS.items():
                text, failed = await asker.call(tool, **arguments)
                assert failed
                assert "the database is not running, or its port is closed (" in text
        finally:
            elsewhere.start()
        assert await asker.value("SELECT count(*) FROM retail.orders") == orders
        for tool, arguments in CALLS.items():
            text, failed = await asker.call(tool, **arguments)
            assert not failed, text


@pytest.mark.parametrize("tool", list(CALLS))
async def test_server_restart_between_calls_is_not_noticed(elsewhere: Postgres, tool: str) -> None:
    async with asking(elsewhere.settings(SEATTLE)) as asker:
        await asker.value("SELECT 1")
        elsewhere.stop()
        elsewhere.start()
        text, failed = await asker.call(tool, **CALLS[tool])
        assert not failed, text


async def test_restarts_during_queries_do_not_mix_up_results(elsewhere: Postgres) -> None:
    replies: dict[int, tuple[str, bool]] = {}
    async with asking(elsewhere.settings(SEATTLE)) as asker:

        async def one(number: int) -> None:
            sql = f"SELECT {number}, count(*) FROM generate_series(1, 300000)"
            replies[number] = await asker.call("execute_sales_query", postgresql_query=sql)

        async with anyio.create_task_group() as group:
            for number in range(24):
                group.start_soon(one, number)
            while len(replies) < 6:
                await anyio.lowlevel.checkpoint()
            await anyio.to_thread.run_sync(elsewhere.stop)
            await anyio.to_thread.run_sync(elsewhere.start)
        assert sorted(replies) == list(range(24))
        for number, (text, failed) in replies.items():
            assert failed or f"[[{number},300000]]" in text
            if failed:
                assert "closed the connection" in text or "not running" in text or "starting up or shut" in text, text
        await recovered(asker)


async def test_idle_connection_closed_by_the_server_is_replaced(elsewhere: Postgres, owner: psycopg.Connection) -> None:
    owner.execute(f"{OF_SEATTLE} SET idle_session_timeout = '1s'".encode())
    try:
        async with asking(elsewhere.settings(SEATTLE)) as asker:
            backend = await asker.value("SELECT pg_backend_pid()")
            backend_count = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
            with anyio.fail_after(20):
                while owner.execute(backend_count, [backend]).fetchone() != (0,):
                    await anyio.lowlevel.checkpoint()
            assert await asker.value("SELECT pg_backend_pid()") != backend
    finally:
        owner.execute(f"{OF_SEATTLE} RESET idle_session_timeout".encode())


async def test_missing_connections_are_reported_until_one_is_free(
    elsewhere: Postgres, owner: psycopg.Connection
) -> None:
    async with asking(elsewhere.settings(SEATTLE)) as asker:
        await asker.value("SELECT 1")
        owner.execute(f'ALTER ROLE "{SEATTLE}" CONNECTION LIMIT 0'.encode())
        try:
            owner.execute(END)
            refusal = await asker.refusal("SELECT 1")
            assert "no connection left for this login" in refusal
            assert "raise max_connections or the login's connection limit" in refusal
        finally:
            owner.execute(f'ALTER ROLE "{SEATTLE}" CONNECTION LIMIT -1'.encode())
        await recovered(asker)


async def test_few_connections_serve_many_queries(elsewhere: Postgres, owner: psycopg.Connection) -> None:
    owner.execute(f'ALTER ROLE "{SEATTLE}" CONNECTION LIMIT 2'.encode())
    try:
        async with asking(elsewhere.settings(SEATTLE)) as asker:
            answers: dict[int, int] = {}

            async def one(number: int) -> None:
                answers[number] = await asker.value(f"SELECT {number}")

            async with anyio.create_task_group() as group:
                for number in range(20):
                    group.start_soon(one, number)
            assert answers == {number: number for number in range(20)}
    finally:
        owner.execute(f'ALTER ROLE "{SEATTLE}" CONNECTION LIMIT -1'.encode())


async def test_server_without_free_connections_is_reported(elsewhere: Postgres) -> None:
    """Other clients use all connections of the server."""
    with ExitStack() as taken:
        with suppress(psycopg.OperationalError):
            for login in [login for login in STORES.values() if login != SEATTLE for _ in range(20)]:
                taken.enter_context(closing(psycopg.connect(elsewhere.url(login, "identity"))))
        async with asking(elsewhere.settings(SEATTLE)) as asker:
            assert "no connection left for this login" in await asker.refusal("SELECT 1")
            taken.close()
            await recovered(asker)


async def test_rotated_password_is_reported_and_read_again(
    elsewhere: Postgres, owner: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep(password: str) -> None:
        passfile = tmp_path / "passfile"
        passfile.write_text(f"127.0.0.1:{elsewhere.port}:zava:{SEATTLE}:{password}\n")
        passfile.chmod(0o600)

    keep("identity")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "passfile"))
    settings = elsewhere.settings(SEATTLE, ZAVA_DATABASE_URL=f"postgresql://127.0.0.1:{elsewhere.port}/zava")
    async with asking(settings) as asker:
        await asker.value("SELECT 1")
        owner.execute(f"ALTER ROLE \"{SEATTLE}\" PASSWORD 'hunter7'".encode())
        try:
            assert await asker.value("SELECT 1") == 1, "who is connected stays so"
            owner.execute(END)
            for tool, arguments in CALLS.items():
                text, failed = await asker.call(tool, **arguments)
                assert failed
                assert "does not accept this login's password" in text
                assert "Correct the password in the passfile" in text
                assert "hunter7" not in text
            keep("hunter7")
            assert await asker.value("SELECT 1") == 1
        finally:
            owner.execute(f"ALTER ROLE \"{SEATTLE}\" PASSWORD 'identity'".encode())


async def test_schema_upgrade_during_use_is_reported(elsewhere: Postgres, owner: psycopg.Connection) -> None:
    async with asking(elsewhere.settings(SEATTLE)) as asker:
        await asker.value("SELECT 1")
        owner.execute("UPDATE zava.about SET schema_version = schema_version + 1")
        owner.execute(END)
        try:
            for tool, arguments in CALLS.items():
                text, failed = await asker.call(tool, **arguments)
                assert failed
                assert "Upgrade zava-mcp: a newer version set this database up" in text
        finally:
            owner.execute("UPDATE zava.about SET schema_version = schema_version - 1")
        await recovered(asker)


async def test_column_added_during_use_is_described(elsewhere: Postgres, owner: psycopg.Connection) -> None:
    async with asking(elsewhere.settings(SEATTLE)) as asker:
        described = {"table_names": ["categories"]}
        assert "aisle" not in (await asker.call("get_multiple_table_schemas", **described))[0]
        owner.execute("ALTER TABLE retail.categories ADD COLUMN aisle integer")
        owner.execute("GRANT SELECT ON retail.categories TO PUBLIC")
        try:
            with anyio.fail_after(5):
                while "aisle" not in (await asker.call("get_multiple_table_schemas", **described))[0]:
                    pass
        finally:
            owner.execute("ALTER TABLE retail.categories DROP COLUMN aisle")


async def test_call_waits_for_a_locked_table_until_its_deadline(elsewhere: Postgres, owner: psycopg.Connection) -> None:
    async with asking(elsewhere.settings(SEATTLE, ZAVA_QUERY_TIMEOUT="1")) as asker:
        await asker.value("SELECT 1")
        with owner.transaction():
            owner.execute("LOCK TABLE retail.orders, retail.products")
            calls = {**CALLS, "execute_sales_query": {"postgresql_query": "SELECT count(*) FROM retail.orders"}}
            for tool, arguments in calls.items():
                with anyio.fail_after(5):
                    text, failed = await asker.call(tool, **arguments)
                assert failed
                assert "57014" in text, text
            assert await asker.value("SELECT 1") == 1
        for tool, arguments in calls.items():
            text, failed = await asker.call(tool, **arguments)
            assert not failed, text


async def test_unpublished_embeddings_do_not_affect_searches(elsewhere: Postgres, owner: psycopg.Connection) -> None:
    """New embeddings are unpublished until all are stored; after an interrupted run, searches use the old ones."""
    async with asking(elsewhere.settings(SEATTLE)) as asker:
        search = {"query_description": "hammer", "similarity_threshold": 0.0}
        before = await asker.call("semantic_search_products", **search)
        assert not before[1], before
        with elsewhere.admin() as embedding, embedding.transaction(force_rollback=True):
            embedding.execute("UPDATE retail.product_description_embeddings SET model_id = 'other'")
            embedding.execute(
                "INSERT INTO zava.new_embeddings SELECT product_id, 'other', '', '{1}' FROM retail.products"
            )
            assert await asker.call("semantic_search_products", **search) == before
        assert await asker.call("semantic_search_products", **search) == before


@pytest.fixture
def small_disk(elsewhere: Postgres, owner: psycopg.Connection, tmp_path: Path) -> Iterator[bool]:
    """Limits temporary files to 8 MB by a small disk, or by a setting if none can be mounted; returns which."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(disk)], check=False).returncode == 0
    if mounted:
        change_owner_to_runner(disk)
        make_reachable(disk)
        owner.execute(f"CREATE TABLESPACE small_disk LOCATION '{disk}'".encode())
        owner.execute("GRANT CREATE ON TABLESPACE small_disk TO PUBLIC")
        owner.execute("ALTER DATABASE zava SET temp_tablespaces = small_disk")
    else:
        owner.execute(f"{OF_SEATTLE} SET temp_file_limit = '8MB'".encode())
    yield mounted
    owner.execute("ALTER DATABASE zava RESET temp_tablespaces")
    owner.execute(f"{OF_SEATTLE} RESET temp_file_limit".encode())
    if mounted:
        owner.execute("DROP TABLESPACE small_disk")
        subprocess.run(["umount", str(disk)], check=True)


async def test_full_disk_fails_only_the_query_that_needs_it(elsewhere: Postgres, small_disk: bool) -> None:
    async with asking(elsewhere.settings(SEATTLE)) as asker:
        refusal = await asker.refusal(LARGE_SORT)
        assert ("53100" if small_disk else "53400") in refusal
        assert "Filter or aggregate earlier" in refusal
        assert await asker.value("SELECT 1") == 1


async def test_temporary_file_limit_is_reported(elsewhere: Postgres, owner: psycopg.Connection) -> None:
    owner.execute(f"{OF_SEATTLE} SET temp_file_limit = '1MB'".encode())
    try:
        async with asking(elsewhere.settings(SEATTLE)) as asker:
            refusal = await asker.refusal(LARGE_SORT)
            assert "53400" in refusal
            assert "Filter or aggregate earlier" in refusal
            assert await asker.value("SELECT 1") == 1
    finally:
        owner.execute(f"{OF_SEATTLE} RESET temp_file_limit".encode())
