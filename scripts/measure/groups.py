"""Call, rows, round trips, search, schema and memory of one server."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from scripts.measure.delay import MILLISECONDS, far_away
from scripts.measure.figures import Figure, compare, figure
from scripts.measure.processes import SEATTLE, Server, floor_server, ours, ours_through, rows_floor_server
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.embeddings import padded
from zava_mcp.embeddings.local import LocalEmbedder
from zava_mcp.postgres.connection_parameters import embedded_parameters

_ITEMS = (
    "SELECT order_item_id, order_id, product_id, quantity, unit_price, discount_amount, total_amount,"
    " 'a text' AS note FROM retail.order_items ORDER BY order_item_id LIMIT {}"
)
_NEAREST = """SELECT p.product_name, p.base_price, 1 - near.distance, sum(v.stock_level)
  FROM (SELECT e.product_id, e.description_embedding OPERATOR(public.<=>) %s::public.vector AS distance
          FROM retail.product_description_embeddings e ORDER BY distance LIMIT 20) AS near
  JOIN retail.products p USING (product_id) JOIN retail.inventory v USING (product_id)
 GROUP BY p.product_id, near.distance ORDER BY near.distance"""
_WANTED = "paint for a fence"


def call(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """One call over stdio."""
    server, floor = ours(embedded.folder), floor_server()
    yield compare("SELECT 1", "smallest SDK tool", lambda: server.ask("SELECT 1"), lambda: floor.ask("x"), 1000)
    server.end()
    floor.end()


def schema(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """Two tables described over stdio, once they are known."""
    server, floor = ours(embedded.folder), floor_server()
    yield _described("two tables described", server, floor, 200)
    server.end()
    floor.end()


def _described(name: str, server: Server, floor: Server, times: int) -> Figure:
    tables = ["orders", "order_items"]
    return compare(
        name,
        "smallest SDK tool",
        lambda: server.call("get_multiple_table_schemas", table_names=tables),
        lambda: floor.ask("x"),
        times,
    )


def rows(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """Rows of 8 columns over stdio, fetched, written as JSON and sent."""
    target = embedded_parameters(embedded.open(), embedded.logins()[SEATTLE])
    server = ours(embedded.folder, ZAVA_MAX_BYTES="1000000", ZAVA_MAX_ROWS="10000")
    floor = rows_floor_server(make_conninfo(**target.keywords()))
    for count, times in ((1_000, 60), (10_000, 20)):
        yield compare(
            f"{count:,} rows x 8",
            "psycopg and json in an SDK tool",
            partial(server.ask, _ITEMS.format(count), max_rows=count),
            partial(floor.ask, _ITEMS.format(count), max_rows=count),
            times,
        )
    server.end()
    floor.end()


def round_trips(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """Calls to a database that is 20 ms away, beside one round trip of psycopg's to the same, and beside none."""
    login = embedded.logins()[SEATTLE]
    with far_away(embedded.open()) as port:
        server, floor = ours_through(port, login.login, login.password), floor_server()
        url = f"postgresql://{login.login}:{login.password}@127.0.0.1:{port}/zava?sslmode=disable"
        with psycopg.connect(url, autocommit=True) as connection:

            def trip() -> Any:
                return connection.execute(b"SELECT 1").fetchall()

            there_and_back = f"one psycopg query, {MILLISECONDS:g} ms away"
            yield compare("query, far away", there_and_back, lambda: server.ask("SELECT 1"), trip, 60)
            yield compare(
                "search, far away",
                f"{there_and_back}, without embedding",
                lambda: server.call("semantic_search_products", query_description=_WANTED),
                trip,
                60,
            )
        yield _described("tables described, far away", server, floor, 60)
        server.end()
        floor.end()


def search(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """A semantic search over stdio, beside its parts without a server: an embedding, and the products nearest to it."""
    target = embedded_parameters(embedded.open(), embedded.logins()[SEATTLE])
    server, embedder = ours(embedded.folder), LocalEmbedder(None)
    with psycopg.connect(**target.keywords(), autocommit=True) as connection:

        def parts() -> Any:
            return connection.execute(_NEAREST, [str(padded(embedder.embed_query(_WANTED)))]).fetchall()

        yield compare(
            "semantic search",
            "embedding, and psycopg for the exact nearest",
            lambda: server.call("semantic_search_products", query_description=_WANTED),
            parts,
            100,
        )
    server.end()


def memory(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """What a server holds after its first answers, beside the smallest SDK server's."""
    held: dict[str, list[float]] = {"an answer": [], "1,000 rows": [], "a search": []}
    base: list[float] = []
    for _ in range(3):
        server, floor = ours(embedded.folder), floor_server()
        floor.ask("x")
        base.append(floor.megabytes())
        server.ask("SELECT 1")
        held["an answer"].append(server.megabytes())
        server.call("execute_sales_query", postgresql_query=_ITEMS.format(1000), max_rows=1000)
        held["1,000 rows"].append(server.megabytes())
        server.call("semantic_search_products", query_description=_WANTED)
        held["a search"].append(server.megabytes())
        server.end()
        floor.end()
    for name, megabytes in held.items():
        yield figure(f"memory after {name}", "smallest SDK server", megabytes, base, "MB")
