"""Measures the server against floors taken in the same run: interleaved, medians, as ratios.

Each line of the table is one figure: what it took, what its floor took, the ratio, and the spread
(the middle half of the figure's own measurements, relative to their median).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg

from zava_mcp.cli.output import show_table
from zava_mcp.database.bundled import embedded_postgres
from zava_mcp.database.sample import Sample
from zava_mcp.database.setup import embedded_target
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.retail.shop import Shop
from zava_mcp.settings import load

HEAD_OFFICE = "00000000-0000-0000-0000-000000000000"
SEATTLE = "f47ac10b-58cc-4372-a567-0e02b2c3d479"

FLOOR_SERVER = '''
from mcp.server.mcpserver import MCPServer
server = MCPServer("floor", version="1")
@server.tool(structured_output=False)
async def execute_sales_query(postgresql_query: str) -> str:
    """The smallest tool."""
    return "1"
server.run()
'''

#: The questions of the isolation group; {where} is the filter that the policy folds to.
QUESTIONS = {
    "top 10 products": """SELECT product_name, sum(i.total_amount) AS revenue
        FROM retail.orders o JOIN retail.order_items i USING (order_id) JOIN retail.products USING (product_id)
        WHERE {orders} AND {items} GROUP BY product_name ORDER BY revenue DESC LIMIT 10""",
    "count orders": "SELECT count(*) FROM retail.orders o WHERE {orders}",
    "count items": "SELECT count(*) FROM retail.order_items i WHERE {items}",
}


@dataclass(frozen=True)
class Figure:
    """Medians in milliseconds."""

    name: str
    floor_name: str
    took: float
    floor: float
    spread: float

    @property
    def ratio(self) -> float:
        return self.took / self.floor


def compare(name: str, floor_name: str, measured: Callable[[], Any], floor: Callable[[], Any], times: int) -> Figure:
    """Runs both in turn, so that whatever else the machine does hits both."""
    took: list[float] = []
    base: list[float] = []
    for round_ in range(times + 1):
        for work, into in ((measured, took), (floor, base)):
            start = time.perf_counter()
            work()
            if round_:  # the first is for warming up
                into.append((time.perf_counter() - start) * 1000)
    lower, _, upper = statistics.quantiles(took, n=4)
    median = statistics.median(took)
    return Figure(name, floor_name, median, statistics.median(base), (upper - lower) / median)


class Server:
    """A server process, driven over its stdio without any SDK in between."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(os.environ)
        )
        client = {"name": "bench", "version": "1"}
        self.request("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=client)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        assert self.process.stdout is not None
        self._send({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        reply: dict[str, Any] = json.loads(self.process.stdout.readline())
        return reply

    def ask(self, sql: str) -> None:
        self.call("execute_sales_query", postgresql_query=sql)

    def call(self, tool: str, **arguments: Any) -> str:
        """The text that a tool answers."""
        result = self.request("tools/call", name=tool, arguments=arguments)["result"]
        text: str = result["content"][0]["text"]
        assert not result.get("isError"), text
        return text

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()


def ours(data_dir: Path) -> Server:
    return Server(sys.executable, "-m", "zava_mcp", "--data-dir", str(data_dir), "--user-id", SEATTLE)


def floor_server() -> Server:
    return Server(sys.executable, "-c", FLOOR_SERVER)


def start(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """From spawning to the list of tools, and to the first answer, with the database running already."""

    def listed(make: Callable[[], Server], first: str = "") -> None:
        server = make()
        server.request("tools/list")
        if first:
            server.ask(first)
        server.end()

    def make_ours() -> Server:
        return ours(embedded.folder)

    yield compare(
        "start to tools/list", "smallest SDK server", lambda: listed(make_ours), lambda: listed(floor_server), 9
    )
    yield compare(
        "start to first answer",
        "smallest SDK server",
        lambda: listed(make_ours, "SELECT 1"),
        lambda: listed(floor_server, "SELECT 1"),
        9,
    )


def call(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """One call over stdio."""
    server, floor = ours(embedded.folder), floor_server()
    yield compare("SELECT 1", "smallest SDK tool", lambda: server.ask("SELECT 1"), lambda: floor.ask("x"), 400)
    server.end()
    floor.end()


def rows(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """Fetching and writing 1,000 rows of 8 columns, without the protocol around it."""
    settings = load({"ZAVA_DATA_DIR": str(embedded.folder), "ZAVA_USER_ID": SEATTLE, "ZAVA_MAX_BYTES": "1000000"}, {})
    shop = Shop(settings, lambda *_: None)
    sql = (
        "SELECT order_item_id, order_id, product_id, quantity, unit_price, discount_amount, total_amount,"
        " 'a text' AS note FROM retail.order_items ORDER BY order_item_id LIMIT 1000"
    )
    with connect(embedded, SEATTLE) as connection:

        def floor() -> str:
            cursor = connection.execute(sql.encode())
            return json.dumps([list(map(str, row)) for row in cursor.fetchall()], separators=(",", ":"))

        yield compare(
            "1,000 rows x 8",
            "psycopg and json",
            lambda: shop.answer(shop.sales_query(sql, 1000)).json(),
            floor,
            60,
        )
    shop.close()


def rls(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """The same question under the policies, and as superuser with the filter written out."""
    filters = {SEATTLE: ("o.store_id = 1", "i.store_id = 1"), HEAD_OFFICE: ("true", "true")}
    for user_id, who in ((SEATTLE, "Seattle"), (HEAD_OFFICE, "head office")):
        with connect(embedded, user_id) as agent, connect(embedded, "") as owner:
            for name, question in QUESTIONS.items():
                plain = question.format(orders="true", items="true").encode()
                orders, items = filters[user_id]
                explicit = question.format(orders=orders, items=items).encode()
                assert agent.execute(plain).fetchall() == owner.execute(explicit).fetchall()
                yield compare(
                    f"{name}, {who}",
                    "explicit WHERE",
                    lambda agent=agent, plain=plain: agent.execute(plain).fetchall(),  # type: ignore[misc]  # bound now
                    lambda owner=owner, explicit=explicit: owner.execute(explicit).fetchall(),  # type: ignore[misc]
                    25,
                )


@contextmanager
def connect(embedded: EmbeddedPostgres, user_id: str) -> Iterator[psycopg.Connection]:
    target = embedded_target(embedded.open(), embedded.logins()[user_id])
    with psycopg.connect(**target.keywords(), autocommit=True, prepare_threshold=None) as connection:
        yield connection


GROUPS: dict[str, Callable[[EmbeddedPostgres], Iterator[Figure]]] = {
    "start": start,
    "call": call,
    "rows": rows,
    "rls": rls,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(GROUPS), action="append", help="measure only this group; repeatable")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the sample; 1 is about 200,000 orders")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zava-bench-") as folder:
        settings = load({"ZAVA_DATA_DIR": folder}, {})
        embedded = embedded_postgres(settings, lambda *_: None, Sample(scale=wanted.scale))
        try:
            embedded.open()
            figures = [figure for group in wanted.only or GROUPS for figure in GROUPS[group](embedded)]
        finally:
            embedded.close()
    if wanted.json:
        print(json.dumps([{**asdict(figure), "ratio": figure.ratio} for figure in figures], indent=1))
        return
    show_table(
        ["figure", "ms", "floor", "ms", "ratio", "spread"],
        [
            [f.name, f"{f.took:.2f}", f.floor_name, f"{f.floor:.2f}", f"{f.ratio:.2f}", f"{f.spread:.0%}"]
            for f in figures
        ],
        {1, 3, 4, 5},
    )


if __name__ == "__main__":
    main()
