"""Promise 1, over time: a login that is given more than an identity may have is refused in sessions that are open."""

from collections.abc import Iterator
from typing import Any

import anyio
import anyio.to_thread
import psycopg
import pytest

from tests.conftest import SEATTLE, ToolClient, admin_keywords, asking, settings_for, small_embedded
from tests.polling import until
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.postgres import pool

pytestmark = pytest.mark.anyio

#: What an administrator gives, how that is taken back, and what the refusal says.
GIVEN = {
    "BYPASSRLS": (
        "ALTER ROLE zava_seattle BYPASSRLS",
        "ALTER ROLE zava_seattle NOBYPASSRLS",
        "row-level security does not apply to this login",
    ),
    "superuser": (
        "ALTER ROLE zava_seattle SUPERUSER",
        "ALTER ROLE zava_seattle NOSUPERUSER",
        "row-level security does not apply to this login",
    ),
    "a role that reads all": (
        "GRANT pg_read_all_data TO zava_seattle",
        "REVOKE pg_read_all_data FROM zava_seattle",
        "row-level security does not apply to this login",
    ),
    "the owner": (
        "GRANT zava_owner TO zava_seattle",
        "REVOKE zava_owner FROM zava_seattle",
        "row-level security does not apply to this login",
    ),
    "a role that reads another schema": (
        "GRANT reader TO zava_seattle",
        "REVOKE reader FROM zava_seattle",
        "no policy of zava-mcp protects",
    ),
    "a role for one of its roles": (
        "GRANT pg_read_all_data TO team",
        "REVOKE pg_read_all_data FROM team",
        "row-level security does not apply to this login",
    ),
    "an attribute for one of its roles": (
        "ALTER ROLE team BYPASSRLS",
        "ALTER ROLE team NOBYPASSRLS",
        "row-level security does not apply to this login",
    ),
    "a table": (
        "GRANT SELECT ON public.people TO zava_seattle",
        "REVOKE SELECT ON public.people FROM zava_seattle",
        "no policy of zava-mcp protects",
    ),
    "a table, to everybody": (
        "GRANT SELECT ON public.people TO PUBLIC",
        "REVOKE SELECT ON public.people FROM PUBLIC",
        "no policy of zava-mcp protects",
    ),
    "a table without policies": (
        "ALTER TABLE retail.orders NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE retail.orders FORCE ROW LEVEL SECURITY",
        "is not enabled and forced",
    ),
    "a table of its own": (
        "ALTER TABLE retail.categories OWNER TO zava_seattle",
        "ALTER TABLE retail.categories OWNER TO zava_owner; SELECT zava.grant_reading()",
        "row-level security does not apply to this login",
    ),
}
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("execute_sales_query", {"postgresql_query": "SELECT count(*) FROM retail.orders"}),
    ("execute_sales_query", {"postgresql_query": "SELECT 1 / 0 FROM retail.orders"}),
    ("explain_sales_query", {"postgresql_query": "SELECT 1"}),
    ("chart_sales_query", {"postgresql_query": "SELECT order_id, order_date FROM retail.orders"}),
    ("semantic_search_products", {"query_description": "hammer"}),
)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with small_embedded(tmp_path_factory.mktemp("shop")) as postgres:
        with psycopg.connect(**admin_keywords(postgres), autocommit=True) as admin:
            admin.execute(
                "CREATE TABLE public.people (name text); CREATE ROLE reader; CREATE ROLE team;"
                " GRANT USAGE ON SCHEMA public TO PUBLIC; GRANT SELECT ON public.people TO reader;"
                " ALTER EVENT TRIGGER zava_hide_from_identities DISABLE"  # which revokes what only policies should show
            )
        yield postgres


