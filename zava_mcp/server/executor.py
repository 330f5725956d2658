"""Where blocking work meets the event loop, and where every failure becomes a tool error."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.context import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError, UnexpectedToolError
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, INVALID_REQUEST, CallToolResult, TextContent

from zava_mcp import call_context
from zava_mcp.errors import Busy, DatabaseUnavailable, InputError, ZavaError
from zava_mcp.server.arguments import NAMED, WrongArgument, understand
from zava_mcp.server.flow_control import reserve_reply, room_for_reply
from zava_mcp.server.request_shapes import SQL_ARGUMENT, unreadable
from zava_mcp.server.resource_uris import check_parameters
from zava_mcp.server.sdk_internals import registered_tool, registered_tools, without_prefix
from zava_mcp.server.startup import Startup
from zava_mcp.settings import QUESTIONS_AT_ONCE
from zava_mcp.suggestions import did_you_mean

if TYPE_CHECKING:
    from zava_mcp.sales.service import SalesService

T = TypeVar("T")

WAITING = 32  # calls that may wait for their turn
_SET_UP_SECONDS = 50.0  # seconds a call waits for set-up: hosts give up after a minute
_BEAT = 0.25
_NAME_CHARACTERS = 60  # of a name that nobody knows are repeated
_URI_CHARACTERS = 30_000  # the longest description to look for, each of its characters escaped

_log = logging.getLogger(__name__)


async def opened_service(startup: Startup, ctx: Context[Any, Any] | None) -> "SalesService":
    """The shop, waited for while it is set up, with progress told to who asks for it.

    Raises ToolError if that takes longer than a client would wait, or cannot be.
    """
    waited, told = 0.0, -1.0
    try:
        service = startup.wait(0)
        while service is None and waited < _SET_UP_SECONDS:
            part, what = startup.progress
            if ctx is not None and part > told:  # progress must increase
                told = part
                await ctx.report_progress(part, 1.0, what)
            service = await anyio.to_thread.run_sync(startup.wait, _BEAT, abandon_on_cancel=True)
            waited += _BEAT
    except ZavaError as error:
        raise tool_error(error) from None
    if service is None:
        part, what = startup.progress
        fault = f"the database is still being set up ({part:.0%}, {what})"
        raise tool_error(DatabaseUnavailable(fault, "Ask again in a minute."))
    return service


class BoundedExecutor:
    """Takes calls: so many at work in threads, so many waiting, the rest told to come back.

    A place at work is a thread, and so is held until the thread has ended, which can be long after its call was
    cancelled: calls that are cancelled again and again leave no more threads and connections behind than that.
    """

    def __init__(self, places: int = QUESTIONS_AT_ONCE) -> None:
        self._threads = ThreadPoolExecutor(places, "desk")
        self._free = asyncio.Semaphore(places)
        self._most = places + WAITING
        self._taken = 0

    async def call(self, work: Callable[[], T], cancel: Callable[[], None] | None = None) -> T:
        """Runs blocking work in a thread; when the call is cancelled, so is the work, in the database too.

        Raises ToolError for every failure, with a text for the model.
        """
        with self.errors():
            if self._taken >= self._most:
                raise Busy("too many questions at once", "Wait for some of them to be answered.")
            self._taken += 1
            try:
                return await self._run(call_context.bind_context(work), cancel)
            finally:
                self._taken -= 1

    async def _run(self, work: Callable[[], T], cancel: Callable[[], None] | None) -> T:
        """Waits for a thread, and for what it does; a call that is cancelled before that leaves nothing behind."""
        await self._place()
        future = self._threads.submit(work)
        try:
            return await asyncio.wrap_future(future)
        except anyio.get_cancelled_exc_class():
            if cancel is not None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(cancel)
            raise
        finally:
            self._leave(future)

    async def _place(self) -> None:
        """Waits until a thread is free and the client has read enough for another reply.

        A thread is never held while waiting for the client: others that have room for their replies may need it.
        """
        while True:
            await self._free.acquire()
            if reserve_reply():
                return
            self._free.release()
            await room_for_reply()

    def _leave(self, future: Future[T]) -> None:
        """Frees the thread: now, or when what it still does for a cancelled call has ended."""
        if future.done():
            self._free.release()
            return
        loop = asyncio.get_running_loop()

        def done(_: Future[T]) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._free.release)

        future.add_done_callback(done)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turns what is raised inside into a ToolError; what nobody foresaw is logged, not told."""
        try:
            yield
        except ZavaError as error:
            raise tool_error(error) from None
        except Exception as error:
            call_context.current_call().failed(error)
            _log.exception("a tool failed")
            raise ToolError("an internal error; the server's log on stderr says more") from None


