"""One of our own statements with values: one round trip, which another thread may cancel."""

import threading
from collections.abc import Mapping
from contextlib import suppress

import psycopg

from zava_mcp.database.failures import query_error
from zava_mcp.database.wire import Column, Rows, cancel, columns_of, rows_of
from zava_mcp.errors import QueryError

#: Vectors from which on there is an index; fewer are looked at one by one, which is exact, in some 20 ms.
INDEX_FROM = 10_000


class Lookup:
    """A read-only statement of ours and its values, asked once.

    It runs in a transaction of its own, read-only and with a deadline as all of an identity's connections.
    """

    def __init__(self, statement: str, values: Mapping[str, object]) -> None:
        self._statement = statement
        self._values = values
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None
        self.cancelled = False

    def cancel(self) -> None:
        """Stops it in the database; from any thread, at any time, also before it began."""
        with self._lock:
            self.cancelled = True
            if self._connection is not None:
                cancel(self._connection)

    def ask(self, connection: psycopg.Connection) -> tuple[list[Column], Rows]:
        """Columns, and rows as text in PostgreSQL's format.

        Raises QueryError for what PostgreSQL refuses or stops, psycopg.OperationalError if the connection broke.
        """
        with self._lock:
            if self.cancelled:
                raise QueryError("the call was cancelled", sqlstate="57014")
            self._connection = connection
        try:
            result = connection.execute(self._statement.encode(), self._values).pgresult
            assert result is not None
            return columns_of(result), rows_of(result)
        except psycopg.errors.QueryCanceled as error:
            raise (
                query_error(error.pgresult) if error.pgresult else QueryError("cancelled", sqlstate="57014")
            ) from None
        finally:
            with self._lock:
                self._connection = None
                if self.cancelled:  # a late cancel must not hit whoever has the connection next
                    with suppress(psycopg.Error):
                        connection.close()
