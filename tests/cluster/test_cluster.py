"""The promises on a Citus cluster."""

import logging
import re
from dataclasses import replace
from itertools import product

import anyio
import anyio.to_thread
import psycopg
import pytest

from tests.cluster.conftest import USER_IDS, Cluster, init, url_of
from tests.conftest import asking
from tests.polling import until
from tests.promises import test_attacks
from tests.promises.attacking import FAMILIES, Place, Secrets, Tally
from tests.promises.test_06_values_are_exact import EDGES
from zava_mcp.doctor.diagnosis import diagnose
from zava_mcp.errors import DatabaseUnavailable
from zava_mcp.sales.service import service_for

pytestmark = pytest.mark.anyio

SLOW = "SELECT count(*) FROM retail.orders AS slow_test, generate_series(1, 100000000) AS n"
_OTHERS = "FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
RUNNING = f"SELECT count(*) {_OTHERS} AND state = 'active' AND query LIKE '%slow\\_test%'"
END_SESSIONS = f"SELECT pg_terminate_backend(pid) {_OTHERS} AND usename ~ '^[0-9a-f]{{8}}-'"


def test_second_init_finds_nothing_to_do(cluster: Cluster) -> None:
    assert "nothing to do" in init("--no-sample")


@pytest.mark.parametrize("who", ["manager", "head office"])
def test_doctor_finds_no_fault_on_any_node(cluster: Cluster, who: str) -> None:
    """Whether a network is trusted is the operator's matter: that check may fail here."""
    with service_for(cluster.settings(who), lambda *_: None) as service:
        checks = diagnose(service)
    failed = [check for check in checks if check.state == "fail" and not check.name.endswith("who may connect")]
    assert not failed
    assert [check for check in checks if "shards read directly" in check.name and check.state == "ok"]


@pytest.mark.parametrize("who", ["manager", "head office"])
async def test_queries_run_on_nodes_as_the_identity_and_read_only(cluster: Cluster, who: str) -> None:
    sql = (
        "SELECT session_user::text, current_user::text, current_setting('transaction_read_only')"
        " FROM retail.orders WHERE store_id = 1 LIMIT 1"
    )
    with cluster.as_superuser() as admin:
        shards_here = admin.execute(
            "SELECT count(*) FROM citus_shards s JOIN pg_dist_node n ON n.groupid = 0"
            " AND (n.nodename, n.nodeport) = (s.nodename, s.nodeport) WHERE s.citus_table_type = 'distributed'"
        )
        assert shards_here.fetchone() == (0,)
    async with asking(cluster.settings(who)) as asker:
        assert (await asker.query(sql))["rows"] == [[USER_IDS[who], USER_IDS[who], "on"]]


class KnownSums(Secrets):
    """A condition without tables is computed before the rows are looked for, and its error tells what it computed."""

    def leaked(self, text: str, attack: str) -> list[str]:
        sums = [str(int(one) + int(other)) for one, other in re.findall(r"(\d+) \+ (\d+)", attack)]
        return super().leaked(text, " ".join([attack, *sums]))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("who", ["manager", "head office"])
async def test_attacks_gain_and_change_nothing(
    cluster: Cluster, who: str, family: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_attacks, "user_id_of", USER_IDS.__getitem__)
    monkeypatch.setattr(test_attacks, "Secrets", KnownSums)
    place = Place(
        "cluster", True, True, lambda who: replace(cluster.settings(who), query_timeout=1.0), cluster.as_superuser
    )
    await test_attacks.test_attack_reads_no_other_rows_and_changes_none(place, who, family, Tally(), caplog)


@pytest.mark.parametrize("source", ["", " FROM retail.orders LIMIT 1", " FROM retail.products LIMIT 1"])
async def test_values_are_exact_wherever_they_are_computed(cluster: Cluster, source: str) -> None:
    with cluster.as_superuser() as admin:
        edges = [(sql, expected) for sql, expected in EDGES if _is_known(admin, sql, source)]
    assert len(edges) > len(EDGES) * 0.9
    columns = ", ".join(f"{sql} AS v{place}" for place, (sql, _) in enumerate(edges))
    async with asking(cluster.settings("manager", ZAVA_MAX_BYTES="200000")) as manager:
        text, failed = await manager.call("execute_sales_query", postgresql_query=f"SELECT {columns}{source}")
    assert not failed, text
    assert f'"rows":[[{",".join(expected for _, expected in edges)}]]' in text


def _is_known(admin: psycopg.Connection, sql: str, source: str) -> bool:
    """Whether this version of PostgreSQL has the value, and Citus a form in which a node sends it."""
    try:
        admin.execute(f"SELECT {sql}{source}".encode())
    except psycopg.Error:
        return False
    return True


