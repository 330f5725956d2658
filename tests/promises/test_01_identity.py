"""Promise 1: identity cannot be changed by SQL."""

import json
import re
from uuid import UUID

import psycopg
import pytest

from tests.conftest import HEAD_OFFICE, REDMOND, SEATTLE, STORES, Ask, login_keywords
from zava_mcp.embedded import EmbeddedPostgres

pytestmark = [pytest.mark.anyio, pytest.mark.portable]

TABLES = ("orders", "order_items", "inventory")

#: Each tries to become somebody else within one query, and to count what that one would see.
DISGUISES = (
    f"SELECT set_config('app.current_rls_user_id', '{HEAD_OFFICE}', false), count(*) FROM retail.orders",
    f"WITH x AS MATERIALIZED (SELECT set_config('app.current_rls_user_id', '{HEAD_OFFICE}', true)) "
    "SELECT count(*) FROM x, retail.orders",
    "SELECT count(*) FROM (SELECT set_config('role', 'zava_head_office', false)) x, retail.orders",
    "SELECT count(*) FROM (SELECT set_config('session_authorization', 'postgres', false)) x, retail.orders",
    "SELECT count(*) FROM (SELECT set_config('row_security', 'off', false)) x, retail.orders",
    "SELECT count(*) FROM (SELECT set_config('search_path', 'public', false)) x, retail.orders",
    "SELECT (xpath('//count/text()', query_to_xml('SELECT count(*) FROM retail.orders', true, true, '')))[1]",
    "SELECT * FROM ts_stat('SELECT to_tsvector(count(*)::text) FROM retail.orders')",
    "SELECT count(*) FROM retail.orders; SET ROLE zava_head_office; SELECT count(*) FROM retail.orders",
    "SET SESSION AUTHORIZATION zava_head_office",
    "SET ROLE zava_owner",
    "RESET SESSION AUTHORIZATION",
    "DO $$ BEGIN PERFORM set_config('role', 'zava_owner', false); END $$",
    "SELECT 1) AS a, (SELECT count(*) FROM retail.orders",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_read_file('postgresql.conf')",
    "TABLE zava.access",
    "SELECT * FROM pg_authid",
    "EXPLAIN ANALYZE SELECT * FROM retail.orders",
    "SELECT * FROM pg_stats WHERE schemaname = 'retail'",
    "SELECT reltuples FROM pg_class WHERE relname = 'orders'",
    "SELECT n_live_tup FROM pg_stat_all_tables WHERE relname = 'orders'",
    "SELECT pg_relation_size('retail.orders')",
)


@pytest.mark.parametrize("table", TABLES)
async def test_the_stores_sum_up_to_head_office_exactly(ask: Ask, table: str) -> None:
    count = f"SELECT count(*) FROM retail.{table}"
    async with ask(HEAD_OFFICE) as head_office:
        everything = await head_office.value(count)
    parts = []
    for user_id in STORES.values():
        async with ask(user_id) as manager:
            parts.append(await manager.value(count))
    assert all(parts)
    assert sum(parts) == everything


async def test_seattle_has_its_share_of_the_orders(ask: Ask) -> None:
    async with ask(HEAD_OFFICE) as head_office, ask(SEATTLE) as seattle:
        everything = await head_office.value("SELECT count(*) FROM retail.orders")
        own = await seattle.value("SELECT count(*) FROM retail.orders")
    assert 0.25 <= own / everything <= 0.31


async def test_a_manager_sees_only_rows_of_the_own_store(ask: Ask, admin: psycopg.Connection) -> None:
    async with ask(REDMOND) as redmond:
        for table in TABLES:
            answer = await redmond.query(f"SELECT DISTINCT store_id FROM retail.{table}")
            assert answer["rows"] == [[6]]
        seen = await redmond.query("SELECT customer_id FROM retail.customers ORDER BY 1", max_rows=1000)
    truth = admin.execute(
        "SELECT customer_id FROM retail.customers c WHERE primary_store_id = 6"
        " OR EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = c.customer_id AND o.store_id = 6) ORDER BY 1"
    ).fetchall()
    assert [tuple(row) for row in seen["rows"]] == truth


