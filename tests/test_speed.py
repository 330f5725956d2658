"""What a server costs beside the smallest one of the same SDK: loose bounds on ratios, against slips, not for records.

`scripts/bench` measures the same with care.
"""

from functools import partial
from pathlib import Path

from scripts.measure.figures import compare
from scripts.measure.processes import Server, floor_server, ours, rows_floor_server
from tests.conftest import SEATTLE, login_keywords
from zava_mcp.embedded import EmbeddedPostgres

THOUSAND = "SELECT order_item_id, product_id, unit_price, total_amount FROM retail.order_items LIMIT 1000"


def test_a_call_costs_little_more_than_the_sdk_does(data_dir: Path) -> None:
    server, floor = ours(data_dir), floor_server()
    asked = compare("SELECT 1", "smallest SDK tool", lambda: server.ask("SELECT 1"), lambda: floor.ask("x"), 100)
    server.end()
    floor.end()
    assert asked.ratio < 8, asked


def test_rows_cost_little_more_than_driver_and_json_do(embedded: EmbeddedPostgres) -> None:
    server = ours(embedded.folder)
    floor = rows_floor_server(" ".join(f"{key}={value}" for key, value in login_keywords(embedded, SEATTLE).items()))
    ours_asked, floor_asked = (partial(each.ask, THOUSAND, max_rows=1000) for each in (server, floor))
    asked = compare("1,000 rows", "psycopg and json in an SDK tool", ours_asked, floor_asked, 30)
    server.end()
    floor.end()
    assert asked.ratio < 8, asked


def test_a_start_loads_little_more_than_the_sdk_does(data_dir: Path) -> None:
    def start(server: Server) -> None:
        server.request("tools/list")
        server.end()

    started = compare("start", "smallest SDK server", lambda: start(ours(data_dir)), lambda: start(floor_server()), 2)
    assert started.ratio < 3, started
