"""Telling a client that work goes on: how long it has taken, and how long it may."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from mcp.server.mcpserver.context import Context

T = TypeVar("T")

_EVERY = 2.0  # seconds: often enough to be seen, seldom enough to disturb nobody


async def with_progress(ctx: Context[Any, Any], what: str, limit: float, work: Callable[[], Awaitable[T]]) -> T:
    """Does work; if it takes long, tells its seconds, of at most `limit`, to a client that asked for progress.

    What is told increases, also over the shares of one that set-up told before, and ends before the result.
    """
    loop, begun = asyncio.get_running_loop(), time.monotonic()
    tellers: list[asyncio.Task[None]] = []
    # A timer costs work that is done soon nothing, which a task would.
    timer = loop.call_later(_EVERY, lambda: tellers.append(loop.create_task(_tell(ctx, what, limit, begun))))
    try:
        return await work()
    finally:
        timer.cancel()
        for teller in tellers:
            teller.cancel()


async def _tell(ctx: Context[Any, Any], what: str, limit: float, begun: float) -> None:
    with suppress(Exception):  # the client has gone; the work itself says what else is wrong
        while True:
            seconds = time.monotonic() - begun
            await ctx.report_progress(1 + seconds, 1 + limit, f"{what}: {seconds:.0f} s of at most {limit:.0f} s")
            await asyncio.sleep(_EVERY)