@pytest.mark.parametrize("sql", DISGUISES)
async def test_no_disguise_shows_more_than_the_own_store(ask: Ask, admin: psycopg.Connection, sql: str) -> None:
    rows = admin.execute("SELECT count(*), count(*) FILTER (WHERE store_id = 6) FROM retail.orders").fetchone()
    assert rows is not None
    everything, own = rows
    async with ask(REDMOND) as redmond:
        text, failed = await redmond.call("execute_sales_query", postgresql_query=sql)
        if not failed:
            answer = json.loads(text)
            assert everything not in [cell for row in answer["rows"] for cell in row]
        assert str(everything) not in text
        assert await redmond.value("SELECT count(*) FROM retail.orders") == own


async def test_policies_hold_even_where_settings_can_be_changed(
    embedded: EmbeddedPostgres, ask: Ask, admin: psycopg.Connection
) -> None:
    """Revoking functions from PUBLIC is not what protects: without it the count stays the same."""
    admin.execute("GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO PUBLIC")
    try:
        async with ask(REDMOND) as redmond:
            own = await redmond.value("SELECT count(*) FROM retail.orders")
            for setting, value in (
                ("app.current_rls_user_id", HEAD_OFFICE),
                ("row_security", "on"),
                ("search_path", "pg_temp, public"),
                ("request.jwt.claims", "{}"),
            ):
                answer = await redmond.query(
                    f"SELECT set_config('{setting}', '{value}', false), (SELECT count(*) FROM retail.orders)"
                )
                assert answer["rows"][0][1] == own
            for forbidden in ("role", "session_authorization"):
                refusal = await redmond.refusal(f"SELECT set_config('{forbidden}', 'zava_head_office', false)")
                assert "permission denied" in refusal
            assert await redmond.value("SELECT count(*) FROM retail.orders") == own
            assert await redmond.value("SELECT current_setting('app.current_rls_user_id')") == REDMOND
    finally:
        admin.execute("REVOKE EXECUTE ON FUNCTION set_config(text, text, boolean) FROM PUBLIC")


async def test_no_identity_learns_another_ones_user_id(ask: Ask) -> None:
    places = (
        "SELECT rls_user_id FROM retail.stores",
        "SELECT s::text FROM retail.stores s",
        "SELECT to_jsonb(s) FROM retail.stores s",
        "SELECT * FROM zava.access",
        "SELECT rolname FROM pg_roles",
        "SELECT oid::regrole::text FROM generate_series(16384, 17384) oid",
        "SELECT usename, application_name FROM pg_stat_activity",
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles",
        "SELECT setconfig FROM pg_db_role_setting",
        "SELECT relacl::text FROM pg_class WHERE relnamespace = 'retail'::regnamespace",
        "SELECT most_common_vals::text FROM pg_stats",
        "SELECT current_setting('app.current_rls_user_id')",
        "SELECT zava.who_am_i()",
    )
    async with ask(SEATTLE) as seattle, ask(HEAD_OFFICE) as head_office:
        for sql in places:
            for asker, own in ((seattle, SEATTLE), (head_office, HEAD_OFFICE)):
                text, _ = await asker.call("execute_sales_query", postgresql_query=sql, max_rows=1000)
                others = {user_id for user_id in [*STORES.values(), HEAD_OFFICE] if user_id != own}
                assert not [user_id for user_id in others if user_id in text.lower()], sql
        text, _ = await seattle.call("get_multiple_table_schemas", table_names=[])
        assert not [user_id for user_id in STORES.values() if user_id in text and user_id != SEATTLE]