@pytest.mark.parametrize("who", ["manager", "head office"])
async def test_cancelled_and_late_queries_stop_on_every_node(cluster: Cluster, who: str) -> None:
    async with asking(replace(cluster.settings(who), query_timeout=1.0)) as asker:
        refusal = await asker.refusal(SLOW)
        assert "57014" in refusal
        await _wait_until_idle(cluster)
        assert await asker.value("SELECT count(*) FROM retail.orders WHERE store_id = 1") > 0
    async with asking(cluster.settings(who)) as asker:
        with anyio.move_on_after(1.0):
            await asker.call("execute_sales_query", postgresql_query=SLOW)
        await _wait_until_idle(cluster)
        assert await asker.value("SELECT count(*) FROM retail.orders WHERE store_id = 1") > 0


async def _wait_until_idle(cluster: Cluster) -> None:
    """Fails if a node still runs the query after two seconds."""
    await anyio.to_thread.run_sync(until, lambda: not any(map(int, cluster.on_workers(RUNNING))), 2)


async def test_change_of_access_reaches_open_sessions(cluster: Cluster) -> None:
    login = USER_IDS["manager"]
    query = "SELECT count(DISTINCT store_id), min(store_id) FROM retail.orders"
    with cluster.as_superuser() as admin:
        async with asking(cluster.settings("manager")) as manager:
            assert (await manager.query(query))["rows"] == [[1, 1]]
            admin.execute("UPDATE zava.access SET store_ids = '{2,3}' WHERE login = %s", [login])
            try:
                assert (await manager.query(query))["rows"] == [[2, 2]]
                customers = "SELECT count(*), count(DISTINCT customer_id) FROM retail.customers"
                row = (await manager.query(customers))["rows"][0]
                assert row[0] == row[1] > 0
            finally:
                admin.execute("UPDATE zava.access SET store_ids = '{1}' WHERE login = %s", [login])
            assert (await manager.query(query))["rows"] == [[1, 1]]


async def test_query_after_a_lost_node_has_a_named_error_and_then_works(cluster: Cluster) -> None:
    with cluster.as_superuser() as admin:
        async with asking(cluster.settings("head office")) as asker:
            assert await asker.value("SELECT count(*) FROM retail.orders") > 0
            port = admin.execute("SELECT max(nodeport) FROM pg_dist_node WHERE groupid = 1").fetchall()[0][0]
            admin.execute("UPDATE pg_dist_node SET nodeport = 1 WHERE groupid = 1")
            try:
                refusal = await asker.refusal("SELECT count(*) FROM retail.orders")
                assert "node" in refusal
                assert USER_IDS["head office"] not in refusal
                with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
                    init("--no-sample")
            finally:
                admin.execute("UPDATE pg_dist_node SET nodeport = %s WHERE groupid = 1", [port])
            assert await asker.value("SELECT count(*) FROM retail.orders") > 0
            cluster.on_workers(END_SESSIONS)
            await asker.call("execute_sales_query", postgresql_query="SELECT count(*) FROM retail.orders")
            assert await asker.value("SELECT count(*) FROM retail.orders") > 0


@pytest.mark.parametrize("who", USER_IDS)
async def test_outer_joins_do_not_crash_the_coordinator(cluster: Cluster, who: str) -> None:
    """Citus crashes where it makes a subquery of a table whose policy names a column."""
    left = (
        "retail.customers AS c",
        "(SELECT DISTINCT customer_id FROM zava.customers_by_store) AS c",
        "(SELECT 1 AS customer_id FROM zava.company) AS c",
        "(SELECT generate_series(1, 3) AS customer_id) AS c",
        "(SELECT customer_id FROM retail.orders LIMIT 5) AS c",
    )
    right = ("retail.orders", "zava.orders", "retail.customers", "zava.customers_by_store")
    with cluster.as_superuser() as admin:
        async with asking(cluster.settings(who)) as asker:
            for one, other, kind in product(left, right, ("LEFT", "RIGHT", "FULL")):
                sql = f"SELECT count(*) FROM {one} {kind} JOIN {other} AS o USING (customer_id)"
                await asker.call("execute_sales_query", postgresql_query=sql)
                assert admin.execute("SELECT 1").fetchone() == (1,), sql  # a crash would end this session too


async def test_manager_of_several_stores_meets_each_customer_once(cluster: Cluster) -> None:
    async with asking(cluster.settings("regional manager")) as asker:
        own = await asker.query("SELECT count(*), count(DISTINCT customer_id) FROM retail.customers")
        assert own["rows"][0][0] == own["rows"][0][1] > 0
        stores = await asker.query("SELECT DISTINCT store_id FROM retail.order_items ORDER BY store_id")
        assert stores["rows"] == [[3], [5]]


@pytest.mark.parametrize("who", USER_IDS)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT order_id FROM retail.orders ORDER BY order_id DESC",
        "SELECT store_id, count(*) FROM retail.order_items GROUP BY store_id ORDER BY store_id DESC",
        "SELECT order_id, sum(total_amount) FROM retail.order_items GROUP BY order_id ORDER BY order_id DESC",
        "SELECT customer_id, last_name FROM retail.customers ORDER BY customer_id DESC",
    ],
)
async def test_rows_keep_their_order(cluster: Cluster, who: str, sql: str) -> None:
    async with asking(cluster.settings(who)) as asker:
        rows = (await asker.query(sql, max_rows=500))["rows"]
    assert rows == sorted(rows, key=lambda row: -row[0])