@pytest.fixture
def admin(postgres: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    with psycopg.connect(**admin_keywords(postgres), autocommit=True) as connection:
        yield connection


async def is_refused(seattle: ToolClient, call: tuple[str, dict[str, Any]], reason: str) -> bool:
    text, failed = await seattle.call(call[0], **call[1])
    return failed and reason in text


@pytest.mark.parametrize("member", [False, True])
async def test_the_first_call_after_a_login_was_given_more_is_refused(
    postgres: EmbeddedPostgres, admin: psycopg.Connection, member: bool
) -> None:
    """Also of a login that was a member of a harmless role before."""
    if member:
        admin.execute("GRANT team TO zava_seattle")
    async with asking(settings_for(postgres.folder, SEATTLE)) as seattle:
        for place, (name, (give, take, reason)) in enumerate(GIVEN.items()):
            if "one of its roles" in name and not member:
                continue
            assert await seattle.value("SELECT 1") == 1
            admin.execute(give.encode())
            assert await is_refused(seattle, CALLS[place % len(CALLS)], reason), name
            assert await is_refused(seattle, CALLS[0], reason), name
            admin.execute(take.encode())
            assert await seattle.value("SELECT 1") == 1


async def test_truncated_result_is_withheld_if_rights_were_not_read(
    postgres: EmbeddedPostgres, admin: psycopg.Connection
) -> None:
    """The connection ends while the server reads what comes after the truncated rows."""
    sql = "SELECT repeat('x', 3000), CASE WHEN g > 40 THEN (SELECT count(*) FROM generate_series(1, 9000000 + g)) END"
    arguments = {"postgresql_query": f"{sql} FROM generate_series(1, 99) AS g", "max_rows": 100}
    busy = "SELECT pid FROM pg_stat_activity WHERE usename = 'zava_seattle' AND wait_event IS NULL AND state = 'active'"
    late = " AND query_start < clock_timestamp() - interval '0.7 s'"
    withheld = []

    async def call() -> None:
        withheld.append(await is_refused(seattle, ("execute_sales_query", arguments), GIVEN["BYPASSRLS"][2]))

    async with asking(settings_for(postgres.folder, SEATTLE)) as seattle:
        assert await seattle.value("SELECT 1") == 1
        admin.execute(GIVEN["BYPASSRLS"][0].encode())
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(call)
                await anyio.to_thread.run_sync(until, lambda: admin.execute((busy + late).encode()).rowcount > 0)
                admin.execute(f"SELECT pg_terminate_backend(pid) FROM ({busy}) AS b (pid)".encode())
            assert withheld == [True]
        finally:
            admin.execute(GIVEN["BYPASSRLS"][1].encode())
        assert await seattle.value("SELECT 1") == 1


async def test_a_role_that_gives_nothing_is_taken_in_silently(
    postgres: EmbeddedPostgres, admin: psycopg.Connection
) -> None:
    admin.execute("REVOKE team FROM zava_seattle")
    async with asking(settings_for(postgres.folder, SEATTLE)) as seattle:
        for change in ("GRANT team TO zava_seattle", "REVOKE team FROM zava_seattle", "GRANT reader TO team"):
            assert await seattle.value("SELECT 1") == 1
            admin.execute(change.encode())
            assert await seattle.value("SELECT 1") == 1
    admin.execute("REVOKE reader FROM team")


async def test_what_no_event_reports_is_noticed_when_the_connection_is_verified_again(
    postgres: EmbeddedPostgres, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on servers whose administrator may not create event triggers, and on replicas."""
    admin.execute("ALTER EVENT TRIGGER zava_schema_changed DISABLE")
    try:
        async with asking(settings_for(postgres.folder, SEATTLE)) as seattle:
            assert await seattle.value("SELECT 1") == 1
            admin.execute("GRANT SELECT ON public.people TO zava_seattle")
            monkeypatch.setattr(pool, "VERIFY_SECONDS", 0)
            assert await is_refused(seattle, CALLS[0], "no policy of zava-mcp protects")
    finally:
        admin.execute("REVOKE SELECT ON public.people FROM zava_seattle")
        admin.execute("ALTER EVENT TRIGGER zava_schema_changed ENABLE")
