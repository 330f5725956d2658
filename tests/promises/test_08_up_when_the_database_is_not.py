"""Promise 8: it is up when the database is not."""

import os
import signal
import socket
from pathlib import Path

import anyio
import psycopg
import pytest

from tests.conftest import SEATTLE, admin_keywords, asking, settings_for, small_postgres
from tests.stdio_client import StdioClient
from zava_mcp.embedded import EmbeddedPostgres

pytestmark = pytest.mark.anyio


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_handshake_and_tools_do_not_need_the_database() -> None:
    url = f"postgresql://127.0.0.1:{closed_port()}/zava"
    with StdioClient("--user-id", SEATTLE, environment={"ZAVA_DATABASE_URL": url}) as server:
        server.shake_hands()
        assert "execute_sales_query" in [tool["name"] for tool in server.request("tools/list")["result"]["tools"]]
        text, failed = server.call("execute_sales_query", postgresql_query="SELECT 1")
        assert failed
        assert "not running, or its port is closed" in text
        assert server.call("get_current_utc_date")[1] is False
        assert server.process.poll() is None


async def test_a_server_that_never_answers_is_given_up(data_dir: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        url = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/zava?connect_timeout=2"
        async with asking(settings_for(data_dir, SEATTLE, ZAVA_DATABASE_URL=url)) as asker:
            assert "did not answer in time" in await asker.refusal("SELECT 1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong"}, "does not accept this login's password"),
        ({"user": "nobody_of_that_name"}, "does not accept this login's password"),
        ({"dbname": "other"}, "does not exist on that server"),
        ({"host": "/nowhere"}, "not running"),
        ({"port": "1"}, "not running"),
    ],
)
async def test_each_connection_fault_is_named(embedded: EmbeddedPostgres, change: dict[str, str], said: str) -> None:
    keywords = {**admin_keywords(embedded), **change}
    url = "postgresql://{user}:{password}@/{dbname}?host={host}&port={port}".format(**keywords)
    async with asking(settings_for(embedded.folder, SEATTLE, ZAVA_DATABASE_URL=url)) as asker:
        refusal = await asker.refusal("SELECT 1")
        assert said in refusal
        assert str(keywords["password"]) not in refusal


async def test_an_empty_database_says_how_to_set_it_up(embedded: EmbeddedPostgres) -> None:
    keywords = {**admin_keywords(embedded), "dbname": "postgres"}
    url = "postgresql://{user}:{password}@/{dbname}?host={host}&port={port}".format(**keywords)
    async with asking(settings_for(embedded.folder, SEATTLE, ZAVA_DATABASE_URL=url)) as asker:
        assert "zava-mcp init" in await asker.refusal("SELECT 1")


async def test_killed_connections_are_replaced(data_dir: Path, admin: psycopg.Connection) -> None:
    async with asking(settings_for(data_dir, SEATTLE)) as asker:
        assert await asker.value("SELECT 1") == 1
        for _ in range(3):
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'zava_seattle'")
            assert await asker.value("SELECT 2") == 2
        for _ in range(3):
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'zava_seattle'")
            text, failed = await asker.call("get_multiple_table_schemas", table_names=["orders"])
            assert not failed, text
        text, failed = await asker.call("get_multiple_table_schemas", table_names=["orders"])
        assert not failed, text


async def test_the_embedded_database_is_started_again_after_it_was_stopped(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, SEATTLE)
    postgres = small_postgres(tmp_path)
    postgres.open()
    try:
        async with asking(settings) as asker:
            before = await asker.value("SELECT count(*) FROM retail.orders")
            assert before > 0
            postgres._cluster.stop(10)
            assert postgres._cluster.running() is None
            assert await asker.value("SELECT count(*) FROM retail.orders") == before
    finally:
        postgres.close()


async def test_a_newer_schema_is_refused(data_dir: Path, admin: psycopg.Connection) -> None:
    admin.execute("UPDATE zava.about SET schema_version = schema_version + 1")
    try:
        async with asking(settings_for(data_dir, SEATTLE)) as asker:
            assert "schema version" in await asker.refusal("SELECT 1")
    finally:
        admin.execute("UPDATE zava.about SET schema_version = schema_version - 1")


async def test_kills_in_the_middle_of_everything_mix_nothing_up(data_dir: Path, admin: psycopg.Connection) -> None:
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'zava_seattle'"
    async with asking(settings_for(data_dir, SEATTLE)) as asker:
        replies: list[tuple[int, str, bool]] = []

        async def one(number: int) -> None:
            text, failed = await asker.call("execute_sales_query", postgresql_query=f"SELECT {number}")
            replies.append((number, text, failed))

        for round_ in range(8):
            async with anyio.create_task_group() as group:
                for place in range(4):
                    group.start_soon(one, round_ * 4 + place)
                admin.execute(kill.encode())
        for number, text, failed in replies:
            if failed:
                assert "closed the connection" in text or "not running" in text, text
            else:
                assert f'"rows":[[{number}]]' in text
        assert len(replies) == 32
        assert await asker.value("SELECT 1") == 1


async def test_a_closed_port_is_one_whatever_its_number(data_dir: Path) -> None:
    """28000 and 53300 are also SQLSTATEs."""
    for port in (28000, 53300):
        settings = settings_for(data_dir, SEATTLE, ZAVA_DATABASE_URL=f"postgresql://127.0.0.1:{port}/zava")
        async with asking(settings) as asker:
            assert "its port is closed" in await asker.refusal("SELECT 1")


async def test_a_connection_killed_without_a_word_does_not_matter(data_dir: Path) -> None:
    """The end of the stream is all that tells of it, to queries and to descriptions."""
    async with asking(settings_for(data_dir, SEATTLE)) as asker:
        await asker.call("get_multiple_table_schemas", table_names=["orders"])
        os.kill(await asker.value("SELECT pg_backend_pid()"), signal.SIGKILL)
        with anyio.fail_after(10):  # PostgreSQL restarts its other processes
            while (await asker.call("execute_sales_query", postgresql_query="SELECT 1"))[1]:
                pass
        for _ in range(3):
            text, failed = await asker.call("get_multiple_table_schemas", table_names=["orders"])
            assert not failed, text


async def test_a_killed_connection_is_replaced_for_descriptions_too(data_dir: Path, admin: psycopg.Connection) -> None:
    async with asking(settings_for(data_dir, SEATTLE)) as asker:
        assert await asker.value("SELECT 1") == 1
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'zava_seattle'")
        text, failed = await asker.call("get_multiple_table_schemas", table_names=["orders"])
        assert not failed, text
