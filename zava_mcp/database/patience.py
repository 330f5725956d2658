"""A connection on which nothing waits for ever, whatever the network does."""

import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import Ready

from zava_mcp.database.sips import Sips
from zava_mcp.database.standing import Standing

T = TypeVar("T")

CONNECT_SECONDS = 5


class PatientConnection(psycopg.Connection):
    """Closes itself when an answer takes longer than `patience` seconds.

    The database's own deadline comes first, if it can be heard; a network that swallows what is sent
    leaves a connection that looks alive for ever.
    """

    patience = float(CONNECT_SECONDS)
    _deadline = 0.0
    _sips: Sips | None = None
    _standing: Standing | None = None
    verified_at = 0.0  # by the monotonic clock

    @property
    def sips(self) -> Sips:
        """What reads it by the sip."""
        if self._sips is None:
            self._sips = Sips(self.pgconn)
        return self._sips

    @property
    def standing(self) -> Standing:
        """What its login may do, as it was when the connection was verified."""
        if self._standing is None:
            self._standing = Standing()
        return self._standing

    def close(self) -> None:
        """As psycopg's."""
        super().close()
        if self._sips is not None and self.closed:
            self._sips.close()

    def hurry(self, seconds: float) -> None:
        """Whatever waits now waits so long at most; from any thread."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def wait(self, gen: PQGen[T], *arguments: Any, **named: Any) -> T:
        """As psycopg's. Raises ConnectionTimeout."""
        self._deadline = time.monotonic() + self.patience
        try:
            return super().wait(self._impatient(gen), *arguments, **named)
        except psycopg.errors.ConnectionTimeout:
            self.close()
            raise

    def _impatient(self, work: PQGen[T]) -> PQGen[T]:
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
