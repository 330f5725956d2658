"""Reads lines from stdin and writes whole lines to stdout on the event loop.

The SDK's own stdio transport reads and writes each line in a worker thread. A thread that sits in a read of stdin keeps
the process from ending, so this module waits for readiness instead. stdin stays registered with the event loop between
messages: together with the sessions in transport.py, which need no memory streams, this takes 7 turns of the event loop
for each call instead of 12 (scripts/measure/README.md). On Windows, and for regular files, readiness cannot be waited
for; there worker threads read and write.
"""

import asyncio
import logging
import os
import select
import stat
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import anyio
import anyio.to_thread

LINE_BYTES = 2_000_000  # a longer message is dropped while it is read
EDGE_BYTES = 200  # bytes of its beginning and of its end that are kept, to find its id
_WRITE_BYTES = getattr(select, "PIPE_BUF", 512)  # a pipe that is writable takes this much without blocking
_READ_BYTES = 65_536
_MAX_CHUNKS = 4  # chunks that are read ahead

_log = logging.getLogger(__name__)


class TooLong(bytes):
    """The beginning and the end of a line that is too long."""


class Stdio:
    """The client's ends of stdin and stdout, which `take_standard_streams` returns.

    `received` was read from the client already, and `unsent` is still to be written.
    """

    def __init__(self, source: int, target: int, received: bytes = b"", unsent: bytes = b"") -> None:
        self._input, self._output = source, target
        self._chunks: deque[bytes] = deque([received] if received else [])
        self._arrival: asyncio.Future[None]
        self._is_watched = False
        self._unsent = bytearray(unsent)
        self._queued = 0  # bytes that wait for the writing thread
        self._sent = anyio.Event()
        self.on_sent: Callable[[], None] = lambda: None  # called whenever the client has read something
        self._fault: OSError | None = None
        self._writer = ThreadPoolExecutor(1, "stdout")
        files = stat.S_ISREG(os.fstat(self._input).st_mode) or stat.S_ISREG(os.fstat(self._output).st_mode)
        self._is_selectable = os.name != "nt" and not files  # whether readiness can be waited for

    async def lines(self) -> AsyncIterator[bytes]:
        """Each line of stdin without its line end, until EOF; blank lines are skipped."""
        self.post(b"")  # begins to write what is unsent
        buffer, head, too_long = bytearray(), b"", False
        while chunk := await self._read():
            buffer += chunk
            if b"\n" in chunk:
                *complete, rest = bytes(buffer).split(b"\n")
                buffer = bytearray(rest)
                if too_long:
                    complete[0] = TooLong(head + complete[0][-EDGE_BYTES:])
                for line in complete:
                    if line.strip():
                        yield line
                too_long = False
            elif len(buffer) > LINE_BYTES:
                if not too_long:
                    head, too_long = bytes(buffer[:EDGE_BYTES]), True
                    _log.warning("dropped a message of more than %s bytes", LINE_BYTES)
                del buffer[:-EDGE_BYTES]
        if buffer.strip() and not too_long:  # a last line without a line end
            yield bytes(buffer)

    async def write(self, data: bytes) -> None:
        """Writes all data, even if the task is cancelled meanwhile: half a line would corrupt the next one.

        A client that does not read delays its own replies, not the event loop. Raises OSError.
        """
        if not self._is_selectable:
            await asyncio.wrap_future(self._submit(data))
            return
        self.post(data)
        del data  # `_unsent` holds the only copy while the client does not read
        if self._unsent and self._fault is None:
            await self._sent.wait()
        if self._fault is not None:
            raise self._fault

    def post(self, data: bytes) -> None:
        """Queues data to be written, without waiting until it is."""
        if not self._is_selectable:
            self._submit(data)
            return
        self._unsent += data
        self._write_ready()
        if self._unsent and self._fault is None:
            asyncio.get_running_loop().add_writer(self._output, self._on_writable)

    def unsent(self) -> int:
        """The number of bytes that the client has not read."""
        return len(self._unsent) + self._queued

    def _submit(self, data: bytes) -> Future[None]:
        """Writes data in a thread, where readiness cannot be waited for."""
        loop, size = asyncio.get_running_loop(), len(data)
        self._queued += size
        future = self._writer.submit(_write_all, self._output, data)

        def done(_: Future[None]) -> None:
            with suppress(RuntimeError):  # the event loop has ended
                loop.call_soon_threadsafe(self._written, size)

        future.add_done_callback(done)
        return future

    def _written(self, size: int) -> None:
        self._queued -= size
        self.on_sent()

    def _write_ready(self) -> None:
        """Writes as much as the client's pipe takes without blocking."""
        try:
            while self._unsent and select.select([], [self._output], [], 0)[1]:
                del self._unsent[: os.write(self._output, self._unsent[:_WRITE_BYTES])]
        except BlockingIOError:
            return
        except OSError as fault:
            self._fault = fault

    def _on_writable(self) -> None:
        self._write_ready()
        self.on_sent()
        if not self._unsent or self._fault is not None:
            asyncio.get_running_loop().remove_writer(self._output)
            self._sent.set()
            self._sent = anyio.Event()

    def is_hung_up(self) -> bool:
        """Whether the client has closed its end of stdin, even if there is unread data."""
        if not hasattr(select, "poll"):
            return False
        poll = select.poll()
        poll.register(self._input, getattr(select, "POLLRDHUP", 0))
        return any(events & (select.POLLHUP | getattr(select, "POLLRDHUP", 0)) for _, events in poll.poll(0))

    async def _read(self) -> bytes:
        """The next chunk of stdin; b"" at its end."""
        while self._is_selectable and not self._chunks:
            self._arrival = asyncio.get_running_loop().create_future()
            if self._watch():
                await self._arrival
        if self._chunks:
            return self._chunks.popleft()
        return await anyio.to_thread.run_sync(os.read, self._input, _READ_BYTES, abandon_on_cancel=True)

    def _watch(self) -> bool:
        """Watches stdin from now on, because registering it for each message costs more.

        Returns False if stdin cannot be watched.
        """
        if not self._is_watched:
            try:
                asyncio.get_running_loop().add_reader(self._input, self._on_readable)
            except PermissionError:  # epoll does not accept regular files
                self._is_selectable = False
            self._is_watched = self._is_selectable
        return self._is_watched

    def _on_readable(self) -> None:
        try:
            chunk = os.read(self._input, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # the connection was reset, or the terminal is gone
            chunk = b""
        self._chunks.append(chunk)
        if not chunk or len(self._chunks) >= _MAX_CHUNKS:
            self._is_watched = not asyncio.get_running_loop().remove_reader(self._input)
        if not self._arrival.done():
            self._arrival.set_result(None)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
