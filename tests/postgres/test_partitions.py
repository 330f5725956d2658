"""Partitions by store: in new databases, in upgraded ones, and while rows change."""

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.admin.older import adopted, init
from zava_mcp import sql
from zava_mcp.errors import DatabaseUnavailable

TABLES = {
    "stores": "store_id, store_name, rls_user_id, is_online",
    "customers": "customer_id, first_name, last_name, email, phone, primary_store_id, created_at",
    "inventory": "store_id, product_id, stock_level",
    "orders": "order_id, customer_id, store_id, order_date",
    "order_items": "order_item_id, order_id, store_id, product_id, quantity, unit_price, discount_percent,"
    " discount_amount, total_amount",
}
STORES_OF = {"manager_of_one": [1], "manager_of_two": [2, 3], "head_office": [1, 2, 3, 4]}
SEEN = (
    "SELECT customer_id FROM zava.customers c WHERE primary_store_id = ANY (%(stores)s)"
    " OR EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = c.customer_id AND o.store_id = ANY (%(stores)s))"
    " OR %(all)s ORDER BY 1"
)
#: The definitions that a new database and an upgraded one share, without the names of other databases' stores.
DEFINITIONS = """
SELECT c.oid::regclass::text, c.relkind::text, pg_get_userbyid(c.relowner), c.relrowsecurity, c.relforcerowsecurity,
       pg_get_partkeydef(c.oid), CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END,
       (SELECT array_agg(format('%s %s %s', attname, format_type(atttypid, atttypmod), attnotnull) ORDER BY attnum)
          FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
       (SELECT array_agg(conname || ' ' || pg_get_constraintdef(oid) ORDER BY conname) FROM pg_constraint
         WHERE conrelid = c.oid AND contype <> 'n' AND conparentid = 0),
       (SELECT array_agg(pg_get_indexdef(indexrelid) ORDER BY indexrelid::regclass::text) FROM pg_index
         WHERE indrelid = c.oid),
       (SELECT array_agg((polname, polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid))::text
                         ORDER BY polname) FROM pg_policy WHERE polrelid = c.oid),
       (SELECT array_agg(pg_get_triggerdef(oid) || tgenabled::text ORDER BY tgname) FROM pg_trigger
         WHERE tgrelid = c.oid AND NOT tgisinternal),
       obj_description(c.oid, 'pg_class')
  FROM pg_class c
 WHERE c.relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace) AND c.relkind IN ('r', 'p', 'v')
   AND NOT (c.relispartition AND c.relname <> 'customers') AND c.relname <> 'product_description_embeddings'
 ORDER BY 1
"""


def rows_of(connection: psycopg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: connection.execute(f"SELECT {columns} FROM retail.{table} ORDER BY 1, 2".encode()).fetchall()
        for table, columns in TABLES.items()
    }


def seen_by(server: str, database: str, login: str, query: str) -> list[Any]:
    url = f"postgresql://{login}:x@/{database}?host={server}"
    with psycopg.connect(url, autocommit=True) as connection:
        return [row[0] for row in connection.execute(query.encode()).fetchall()]


def test_partitioning_keeps_every_row_and_its_visibility(
    version_9: psycopg.Connection, url: str, server: str, database: str
) -> None:
    counts = (
        "SELECT count(*) FROM retail.orders UNION ALL SELECT count(*) FROM retail.order_items"
        " UNION ALL SELECT count(*) FROM retail.inventory UNION ALL SELECT count(*) FROM retail.customers"
    )
    before = rows_of(version_9)
    seen = {login: seen_by(server, database, login, counts) for login in STORES_OF}
    init(url)
    assert rows_of(version_9) == before
    assert {login: seen_by(server, database, login, counts) for login in STORES_OF} == seen
    assert init(url).startswith("nothing to do")


def test_restricted_admin_can_partition(version_9: psycopg.Connection, url: str, server: str, database: str) -> None:
    version_9.execute(
        "CREATE ROLE plain_admin LOGIN CREATEROLE PASSWORD 'x' IN ROLE zava_owner;"
        f"GRANT CREATE, CONNECT ON DATABASE {database} TO plain_admin".encode()
    )
    before = rows_of(version_9)
    done = init(f"postgresql://plain_admin:x@/{database}?host={server}")
    assert f"schema version {sql.schema_version()}, upgraded from 9" in done
    assert rows_of(version_9) == before
    for login, stores in STORES_OF.items():
        own = version_9.execute("SELECT count(*) FROM retail.orders WHERE store_id = ANY (%s)", [stores]).fetchone()
        assert seen_by(server, database, login, "SELECT count(*) FROM retail.orders") == list(own or ())