def _assert_statistics(cluster: Cluster) -> None:
    """Shards of partitioned tables have the statistics that partitioned tables have on one server."""
    shards = (
        "SELECT count(*) FROM pg_class c WHERE c.relkind = 'p' AND c.relnamespace = 'zava'::regnamespace"
        " AND c.relname ~ '^(orders|order_items|inventory|customers_by_store)_[0-9]+$'"
    )
    assert sum(map(int, cluster.on_workers(shards))) == 64
    without = (
        f"{shards} AND NOT EXISTS (SELECT FROM pg_statistic s WHERE s.starelid = c.oid AND s.stanumbers1 <> '{{}}')"
    )
    assert set(cluster.on_workers(without)) == {"0"}


def test_rows_are_on_the_nodes_alone(cluster: Cluster) -> None:
    _assert_statistics(cluster)
    with cluster.as_superuser() as admin:
        kept = admin.execute(
            "SELECT c.oid::regclass::text FROM pg_class c"
            " WHERE c.relnamespace IN ('zava'::regnamespace, 'retail'::regnamespace) AND c.relkind = 'r'"
            " AND c.relname ~ '^(orders|order_items|inventory|customers)(_[0-9]+)?$' AND pg_relation_size(c.oid) > 0"
            " AND NOT EXISTS (SELECT FROM pg_dist_shard s WHERE c.relname LIKE '%!_' || s.shardid ESCAPE '!')"
        ).fetchall()
    assert kept == []


def test_moved_shard_keeps_its_protection(cluster: Cluster) -> None:
    with cluster.as_superuser() as admin:
        moved = (
            "SELECT citus_move_shard_placement(s.shardid, s.nodename, s.nodeport, n.nodename, n.nodeport,"
            " 'block_writes')"
            " FROM citus_shards s JOIN pg_dist_node n ON (n.nodename, n.nodeport) <> (s.nodename, s.nodeport)"
            " WHERE n.groupid > 0 AND s.table_name = 'zava.orders'::regclass"
            "   AND s.shardid = get_shard_id_for_distribution_column('zava.orders', 1) LIMIT 1"
        )
        admin.execute("ALTER ROLE zava_owner LOGIN PASSWORD 'cluster'")  # Citus moves shards as their owner
        try:
            admin.execute(moved.encode())
        finally:
            admin.execute("ALTER ROLE zava_owner NOLOGIN PASSWORD NULL")
    init("--no-sample")
    _assert_statistics(cluster)
    test_doctor_finds_no_fault_on_any_node(cluster, "manager")


def test_login_that_a_node_lacks_is_restored(cluster: Cluster) -> None:
    login = USER_IDS["manager"]
    with cluster.as_superuser() as admin:
        nodes = admin.execute("SELECT nodename, nodeport FROM pg_dist_node WHERE groupid = 1").fetchall()
    with psycopg.connect(url_of(*nodes[0]), autocommit=True) as node:
        node.execute("SET citus.enable_ddl_propagation = off")
        node.execute(f'DROP OWNED BY "{login}"'.encode())
        node.execute(f'DROP ROLE "{login}"'.encode())
    assert f"missing roles created on the node {nodes[0][0]}:{nodes[0][1]}" in init("--no-sample")
    assert "nothing to do" in init("--no-sample")
    test_doctor_finds_no_fault_on_any_node(cluster, "manager")


def test_identity_without_stores_is_refused(cluster: Cluster) -> None:
    with cluster.as_superuser() as admin, pytest.raises(psycopg.Error, match="at least one store"):
        admin.execute("SELECT zava.admit('zava_test_nobody', gen_random_uuid(), 'nobody', false, '{}')")


def test_init_on_a_worker_is_refused(cluster: Cluster) -> None:
    with cluster.as_superuser() as admin:
        nodes = admin.execute("SELECT nodename, nodeport FROM pg_dist_node WHERE groupid = 1").fetchall()
    with pytest.raises(DatabaseUnavailable, match="this is a worker"):
        init("--no-sample", url=url_of(*nodes[0]))


def test_init_names_half_distributed_tables(cluster: Cluster) -> None:
    """Only what init reads is changed, and changed back."""
    with cluster.as_superuser() as admin:
        of_inventory = "pg_dist_partition WHERE logicalrelid = 'zava.inventory'::regclass"
        admin.execute(f"CREATE TEMP TABLE kept AS SELECT * FROM {of_inventory}".encode())
        admin.execute(f"DELETE FROM {of_inventory}".encode())
        try:
            with pytest.raises(DatabaseUnavailable, match="only some tables are distributed") as raised:
                init("--no-sample")
        finally:
            admin.execute("INSERT INTO pg_dist_partition SELECT * FROM kept")
    assert "SELECT undistribute_table('zava.orders'" in raised.value.hint


@pytest.fixture(autouse=True)
def silent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "mcp")
