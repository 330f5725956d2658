"""What a server costs beside the smallest one of the same SDK: bounds on ratios of the fastest of many.

The fastest is what hardly depends on what else the machine does. `scripts/bench` measures medians of the same.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo

from scripts.measure.figures import in_turn
from scripts.measure.processes import Server, floor_server, ours, rows_floor_server
from tests.conftest import SEATTLE, login_keywords
from zava_mcp.embedded import EmbeddedPostgres

pytestmark = pytest.mark.unmeasured

THOUSAND = "SELECT order_item_id, product_id, unit_price, total_amount FROM retail.order_items LIMIT 1000"


def ratio(measured: Callable[[], Any], floor: Callable[[], Any], times: int) -> float:
    """The fastest of what is measured beside the fastest of its floor, taken in turn."""
    took, base = in_turn(measured, floor, times)
    return min(took) / min(base)


def test_a_call_costs_little_more_than_the_sdk_does(data_dir: Path) -> None:
    server, floor = ours(data_dir), floor_server()
    asked = ratio(lambda: server.ask("SELECT 1"), lambda: floor.ask("x"), 400)
    server.end()
    floor.end()
    assert asked < 2


def test_rows_cost_little_more_than_driver_and_json_do(embedded: EmbeddedPostgres) -> None:
    server = ours(embedded.folder)
    floor = rows_floor_server(make_conninfo(**login_keywords(embedded, SEATTLE)))
    ours_asked, floor_asked = (partial(each.ask, THOUSAND, max_rows=1000) for each in (server, floor))
    asked = ratio(ours_asked, floor_asked, 30)
    server.end()
    floor.end()
    assert asked < 2


def test_a_start_loads_little_more_than_the_sdk_does(data_dir: Path) -> None:
    def start(server: Server) -> None:
        server.request("tools/list")
        server.end()

    assert ratio(lambda: start(ours(data_dir)), lambda: start(floor_server()), 2) < 2
