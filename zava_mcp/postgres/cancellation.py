"""Cancels statements from another thread, in the database too."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from zava_mcp.errors import CALL_CANCELLED, QueryError
from zava_mcp.postgres.timeout_connection import TimeoutConnection

CANCEL_SECONDS = 2.0  # The cancel request and the end of the statement each have this time.


class Cancellable:
    """Base class of statements that run once, on a connection that may change between attempts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None
        self.cancelled = False

    def cancel(self) -> None:
        """Stops the statement in the database. Any thread may call it at any time, also before the statement runs."""
        with self._lock:
            self.cancelled = True
            if self._connection is not None:
                cancel(self._connection)
                if isinstance(self._connection, TimeoutConnection):
                    self._connection.shorten_deadline(CANCEL_SECONDS)

    @property
    def may_repeat(self) -> bool:
        """Whether the statement may run again on another connection."""
        return not self.cancelled

    @contextmanager
    def using(self, connection: psycopg.Connection) -> Iterator[None]:
        """Lets `cancel` reach the connection inside the context. Raises QueryError if it was cancelled already."""
        with self._lock:
            if self.cancelled:
                raise QueryError(CALL_CANCELLED, sqlstate="57014")
            self._connection = connection
        try:
            yield
        finally:
            with self._lock:
                self._connection = None
                if self.cancelled:  # a late cancel must not hit the connection's next statement
                    with suppress(psycopg.Error):
                        connection.close()


def cancel(connection: psycopg.Connection) -> None:
    """Asks the database to stop the connection's current statement."""
    with suppress(psycopg.Error):  # an unreachable server: the caller closes the connection
        connection.cancel_safe(timeout=CANCEL_SECONDS)
