"""How much memory one client can make the server hold: requests that are not finished, and replies that are not read.

Bytes are counted, because a count of requests says little: one line of JSON can become thirty times its size in memory.
A request counts from its arrival until the SDK has finished with it, also if the client has cancelled it or has given
many requests the same id. A reply counts before the work on it begins, as large as it may become.

The bounds together keep a server within 256 MB over idle: 64 MB of requests, 96 MB of replies, and the rest for what
reading, writing and the database driver hold in passing.
"""

import contextvars
from collections.abc import Callable
from contextvars import ContextVar

import anyio

IN_FLIGHT_BYTES = 64 << 20  # as `memory_of` estimates them
IN_FLIGHT_REQUESTS = 256  # a task of the event loop each, of about 50 kB
MESSAGE_BYTES = 16 << 20  # the longest SQL allowed, escaped and of commas only, takes 12 MB
REPLIES_BYTES = 96 << 20  # of 24 replies: more than there are worker threads, so a client that reads waits for none
UNSENT_BYTES = 16 << 20  # written and not yet read by the client, which is then not read either
_REPLY_BYTES = 4 << 20  # a reply of 1 MB, as text of wide characters
_VALUE_BYTES = 64  # an empty list, or half of an entry of an object


class InFlight:
    """A request that is not finished, and the bytes it takes."""

    def __init__(self, flow: "Flow", size: int) -> None:
        self.flow = flow
        self.size = size
        self.has_reply = False
        self.on_end: Callable[[bool], None] | None = None  # called with whether the reply was handed over

    async def finish(self) -> None:
        """The SDK has finished with it, and sends no reply."""
        self.end(delivered=False)

    def end(self, delivered: bool) -> None:
        """Its reply has been handed over, or never will be; a second time this does nothing."""
        self.flow.remove(self)
        on_end, self.on_end = self.on_end, None
        if on_end is not None:
            on_end(delivered)

    def context(self) -> contextvars.Context:
        """The context in which the SDK handles it."""
        context = contextvars.copy_context()
        context.run(_current.set, self)
        return context


_current: ContextVar[InFlight | None] = ContextVar("in_flight", default=None)


class Flow:
    """The requests in flight of one client, and the replies it has not read."""

    def __init__(self, unsent: Callable[[], int]) -> None:
        self._unsent = unsent
        self._requests: set[InFlight] = set()
        self._size = 0
        self._replies = 0
        self._changed: anyio.Event | None = None

    def fits(self, size: int) -> bool:
        """Whether a request of that size may come in."""
        return not self._requests or (len(self._requests) < IN_FLIGHT_REQUESTS and self._size + size <= IN_FLIGHT_BYTES)

    def add(self, size: int) -> InFlight:
        """Notes a request as unfinished."""
        request = InFlight(self, size)
        self._requests.add(request)
        self._size += size
        return request

    def remove(self, request: InFlight) -> None:
        """Notes a request as finished; a second time it does nothing."""
        if request in self._requests:
            self._requests.remove(request)
            self._size -= request.size
            self._replies -= _REPLY_BYTES * request.has_reply
            self.notify()

    def holds(self, request: InFlight) -> bool:
        """Whether a request is unfinished."""
        return request in self._requests

    def clear(self) -> None:
        """Forgets the requests of a session that has ended."""
        for request in list(self._requests):
            request.end(delivered=False)

    def reserve_reply(self, request: InFlight) -> bool:
        """Whether there is room for a request's reply; if so, it is taken."""
        if not request.has_reply and request in self._requests:
            if self._replies + self._unsent() + _REPLY_BYTES > REPLIES_BYTES:
                return False
            request.has_reply = True
            self._replies += _REPLY_BYTES
        return True

    def notify(self) -> None:
        """Something was finished or sent."""
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    async def change(self) -> None:
        """Waits until something is finished or sent."""
        if self._changed is None:
            self._changed = anyio.Event()
        await self._changed.wait()


def finish_current(delivered: bool) -> None:
    """The reply to the present request is handed over, or never will be."""
    if (request := _current.get()) is not None:
        request.end(delivered)


def when_finished(done: Callable[[bool], None]) -> None:
    """Calls `done` with whether the present request's reply was handed over; at once, where there is no wire."""
    request = _current.get()
    if request is None or not request.flow.holds(request):
        done(True)
    else:
        request.on_end = done


def reserve_reply() -> bool:
    """Whether the present request may begin the work on its reply; always, where there is no wire."""
    request = _current.get()
    return request is None or request.flow.reserve_reply(request)


async def room_for_reply() -> None:
    """Waits until there may be room for the present request's reply."""
    if (request := _current.get()) is not None:
        await request.flow.change()


def memory_of(line: bytes) -> int:
    """The most bytes that a JSON text takes once it is parsed."""
    wide = 1 if line.isascii() and b"\\u" not in line else 4  # one wide character widens all of a string
    return wide * len(line) + _VALUE_BYTES * sum(map(line.count, (b"{", b"[", b",", b":")))
