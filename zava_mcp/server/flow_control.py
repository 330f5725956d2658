"""Bounds the memory that one client can make the server use for unfinished requests and unread replies.

The bounds are in bytes, because one line of JSON can take thirty times its size in memory. A request counts from its
arrival until the SDK has finished with it, also if the client has cancelled it or has given many requests the same id.
A reply counts from the start of the work on it, with its maximum size.

Together the bounds keep a server within 256 MB above its idle memory: 64 MB for requests, 96 MB for replies, and the
rest for buffers of reading, writing and the database driver.
"""

import contextvars
from collections.abc import Callable
from contextvars import ContextVar

import anyio

IN_FLIGHT_BYTES = 64 << 20  # as `estimate_memory` counts them
IN_FLIGHT_REQUESTS = 256  # each is a task of the event loop, of about 50 kB
MESSAGE_BYTES = 16 << 20  # the longest SQL allowed, escaped and made of commas only, takes 12 MB
REPLIES_BYTES = 96 << 20  # for 24 replies, which are more than there are worker threads
UNSENT_BYTES = 16 << 20  # with more unread bytes, the server stops reading the client's requests
_REPLY_BYTES = 4 << 20  # a reply of 1 MB as a text of wide characters
_VALUE_BYTES = 64  # an empty list, or half of a member of an object


class PendingRequest:
    """A request that is not finished, and the bytes it takes."""

    def __init__(self, flow: "FlowControl", size: int) -> None:
        self.flow = flow
        self.size = size
        self.has_reply = False
        self.sent_reply: bytes | None = None  # the reply that the client has from first_replies.py
        self.on_end: Callable[[bool], None] | None = None  # called with True if the reply was delivered

    async def finish(self) -> None:
        """Ends the request, because the SDK has finished with it and sends no reply."""
        self.end(delivered=False)

    def end(self, delivered: bool) -> None:
        """Ends the request: its reply has been delivered, or never will be. A second call does nothing."""
        self.flow.remove(self)
        on_end, self.on_end = self.on_end, None
        if on_end is not None:
            on_end(delivered)

    def context(self) -> contextvars.Context:
        """The context in which the SDK handles the request."""
        context = contextvars.copy_context()
        context.run(_current.set, self)
        return context


_current: ContextVar[PendingRequest | None] = ContextVar("pending_request", default=None)


class FlowControl:
    """The pending requests of one client, and the replies that it has not read."""

    def __init__(self, unsent: Callable[[], int]) -> None:
        self._unsent = unsent
        self._requests: set[PendingRequest] = set()
        self._size = 0
        self._replies = 0
        self._changed: anyio.Event | None = None

    def fits(self, size: int) -> bool:
        """Whether there is room for a request of this size."""
        return not self._requests or (len(self._requests) < IN_FLIGHT_REQUESTS and self._size + size <= IN_FLIGHT_BYTES)

    def add(self, size: int) -> PendingRequest:
        """Adds a pending request."""
        request = PendingRequest(self, size)
        self._requests.add(request)
        self._size += size
        return request

    def remove(self, request: PendingRequest) -> None:
        """Removes a request that is finished; a second call does nothing."""
        if request in self._requests:
            self._requests.remove(request)
            self._size -= request.size
            self._replies -= _REPLY_BYTES * request.has_reply
            self.notify()

    def is_pending(self, request: PendingRequest) -> bool:
        """Whether a request is unfinished."""
        return request in self._requests

    def clear(self) -> None:
        """Ends the requests of a session that has ended."""
        for request in list(self._requests):
            request.end(delivered=False)

    def reserve_reply(self, request: PendingRequest) -> bool:
        """Reserves room for a request's reply; False if there is none now."""
        if not request.has_reply and request in self._requests:
            if self._replies + self._unsent() + _REPLY_BYTES > REPLIES_BYTES:
                return False
            request.has_reply = True
            self._replies += _REPLY_BYTES
        return True

    def notify(self) -> None:
        """Wakes those that wait for a change: a request was finished or bytes were sent."""
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    async def wait_for_change(self) -> None:
        """Waits until a request is finished or bytes are sent."""
        if self._changed is None:
            self._changed = anyio.Event()
        await self._changed.wait()


def end_current_request(delivered: bool) -> None:
    """Ends the current request: its reply has been delivered, or never will be."""
    if (request := _current.get()) is not None:
        request.end(delivered)


def sent_reply() -> bytes | None:
    """The reply to the current request that the client has already; None if it has none."""
    request = _current.get()
    return request.sent_reply if request is not None else None


def call_after_reply(done: Callable[[bool], None]) -> None:
    """Calls `done` with whether the current request's reply was delivered.

    Without a stdio client, as in tests, it calls `done` at once.
    """
    request = _current.get()
    if request is None or not request.flow.is_pending(request):
        done(True)
    else:
        request.on_end = done


def reserve_reply() -> bool:
    """Whether the current request may begin the work on its reply; always True without a stdio client."""
    request = _current.get()
    return request is None or request.flow.reserve_reply(request)


async def wait_for_reply_room() -> None:
    """Waits until there may be room for the current request's reply."""
    if (request := _current.get()) is not None:
        await request.flow.wait_for_change()


def estimate_memory(line: bytes) -> int:
    """The most bytes that a JSON text can take in memory after parsing."""
    wide = 1 if line.isascii() and b"\\u" not in line else 4  # one wide character widens its whole string
    return wide * len(line) + _VALUE_BYTES * sum(map(line.count, (b"{", b"[", b",", b":")))
