"""stdin and stdout as lines: read as they come, written whole."""

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

LINE_BYTES = 2_000_000  # a longer message is not read: nobody asks a question of that size
EDGE_BYTES = 200  # of it are kept, to find out which reply somebody waits for
_PIECE = getattr(select, "PIPE_BUF", 512)  # a pipe that is writable takes this much without blocking
_READ = 65_536
_AHEAD = 4  # reads that nobody has asked for yet

_log = logging.getLogger(__name__)


class TooLong(bytes):
    """What is kept of a line that is too long: its edges."""


class Stdio:
    """stdin and stdout, taken over: no thread sits in a read, so nothing keeps the process from ending."""

    def __init__(self) -> None:
        self._input, self._output = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self._chunks: deque[bytes] = deque()
        self._came: asyncio.Future[None]
        self._watching = False
        self._unsent = bytearray()
        self._queued = 0  # bytes that wait for the writing thread
        self._sent = anyio.Event()
        self.on_sent: Callable[[], None] = lambda: None  # called whenever the client has read something
        self._fault: OSError | None = None
        self._writer = ThreadPoolExecutor(1, "stdout")
        files = stat.S_ISREG(os.fstat(self._input).st_mode) or stat.S_ISREG(os.fstat(self._output).st_mode)
        self._waits = os.name != "nt" and not files  # whether readiness can be waited for

    async def lines(self) -> AsyncIterator[bytes]:
        """Each line of stdin without its end, until EOF."""
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
        if buffer.strip() and not too_long:  # a last line without an end
            yield bytes(buffer)

    async def write(self, data: bytes) -> None:
        """Writes all of it, also if it is cancelled meanwhile: half a line would spoil the next one.

        A client that does not read holds up its own replies, not the event loop. Raises OSError.
        """
        if not self._waits:
            await asyncio.wrap_future(self._submit(data))
            return
        self.post(data)
        del data  # what waits to be read is kept once
        if self._unsent and self._fault is None:
            await self._sent.wait()
        if self._fault is not None:
            raise self._fault

    def post(self, data: bytes) -> None:
        """Writes all of it sooner or later, without waiting for that."""
        if not self._waits:
            self._submit(data)
            return
        self._unsent += data
        self._put()
        if self._unsent and self._fault is None:
            asyncio.get_running_loop().add_writer(self._output, self._go_on)

    def unsent(self) -> int:
        """Bytes that the client has not read."""
        return len(self._unsent) + self._queued

    def _submit(self, data: bytes) -> Future[None]:
        """Has a thread write it, where readiness cannot be waited for."""
        loop, size = asyncio.get_running_loop(), len(data)
        self._queued += size
        future = self._writer.submit(_write_all, self._output, data)

        def done(_: Future[None]) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._written, size)

        future.add_done_callback(done)
        return future

    def _written(self, size: int) -> None:
        self._queued -= size
        self.on_sent()

    def _put(self) -> None:
        """Writes as much as does not block."""
        try:
            while self._unsent and select.select([], [self._output], [], 0)[1]:
                del self._unsent[: os.write(self._output, self._unsent[:_PIECE])]
        except BlockingIOError:
            return
        except OSError as fault:
            self._fault = fault

    def _go_on(self) -> None:
        self._put()
        self.on_sent()
        if not self._unsent or self._fault is not None:
            asyncio.get_running_loop().remove_writer(self._output)
            self._sent.set()
            self._sent = anyio.Event()

    def is_hung_up(self) -> bool:
        """Whether the client closed its end of stdin, also if there is more to read before that."""
        if not hasattr(select, "poll"):
            return False
        poll = select.poll()
        poll.register(self._input, getattr(select, "POLLRDHUP", 0))
        return any(events & (select.POLLHUP | getattr(select, "POLLRDHUP", 0)) for _, events in poll.poll(0))

    async def _read(self) -> bytes:
        """What came; b"" at the end."""
        while self._waits and not self._chunks:
            self._came = asyncio.get_running_loop().create_future()
            if self._watch():
                await self._came
        if self._chunks:
            return self._chunks.popleft()
        return await anyio.to_thread.run_sync(os.read, self._input, _READ, abandon_on_cancel=True)

    def _watch(self) -> bool:
        """Has stdin read as it comes, from now on: to begin and end that with each message would cost more."""
        if not self._watching:
            try:
                asyncio.get_running_loop().add_reader(self._input, self._take)
            except PermissionError:  # epoll does not take regular files
                self._waits = False
            self._watching = self._waits
        return self._watching

    def _take(self) -> None:
        try:
            chunk = os.read(self._input, _READ)
        except BlockingIOError:
            return
        except OSError:  # reset, or a terminal that is gone
            chunk = b""
        self._chunks.append(chunk)
        if not chunk or len(self._chunks) >= _AHEAD:
            self._watching = not asyncio.get_running_loop().remove_reader(self._input)
        if not self._came.done():
            self._came.set_result(None)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
