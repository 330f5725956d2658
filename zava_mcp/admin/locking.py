"""Administrators change a database one after the other: a transaction by itself, or a change of files around it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from zava_mcp.errors import DatabaseUnavailable

SET_UP_LOCK = 7_283_415  # any number, the same for everybody who sets up
_WAITING_SECONDS = 60.0
_POLL_SECONDS = 0.1


@contextmanager
def serialised(connection: psycopg.Connection) -> Iterator[None]:
    """While this lasts, no other administrator changes the database, nor a file that belongs to it.

    A transaction that takes the same lock on the same connection does not wait for it. Raises DatabaseUnavailable if
    another administrator's change takes too long.
    """
    until = time.monotonic() + _WAITING_SECONDS
    # Polled, because the function that waits is executable by superusers only.
    while not _try(connection, "SELECT pg_try_advisory_lock(%s)"):
        if time.monotonic() > until:
            raise DatabaseUnavailable("another administrator is changing this database", "Try again when that is done.")
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        with suppress(psycopg.Error):  # the lock goes with its connection
            _try(connection, "SELECT pg_advisory_unlock(%s)")


def _try(connection: psycopg.Connection, statement: str) -> bool:
    row = connection.execute(statement.encode(), [SET_UP_LOCK]).fetchone()
    return bool(row and row[0])
