"""Selects the tools and prompts that are listed, which depends on the database.

`run_saved_query` needs saved queries; product search and the prompts need products and orders. Lists never wait for the
database: until it is open, they are those of a database with orders and without saved queries. If the opened database
differs, or its first saved query appears, or its last one disappears, clients of the initialize handshake are notified
that the list of tools has changed. For clients of 2026-07-28, a list from before the database was read has a lifetime
of 0.
"""

import asyncio
from typing import Any

import anyio.to_thread
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

from zava_mcp.errors import ZavaError
from zava_mcp.server.flow_control import sent_reply
from zava_mcp.server.service_source import ServiceSource

RUN_SAVED_QUERY = "run_saved_query"
_NEEDS_ORDERS = frozenset(
    {"semantic_search_products", "monthly_review", "compare_stores", "slow_movers", "find_product"}
)
_HIDDEN_AT_FIRST = frozenset({RUN_SAVED_QUERY})
FIRST_STATELESS_VERSION = "2026-07-28"  # its clients get no notifications that they did not subscribe to
_POLL_SECONDS = 0.25


class ToolList:
    """Which tools and prompts are listed for the client of one server."""

    def __init__(self, source: ServiceSource) -> None:
        self._source = source
        self._hidden: frozenset[str] | None = None  # not in the client's list; None before the first list
        self._waiting: asyncio.Task[None] | None = None

    def is_listed(self, name: str) -> bool:
        """Whether a list has this tool or prompt now."""
        hidden = self._known_hidden()
        return name not in (_HIDDEN_AT_FIRST if hidden is None else hidden)

    async def observe(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Middleware: opens the database after tools/list, and notifies the client of a list that has changed."""
        if ctx.method in ("tools/list", "prompts/list"):
            known = self._known_hidden()
            result = await call_next(ctx)
            if ctx.method == "tools/list":
                self._hidden = _HIDDEN_AT_FIRST if known is None else known
                self._source.proceed()  # a client that lists the tools is about to call one
                if known is None:
                    self._waiting = asyncio.create_task(self._notify_when_open(ctx))
            if known is None and isinstance(result, dict) and "ttlMs" in result:
                return {**result, "ttlMs": 0}
            return result
        result = await call_next(ctx)
        if ctx.method == "tools/call":
            await self._notify_if_changed(ctx)
        return result

    def _known_hidden(self) -> frozenset[str] | None:
        """The names that lists lack; None as long as that is unknown, as it was when a recorded list was sent."""
        return self._hidden_now() if sent_reply() is None else None

    def _hidden_now(self) -> frozenset[str] | None:
        if (catalogue := self._source.catalogue) is None:
            return None
        hidden = frozenset[str]() if catalogue.has_saved_queries else _HIDDEN_AT_FIRST
        return hidden if catalogue.has_orders else hidden | _NEEDS_ORDERS

    async def _notify_when_open(self, ctx: ServerRequestContext[Any, Any]) -> None:
        while self._source.catalogue is None:
            try:
                await anyio.to_thread.run_sync(self._source.wait, _POLL_SECONDS, abandon_on_cancel=True)
            except ZavaError:  # the next call reports it
                return
        await self._notify_if_changed(ctx)

    async def _notify_if_changed(self, ctx: ServerRequestContext[Any, Any]) -> None:
        hidden = self._hidden_now()
        if hidden is None or self._hidden in (None, hidden):
            return
        self._hidden = hidden
        if ctx.protocol_version is None or ctx.protocol_version < FIRST_STATELESS_VERSION:
            await ctx.session.send_tool_list_changed()
