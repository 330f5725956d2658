"""PgBouncer in front of PostgreSQL: session pooling works, transaction pooling is refused with the reason."""

from pathlib import Path

import anyio
import psycopg
import pytest

from tests.conftest import HEAD_OFFICE, SEATTLE, asking, settings_for
from tests.polling import until
from tests.pooler import pooled
from tests.servers import ZavaServer
from zava_mcp.errors import DatabaseUnavailable
from zava_mcp.postgres.pgbouncer import refuse_transaction_pooling
from zava_mcp.postgres.timeout_connection import TimeoutConnection
from zava_mcp.settings import Settings

pytestmark = pytest.mark.anyio

IN_FORCE = {
    "default_transaction_read_only": "on",
    "statement_timeout": "7s",
    "search_path": "retail, public",
    "IntervalStyle": "iso_8601",
    "extra_float_digits": "1",
    "client_connection_check_interval": "2s",
    "hnsw.ef_search": "800",
    "app.current_rls_user_id": SEATTLE,
}


def client_settings(zava: ZavaServer, url: str, user_id: str) -> Settings:
    more = {"POSTGRES_PASSWORD": zava.passwords[user_id], "ZAVA_QUERY_TIMEOUT": "7"}
    return settings_for(zava.folder, user_id, ZAVA_DATABASE_URL=url, **more)


async def test_session_pooling_works_as_a_direct_connection(
    postgres_18_as_it_comes: ZavaServer, tmp_path: Path
) -> None:
    zava = postgres_18_as_it_comes
    with pooled(zava, tmp_path, "session") as url:
        async with (
            asking(client_settings(zava, url, SEATTLE)) as seattle,
            asking(client_settings(zava, url, HEAD_OFFICE)) as head_office,
        ):
            stores = "SELECT count(DISTINCT store_id) FROM retail.orders"
            assert await seattle.value(stores) == 1
            assert await head_office.value(stores) == 8
            for name, value in IN_FORCE.items():
                assert await seattle.value(f"SELECT current_setting('{name}')") == value, name
            answers: list[int] = []

            async def one(number: int) -> None:
                answers.append(await seattle.value(f"SELECT {number} FROM pg_sleep(0.05)"))

            async with anyio.create_task_group() as group:
                for number in range(20):
                    group.start_soon(one, number)
            assert sorted(answers) == list(range(20))
            text, failed = await seattle.call("semantic_search_products", query_description="paint brush")
            assert not failed, text

            with anyio.move_on_after(0.5):
                await seattle.value("SELECT count(*), 'cancelled' FROM generate_series(1, 10000000000)")
            running = (
                "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%%cancelled%%' AND usename = %s"
            )
            with zava.as_superuser() as admin:
                until(lambda: admin.execute(running, [SEATTLE]).rowcount == 0, 4)
                admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [SEATTLE])
            assert await seattle.value(stores) == 1, "and it survives the loss of its connections"


@pytest.mark.parametrize(("mode", "size"), [("transaction", "20"), ("transaction", "1"), ("statement", "20")])
async def test_transaction_pooling_is_refused(
    postgres_18_as_it_comes: ZavaServer, tmp_path: Path, mode: str, size: str
) -> None:
    zava = postgres_18_as_it_comes
    with pooled(zava, tmp_path, mode, default_pool_size=size) as url:
        async with asking(client_settings(zava, url, SEATTLE)) as seattle:
            refused = await seattle.refusal("SELECT 1")
            assert "assigns another connection to every transaction" in refused
            assert "pool_mode = session" in refused


async def test_transaction_pooling_is_detected_while_others_are_busy(
    postgres_18_as_it_comes: ZavaServer, tmp_path: Path
) -> None:
    zava = postgres_18_as_it_comes
    with pooled(zava, tmp_path, "transaction") as url:
        login = url.replace("127.0.0.1", f"{SEATTLE}:{zava.passwords[SEATTLE]}@127.0.0.1")
        with psycopg.connect(login) as one, psycopg.connect(login) as two:
            for other in (one, two):
                other.execute("SELECT 1")
            two.rollback()
            async with asking(client_settings(zava, url, SEATTLE)) as seattle:
                assert "assigns another connection to every transaction" in await seattle.refusal("SELECT 1")


def test_transaction_pooling_is_detected_with_all_connections_in_use(
    postgres_18_as_it_comes: ZavaServer, tmp_path: Path
) -> None:
    """With session pooling, a client keeps the only connection; with transaction pooling, another client has it."""
    zava = postgres_18_as_it_comes
    with pooled(zava, tmp_path, "transaction", default_pool_size="1") as url:
        login = url.replace("127.0.0.1", f"{SEATTLE}:{zava.passwords[SEATTLE]}@127.0.0.1")

        def impatient() -> TimeoutConnection:
            connection = TimeoutConnection.connect(login, autocommit=True)
            connection.timeout = 0.5
            return connection

        with impatient() as first, psycopg.connect(login) as other:

            def second() -> TimeoutConnection:
                other.execute("SELECT 1")
                return impatient()

            with pytest.raises(DatabaseUnavailable, match="another connection to every transaction"):
                refuse_transaction_pooling(first, second)


@pytest.mark.parametrize(
    ("as_login", "ignored", "expected"),
    [
        ("", "", "add options to ignore_startup_parameters"),
        (HEAD_OFFICE, "options", "belongs to another identity"),
    ],
    ids=["refuses our settings", "is one login for all"],
)
async def test_unsuitable_pooler_is_reported(
    postgres_18_as_it_comes: ZavaServer, tmp_path: Path, as_login: str, ignored: str, expected: str
) -> None:
    zava = postgres_18_as_it_comes
    with pooled(zava, tmp_path, "session", as_login, ignore_startup_parameters=ignored) as url:
        async with asking(client_settings(zava, url, SEATTLE)) as seattle:
            assert expected in await seattle.refusal("SELECT count(*) FROM retail.orders")