def test_upgraded_database_has_the_definitions_of_a_new_one(
    upgraded: psycopg.Connection, server: str, database: str, url: str
) -> None:
    definitions = upgraded.execute(DEFINITIONS.encode()).fetchall()
    upgraded.execute("DROP SCHEMA retail, zava CASCADE")
    init(url)
    assert definitions == upgraded.execute(DEFINITIONS.encode()).fetchall()


def test_partitioning_refuses_and_names_rows_of_unknown_stores(version_9: psycopg.Connection, url: str) -> None:
    version_9.execute(
        "ALTER TABLE retail.orders DROP CONSTRAINT orders_store_id_fkey;"
        "INSERT INTO retail.orders VALUES (90001, 1001, 77, '2024-01-01'), (90002, 1001, 77, '2024-01-01')"
    )
    before = rows_of(version_9)
    with pytest.raises(
        DatabaseUnavailable, match=r"retail\.orders has 2 rows of stores .* order_id 90001 \(store 77\)"
    ):
        init(url)
    assert rows_of(version_9) == before
    assert version_9.execute("SELECT schema_version, to_regclass('zava.orders_1') FROM zava.about").fetchone() == (
        9,
        None,
    )


def test_tables_with_dependents_are_partitioned_after_their_removal(
    version_9: psycopg.Connection, url: str, server: str, database: str
) -> None:
    version_9.execute("CREATE VIEW public.report AS SELECT count(*) FROM retail.orders")
    init(url)
    assert version_9.execute("SELECT relkind FROM pg_class WHERE oid = 'retail.orders'::regclass").fetchone() == ("r",)
    with pytest.raises(psycopg.errors.FeatureNotSupported, match=r"the view public\.report reads it"):
        version_9.execute("SELECT zava.partition_by_store()")
    scans = "SELECT current_setting('enable_bitmapscan')"
    assert seen_by(server, database, "manager_of_one", scans) == ["off"]
    before = rows_of(version_9)
    version_9.execute("DROP VIEW public.report; SELECT zava.partition_by_store()")
    assert rows_of(version_9) == before
    assert version_9.execute("SELECT relkind FROM pg_class WHERE oid = 'retail.orders'::regclass").fetchone() == ("p",)
    assert seen_by(server, database, "manager_of_one", scans) == ["on"]
    for login, stores in STORES_OF.items():
        own = version_9.execute(
            "SELECT order_id FROM retail.orders WHERE store_id = ANY (%s) ORDER BY 1", [stores]
        ).fetchall()
        seen = seen_by(server, database, login, "SELECT order_id FROM retail.orders ORDER BY 1")
        assert seen == [row[0] for row in own]


def test_new_store_gets_partitions_at_once(upgraded: psycopg.Connection, server: str, database: str) -> None:
    upgraded.execute(
        "INSERT INTO retail.stores VALUES (12, 'Store 12', gen_random_uuid(), false);"
        "INSERT INTO retail.stores (store_id, store_name) VALUES (-3, 'Store below zero');"
        "INSERT INTO retail.orders VALUES (90001, 1001, 12, '2024-01-01'), (90002, 1002, -3, '2024-01-01');"
        "INSERT INTO retail.order_items VALUES (900010, 90001, 12, 1, 1, 10, 0, 0, 10);"
        "INSERT INTO retail.inventory VALUES (12, 1, 5);"
        "CREATE ROLE newcomer LOGIN PASSWORD 'x';"
        "SELECT zava.admit('newcomer', gen_random_uuid(), 'Store 12', false, '{12,-3}')"
    )
    for query, seen in (
        ("SELECT order_id FROM retail.orders ORDER BY 1", [90001, 90002]),
        ("SELECT order_item_id FROM retail.order_items", [900010]),
        ("SELECT stock_level FROM retail.inventory", [5]),
        ("SELECT customer_id FROM retail.customers ORDER BY 1", [1001, 1002]),
    ):
        assert seen_by(server, database, "newcomer", query) == seen
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        upgraded.execute("DELETE FROM retail.stores WHERE store_id = 12")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO retail.orders SELECT order_id, customer_id, 1 + store_id % 4, order_date"
        " FROM retail.orders LIMIT 1",
        "DELETE FROM retail.order_items;"
        "UPDATE retail.orders SET order_id = (SELECT max(order_id) FROM retail.orders WHERE store_id = 1)"
        " WHERE order_id = (SELECT max(order_id) FROM retail.orders WHERE store_id = 2)",
    ],
)
def test_order_ids_are_unique_over_all_stores(upgraded: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation, match="is there already, in another store"):
        upgraded.execute(statement.encode())


_CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("order"), st.integers(1001, 1012), st.integers(1, 4)),
        st.tuples(st.just("move"), st.integers(1, 40), st.integers(1, 4)),
        st.tuples(st.just("reassign"), st.integers(1, 40), st.integers(1001, 1012)),
        st.tuples(st.just("cancel"), st.integers(1, 40), st.just(0)),
        st.tuples(st.just("home"), st.integers(1001, 1012), st.integers(0, 4)),
        st.tuples(st.just("rename"), st.integers(1001, 1012), st.integers(0, 9)),
        st.tuples(st.just("leave"), st.integers(1001, 1012), st.just(0)),
        st.tuples(st.just("join"), st.integers(1001, 1012), st.integers(0, 4)),
        st.tuples(st.just("all gone"), st.just(0), st.just(0)),
    ),
    max_size=12,
)
_STATEMENTS = {
    "order": "INSERT INTO retail.orders SELECT coalesce(max(order_id), 0) + 1, {0}, {1}, '2024-01-01'"
    " FROM retail.orders HAVING EXISTS (SELECT FROM retail.customers WHERE customer_id = {0})",
    "move": "UPDATE retail.orders SET store_id = {1} WHERE order_id = {0}",
    "reassign": "UPDATE retail.orders SET customer_id = {1} WHERE order_id = {0}"
    " AND EXISTS (SELECT FROM retail.customers WHERE customer_id = {1})",
    "cancel": "DELETE FROM retail.orders WHERE order_id = {0}",
    "home": "UPDATE retail.customers SET primary_store_id = nullif({1}, 0) WHERE customer_id = {0}",
    "rename": "UPDATE retail.customers SET last_name = 'Name{1}' WHERE customer_id = {0}",
    "leave": "DELETE FROM retail.orders WHERE customer_id = {0}; DELETE FROM retail.customers WHERE customer_id = {0}",
    "join": "INSERT INTO retail.customers (customer_id, first_name, last_name, email, primary_store_id)"
    " SELECT {0}, 'A', 'B', '{0}@example.com', nullif({1}, 0)"
    " WHERE NOT EXISTS (SELECT FROM retail.customers WHERE customer_id = {0})",
    "all gone": "TRUNCATE retail.order_items, retail.orders",
}


def test_customer_visibility_follows_every_change(upgraded: psycopg.Connection, server: str, database: str) -> None:
    upgraded.execute(
        "TRUNCATE retail.order_items, retail.orders; DELETE FROM retail.customers WHERE customer_id > 1012;"
        "INSERT INTO retail.orders SELECT n, 1001 + n * 7 % 12, 1 + n * 3 % 4, '2024-02-01'"
        "  FROM generate_series(1, 40) AS n"
    )

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(_CHANGES)
    def hold(changes: list[tuple[str, int, int]]) -> None:
        with upgraded.transaction(force_rollback=True):
            for kind, first, second in changes:
                upgraded.execute(_STATEMENTS[kind].format(first, second).encode())
            for login, stores in STORES_OF.items():
                values = {"stores": stores, "all": login == "head_office"}
                truth = [row[0] for row in upgraded.execute(SEEN, values).fetchall()]
                upgraded.execute(f"SET LOCAL SESSION AUTHORIZATION {login}".encode())
                rows = upgraded.execute("SELECT customer_id, last_name FROM retail.customers ORDER BY 1").fetchall()
                upgraded.execute("RESET SESSION AUTHORIZATION")
                assert [row[0] for row in rows] == truth
                names = "SELECT customer_id, last_name FROM zava.customers WHERE customer_id = ANY (%s) ORDER BY 1"
                assert rows == upgraded.execute(names, [truth]).fetchall()

    hold()


def test_adopted_database_is_not_partitioned(older: psycopg.Connection, superuser_url: str) -> None:
    tables = (
        "SELECT relname, relkind, relfilenode FROM pg_class WHERE relnamespace = 'retail'::regnamespace"
        " AND relkind IN ('r', 'p', 'v') ORDER BY 1"
    )
    before = older.execute(tables.encode()).fetchall()
    adopted(superuser_url)
    assert older.execute(tables.encode()).fetchall() == before
