"""What one call did, noted down by whoever does it: for telemetry and the audit log.

Whoever takes a call opens its record; below, each floor adds what it knows, without knowing who reads it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from zava_mcp.errors import ZavaError

T = TypeVar("T")
Outcome = Literal["ok", "error", "cancelled"]


@dataclass
class Call:
    """One call of a tool, a resource, a prompt or a command. Seconds, bytes and rows; None where there are none."""

    tool: str
    sql: str = ""
    arguments: dict[str, object] = field(default_factory=dict)
    outcome: Outcome = "ok"
    fault: str = ""  # which of our errors it ended with
    sqlstate: str = ""
    rows: int | None = None
    bytes: int | None = None
    truncated: bool = False
    round_trips: int = 0
    queued: float = 0.0
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)  # sentences that the answer has to say about the call

    def failed(self, error: ZavaError) -> None:
        """Notes which error it ended with."""
        self.outcome, self.fault, self.sqlstate = "error", type(error).__name__, getattr(error, "sqlstate", "")

    def answered(self, rows: int, size: int | None, truncated: bool) -> None:
        """Notes what the answer holds."""
        self.rows, self.bytes, self.truncated = rows, size, truncated

    def take_remarks(self) -> list[str]:
        """The remarks that nothing has said yet; the caller says them."""
        taken, self.remarks = self.remarks, []
        return taken

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """What happens inside is time spent waiting for one's turn."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.queued += time.monotonic() - start


_now: ContextVar[Call | None] = ContextVar("call", default=None)


def now() -> Call:
    """The record of the call that is being answered; one that nobody reads outside of any."""
    return _now.get() or Call("")


def carried(work: Callable[[], T]) -> Callable[[], T]:
    """The work with the record of the present call, whichever thread does it; until then it waits for its turn."""
    context, since = copy_context(), time.monotonic()

    def begin() -> T:
        now().queued += time.monotonic() - since
        return work()

    return lambda: context.run(begin)


@contextmanager
def recorded(call: Call) -> Iterator[Call]:
    """While this lasts, `now` is this call, also in threads started for it; its time is taken."""
    token = _now.set(call)
    start = time.monotonic()
    try:
        yield call
    finally:
        call.seconds = time.monotonic() - start
        _now.reset(token)
