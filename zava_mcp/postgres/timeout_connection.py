"""A connection on which nothing waits for ever, whatever the network does."""

import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import Ready

from zava_mcp.postgres.bounded_reader import BoundedReader
from zava_mcp.postgres.standing import LoginRights

T = TypeVar("T")

CONNECT_SECONDS = 5


class TimeoutConnection(psycopg.Connection):
    """Closes itself when an answer takes longer than `patience` seconds.

    The database's own deadline comes first, if it can be heard; a network that swallows what is sent
    leaves a connection that looks alive for ever.
    """

    timeout = float(CONNECT_SECONDS)
    _deadline = 0.0
    _reader: BoundedReader | None = None
    _standing: LoginRights | None = None
    verified_at = 0.0  # by the monotonic clock

    @property
    def reader(self) -> BoundedReader:
        """What reads it by the sip."""
        if self._reader is None:
            self._reader = BoundedReader(self.pgconn)
        return self._reader

    @property
    def standing(self) -> LoginRights:
        """What its login may do, as it was when the connection was verified."""
        if self._standing is None:
            self._standing = LoginRights()
        return self._standing

    def close(self) -> None:
        """As psycopg's."""
        super().close()
        if self._reader is not None and self.closed:
            self._reader.close()

    def shorten_deadline(self, seconds: float) -> None:
        """Whatever waits now waits so long at most; from any thread."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def wait(self, gen: PQGen[T], *arguments: Any, **named: Any) -> T:
        """As psycopg's. Raises ConnectionTimeout."""
        self._deadline = time.monotonic() + self.timeout
        try:
            return super().wait(self._deadline_passed(gen), *arguments, **named)
        except psycopg.errors.ConnectionTimeout:
            self.close()
            raise

    def _deadline_passed(self, work: PQGen[T]) -> PQGen[T]:
        """The same steps, until one has to wait past the deadline."""
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
