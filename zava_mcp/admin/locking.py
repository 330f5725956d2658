"""Serialises changes by administrators: a transaction by itself, or a change of files around it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from zava_mcp.admin.change_report import translate_errors
from zava_mcp.errors import DatabaseUnavailable

SET_UP_LOCK = 7_283_415  # an arbitrary number that all changes by administrators lock
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.1


@contextmanager
def change_transaction(connection: psycopg.Connection, dry_run: bool) -> Iterator[None]:
    """One transaction that waits for other administrators' changes; undone on a dry run and with every failure."""
    with translate_errors(embedded=False, change="the change"), connection.transaction(force_rollback=dry_run):
        connection.execute("SET LOCAL client_min_messages = error")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [SET_UP_LOCK])
        yield


@contextmanager
def lock_errors() -> Iterator[None]:
    """Raises DatabaseUnavailable if a table cannot be locked in time."""
    try:
        yield
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        raise DatabaseUnavailable(
            "a table could not be locked, because other sessions use it; nothing was changed",
            "Try again when fewer sessions are open, or end those that hold locks (pg_locks, pg_stat_activity).",
        ) from None


@contextmanager
def serialised(connection: psycopg.Connection) -> Iterator[None]:
    """Keeps other administrators from changing the database, and files that belong to it, inside the context.

    A transaction that takes the same lock on the same connection does not wait for it. Raises DatabaseUnavailable if
    another administrator's change takes too long.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    # Polled, because only superusers may execute the function that waits.
    while not _call(connection, "SELECT pg_try_advisory_lock(%s)"):
        if time.monotonic() > deadline:
            raise DatabaseUnavailable("another administrator is changing this database", "Try again when that is done.")
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        with suppress(psycopg.Error):  # closing the connection releases the lock too
            _call(connection, "SELECT pg_advisory_unlock(%s)")


def _call(connection: psycopg.Connection, statement: str) -> bool:
    row = connection.execute(statement.encode(), [SET_UP_LOCK]).fetchone()
    return bool(row and row[0])
