"""Work on a connection that another thread may stop, in the database too."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from zava_mcp.errors import CALL_CANCELLED, QueryError
from zava_mcp.postgres.timeout_connection import TimeoutConnection

CANCEL_SECONDS = 2.0  # for the request to arrive, and then for the end of what it is about


class Cancellable:
    """Something asked once, on whichever connection it is given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None
        self.cancelled = False

    def cancel(self) -> None:
        """Stops it in the database; from any thread, at any time, also before it began."""
        with self._lock:
            self.cancelled = True
            if self._connection is not None:
                cancel(self._connection)
                if isinstance(self._connection, TimeoutConnection):
                    self._connection.shorten_deadline(CANCEL_SECONDS)

    @contextmanager
    def using(self, connection: psycopg.Connection) -> Iterator[None]:
        """While this lasts, `cancel` reaches the connection. Raises QueryError if it was called already."""
        with self._lock:
            if self.cancelled:
                raise QueryError(CALL_CANCELLED, sqlstate="57014")
            self._connection = connection
        try:
            yield
        finally:
            with self._lock:
                self._connection = None
                if self.cancelled:  # a late cancel must not hit whoever has the connection next
                    with suppress(psycopg.Error):
                        connection.close()


def cancel(connection: psycopg.Connection) -> None:
    """Asks the database to stop what the connection waits for."""
    with suppress(psycopg.Error):  # out of reach: closing the connection is all that is left, and is done
        connection.cancel_safe(timeout=CANCEL_SECONDS)
