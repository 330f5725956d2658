"""zava-mcp's own read-only statements: one round trip, which another thread may cancel."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg

from zava_mcp import call_context, sql
from zava_mcp.postgres.cancellation import Cancellable
from zava_mcp.postgres.pipeline import RowChunk, columns_of, rows_of
from zava_mcp.postgres.timeout_connection import TimeoutConnection

#: From this number of embeddings on there is an index; fewer are scanned, which is exact and takes some 20 ms.
INDEX_FROM = 10_000


class Statement(Cancellable):
    """A read-only statement and its parameters, to be run once.

    It runs in its own transaction, in which unqualified names resolve to PostgreSQL's own objects.
    """

    def __init__(self, statement: str, values: Mapping[str, object]) -> None:
        super().__init__()
        self._statement = statement
        self._values = values

    def run(self, connection: TimeoutConnection, *_: bool) -> Iterator[RowChunk]:
        """Yields all rows, as PostgreSQL's text. Raises psycopg.Error, and QueryError if it was cancelled before."""
        call_context.current_call().round_trips += 1
        with self.using(connection):
            with _transaction(connection):
                cursor = connection.execute(self._statement.encode(), self._values)
            result = cursor.pgresult
            assert result is not None
            yield RowChunk(columns_of(result), rows_of(result))


class StatementBatch(Cancellable):
    """Statements without parameters that run in one round trip."""

    statements: tuple[str, ...] = ()

    def run(self, connection: TimeoutConnection, *_: bool) -> Iterator[list[list[tuple[object, ...]]]]:
        """Yields the rows of each statement, once. Raises as `Statement.run`."""
        call_context.current_call().round_trips += 1
        with self.using(connection):
            with _transaction(connection):
                cursors = [connection.execute(statement.encode()) for statement in self.statements]
            yield [cursor.fetchall() for cursor in cursors]


@contextmanager
def _transaction(connection: TimeoutConnection) -> Iterator[None]:
    """A read-only transaction of one round trip, in which unqualified names resolve to PostgreSQL's own objects."""
    rights = connection.login_rights
    try:
        with connection.pipeline():
            connection.execute("BEGIN READ ONLY")
            connection.execute(sql.query("set_local_search_path").encode())
            yield
            connection.execute("ROLLBACK")
            cursor = connection.execute(b"EXECUTE " + rights.names.full)
        rights.compare(rights.names.full, str((cursor.fetchone() or ("",))[0]).encode())
    except psycopg.Error:
        if not connection.closed:
            rights.may_have_changed = True  # they were not read
            connection.rollback()
        raise
