"""Connections of one identity, each proved before its first use and then kept for the next question."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg.pq import TransactionStatus

from zava_mcp.database.connecting import Proof, Target, connect_patiently
from zava_mcp.database.patience import CONNECT_SECONDS, PatientConnection
from zava_mcp.errors import DatabaseUnavailable

_IDLE_SECONDS = 60.0  # after which all but one are closed: other servers of the same login may need them
_LIFE_SECONDS = 3600.0  # of a connection; a new one sees a server that has moved


class Connections:
    """As many as are in use at the same time, which the callers bound.

    Whoever finds none idle connects, and so hears exactly why that fails; the first one is connected at once.
    Raises DatabaseUnavailable or IdentityError, as `admit` does, which is given each new connection.
    """

    def __init__(self, target: Target, admit: Callable[[PatientConnection], Proof]) -> None:
        self._target = target
        self._admit = admit
        self._change = threading.Condition()
        self._idle: list[tuple[float, PatientConnection]] = []  # since when, the last used last
        self._used = 0
        self._closed = False
        self._pruning: threading.Timer | None = None
        first = connect_patiently(target)
        self.proof = self._admitted(first)
        self._idle.append((time.monotonic(), first))

    @contextmanager
    def one(self) -> Iterator[PatientConnection]:
        """A connection for the time of the context; where the server has no more for us, another's once it is idle."""
        connection = self._take()
        if connection is None:
            connection = self._another()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def hear(self, heard: Callable[[], None]) -> None:
        """Takes in what the database told meanwhile, if a connection is idle, without a round trip."""
        connection = self._take()
        if connection is None:
            return
        try:
            with suppress(psycopg.OperationalError):  # the next question tells
                connection.pgconn.consume_input()
                while connection.pgconn.notifies():
                    heard()
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Closes what is idle now, and the rest when it is given back."""
        with self._change:
            self._closed = True
            if self._pruning is not None:
                self._pruning.cancel()
        self._prune(0.0, 0)

    def _another(self) -> PatientConnection:
        try:
            connection = connect_patiently(self._target)
            self._admitted(connection)
        except DatabaseUnavailable:
            if (other := self._take(CONNECT_SECONDS)) is None:
                raise
            return other
        with self._change:
            self._used += 1
        return connection

    def _admitted(self, connection: PatientConnection) -> Proof:
        connection.born = time.monotonic()
        try:
            return self._admit(connection)
        except BaseException:
            connection.close()
            raise

    def _take(self, seconds: float = 0.0) -> PatientConnection | None:
        """An idle one, waited for as long as there are some that could become idle."""
        with self._change:
            self._change.wait_for(lambda: self._idle or not self._used, seconds)
            if not self._idle:
                return None
            self._used += 1
            return self._idle.pop()[1]

    def _give_back(self, connection: PatientConnection) -> None:
        now = time.monotonic()
        clean = connection.pgconn.transaction_status == TransactionStatus.IDLE
        with self._change:
            self._used -= 1
            if keep := clean and not self._closed and now - connection.born < _LIFE_SECONDS:
                self._idle.append((now, connection))
                if len(self._idle) > 1 and self._pruning is None:
                    self._pruning = threading.Timer(_IDLE_SECONDS, self._prune)
                    self._pruning.daemon = True
                    self._pruning.start()
            self._change.notify()
        if not keep:
            connection.close()

    def _prune(self, idle_seconds: float = _IDLE_SECONDS, left: int = 1) -> None:
        """Closes those that were not needed for so long, the longest unused first."""
        unneeded = []
        with self._change:
            self._pruning = None
            latest = time.monotonic() - idle_seconds
            while len(self._idle) > left and self._idle[0][0] <= latest:
                unneeded.append(self._idle.pop(0)[1])
        for connection in unneeded:
            connection.close()
