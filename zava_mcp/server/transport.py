"""The stdio wire and the life of the process on it.

The SDK's own loop leaves the lifespan out on SIGTERM, hangs on SIGINT while stdin is a pipe, and
refuses a client that probes with `server/discover` and then sends `initialize`. This one ends cleanly
on EOF (exit code 0), SIGTERM (143) and SIGINT (130), and starts the other era when a client changes
its mind. While it serves, fd 1 points to stderr, so nothing printed can break the protocol.
"""

import contextvars
import errno
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, suppress
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import mcp_types as types
from anyio.abc import ObjectStream
from mcp.server.mcpserver import MCPServer
from mcp.shared.message import ServerMessageMetadata, SessionMessage

from zava_mcp.server.flow_control import MESSAGE_BYTES, UNSENT_BYTES, Flow, finish_current, memory_of
from zava_mcp.server.invalid_lines import BOM, refusals
from zava_mcp.server.sdk_internals import lifespan, serve_session
from zava_mcp.server.stdio_lines import Stdio, TooLong

_LAST_REPLIES_SECONDS = 1.0
_LOOK_SECONDS = 0.5
_ROOM_SECONDS = 1.0  # that a request waits for room; later ones are refused at once until there is some
_NAME_CHARACTERS = 1_000  # of an id, a method, a tool: each is repeated in replies, traces and the audit log
_NOTIFICATION_BYTES = 64_000  # no notification says more
_BUSY = -32000
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN)

_NO_ROOM = "too many requests are in flight, or too large ones; wait for replies to earlier ones, then try again"
_LONG_NAME = f"the id, the method, the name or the progress token is longer than {_NAME_CHARACTERS:,} characters"

_log = logging.getLogger(__name__)


async def serve(server: MCPServer[Any], close: Callable[[], None]) -> int:
    """Serves the client on stdin and stdout until it goes or a signal comes, then closes; returns the exit code."""
    received: list[int] = []
    with ExitStack() as stack:
        async with lifespan(server) as state, anyio.create_task_group() as group:

            async def heed(signals: AsyncIterator[signal.Signals]) -> None:
                async for signum in signals:
                    received.append(signum)
                    group.cancel_scope.cancel()

            if sys.platform != "win32":
                receiver = anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
                group.start_soon(heed, stack.enter_context(receiver))
            client = _Client(Stdio(), group.cancel_scope.cancel)
            while await client.opens():
                with client.session:
                    await serve_session(server, client, state)
            group.cancel_scope.cancel()
        client.end()
        # Still with the signals received: another one must not end us before everything is closed.
        await anyio.to_thread.run_sync(close)
    if client.fault is not None:
        _log.error("standard output cannot be written: %s", client.fault.strerror)
    return 128 + received[0] if received else int(client.fault is not None)


