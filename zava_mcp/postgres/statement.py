"""Our own statements: one round trip, which another thread may cancel."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg

from zava_mcp import call_context, sql
from zava_mcp.postgres.cancellation import Cancellable
from zava_mcp.postgres.pipeline import Column, Rows, columns_of, rows_of
from zava_mcp.postgres.timeout_connection import TimeoutConnection

#: Vectors from which on there is an index; fewer are looked at one by one, which is exact, in some 20 ms.
INDEX_FROM = 10_000


class Statement(Cancellable):
    """A read-only statement of ours and its values, asked once.

    It runs in a transaction of its own, read-only and with a deadline as all of an identity's connections, in which
    names resolve to PostgreSQL's own.
    """

    def __init__(self, statement: str, values: Mapping[str, object]) -> None:
        super().__init__()
        self._statement = statement
        self._values = values

    def ask(self, connection: TimeoutConnection) -> tuple[list[Column], Rows]:
        """Columns, and rows as PostgreSQL's text. Raises psycopg.Error, and QueryError if cancelled before."""
        call_context.current_call().round_trips += 1
        with self.using(connection):
            with _transaction(connection):
                cursor = connection.execute(self._statement.encode(), self._values)
            result = cursor.pgresult
            assert result is not None
            return columns_of(result), rows_of(result)


class Reader(Cancellable):
    """Statements of ours without values, asked at once."""

    def ask(self, connection: TimeoutConnection, statements: tuple[str, ...]) -> list[list[tuple[object, ...]]]:
        """The rows of each. Raises as a Lookup."""
        call_context.current_call().round_trips += 1
        with self.using(connection):
            with _transaction(connection):
                cursors = [connection.execute(statement.encode()) for statement in statements]
            return [cursor.fetchall() for cursor in cursors]


@contextmanager
def _transaction(connection: TimeoutConnection) -> Iterator[None]:
    """A read-only transaction of one round trip, in which names resolve to PostgreSQL's own."""
    standing = connection.standing
    try:
        with connection.pipeline():
            connection.execute("BEGIN READ ONLY")
            connection.execute(sql.query("set_local_search_path").encode())
            yield
            connection.execute("ROLLBACK")
            told = connection.execute(b"EXECUTE " + standing.names.whole)
        standing.compare(standing.names.whole, str((told.fetchone() or ("",))[0]).encode())
    except psycopg.Error:
        if not connection.closed:
            standing.doubtful = True  # which nothing told
            connection.rollback()
        raise
