"""Decides when a call is retried on another connection: after a lost connection, and while the database restarts."""

import time
from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg_pool import PoolClosed

from zava_mcp.errors import DatabaseUnavailable, ZavaError
from zava_mcp.postgres.connection_failures import Disconnected, NotListening, Restarting
from zava_mcp.postgres.timeout_connection import TimeoutConnection

T = TypeVar("T", covariant=True)

RESTART_SECONDS = 5.0  # a closed port counts as a restart for this long after a lost connection
_MAX_LOSSES = 3  # a query that ends its own server process is not sent a fourth time
_PAUSE_SECONDS = (0.02, 0.05, 0.1, 0.25)  # between attempts to connect; the last one is repeated


class Runnable(Protocol[T]):
    """A statement that yields its results, and knows whether it may run again: Query, Statement and StatementBatch."""

    @property
    def may_repeat(self) -> bool: ...

    def run(self, connection: TimeoutConnection, clear_locks: bool, is_distributed: bool, /) -> Iterator[T]: ...


class Attempts:
    """The attempts of one call, all within its deadline.

    A statement may run again, because nothing is written, unless it was cancelled or its rows were delivered.
    """

    def __init__(self, seconds: float, statement: Runnable[Any]) -> None:
        self._deadline = time.monotonic() + seconds
        self._statement = statement
        self._losses = 0
        self._pauses = 0
        self._pool_emptied = False

    def after_loss(self, error: psycopg.Error, reason: ZavaError) -> None:
        """Counts a connection that ended during the work. Raises the reason if the work must not run again."""
        self._losses += not isinstance(error, PoolClosed)  # Another call closed the pool before this work began.
        has_waited = isinstance(error, psycopg.errors.ConnectionTimeout)  # a timeout is not retried
        if (
            has_waited
            or self._losses >= _MAX_LOSSES
            or not self._statement.may_repeat
            or time.monotonic() > self._deadline
        ):
            raise reason from None

    def without_connection(self, error: DatabaseUnavailable, had_pool: bool, lost_at: float) -> None:
        """Waits for the next attempt to connect. Raises the error if no connection is to be expected."""
        if had_pool and not self._pool_emptied and self._statement.may_repeat:
            self._pool_emptied = True  # the server may have another address now
            return
        self._losses += isinstance(error, Disconnected)
        if isinstance(error, Restarting) or (isinstance(error, Disconnected) and self._losses < _MAX_LOSSES):
            until = self._deadline
        elif isinstance(error, NotListening):
            until = min(self._deadline, lost_at + RESTART_SECONDS)
        else:
            raise error
        pause = _PAUSE_SECONDS[min(self._pauses, len(_PAUSE_SECONDS) - 1)]
        self._pauses += 1
        if not self._statement.may_repeat or time.monotonic() + pause > until:
            raise error
        time.sleep(pause)
