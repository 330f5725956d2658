"""The stdio wire and the life of the process on it.

The SDK's own loop leaves the lifespan out on SIGTERM, hangs on SIGINT while stdin is a pipe, and
refuses a client that probes with `server/discover` and then sends `initialize`. This one ends cleanly
on EOF (exit code 0), SIGTERM (143) and SIGINT (130), and starts the other era when a client changes
its mind. While it serves, fd 1 points to stderr, so nothing printed can break the protocol.
"""

import json
import logging
import os
import re
import select
import signal
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, suppress
from typing import Any

import anyio
import anyio.to_thread
import mcp_types as types
from mcp.server.mcpserver import MCPServer
from mcp.server.runner import serve_dual_era_loop
from mcp.shared._context_streams import ContextReceiveStream, ContextSendStream, create_context_streams
from mcp.shared.message import SessionMessage

_LINE_BYTES = 2_000_000  # a longer message is not read: nobody asks a question of that size
_EDGE_BYTES = 200  # of it are kept, to find out which reply somebody waits for
_ID = rb'"id"\s*:\s*("[^"\\]{1,100}"|\d{1,15})\s*'
_PIECE = getattr(select, "PIPE_BUF", 512)  # a pipe that is writable takes this much without blocking
_READ = 65_536

_LAST_REPLIES_SECONDS = 1.0
_LOOK_SECONDS = 0.5
_UNANSWERED = 256  # requests; a client that reads no answers is not read any further

_log = logging.getLogger(__name__)


async def serve(server: MCPServer[Any], close: Callable[[], None]) -> int:
    """Serves the client on stdin and stdout until it goes or a signal comes, then closes; returns the exit code."""
    lowlevel = server._lowlevel_server
    received: list[int] = []
    with ExitStack() as stack:
        async with lowlevel.lifespan(lowlevel) as state, anyio.create_task_group() as group:

            async def heed(signals: AsyncIterator[signal.Signals]) -> None:
                async for signum in signals:
                    received.append(signum)
                    group.cancel_scope.cancel()

            if sys.platform != "win32":
                receiver = anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
                group.start_soon(heed, stack.enter_context(receiver))
            await _Sessions(server, state, _Stdio()).run()
            group.cancel_scope.cancel()
        # Still with the signals received: another one must not end us before everything is closed.
        await anyio.to_thread.run_sync(close)
    return 128 + received[0] if received else 0


