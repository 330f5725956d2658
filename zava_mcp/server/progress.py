"""Reports to a client how long a call has run, and how long it may run."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from mcp.server.mcpserver.context import Context

_INTERVAL_SECONDS = 2.0


@contextmanager
def report_progress(ctx: Context[Any, Any], activity: str, limit: float) -> Iterator[None]:
    """If the work inside takes long, reports its seconds, of at most `limit`, to a client that requested progress.

    The progress starts above 1, because set-up reports up to 1 and MCP requires that progress increases. It ends before
    the result.
    """
    loop, start = asyncio.get_running_loop(), time.monotonic()
    reports: list[asyncio.Task[None]] = []
    # A timer costs less than a task, and most calls end before it fires.
    timer = loop.call_later(
        _INTERVAL_SECONDS, lambda: reports.append(loop.create_task(_report(ctx, activity, limit, start)))
    )
    try:
        yield
    finally:
        timer.cancel()
        for report in reports:
            report.cancel()


async def _report(ctx: Context[Any, Any], activity: str, limit: float, start: float) -> None:
    with suppress(Exception):  # the client has left; the work raises its own errors
        while True:
            seconds = time.monotonic() - start
            await ctx.report_progress(1 + seconds, 1 + limit, f"{activity}: {seconds:.0f} s of at most {limit:.0f} s")
            await asyncio.sleep(_INTERVAL_SECONDS)