async def test_no_tool_has_an_identity_parameter(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        for tool in (await seattle.client.list_tools()).tools:
            arguments = tool.input_schema["properties"]
            assert not [name for name in arguments if re.search("user|rls|identity|login|role|tenant|store_id", name)]
            text, _ = await seattle.call(tool.name, rls_user_id=HEAD_OFFICE)
            assert "'rls_user_id'" in text
        sums = [
            await seattle.query("SELECT sum(total_amount) FROM retail.order_items", **more)
            for more in ({}, {"rls_user_id": HEAD_OFFICE}, {"user_id": HEAD_OFFICE})
        ]
        assert all(answer["rows"] == sums[0]["rows"] for answer in sums)
        assert ["hint" in answer for answer in sums] == [False, True, True]


def test_login_has_no_memberships_and_owns_no_objects(embedded: EmbeddedPostgres, admin: psycopg.Connection) -> None:
    logins = [login.login for login in embedded.logins().values() if login.user_id]
    assert len(logins) == 9
    for login in logins:
        facts = admin.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolconnlimit > 0,"
            " EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid),"
            " EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid),"
            " has_database_privilege(oid, 'zava', 'TEMP'), has_database_privilege(oid, 'zava', 'CREATE'),"
            " has_database_privilege(oid, 'postgres', 'CONNECT'),"
            " (SELECT bool_or(has_schema_privilege(r.oid, n.oid, 'CREATE')) FROM pg_namespace n)"
            " FROM pg_roles r WHERE rolname = %s",
            [login],
        ).fetchone()
        assert facts == (False, False, False, False, False, True, *[False] * 6), login


def test_a_login_may_do_nothing_but_select(embedded: EmbeddedPostgres, admin: psycopg.Connection) -> None:
    granted = (
        "SELECT DISTINCT privilege_type FROM information_schema.{}_privileges"
        " WHERE grantee LIKE 'zava\\_%' AND grantee <> 'zava_owner'"
    )
    assert admin.execute(granted.format("table").encode()).fetchall() == []
    assert admin.execute(granted.format("column").encode()).fetchall() == [("SELECT",)]


def test_row_level_security_is_enabled_and_forced_on_every_table(admin: psycopg.Connection) -> None:
    tables = admin.execute(
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
        " WHERE relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace) AND relkind IN ('r', 'p')"
    ).fetchall()
    assert len(tables) == 23 + 4 * 8  # those of every store lie in partitions
    assert all(enabled and forced for _, enabled, forced in tables)


#: The column by which a table's rows belong to a store, and the partition that holds them.
FOLDED = {
    "orders": ("store_id", "orders_{}"),
    "order_items": ("store_id", "order_items_{}"),
    "inventory": ("store_id", "inventory_{}"),
    "customers": ("visible_in", "customers_{}"),
}


@pytest.mark.parametrize("table", FOLDED)
def test_policies_fold_to_constants(embedded: EmbeddedPostgres, table: str) -> None:
    """The planner sees one partition and `store_id = 6`, behind a test that costs nothing; for head office all rows."""

    def plan(user_id: str) -> list[str]:
        with psycopg.connect(**login_keywords(embedded, user_id)) as connection:
            rows = connection.execute(f"EXPLAIN (COSTS OFF) SELECT * FROM retail.{table}".encode()).fetchall()
        return [row[0].strip().removeprefix("->  ") for row in rows]

    column, partition = FOLDED[table]
    scan, condition, *others = plan(REDMOND)
    assert scan.startswith(f"Seq Scan on {partition.format(6)}")
    assert condition == f"Filter: ((('[6:6]={{t}}'::boolean[])[{column}] IS NOT NULL) AND ({column} = 6))"
    assert others == []
    everything = plan(HEAD_OFFICE)
    if table == "customers":
        assert everything[0].startswith("Seq Scan on customers ")
        assert everything[1:] == ["Filter: ((visible_in IS NULL) AND (visible_in IS NULL))"]
    else:
        assert everything == ["Append", *(f"Seq Scan on {partition.format(store)}" for store in range(1, 9))]


def test_no_setting_makes_another_identity_of_a_login(embedded: EmbeddedPostgres, admin: psycopg.Connection) -> None:
    """Not even on a connection that has the setting from its start, before anything is planned."""
    own = admin.execute("SELECT count(*) FROM retail.orders WHERE store_id = 6").fetchone()
    for user_id in (HEAD_OFFICE, SEATTLE, REDMOND):
        options = f"-c app.current_rls_user_id={user_id}"
        with psycopg.connect(**login_keywords(embedded, REDMOND), options=options) as connection:
            assert connection.execute("SELECT count(*) FROM retail.orders").fetchone() == own
            assert connection.execute("SELECT rls_user_id FROM zava.who_am_i()").fetchone() == (UUID(REDMOND),)
