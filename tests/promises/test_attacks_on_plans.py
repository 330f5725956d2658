"""The same attacks, to be explained instead of run: a plan gives away no more than an answer, and nothing is done."""

import logging
import re

import psycopg
import pytest

from tests.conftest import SEATTLE, Ask, asking
from tests.promises.attacking import FAMILIES, Place, Secrets, attacks
from tests.promises.conftest import user_id_of
from tests.promises.test_03_nothing_is_written import fingerprint

pytestmark = pytest.mark.anyio

OWN = "SELECT count(*), min(order_id), max(order_id) FROM retail.orders"
ESTIMATES = re.compile(r"cost=|rows=|width=|loops=|Workers Planned|Planned Partitions|Rows Removed|Estimates:")

#: The planner must estimate how many rows of other stores these meet; most of them are large enough for workers.
TELLING = (
    "SELECT * FROM retail.order_items",
    "SELECT count(*) FROM retail.order_items WHERE store_id BETWEEN 2 AND 2",
    "SELECT * FROM retail.orders WHERE store_id IN (1, 2)",
    "SELECT * FROM retail.orders a, retail.orders b",
    "SELECT product_id, sum(total_amount) FROM retail.order_items GROUP BY 1 ORDER BY 2",
    "SELECT visible_in FROM zava.customers_by_store TABLESAMPLE SYSTEM (50)",
    "SELECT * FROM retail.orders JOIN retail.order_items USING (order_id) JOIN retail.customers USING (customer_id)",
)


@pytest.mark.parametrize(
    ("place", "who", "family"),
    [
        *(("18", "manager", family) for family in FAMILIES),
        *(("15", "manager", family) for family in FAMILIES if family != "exhaustion"),
    ],
    indirect=["place"],
)
async def test_plan_shows_no_other_rows_and_changes_none(
    place: Place, who: str, family: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "mcp")
    secrets = Secrets.kept_from(who, user_id_of(who), place)
    faults = []
    with place.as_superuser() as admin:
        before = fingerprint(admin)
        async with asking(place.load_settings(who)) as asker:
            seen = await asker.query(OWN)
            for attack in attacks(family):
                text, failed = await asker.call("explain_sales_query", postgresql_query=attack)
                faults += [(attack[:200], found) for found in secrets.leaked(text, attack)]
                if len(text.encode()) > 41_000 or "internal error" in text:
                    faults.append((attack[:200], text[:200]))
                if not failed and ESTIMATES.search(text) and not ESTIMATES.search(attack):
                    faults.append((attack[:200], "it tells estimates"))
            assert await asker.query(OWN) == seen
        changed = fingerprint(admin) != before
    assert not faults
    assert not changed


async def test_a_plan_tells_no_estimate(ask: Ask) -> None:
    """They come from the rows of all stores, whoever asks."""
    async with ask(SEATTLE) as seattle:
        for sql in TELLING:
            text, failed = await seattle.call("explain_sales_query", postgresql_query=sql)
            assert not failed, text
            plan = text.partition("\n")[2]
            assert "Scan" in plan or "One-Time Filter: false" in plan
            assert not ESTIMATES.search(plan)


async def test_a_plan_with_workers_does_not_tell_how_many(ask: Ask, admin: psycopg.Connection) -> None:
    """Their number follows from the size of the whole table."""
    admin.execute("ALTER TABLE zava.order_items_1 SET (parallel_workers = 3)")
    admin.execute("ALTER ROLE zava_seattle SET parallel_setup_cost = 0")
    admin.execute("ALTER ROLE zava_seattle SET parallel_tuple_cost = 0")
    try:
        async with ask(SEATTLE) as seattle:
            sql = "SELECT sum(unit_price) FROM retail.order_items"
            text, _ = await seattle.call("explain_sales_query", postgresql_query=sql)
    finally:
        admin.execute("ALTER TABLE zava.order_items_1 RESET (parallel_workers)")
        admin.execute("ALTER ROLE zava_seattle RESET parallel_setup_cost")
        admin.execute("ALTER ROLE zava_seattle RESET parallel_tuple_cost")
    assert "Gather" in text
    assert not ESTIMATES.search(text)
