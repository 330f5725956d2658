"""Each isolation of stores holds by itself: restrictive policies, seeded statistics, triggers of the copies."""

import psycopg
import pytest

from tests.admin.older import adopted

#: Conditions that cost the planner nothing and fail on every row that they are evaluated on, which is none of store 1.
_FAILING = "(SELECT ('evaluated' || count(*))::integer > 0 FROM generate_series(1, 0))"
CONDITIONS = (
    f"CASE WHEN {{key}} = ANY ('{{{{{{hidden}}}}}}') THEN {_FAILING} END",
    f"CASE WHEN {{key}} IS DISTINCT FROM {{hidden}} THEN NULL ELSE {_FAILING} END",
)
HIDDEN = {
    "orders": ("store_id", "SELECT 2"),
    "order_items": ("store_id", "SELECT 2"),
    "inventory": ("store_id", "SELECT 2"),
    "customers": (
        "customer_id",
        "SELECT min(customer_id) FROM retail.customers c WHERE primary_store_id <> 1"
        " AND NOT EXISTS (SELECT FROM retail.orders o WHERE o.customer_id = c.customer_id AND o.store_id = 1)",
    ),
}


#: What a query may switch off where set_config is executable: then every partition is scanned, row by row.
SWITCHED_OFF = (
    "enable_partition_pruning", "constraint_exclusion", "enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan",
)  # fmt: skip


@pytest.fixture(params=["upgraded", "adopted"])
def kept_apart(request: pytest.FixtureRequest, superuser_url: str) -> psycopg.Connection:
    """A partitioned database, or an adopted one without partitions."""
    if request.param == "upgraded":
        found: psycopg.Connection = request.getfixturevalue("upgraded")
        return found
    found = request.getfixturevalue("older")
    found.execute("ALTER TABLE retail.inventory ALTER store_id TYPE integer")  # ids of other types cannot be isolated
    adopted(superuser_url)
    return found


def test_conditions_are_not_evaluated_on_rows_of_other_stores(kept_apart: psycopg.Connection) -> None:
    """The SQL keeps the planner from pruning partitions and from using indexes."""
    row = kept_apart.execute("SELECT quote_ident(login) FROM zava.access WHERE store_ids = '{1}'").fetchone()
    assert row is not None
    for table, (key, query) in HIDDEN.items():
        found = kept_apart.execute(query.encode()).fetchone()
        assert found is not None
        for condition in CONDITIONS:
            wanted = condition.format(key=key, hidden=found[0])
            with kept_apart.transaction(force_rollback=True):
                kept_apart.execute(f"SET LOCAL SESSION AUTHORIZATION {row[0]}".encode())
                for setting in SWITCHED_OFF:
                    kept_apart.execute(f"SET LOCAL {setting} = off".encode())
                assert kept_apart.execute(f"SELECT FROM retail.{table} WHERE {wanted}".encode()).fetchall() == []


def test_analyze_collects_no_statistics_over_all_stores(upgraded: psycopg.Connection) -> None:
    known = (
        "SELECT tablename, attname, null_frac, n_distinct, most_common_vals::text, most_common_freqs::text,"
        " histogram_bounds::text, correlation FROM pg_stats WHERE inherited ORDER BY 1, 2"
    )
    before = upgraded.execute(known.encode()).fetchall()
    assert {row[0] for row in before} == {"orders", "order_items", "inventory", "customers_by_store"}
    upgraded.execute("UPDATE retail.orders SET order_date = '2031-01-01'; UPDATE retail.inventory SET stock_level = 7")
    upgraded.execute("UPDATE retail.customers SET last_name = 'Same'; ANALYZE")
    assert upgraded.execute(known.encode()).fetchall() == before


@pytest.mark.parametrize(
    "last",
    [
        "DELETE FROM retail.orders WHERE order_id = 90001",
        "UPDATE retail.orders SET store_id = 4 WHERE order_id = 90001",
    ],
)
def test_store_loses_a_customer_with_the_last_order(upgraded: psycopg.Connection, last: str) -> None:
    seen = (
        b"SELECT visible_in FROM zava.customers_by_store WHERE customer_id = 9001 AND visible_in IS NOT NULL ORDER BY 1"
    )
    upgraded.execute(
        "INSERT INTO retail.customers (customer_id, first_name, last_name, email, primary_store_id)"
        " VALUES (9001, 'A', 'B', '9001@example.com', 3);"
        "INSERT INTO retail.orders VALUES (90001, 9001, 1, '2024-01-01'), (90002, 9001, 2, '2024-01-01')"
    )
    assert upgraded.execute(seen).fetchall() == [(1,), (2,), (3,)]
    upgraded.execute(last.encode())
    assert (1,) not in upgraded.execute(seen).fetchall()
