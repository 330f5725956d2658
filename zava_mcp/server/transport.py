"""The stdio transport: serves one client until EOF or a signal.

It replaces the SDK's transport for these reasons:

- The SDK's loop skips the lifespan on SIGTERM, hangs on SIGINT while stdin is a pipe, and rejects a client that probes
  with `server/discover` and then sends `initialize`. This one ends cleanly on EOF (exit code 0), SIGTERM (143) and
  SIGINT (130), and begins a new session when the client changes the protocol version.
- The SDK drops lines that are not messages, without a reply, and holds any number of requests and replies in memory.
- The SDK passes each message through two memory streams and their tasks. Here its sessions read and write the client
  directly: a call takes 7 turns of the event loop instead of 12, and `SELECT 1` takes 1.24 to 1.29 times as long as the
  smallest SDK tool instead of 1.38 to 1.41 (scripts/measure/README.md).

While the SDK is imported, FirstReplies answers the client. The server then processes the same requests again, and this
module drops its replies to them.
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

from zava_mcp.server.first_replies import FirstReplies
from zava_mcp.server.flow_control import (
    MESSAGE_BYTES,
    UNSENT_BYTES,
    FlowControl,
    end_current_request,
    estimate_memory,
    sent_reply,
)
from zava_mcp.server.invalid_lines import BOM, error_replies
from zava_mcp.server.sdk_internals import lifespan, serve_session
from zava_mcp.server.stdio_lines import Stdio, TooLong

_LAST_REPLIES_SECONDS = 1.0  # how long the client may take to read the last replies after it closed stdin
_RECORDING_SECONDS = 2.0  # after the start, when the client has its first results
_POLL_SECONDS = 0.5
_ROOM_SECONDS = 1.0  # how long a request waits for room; after a rejection, further ones do not wait
_NAME_CHARACTERS = 1_000  # ids, methods and names are repeated in replies, traces and the audit log
_NOTIFICATION_BYTES = 64_000  # the notifications of MCP clients are far smaller
_BUSY = -32000
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN)

_NO_ROOM = "too many requests are in flight, or too large ones; wait for replies to earlier ones, then try again"
_LONG_NAME = f"the id, the method, the name or the progress token is longer than {_NAME_CHARACTERS:,} characters"

_log = logging.getLogger(__name__)


async def serve(
    server: MCPServer[Any],
    close: Callable[[], None],
    first: FirstReplies,
    record: Callable[[], None] = lambda: None,
) -> int:
    """Serves a client until it leaves or a signal arrives, then closes; returns the exit code.

    `first` has the client's pipes, and may have answered requests, which the server processes again. `record` renews
    the recording for the next start, in a thread; it is called if there is none, or a recorded reply was wrong.
    """
    received: list[int] = []
    with ExitStack() as stack:
        async with lifespan(server) as state, anyio.create_task_group() as group:

            async def end_on_signal(signals: AsyncIterator[signal.Signals]) -> None:
                async for signum in signals:
                    received.append(signum)
                    group.cancel_scope.cancel()

            if sys.platform != "win32":
                receiver = anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
                group.start_soon(end_on_signal, stack.enter_context(receiver))
            first.stop()
            stdio = Stdio(first.source, first.target, bytes(first.received), bytes(first.unsent))
            client = _Client(stdio, first.sent, group.cancel_scope.cancel)
            group.start_soon(_record_if_needed, first, client, record)
            while await client.begin_session():
                with client.session:
                    await serve_session(server, client, state)
            group.cancel_scope.cancel()
        client.end()
        # The signal receiver is still open: a further signal must not end the process before everything is closed.
        await anyio.to_thread.run_sync(close)
    if client.fault is not None:
        _log.error("standard output cannot be written: %s", client.fault.strerror)
    return 128 + received[0] if received else int(client.fault is not None)


async def _record_if_needed(first: FirstReplies, client: "_Client", record: Callable[[], None]) -> None:
    """Records the first replies if there is no recording, or one of its replies was wrong."""
    await anyio.sleep(_RECORDING_SECONDS)
    if not first.has_recording or client.recording_was_wrong:
        await anyio.to_thread.run_sync(record, abandon_on_cancel=True)


class _Client(ObjectStream[SessionMessage]):
    """The stream that the SDK's sessions read and write; `initialize` after another request begins a new session."""

    def __init__(self, stdio: Stdio, sent: dict[int, bytes], stop: Callable[[], None]) -> None:
        self._stdio = stdio
        self._sent = sent  # replies that the client has already, by the number of the request's line
        self._line_number = -1
        self._lines = stdio.lines()
        self._stop = stop
        self._flow = FlowControl(stdio.unsent)
        stdio.on_sent = self._flow.notify
        self._opening: tuple[types.JSONRPCMessage, int, bytes | None] | None = None
        self._is_modern = False
        self._is_over = False
        self._is_rejecting = False
        self.recording_was_wrong = False  # whether a reply that was sent before differs from the SDK's
        self.fault: OSError | None = None  # why nothing can be written, unless the client has left
        self.session = anyio.CancelScope()
        self.last_context = contextvars.copy_context()  # the SDK handles the last received message in it

    async def begin_session(self) -> bool:
        """Waits for the message that begins a session; False if stdin ends before."""
        self._flow.clear()
        if self._opening is None:
            self._opening = await self._message()
        self._is_modern = self._opening is not None and _method(self._opening[0]) != "initialize"
        self._is_over = False
        self.session = anyio.CancelScope()
        return self._opening is not None

    def end(self) -> None:
        """Ends the pending requests, to which no reply will be sent."""
        self._flow.clear()

    async def receive(self) -> SessionMessage:
        """The session's next message, once there is room for it. Raises EndOfStream."""
        while not self._is_over:
            received, self._opening = self._opening, None
            if received is None:
                received = await self._message()
                if received is None:  # a client that does not read its last replies must not keep the process alive
                    self.session.deadline = anyio.current_time() + _LAST_REPLIES_SECONDS
                    break
                if self._is_modern and _method(received[0]) == "initialize":
                    self._opening = received
                    break
            message, size, reply = received
            if not isinstance(message, types.JSONRPCRequest):
                self.last_context = contextvars.copy_context()
                return SessionMessage(message)
            if reply is not None or await self._has_room(size):
                request = self._flow.add(size)
                request.sent_reply = reply
                self.last_context = request.context()
                return SessionMessage(message, ServerMessageMetadata(on_request_unanswered=request.finish))
            self._reject(message.id, _BUSY, _NO_ROOM)
        self._is_over = True
        raise anyio.EndOfStream

    async def send(self, item: SessionMessage) -> None:
        """Writes a message. If that fails, it stops the server and raises BrokenResourceError."""
        delivered = False
        is_reply = isinstance(item.message, types.JSONRPCResponse | types.JSONRPCError)
        line = item.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
        try:
            sent = sent_reply() if is_reply else None
            await self._stdio.write(line if sent is None else b"")  # an empty write also fails if the client has left
            if sent not in (None, line):
                self.recording_was_wrong = True
                _log.warning("a recorded reply differs from the SDK's: %s", line[:_NAME_CHARACTERS])
            delivered = True
        except OSError as fault:
            if fault.errno not in _GONE:
                self.fault = fault
            self._stop()
            raise anyio.BrokenResourceError from None
        finally:
            if is_reply:
                end_current_request(delivered)

    async def send_eof(self) -> None:
        """Does nothing, because stdout outlives the sessions."""

    async def aclose(self) -> None:
        """Does nothing, because stdin and stdout outlive the sessions."""

    async def _message(self) -> tuple[types.JSONRPCMessage, int, bytes | None] | None:
        """The next message for the SDK, the memory it takes, and its sent reply; None when stdin has ended."""
        while True:
            await self._wait_until_read()
            line = await anext(self._lines, None)
            if line is None:
                return None
            self._line_number += 1
            size = estimate_memory(line)
            if size > MESSAGE_BYTES:
                line = TooLong(line)
            message = _parse_message(line)
            if message is None:
                self._reject_line(line)
            elif self._is_accepted(message, size):
                return message, size, self._sent.pop(self._line_number, None)

    async def _wait_until_read(self) -> None:
        """Waits while the client leaves too much unread."""
        while self._stdio.unsent() >= UNSENT_BYTES:
            await self._wait_for_change()

    async def _has_room(self, size: int) -> bool:
        """Waits until there is room for a request; False if there is none in time.

        While the client has unread replies, its request waits without limit. A client that has read everything gets a
        rejection in time, so that the server reaches cancellations and pings behind the request.
        """
        since = anyio.current_time() - (_ROOM_SECONDS if self._is_rejecting else 0)
        while not self._flow.fits(size):
            if anyio.current_time() - since >= _ROOM_SECONDS and not self._stdio.unsent():
                self._is_rejecting = True
                return False
            await self._wait_for_change()
        self._is_rejecting = False
        return True

    async def _wait_for_change(self) -> None:
        """Waits for a sent or finished message, at most half a second; stops the server if the client has left."""
        with anyio.move_on_after(_POLL_SECONDS):
            await self._flow.wait_for_change()
        if self._stdio.is_hung_up():
            self._stop()
            await anyio.lowlevel.checkpoint()

    def _is_accepted(self, message: types.JSONRPCMessage, size: int) -> bool:
        """Whether the SDK gets a message: not replies, because the server sends no requests, and nothing oversized."""
        if isinstance(message, types.JSONRPCRequest):
            if max(map(len, _repeated_texts(message))) <= _NAME_CHARACTERS:
                return True
            self._reject(message.id, types.INVALID_REQUEST, _LONG_NAME)
        elif isinstance(message, types.JSONRPCNotification):
            if size <= _NOTIFICATION_BYTES:
                return True
            _log.warning("dropped a notification of more than %s bytes", _NOTIFICATION_BYTES)
        return False

    def _reject_line(self, line: bytes) -> None:
        """Replies with errors to the requests in a line that is not a valid message, and logs it."""
        _log.warning("a line is not a JSON-RPC message")
        for reply in error_replies(line):
            self._reject(*reply)

    def _reject(self, request_id: str | int | float | None, code: int, text: str) -> None:
        """Replies with an error to a request that the SDK does not get."""
        reply = {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": text}}
        with suppress(OSError):  # `send` and `_wait_for_change` notice that the client has left
            self._stdio.post(json.dumps(reply).encode() + b"\n")


def _parse_message(line: bytes) -> types.JSONRPCMessage | None:
    """The message in a line, which may begin with a byte order mark; None if there is none."""
    if isinstance(line, TooLong):
        return None
    try:
        message = types.jsonrpc_message_adapter.validate_json(line.removeprefix(BOM), by_name=False)
    except ValueError:
        return None
    # The SDK parses a request whose id is missing or null as a notification.
    is_request = isinstance(message, types.JSONRPCNotification) and not message.method.startswith("notifications/")
    return None if is_request else message


def _method(message: types.JSONRPCMessage) -> str:
    """The method of a message; a reply has none and is treated like `initialize`."""
    return getattr(message, "method", "initialize")


def _repeated_texts(request: types.JSONRPCRequest) -> list[str]:
    """The texts of a request that replies, traces and the audit log repeat."""
    params = request.params or {}
    meta = params.get("_meta")
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    return [str(request.id), request.method, *(text for text in (params.get("name"), token) if isinstance(text, str))]
