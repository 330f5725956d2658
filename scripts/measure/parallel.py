"""Many calls at once: in one server, in eight, and a quick one beside slow ones."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from queue import SimpleQueue

import psycopg

from scripts.measure.figures import Figure, compare, figure, in_turn, slowest
from scripts.measure.isolation import connected
from scripts.measure.processes import SEATTLE, Server, floor_server, ours
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.plurals import counted

QUESTION = (
    "SELECT date_trunc('week', order_date)::date AS week, count(*) FROM retail.orders"
    " WHERE order_date >= current_date - 90 GROUP BY week ORDER BY week"
)
SLOW = "SELECT count(*) FROM retail.order_items i JOIN retail.orders USING (order_id) WHERE (unit_price + 1) % 7 > 3"
_CALLS = 96
_SERVERS = 8
_MOST_CONNECTIONS = 8  # a login has twenty, of which the servers have some


def concurrency(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """Milliseconds for 96 calls, so many of them at once; the floor has a thread and a connection for each of eight."""
    server = ours(embedded.folder)
    for at_once in (1, 8, 32):
        connections = min(at_once, _MOST_CONNECTIONS)
        with _connections(embedded, connections) as ask_psycopg:

            def batches(at_once: int = at_once) -> None:
                for _ in range(_CALLS // at_once):
                    server.ask_at_once([QUESTION] * at_once)

            yield compare(
                f"{_CALLS} calls, {at_once} at once",
                f"psycopg, {counted(connections, 'thread')}",
                batches,
                partial(ask_psycopg, _CALLS),
                9,
            )
    server.end()
    yield from _of_eight_servers(embedded)
    yield from _beside_slow_queries(embedded)


def _of_eight_servers(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    servers = [ours(embedded.folder) for _ in range(_SERVERS)]
    each = [QUESTION] * (_CALLS // _SERVERS)

    def ask(server: Server) -> None:
        for question in each:
            server.ask(question)

    with ThreadPoolExecutor(_SERVERS) as threads, _connections(embedded, _SERVERS) as ask_psycopg:
        yield compare(
            f"{_CALLS} calls, {_SERVERS} servers",
            f"psycopg, {_SERVERS} threads",
            lambda: list(threads.map(ask, servers)),
            lambda: ask_psycopg(_CALLS),
            9,
        )
    for server in servers:
        server.end()


def _beside_slow_queries(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """A quick question while slow queries of the same login keep the processors busy; so has the floor."""
    enough = threading.Event()
    server, floor = ours(embedded.folder), floor_server()
    with _connections(embedded, 2) as keep_busy:

        def company() -> None:
            while not enough.is_set():
                keep_busy(2, SLOW)

        busy = threading.Thread(target=company)
        busy.start()
        names = ("SELECT 1 beside slow queries", "smallest SDK tool beside the same")
        took = in_turn(lambda: server.ask("SELECT 1"), lambda: floor.ask("x"), 300)
        yield figure(*names, *took)
        yield slowest(*names, *took)
        enough.set()
        busy.join()
    server.end()
    floor.end()


@contextmanager
def _connections(embedded: EmbeddedPostgres, number: int) -> Iterator[Callable[..., None]]:
    """What asks so many questions over a number of connections, each with a thread of its own."""
    login = embedded.logins()[SEATTLE]
    with ExitStack() as stack:
        idle: SimpleQueue[psycopg.Connection] = SimpleQueue()
        for _ in range(number):
            idle.put(stack.enter_context(connected(embedded, login)))
        threads = stack.enter_context(ThreadPoolExecutor(number))

        def one(sql: str) -> None:
            connection = idle.get()
            connection.execute(sql.encode()).fetchall()
            idle.put(connection)

        def many(count: int, sql: str = QUESTION) -> None:
            list(threads.map(one, [sql] * count))

        yield many
