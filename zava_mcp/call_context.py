"""The record of one call: what each layer knows about it, for the audit log, traces and metrics.

The server and the command line open the record; the layers below add what they know, without knowing who reads it.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import TypeVar

from zava_mcp.errors import Outcome, ZavaError

T = TypeVar("T")

_CANCELLATIONS = (KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit)


@dataclass
class Call:
    """One call of a tool, a resource, a prompt, a completion or a command.

    `user_id` is empty until the identity is known, and for commands that administrators run. `rows` and `bytes` are
    those of the answer: rows of a query or a search, bytes of all that the client or the terminal gets; None where
    there are none. `began` is in nanoseconds since 1970; all other times are in seconds.
    """

    tool: str
    sql: str = ""
    arguments: dict[str, object] = field(default_factory=dict)
    user_id: str = ""
    outcome: Outcome = "ok"
    fault: str = ""  # the class of the error that it ended with
    sqlstate: str = ""
    rows: int | None = None
    bytes: int | None = None
    truncated: bool = False
    round_trips: int = 0
    queued: float = 0.0
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)  # sentences that the answer has to say about the call
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    began: int = field(default_factory=time.time_ns)
    _start: float = field(default_factory=time.monotonic, repr=False)

    def failed(self, error: BaseException) -> None:
        """Records the error that it ended with: one of ours, a signal, a cancellation, or one that nobody foresaw."""
        if signal := signal_before(error):
            error = signal
        self.outcome = _outcome(error)
        self.fault, self.sqlstate = type(error).__name__, getattr(error, "sqlstate", "")

    def recovered(self) -> None:
        """Records that the call can do without what failed."""
        self.outcome, self.fault, self.sqlstate = "ok", "", ""

    def answered(self, rows: int, size: int | None, truncated: bool) -> None:
        """Records what the answer holds."""
        self.rows, self.bytes, self.truncated = rows, size, truncated

    def take_remarks(self) -> list[str]:
        """The remarks that nothing has said yet; the caller says them."""
        taken, self.remarks = self.remarks, []
        return taken

    def undelivered(self, fault: str = "") -> None:
        """Records that the answer was made and could not be handed over."""
        self.outcome, self.fault, self.sqlstate = "undelivered", fault, ""

    def take_time(self) -> None:
        """Records how long it has taken until now."""
        self.seconds = time.monotonic() - self._start

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """What happens inside is time spent waiting for one's turn."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.queued += time.monotonic() - start


def signal_before(error: BaseException) -> BaseException | None:
    """The signal that came before an error: what fails while a command is being ended is not its outcome."""
    before: BaseException | None = error
    while before is not None and not isinstance(before, KeyboardInterrupt | SystemExit):
        before = before.__context__
    return before


def _outcome(error: BaseException) -> Outcome:
    if isinstance(error, ZavaError):
        return error.outcome
    if isinstance(error, _CANCELLATIONS):
        return "cancelled"
    return "internal_error"


_now: ContextVar[Call | None] = ContextVar("call", default=None)


def current_call() -> Call:
    """The record of the call that is being answered; one that nobody reads outside of any."""
    return _now.get() or Call("")


def bind_context(work: Callable[[], T]) -> Callable[[], T]:
    """The work with the record of the present call, whichever thread does it; until then it waits for its turn."""
    context, since = copy_context(), time.monotonic()

    def begin() -> T:
        current_call().queued += time.monotonic() - since
        return work()

    return lambda: context.run(begin)


@contextmanager
def record_call(call: Call) -> Iterator[Call]:
    """While this lasts, `now` is this call, also in threads started for it; its time is taken."""
    token = _now.set(call)
    try:
        yield call
    finally:
        call.take_time()
        _now.reset(token)
