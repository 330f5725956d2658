"""psycopg connection with a client-side timeout."""

import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import Ready

from zava_mcp.postgres.bounded_reader import BoundedReader
from zava_mcp.postgres.login_rights import LoginRights

T = TypeVar("T")

CONNECT_SECONDS = 5


class TimeoutConnection(psycopg.Connection):
    """Closes itself when a reply takes longer than `timeout` seconds.

    The database's own deadline is shorter, but its error does not arrive if the network drops packets: such a
    connection would appear open forever.
    """

    timeout = float(CONNECT_SECONDS)
    _deadline = 0.0
    _reader: BoundedReader | None = None
    _login_rights: LoginRights | None = None
    verified_at = 0.0  # a time of the monotonic clock

    @property
    def reader(self) -> BoundedReader:
        """The reader that limits the memory of one message."""
        if self._reader is None:
            self._reader = BoundedReader(self.pgconn)
        return self._reader

    @property
    def login_rights(self) -> LoginRights:
        """The login's rights when the connection was verified."""
        if self._login_rights is None:
            self._login_rights = LoginRights()
        return self._login_rights

    def close(self) -> None:
        """Closes the connection and its reader."""
        super().close()
        if self._reader is not None and self.closed:
            self._reader.close()

    def shorten_deadline(self, seconds: float) -> None:
        """Lets a wait in progress last at most so many seconds more. Any thread may call it."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def wait(self, gen: PQGen[T], *arguments: Any, **named: Any) -> T:
        """Waits as psycopg's connection does. Raises ConnectionTimeout past the deadline."""
        self._deadline = time.monotonic() + self.timeout
        try:
            return super().wait(self._with_deadline(gen), *arguments, **named)
        except psycopg.errors.ConnectionTimeout:
            self.close()
            raise

    def _with_deadline(self, work: PQGen[T]) -> PQGen[T]:
        """The generator's steps, until one has to wait past the deadline."""
        try:
            waits_for = next(work)
            while True:
                ready = yield waits_for
                if ready == Ready.NONE and time.monotonic() > self._deadline:
                    raise psycopg.errors.ConnectionTimeout("timeout expired")
                waits_for = work.send(ready)
        except StopIteration as done:
            result: T = done.value
            return result
