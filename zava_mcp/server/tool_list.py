"""Lists `run_saved_query` only if the database has saved queries, which is known only after the database was opened.

tools/list never waits for the database. If there turn out to be saved queries, or the first is added or the last is
removed later, clients of the initialize handshake are notified that the list has changed. For clients of 2026-07-28, a
list that was made before the database was read has a lifetime of 0.
"""

import asyncio
from typing import Any

import anyio.to_thread
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from zava_mcp.errors import ZavaError
from zava_mcp.server.flow_control import sent_reply
from zava_mcp.server.startup import Startup

RUN_SAVED_QUERY = "run_saved_query"
FIRST_STATELESS_VERSION = "2026-07-28"  # its clients get no notifications that they did not subscribe to
_POLL_SECONDS = 0.25


class ToolList:
    """Which tools are listed for the client of one server."""

    def __init__(self, startup: Startup) -> None:
        self._startup = startup
        self._listed: bool | None = None  # whether the client's list has the tool; None before the first list
        self._waiting: asyncio.Task[None] | None = None

    def is_listed(self, tool: str) -> bool:
        """Whether tools/list has a tool now."""
        return tool != RUN_SAVED_QUERY or bool(self._has_saved_queries())

    async def observe(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Middleware: opens the database after tools/list, and notifies the client of a list that has changed."""
        if ctx.method == "tools/list":
            known = self._has_saved_queries()
            self._listed = bool(known)
            result = await call_next(ctx)
            self._startup.proceed()  # a client that lists the tools is about to call one
            if known is None:
                self._waiting = asyncio.create_task(self._notify_when_open(ctx))
                if isinstance(result, dict) and "ttlMs" in result:
                    return {**result, "ttlMs": 0}
            return result
        result = await call_next(ctx)
        if ctx.method == "tools/call":
            await self._notify_if_changed(ctx)
        return result

    def _has_saved_queries(self) -> bool | None:
        """Whether there are any; None as long as that is unknown, as it was when a recorded list was sent."""
        return self._startup.has_saved_queries if sent_reply() is None else None

    async def _notify_when_open(self, ctx: ServerRequestContext[Any, Any]) -> None:
        while self._startup.has_saved_queries is None:
            try:
                await anyio.to_thread.run_sync(self._startup.wait, _POLL_SECONDS, abandon_on_cancel=True)
            except ZavaError:  # the next call reports it
                return
        await self._notify_if_changed(ctx)

    async def _notify_if_changed(self, ctx: ServerRequestContext[Any, Any]) -> None:
        known = bool(self._startup.has_saved_queries)
        if self._listed in (None, known):
            return
        self._listed = known
        if ctx.protocol_version is None or ctx.protocol_version < FIRST_STATELESS_VERSION:
            await ctx.session.send_tool_list_changed()
