"""Keeps the record of the current call, from which the audit log, traces and metrics are written.

The server and the command line create the record. The layers below add what they know to it.
"""

import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import TypeVar

from zava_mcp.errors import Outcome, ZavaError

T = TypeVar("T")


@dataclass
class Call:
    """One call of a tool, a resource, a prompt, a completion or a command.

    `user_id` is empty until the identity is known, and for administrators' commands. `rows` counts the rows of the
    result of a query or a search. `bytes` counts all bytes sent to the client or the terminal. Both are None if there
    are none. `began` is in nanoseconds since 1970; all other times are in seconds.
    """

    tool: str
    sql: str = ""
    arguments: dict[str, object] = field(default_factory=dict)
    user_id: str = ""
    outcome: Outcome = "ok"
    fault: str = ""  # class name of the error that ended the call
    sqlstate: str = ""
    saved_query: str = ""  # name of the saved query that was run
    rows: int | None = None
    bytes: int | None = None
    truncated: bool = False
    round_trips: int = 0
    queued: float = 0.0
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)  # sentences about the call that the result must include
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    began: int = field(default_factory=time.time_ns)
    _start: float = field(default_factory=time.monotonic, repr=False)

    def record_error(self, error: BaseException) -> None:
        """Record the error that ended the call; a signal or a cancellation before the error takes precedence."""
        if signal := preceding_signal(error):
            error = signal
        self.outcome = _outcome(error)
        self.fault, self.sqlstate = type(error).__name__, getattr(error, "sqlstate", "")

    def clear_error(self) -> None:
        """Remove a recorded error, because the call continues without the part that failed."""
        self.outcome, self.fault, self.sqlstate = "ok", "", ""

    def record_result(self, rows: int, size: int | None, truncated: bool) -> None:
        """Record the size of the result: its rows and bytes."""
        self.rows, self.bytes, self.truncated = rows, size, truncated

    def take_remarks(self) -> list[str]:
        """Remove and return the remarks; the caller must show them."""
        taken, self.remarks = self.remarks, []
        return taken

    def record_undelivered(self, fault: str = "") -> None:
        """Record that there was a result that could not be delivered."""
        self.outcome, self.fault, self.sqlstate = "undelivered", fault, ""

    def record_duration(self) -> None:
        """Record the time since the call began."""
        self.seconds = time.monotonic() - self._start

    @contextmanager
    def time_queued(self) -> Iterator[None]:
        """Add the time spent in this context to the time that the call was queued."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.queued += time.monotonic() - start


def preceding_signal(error: BaseException) -> BaseException | None:
    """Return the KeyboardInterrupt or SystemExit that preceded an error, or None.

    An error that occurs while a command is being ended is not the command's outcome.
    """
    preceding: BaseException | None = error
    while preceding is not None and not isinstance(preceding, KeyboardInterrupt | SystemExit):
        preceding = preceding.__context__
    return preceding


def _outcome(error: BaseException) -> Outcome:
    if isinstance(error, ZavaError):
        return error.outcome
    return "cancelled" if isinstance(error, _cancellations()) else "internal_error"


def _cancellations() -> tuple[type[BaseException], ...]:
    asyncio = sys.modules.get("asyncio")  # Importing it here would delay the server's first reply.
    return (KeyboardInterrupt, SystemExit, GeneratorExit, *([asyncio.CancelledError] if asyncio else []))


_current_call: ContextVar[Call | None] = ContextVar("call", default=None)


def current_call() -> Call:
    """Return the record of the current call; outside of a call, return an unused record."""
    return _current_call.get() or Call("")


def bind_context(work: Callable[[], T]) -> Callable[[], T]:
    """Return a function that does the work with the current call's record in any thread.

    The time until it starts counts as time that the call was queued.
    """
    context, queued_at = copy_context(), time.monotonic()

    def start() -> T:
        current_call().queued += time.monotonic() - queued_at
        return work()

    return lambda: context.run(start)


@contextmanager
def record_call(call: Call) -> Iterator[Call]:
    """Make this the current call inside the context, and record its duration at the end."""
    token = _current_call.set(call)
    try:
        yield call
    finally:
        call.record_duration()
        _current_call.reset(token)