class ZavaServer(MCPServer[Any]):
    """Takes arguments as clients write them, says what is wrong with a request, and repeats nothing of any length.

    With a `fault` of the settings, that is its answer to every call.
    """

    def __init__(self, fault: ZavaError | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self._fault = fault

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None) -> Any:
        if self._fault is not None:
            raise tool_error(self._fault)
        tool = registered_tool(self, name)
        if tool is None:
            raise tool_error(InputError(self._no_tool(name)))
        call = call_context.current_call()
        try:
            if fault := unreadable.get():
                raise WrongArgument(fault)
            takes, needed = tool.parameters["properties"], set(tool.parameters.get("required", ()))
            taken, ignored = understand(arguments, takes, needed)
        except WrongArgument as error:
            raise tool_error(InputError(str(error))) from None
        call.sql = taken.get(SQL_ARGUMENT, call.sql)
        call.remarks += [ignored] * bool(ignored)
        try:
            result = await super().call_tool(name, taken, context)
        except ToolError as error:
            if isinstance(error, UnexpectedToolError):
                call.failed(error.__cause__ or error)
            raise ToolError(" ".join([without_prefix(str(error), name), *call.take_remarks()])) from None
        if (remarks := call.take_remarks()) and isinstance(result, CallToolResult):  # which stand in no hint
            result.content.append(TextContent(text=f"hint: {' '.join(remarks)}"))
        return result

    def _no_tool(self, name: str) -> str:
        names = [tool.name for tool in registered_tools(self)]
        fault = f"there is no tool {name[:_NAME_CHARACTERS]!r}{did_you_mean(name, names)}"
        return f"{fault}. The tools are: {', '.join(names)}."

    async def read_resource(self, uri: Any, context: Context[Any, Any] | None = None) -> Any:
        if self._fault is not None:
            raise ResourceError(error_text(self._fault))
        if len(str(uri)) > _URI_CHARACTERS:
            raise MCPError(INVALID_PARAMS, f"the URI is longer than {_URI_CHARACTERS:,} characters")
        try:
            check_parameters(str(uri), [template.uri_template for template in await self.list_resource_templates()])
        except WrongArgument as fault:
            raise MCPError(INVALID_PARAMS, str(fault)) from None
        return await super().read_resource(uri, context)

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> Any:
        if self._fault is not None:
            raise MCPError(INVALID_REQUEST, error_text(self._fault))
        prompts = {prompt.name: prompt for prompt in await self.list_prompts()}
        if name not in prompts:
            fault = f"there is no prompt {name[:_NAME_CHARACTERS]!r}{did_you_mean(name, list(prompts))}"
            raise MCPError(INVALID_PARAMS, f"{fault}. The prompts are: {', '.join(prompts)}.")
        takes = {argument.name: argument.required for argument in prompts[name].arguments or []}
        given = {name: value for name, value in (arguments or {}).items() if value not in (None, "")}
        faults = [
            f"there is no argument {name[:_NAME_CHARACTERS]!r}" for name in list(given)[:NAMED] if name not in takes
        ]
        faults += [
            f"the argument {name!r} is missing" for name, needed in takes.items() if needed and name not in given
        ]
        if faults:
            raise MCPError(INVALID_PARAMS, f"{'; '.join(faults)}. The arguments are: {', '.join(takes)}.")
        return await super().get_prompt(name, given, context)


def tool_error(error: ZavaError) -> ToolError:
    """The text a model reads: SQLSTATE and place where PostgreSQL gave them, the message, the hint."""
    call_context.current_call().failed(error)
    return ToolError(error_text(error))


def error_text(error: ZavaError) -> str:
    """An error with its hint as one text."""
    text = error.full_message()
    end = "" if text.endswith(("?", ".")) else "."
    hint = f"{error.hint} {error.server_hint}".strip()
    return f"{text}{end} {hint}" if hint else text


def resource_error(error: ToolError) -> ResourceError:
    """The same for who reads a resource; what names something that does not exist is not found."""
    kind = ResourceNotFoundError if isinstance(error.__context__, InputError) else ResourceError
    return kind(str(error))
