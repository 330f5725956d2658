"""A store's copies of its customers are right after every commit, also after concurrent changes of two sessions."""

from itertools import permutations
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.admin.older import VERSION_9
from tests.conftest import ADMIN
from zava_mcp.cli.commands import app

ROWS = (Path(__file__).parents[1] / "admin" / "version_9_rows.sql").read_text(encoding="utf-8")
#: Customer 1005 has no primary store and has ordered in store 1 alone, 1001 has one order in store 3.
PREPARED = """
DELETE FROM retail.order_items; DELETE FROM retail.orders WHERE customer_id IN (1001, 1005);
UPDATE retail.customers SET primary_store_id = NULL WHERE customer_id IN (1001, 1005);
INSERT INTO retail.orders VALUES (90001, 1001, 3, '2024-01-01'), (90002, 1005, 1, '2024-01-01')
"""
CHANGES = {
    "order": "INSERT INTO retail.orders VALUES (90003, 1005, 2, '2024-01-01')",
    "second order": "INSERT INTO retail.orders VALUES (90004, 1001, 3, '2024-01-01')",
    "cancel": "DELETE FROM retail.orders WHERE order_id = 90001",
    "move": "UPDATE retail.orders SET store_id = 4 WHERE order_id = 90001",
    "rename": "UPDATE retail.customers SET last_name = 'Renamed' WHERE customer_id IN (1001, 1005)",
    "home": "UPDATE retail.customers SET primary_store_id = 2 WHERE customer_id IN (1001, 1005)",
}
WRONG = """
WITH wanted AS (
    SELECT c.customer_id, c.last_name, c.primary_store_id, seen.store_id
      FROM zava.customers c JOIN (SELECT customer_id, primary_store_id AS store_id FROM zava.customers
                                  UNION SELECT customer_id, store_id FROM retail.orders) AS seen USING (customer_id)
     WHERE seen.store_id IS NOT NULL
), copies AS (
    SELECT customer_id, last_name, primary_store_id, visible_in FROM zava.customers_by_store
     WHERE visible_in IS NOT NULL
)
(SELECT 'missing', * FROM (SELECT * FROM wanted EXCEPT SELECT * FROM copies) AS m)
UNION ALL (SELECT 'left over', * FROM (SELECT * FROM copies EXCEPT SELECT * FROM wanted) AS l)
"""


@pytest.fixture
def url(server: str, database: str) -> str:
    """A database of two managers, upgraded from version 9, as its superuser."""
    url = ADMIN.format(database=database, host=server)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"{VERSION_9}{ROWS}".encode())
        command = ["init", "--no-sample", "--admin-database-url", url]
        CliRunner().invoke(app, command, catch_exceptions=False)
        connection.execute(PREPARED.encode())
    return url


def try_change(connection: psycopg.Connection, change: str) -> bool:
    """Whether a change succeeded without waiting for the other session; it is undone if it did not."""
    try:
        connection.execute("SET LOCAL lock_timeout = '50ms'")
        connection.execute(CHANGES[change].encode())
    except (psycopg.errors.LockNotAvailable, psycopg.errors.SerializationFailure):
        connection.rollback()
        return False
    return True


def test_customer_copies_are_right_after_concurrent_changes(url: str) -> None:
    for first, second in permutations(CHANGES, 2):
        with psycopg.connect(url) as one, psycopg.connect(url) as other:
            assert try_change(one, first)
            done = try_change(other, second)
            one.commit()
            if not done:
                assert try_change(other, second)
            other.commit()
            assert one.execute(WRONG.encode()).fetchall() == [], (first, second)
            one.execute("DELETE FROM retail.orders WHERE customer_id IN (1001, 1005)")
            one.execute("UPDATE retail.customers SET last_name = 'Name' WHERE customer_id IN (1001, 1005)")
            one.execute(PREPARED.encode())


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("change", ["cancel", "move", "rename", "home"])
def test_customer_change_that_would_miss_an_order_is_refused(url: str, level: str, change: str) -> None:
    with psycopg.connect(url) as one:
        one.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="READ COMMITTED"):
            one.execute(CHANGES[change].encode())


def test_order_with_a_stale_customer_snapshot_is_refused(url: str) -> None:
    with psycopg.connect(url) as one, psycopg.connect(url) as other:
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT FROM retail.customers LIMIT 1")
        assert try_change(one, "rename")
        one.commit()
        assert not try_change(other, "order")
        assert one.execute(WRONG.encode()).fetchall() == []