class _Sessions:
    """Feeds each message to the session of its era; a change of era ends one session and begins the next."""

    def __init__(self, server: MCPServer[Any], state: Any, wire: "_Stdio") -> None:
        self._server = server
        self._state = state
        self._wire = wire
        self._feed: ContextSendStream[SessionMessage | Exception] | None = None
        self._done = anyio.Event()
        self._modern = False
        self._group: anyio.abc.TaskGroup
        self._unanswered: set[object] = set()
        self._answered = anyio.Event()

    async def run(self) -> None:
        """Until stdin ends, or the client no longer takes replies."""
        async with anyio.create_task_group() as group:
            self._group = group
            async for line in self._wire.lines():
                try:
                    message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
                except ValueError:
                    await self._refuse(line)
                    continue
                if self._feed is None:
                    await self._begin(message)
                elif self._modern and getattr(message, "method", "") == "initialize":
                    await self._end()
                    await self._begin(message)
                assert self._feed is not None
                await self._count(message)
                await self._feed.send(SessionMessage(message))
            if self._feed is not None:
                with anyio.move_on_after(_LAST_REPLIES_SECONDS):  # a client that does not read must not keep us
                    await self._end()
            group.cancel_scope.cancel()

    async def _count(self, message: types.JSONRPCMessage) -> None:
        """Notes a request as unanswered, and waits while too many are."""
        if isinstance(message, types.JSONRPCRequest):
            while len(self._unanswered) >= _UNANSWERED:
                self._answered = anyio.Event()
                with anyio.move_on_after(_LOOK_SECONDS):
                    await self._answered.wait()
                if self._wire.is_hung_up():
                    self._group.cancel_scope.cancel()
                    await anyio.lowlevel.checkpoint()
            self._unanswered.add(message.id)
        elif isinstance(message, types.JSONRPCNotification) and message.method == "notifications/cancelled":
            number = (message.params or {}).get("requestId")
            if isinstance(number, str | int):
                self._unanswered.discard(number)  # it will get no answer

    async def _refuse(self, line: bytes) -> None:
        """A line that is no message: whoever waits for an answer to it gets one, everybody else gets a log line."""
        _log.warning("a line is not a JSON-RPC message")
        with suppress(ValueError, RecursionError, BrokenPipeError, ConnectionResetError):
            said = json.loads(line)
            number = said.get("id") if isinstance(said, dict) else None
            if isinstance(number, str | int) and "method" in said:
                error = {"code": -32600, "message": "not a valid JSON-RPC request"}
                reply = {"jsonrpc": "2.0", "id": number, "error": error}
                await self._wire.write(json.dumps(reply).encode() + b"\n")

    async def _begin(self, opening: object) -> None:
        incoming: ContextReceiveStream[SessionMessage | Exception]
        outgoing: ContextReceiveStream[SessionMessage]
        replies: ContextSendStream[SessionMessage]
        self._feed, incoming = create_context_streams[SessionMessage | Exception](0)
        replies, outgoing = create_context_streams[SessionMessage](0)
        self._done = anyio.Event()
        self._modern = getattr(opening, "method", "initialize") != "initialize"
        self._group.start_soon(self._serve, incoming, replies)
        self._group.start_soon(self._write, outgoing)

    async def _end(self) -> None:
        assert self._feed is not None
        await self._feed.aclose()
        await self._done.wait()

    async def _serve(
        self, incoming: ContextReceiveStream[SessionMessage | Exception], replies: ContextSendStream[SessionMessage]
    ) -> None:
        lowlevel = self._server._lowlevel_server
        await serve_dual_era_loop(
            lowlevel,
            incoming,
            replies,
            lifespan_state=self._state,
            init_options=lowlevel.create_initialization_options(),
        )

    async def _write(self, outgoing: ContextReceiveStream[SessionMessage]) -> None:
        try:
            async with outgoing:
                async for reply in outgoing:
                    text = reply.message.model_dump_json(by_alias=True, exclude_unset=True)
                    await self._wire.write(text.encode() + b"\n")
                    self._unanswered.discard(getattr(reply.message, "id", None))
                    self._answered.set()
        except (BrokenPipeError, ConnectionResetError):
            self._group.cancel_scope.cancel()
        finally:
            self._done.set()


class _Stdio:
    """stdin and stdout, taken over: no thread sits in a read, so nothing keeps the process from ending."""

    def __init__(self) -> None:
        self._input, self._output = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self._writing = anyio.Lock(fast_acquire=True)  # a free one costs no turn of the event loop
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
                    complete[0] = _stub(head, complete[0][-_EDGE_BYTES:])
                for line in complete:
                    if line.strip():
                        yield line
                too_long = False
            elif len(buffer) > _LINE_BYTES:
                if not too_long:
                    head, too_long = bytes(buffer[:_EDGE_BYTES]), True
                    _log.warning("dropped a message of more than %s bytes", _LINE_BYTES)
                del buffer[:-_EDGE_BYTES]

    async def write(self, data: bytes) -> None:
        """Writes all of it; a client that does not read holds up its own replies, not the event loop."""
        async with self._writing:
            if not self._waits:
                await anyio.to_thread.run_sync(_write_all, self._output, data, abandon_on_cancel=True)
                return
            view = memoryview(data)
            while view:
                if not select.select([], [self._output], [], 0)[1]:
                    await anyio.wait_writable(self._output)
                view = view[os.write(self._output, view[:_PIECE]) :]

    def is_hung_up(self) -> bool:
        """Whether the client closed its end of stdin, also if there is more to read before that."""
        if not hasattr(select, "poll"):
            return False
        poll = select.poll()
        poll.register(self._input, getattr(select, "POLLRDHUP", 0))
        return any(events & (select.POLLHUP | getattr(select, "POLLRDHUP", 0)) for _, events in poll.poll(0))

    async def _read(self) -> bytes:
        if self._waits:
            try:
                await anyio.wait_readable(self._input)
                return os.read(self._input, _READ)
            except PermissionError:  # epoll does not take regular files
                self._waits = False
            except ConnectionResetError:
                return b""
        return await anyio.to_thread.run_sync(os.read, self._input, _READ, abandon_on_cancel=True)


def _stub(head: bytes, tail: bytes) -> bytes:
    """In a long message's place one that is refused with its id, which stands before or behind the parameters."""
    found = re.search(_ID, head.split(b'"params"')[0]) or re.search(_ID + rb"\}\s*$", tail)
    return b'{"id":%s,"method":"too long"}' % found[1] if found else b""


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
