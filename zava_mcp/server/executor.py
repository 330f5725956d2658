"""Runs blocking work in worker threads, bounds how many calls wait, and cancels work in the database."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread
from mcp.server.mcpserver.context import Context

from zava_mcp import call_context
from zava_mcp.errors import DatabaseUnavailable, ServerBusy, ZavaError
from zava_mcp.server.flow_control import reserve_reply, wait_for_reply_room
from zava_mcp.server.service_source import ServiceSource
from zava_mcp.server.tool_errors import raise_tool_errors, tool_error
from zava_mcp.settings import CONCURRENT_QUERIES

if TYPE_CHECKING:
    from zava_mcp.sales.service import SalesService

T = TypeVar("T")

QUEUE_LENGTH = 32  # calls that may wait for a thread
_SET_UP_SECONDS = 50.0  # how long a call waits for set-up; MCP clients give up after a minute
_POLL_SECONDS = 0.25


async def wait_for_service(source: ServiceSource, ctx: Context[Any, Any] | None) -> "SalesService":
    """The service, once it is set up; reports the progress of set-up to a client that requested it.

    Raises ToolError if set-up fails or takes longer than a client would wait.
    """
    waited, reported = 0.0, -1.0
    try:
        service = source.wait(0)
        while service is None and waited < _SET_UP_SECONDS:
            part, step = source.progress
            if ctx is not None and part > reported:  # MCP requires that progress increases
                reported = part
                await ctx.report_progress(part, 1.0, step)
            service = await anyio.to_thread.run_sync(source.wait, _POLL_SECONDS, abandon_on_cancel=True)
            waited += _POLL_SECONDS
    except ZavaError as error:
        raise tool_error(error) from None
    if service is None:
        part, step = source.progress
        fault = f"the database is still being set up ({part:.0%}, {step})"
        raise tool_error(DatabaseUnavailable(fault, "Try again in a minute."))
    return service


class BoundedExecutor:
    """Runs calls in a bounded number of threads; a bounded number of calls wait, and more are rejected.

    A thread counts as used until its work has ended, which can be long after its call was cancelled. So repeated
    cancellation cannot leave more threads and connections behind than the bound.
    """

    def __init__(self, threads: int = CONCURRENT_QUERIES) -> None:
        self._executor = ThreadPoolExecutor(threads, "worker")
        self._free_threads = asyncio.Semaphore(threads)
        self._limit = threads + QUEUE_LENGTH
        self._calls = 0

    async def call(self, work: Callable[[], T], cancel: Callable[[], None] | None = None) -> T:
        """Runs blocking work in a thread; when the call is cancelled, `cancel` stops the work, in the database too.

        Raises ToolError for every failure, with a text for the model.
        """
        with raise_tool_errors():
            if self._calls >= self._limit:
                raise ServerBusy("too many calls at once", "Wait until some of them have ended, then try again.")
            self._calls += 1
            try:
                return await self._run(call_context.bind_context(work), cancel)
            finally:
                self._calls -= 1

    async def _run(self, work: Callable[[], T], cancel: Callable[[], None] | None) -> T:
        """Waits for a thread and for its result; a call that is cancelled while it waits leaves nothing behind."""
        await self._acquire_thread()
        future = self._executor.submit(work)
        try:
            return await asyncio.wrap_future(future)
        except anyio.get_cancelled_exc_class():
            if cancel is not None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(cancel)
            raise
        finally:
            self._release_thread(future)

    async def _acquire_thread(self) -> None:
        """Waits until a thread is free and the client has read enough for another reply.

        No thread is held while the client does not read: other calls that have room for their replies may need it.
        """
        while True:
            await self._free_threads.acquire()
            if reserve_reply():
                return
            self._free_threads.release()
            await wait_for_reply_room()

    def _release_thread(self, future: Future[T]) -> None:
        """Releases the thread at once, or when its work for a cancelled call has ended."""
        if future.done():
            self._free_threads.release()
            return
        loop = asyncio.get_running_loop()

        def done(_: Future[T]) -> None:
            with suppress(RuntimeError):  # the event loop has ended
                loop.call_soon_threadsafe(self._free_threads.release)

        future.add_done_callback(done)
