"""The stdio wire and the life of the process on it.

The SDK's own loop leaves the lifespan out on SIGTERM, hangs on SIGINT while stdin is a pipe, and
refuses a client that probes with `server/discover` and then sends `initialize`. This one ends cleanly
on EOF (exit code 0), SIGTERM (143) and SIGINT (130), and starts the other era when a client changes
its mind. While it serves, fd 1 points to stderr, so nothing printed can break the protocol.
"""

import json
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, suppress
from typing import Any

import anyio
import anyio.to_thread
import mcp_types as types
from anyio.abc import ObjectStream
from mcp.server.mcpserver import MCPServer
from mcp.server.runner import serve_dual_era_loop
from mcp.shared.message import SessionMessage

from zava_mcp.server.pipes import Stdio

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
            client = _Client(Stdio(), group.cancel_scope.cancel)
            while await client.opens():
                with client.session:
                    options = lowlevel.create_initialization_options()
                    await serve_dual_era_loop(lowlevel, client, client, lifespan_state=state, init_options=options)
            group.cancel_scope.cancel()
        # Still with the signals received: another one must not end us before everything is closed.
        await anyio.to_thread.run_sync(close)
    return 128 + received[0] if received else 0


class _Client(ObjectStream[SessionMessage]):
    """The client, as the SDK's sessions read and write it; a change of era ends one session and begins the next.

    What a session reads and writes goes straight to the wire: each stream between would cost a call several turns
    of the event loop.
    """

    def __init__(self, wire: Stdio, leave: Callable[[], None]) -> None:
        self._wire = wire
        self._lines = wire.lines()
        self._leave = leave
        self._opening: types.JSONRPCMessage | None = None
        self._modern = False
        self._over = False
        self._unanswered: set[object] = set()
        self._answered = anyio.Event()
        self.session = anyio.CancelScope()

    async def opens(self) -> bool:
        """Waits for the message that begins a session; whether there is one."""
        if self._opening is None:
            self._opening = await self._message()
        self._modern = getattr(self._opening, "method", "initialize") != "initialize"
        self._over = False
        self.session = anyio.CancelScope()
        return self._opening is not None

    async def receive(self) -> SessionMessage:
        """The session's next message. Raises EndOfStream."""
        if self._over:
            raise anyio.EndOfStream
        message, self._opening = self._opening, None
        if message is None:
            message = await self._message()
            if message is None:  # a client that does not read its last replies must not keep us
                self.session.deadline = anyio.current_time() + _LAST_REPLIES_SECONDS
            elif self._modern and getattr(message, "method", "") == "initialize":
                message, self._opening = None, message
        if message is None:
            self._over = True
            raise anyio.EndOfStream
        await self._count(message)
        return SessionMessage(message)

    async def send(self, item: SessionMessage) -> None:
        """Writes a message. Raises BrokenResourceError, and ends everything, when nobody reads any more."""
        text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
        try:
            await self._wire.write(text.encode() + b"\n")
        except OSError:
            self._leave()
            raise anyio.BrokenResourceError from None
        self._unanswered.discard(getattr(item.message, "id", None))
        self._answered.set()

    async def send_eof(self) -> None:
        """Nothing: the wire outlives its sessions."""

    async def aclose(self) -> None:
        """Nothing: the wire outlives its sessions."""

    async def _message(self) -> types.JSONRPCMessage | None:
        """The next message; None when stdin has ended."""
        async for line in self._lines:
            try:
                return types.jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValueError:
                await self._refuse(line)
        return None

    async def _count(self, message: types.JSONRPCMessage) -> None:
        """Notes a request as unanswered, and waits while too many are."""
        if isinstance(message, types.JSONRPCRequest):
            while len(self._unanswered) >= _UNANSWERED:
                self._answered = anyio.Event()
                with anyio.move_on_after(_LOOK_SECONDS):
                    await self._answered.wait()
                if self._wire.is_hung_up():
                    self._leave()
                    await anyio.lowlevel.checkpoint()
            self._unanswered.add(message.id)
        elif isinstance(message, types.JSONRPCNotification) and message.method == "notifications/cancelled":
            number = (message.params or {}).get("requestId")
            if isinstance(number, str | int):
                self._unanswered.discard(number)  # it will get no answer

    async def _refuse(self, line: bytes) -> None:
        """A line that is no message: whoever waits for an answer to it gets one, everybody else gets a log line."""
        _log.warning("a line is not a JSON-RPC message")
        with suppress(ValueError, RecursionError, OSError):
            said = json.loads(line)
            number = said.get("id") if isinstance(said, dict) else None
            if isinstance(number, str | int) and "method" in said:
                error = {"code": -32600, "message": "not a valid JSON-RPC request"}
                reply = {"jsonrpc": "2.0", "id": number, "error": error}
                await self._wire.write(json.dumps(reply).encode() + b"\n")
