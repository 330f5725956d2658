"""Round trips of a call, which determine its time on a distant database."""

from typing import Any

import pytest

from tests.conftest import SEATTLE, asking
from tests.faults.network import Network
from tests.faults.postgres import Postgres

CALLS: dict[str, tuple[str, dict[str, Any], int]] = {
    "a query": ("execute_sales_query", {"postgresql_query": "SELECT count(*) FROM retail.orders"}, 1),
    "a thousand rows": (
        "execute_sales_query",
        {"postgresql_query": "SELECT order_item_id FROM retail.order_items", "max_rows": 1000},
        1,
    ),
    "a refused query": ("execute_sales_query", {"postgresql_query": "DELETE FROM retail.orders"}, 1),
    "a search": ("semantic_search_products", {"query_description": "paint for a fence"}, 1),
    "products like another": ("semantic_search_products", {"similar_to": "HT-HAM-001"}, 1),
    "tables described": ("get_multiple_table_schemas", {"table_names": ["orders", "order_items"]}, 0),
    "the date": ("get_current_utc_date", {}, 0),
}


@pytest.fixture
def far(network: Network) -> Network:
    network.far = True
    return network


@pytest.mark.anyio
async def test_first_query_uses_the_verified_connection(elsewhere: Postgres, far: Network) -> None:
    """No second connection: four round trips to get in, two for the proof and the names, one for the descriptions
    that hints about errors are made of, one for the question.
    """
    async with asking(elsewhere.settings(SEATTLE, far.port)) as seattle:
        await seattle.value("SELECT 1")
        assert far.round_trips == 8


@pytest.mark.anyio
@pytest.mark.parametrize("name", CALLS)
async def test_call_makes_at_most_one_round_trip(name: str, elsewhere: Postgres, far: Network) -> None:
    tool, arguments, round_trips = CALLS[name]
    async with asking(elsewhere.settings(SEATTLE, far.port)) as seattle:
        await seattle.value("SELECT 1")  # which connects
        await seattle.call(tool, **arguments)
        before = far.round_trips
        assert before
        for _ in range(3):
            await seattle.call(tool, **arguments)
        assert far.round_trips - before == 3 * round_trips