class _Client(ObjectStream[SessionMessage]):
    """The client, as the SDK's sessions read and write it; a change of era ends one session and begins the next.

    What a session reads and writes goes straight to the wire: each stream between would cost a call several turns
    of the event loop.
    """

    def __init__(self, wire: Stdio, leave: Callable[[], None]) -> None:
        self._wire = wire
        self._lines = wire.lines()
        self._leave = leave
        self._flow = Flow(wire.unsent)
        wire.on_sent = self._flow.notify
        self._opening: tuple[types.JSONRPCMessage, int] | None = None
        self._modern = False
        self._over = False
        self._refusing = False
        self.fault: OSError | None = None  # why nothing can be written, if it is not that the client has gone
        self.session = anyio.CancelScope()
        self.last_context = contextvars.copy_context()  # in which the SDK handles the message received last

    async def opens(self) -> bool:
        """Waits for the message that begins a session; whether there is one."""
        self._flow.clear()
        if self._opening is None:
            self._opening = await self._message()
        self._modern = self._opening is not None and _method(self._opening[0]) != "initialize"
        self._over = False
        self.session = anyio.CancelScope()
        return self._opening is not None

    def end(self) -> None:
        """Ends the requests that are left: no reply to them will be sent."""
        self._flow.clear()

    async def receive(self) -> SessionMessage:
        """The session's next message, once there is room for it. Raises EndOfStream."""
        while not self._over:
            came, self._opening = self._opening, None
            if came is None:
                came = await self._message()
                if came is None:  # a client that does not read its last replies must not keep us
                    self.session.deadline = anyio.current_time() + _LAST_REPLIES_SECONDS
                    break
                if self._modern and _method(came[0]) == "initialize":
                    self._opening = came
                    break
            message, size = came
            if not isinstance(message, types.JSONRPCRequest):
                self.last_context = contextvars.copy_context()
                return SessionMessage(message)
            if await self._has_room(size):
                request = self._flow.add(size)
                self.last_context = request.context()
                return SessionMessage(message, ServerMessageMetadata(on_request_unanswered=request.finish))
            self._refuse(message.id, _BUSY, _NO_ROOM)
        self._over = True
        raise anyio.EndOfStream

    async def send(self, item: SessionMessage) -> None:
        """Writes a message. Raises BrokenResourceError, and ends everything, when nobody reads any more."""
        delivered = False
        try:
            await self._wire.write(item.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
            delivered = True
        except OSError as fault:
            if fault.errno not in _GONE:
                self.fault = fault
            self._leave()
            raise anyio.BrokenResourceError from None
        finally:
            if isinstance(item.message, types.JSONRPCResponse | types.JSONRPCError):
                finish_current(delivered)

    async def send_eof(self) -> None:
        """Nothing: the wire outlives its sessions."""

    async def aclose(self) -> None:
        """Nothing: the wire outlives its sessions."""

    async def _message(self) -> tuple[types.JSONRPCMessage, int] | None:
        """The next message that somebody handles, and the memory it takes; None when stdin has ended."""
        while True:
            await self._is_read()
            line = await anext(self._lines, None)
            if line is None:
                return None
            size = memory_of(line)
            if size > MESSAGE_BYTES:
                line = TooLong(line)
            message = _message_of(line)
            if message is None:
                self._refuse_line(line)
            elif self._is_for_us(message, size):
                return message, size

    async def _is_read(self) -> None:
        """Waits while the client leaves too much unread."""
        while self._wire.unsent() >= UNSENT_BYTES:
            await self._change()

    async def _has_room(self, size: int) -> bool:
        """Whether a request may come in, at once or soon; a client that reads nothing meanwhile waits for its turn.

        Who reads is refused after a while, so that cancellations and pings behind the request are seen.
        """
        since = anyio.current_time() - (_ROOM_SECONDS if self._refusing else 0)
        while not self._flow.fits(size):
            if anyio.current_time() - since >= _ROOM_SECONDS and not self._wire.unsent():
                self._refusing = True
                return False
            await self._change()
        self._refusing = False
        return True

    async def _change(self) -> None:
        """Waits until something was sent or finished, or for a moment; ends everything if the client has gone."""
        with anyio.move_on_after(_LOOK_SECONDS):
            await self._flow.change()
        if self._wire.is_hung_up():
            self._leave()
            await anyio.lowlevel.checkpoint()

    def _is_for_us(self, message: types.JSONRPCMessage, size: int) -> bool:
        """Whether the SDK gets a message: no replies, for we ask nothing, and nothing of a size that is never meant."""
        if isinstance(message, types.JSONRPCRequest):
            if max(map(len, _names(message))) <= _NAME_CHARACTERS:
                return True
            self._refuse(message.id, types.INVALID_REQUEST, _LONG_NAME)
        elif isinstance(message, types.JSONRPCNotification):
            if size <= _NOTIFICATION_BYTES:
                return True
            _log.warning("dropped a notification of more than %s bytes", _NOTIFICATION_BYTES)
        return False

    def _refuse_line(self, line: bytes) -> None:
        """Answers the requests of a line that is no message, and logs it."""
        _log.warning("a line is not a JSON-RPC message")
        for refusal in refusals(line):
            self._refuse(*refusal)

    def _refuse(self, number: str | int | float | None, code: int, text: str) -> None:
        """Answers a request that the SDK never sees."""
        reply = {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": text}}
        with suppress(OSError):  # a client that has gone is noticed elsewhere
            self._wire.post(json.dumps(reply).encode() + b"\n")


def _message_of(line: bytes) -> types.JSONRPCMessage | None:
    """A line as a message, past the byte order mark that some writers begin with; None if it is none."""
    if isinstance(line, TooLong):
        return None
    try:
        message = types.jsonrpc_message_adapter.validate_json(line.removeprefix(BOM), by_name=False)
    except ValueError:
        return None
    # A request whose id is none passes for a notification.
    is_request = isinstance(message, types.JSONRPCNotification) and not message.method.startswith("notifications/")
    return None if is_request else message


def _method(message: types.JSONRPCMessage) -> str:
    """What a message asks for; an answer asks for nothing, and opens what `initialize` opens."""
    return getattr(message, "method", "initialize")


def _names(request: types.JSONRPCRequest) -> list[str]:
    """What a request repeats in replies, traces and the audit log."""
    params = request.params or {}
    meta = params.get("_meta")
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    return [str(request.id), request.method, *(text for text in (params.get("name"), token) if isinstance(text, str))]
