"""The starts of a server: into a running database, with one that has stopped, and the first one ever."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg

from scripts.measure.figures import Figure, figure, in_turn
from scripts.measure.isolation import connected
from scripts.measure.processes import Server, floor_server, ours
from zava_mcp.embedded import EmbeddedPostgres, Login
from zava_mcp.embedded.cluster import Cluster
from zava_mcp.embedded.host import change_owner_to_runner
from zava_mcp.postgres.connection_parameters import embedded_parameters

_TABLES = ("products", "inventory", "customers", "orders", "order_items")
_PASSWORD = "floor"  # noqa: S105  # of a database that holds the sample and lives for seconds


def start(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """From spawning to the list of tools, and to the first answer."""
    with _folder() as folder:
        _listed_and_asked(partial(ours, folder), "SELECT 1")  # which sets it up
        for name, data_dir, first in (
            ("start to tools/list", embedded.folder, ""),
            ("start to first answer", embedded.folder, "SELECT 1"),
            ("start to first answer, PostgreSQL's start included", folder, "SELECT 1"),
        ):
            served = partial(_listed_and_asked, partial(ours, data_dir), first)
            yield figure(
                name, "smallest SDK server", *in_turn(served, partial(_listed_and_asked, floor_server, ""), 21, _itself)
            )
    filled = partial(_fill, _copies(embedded))
    yield figure(
        "first start ever to first answer", "initdb, and COPY of as many rows", *in_turn(_set_up, filled, 4, _itself)
    )


def _itself(work: Callable[[], float]) -> float:
    """The milliseconds that it returns, which leave out how long it takes to end what it started."""
    return work()


def _listed_and_asked(make: Callable[[], Server], first: str) -> float:
    """Milliseconds until a new server has listed its tools and answered; not until it has ended."""
    start = time.perf_counter()
    server = make()
    server.request("tools/list")
    if first:
        server.ask(first)
    took = time.perf_counter() - start
    server.end()
    return took * 1000


def _set_up() -> float:
    with _folder() as folder:
        return _listed_and_asked(partial(ours, folder), "SELECT 1")


def _copies(embedded: EmbeddedPostgres) -> dict[str, tuple[str, list[bytes]]]:
    """By table: its columns with their types, and its rows as COPY writes them."""
    found = {}
    with connected(embedded, embedded.logins()[""]) as connection:
        for table in _TABLES:
            columns = connection.execute(
                "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)"
                " FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                [f"retail.{table}"],
            ).fetchone()
            assert columns is not None
            select = f"COPY (SELECT * FROM retail.{table}) TO STDOUT"  # noqa: S608  # of _TABLES
            with connection.cursor().copy(select.encode()) as copy:
                found[table] = (columns[0], [bytes(piece) for piece in copy])
    return found


def _fill(copies: dict[str, tuple[str, list[bytes]]]) -> float:
    """Milliseconds for a new cluster with the rows alone: no keys, no indexes, no policies."""
    with _folder() as folder:
        start = time.perf_counter()
        change_owner_to_runner(folder)
        cluster = Cluster(folder / "data", folder / "server.log")
        cluster.create(_PASSWORD)
        target = embedded_parameters(cluster.start(during_set_up=True), Login("postgres", _PASSWORD), "postgres")
        with psycopg.connect(**target.keywords()) as connection:
            for table, (columns, pieces) in copies.items():
                connection.execute(f"CREATE TABLE {table} ({columns})".encode())
                with connection.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
                    copy.write(b"".join(pieces))
        cluster.stop(60.0)
        return (time.perf_counter() - start) * 1000


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="zava-bench-") as folder:
        yield Path(folder)
