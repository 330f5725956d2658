"""Every call of a model is recorded, and told before its answer leaves."""

from typing import Any

import anyio
import anyio.to_thread
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, CallToolResult, TextContent

from zava_mcp.calls import Call, recorded
from zava_mcp.errors import AuditError
from zava_mcp.telemetry import Observer

_ASKED_FOR = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
}  # by method, the parameter that tells
_NO_TOOL = "unknown"
_SQL = "postgresql_query"


def observed(server: MCPServer[Any], observer: Observer) -> None:
    """From now on the server's calls are told to an observer; what cannot be written down is not answered."""

    async def observe(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method not in _ASKED_FOR:
            return await call_next(ctx)
        call = _call(ctx, {tool.name for tool in server._tool_manager.list_tools()})
        try:
            with recorded(call):
                result = await call_next(ctx)
                if _is_error(result):
                    call.outcome = "error"
        except anyio.get_cancelled_exc_class():
            call.outcome = "cancelled"
            with anyio.CancelScope(shield=True):
                await _tell(observer, call)
            raise
        except Exception:  # whose text may quote the data
            call.outcome = "error"
            if (fault := await _tell(observer, call)) is not None:
                return _refusal(ctx.method, fault)
            raise
        fault = await _tell(observer, call)
        return result if fault is None else _refusal(ctx.method, fault)

    server.middleware.append(observe)
    tools = (tool.name for tool in server._tool_manager.list_tools())
    observer.expect([*tools, _NO_TOOL, *map(_kind, _ASKED_FOR.keys() - {"tools/call"})])


def _call(ctx: ServerRequestContext[Any, Any], tools: set[str]) -> Call:
    """The record of a request. Names that clients make up are no names of metrics."""
    params = ctx.params or {}
    asked = str(params.get(_ASKED_FOR[ctx.method], ""))
    arguments = dict(params.get("arguments") or {}) if isinstance(params.get("arguments"), dict) else {}
    if ctx.method == "tools/call":
        sql = arguments.pop(_SQL) if isinstance(arguments.get(_SQL), str) else ""
        return Call(asked if asked in tools else _NO_TOOL, sql, arguments | _named(asked, tools))
    return Call(_kind(ctx.method), arguments={"asked": asked, **arguments})


def _kind(method: str) -> str:
    return method.split("/")[0].rstrip("s")


def _named(asked: str, tools: set[str]) -> dict[str, object]:
    return {} if asked in tools else {"asked": asked}


def _is_error(result: HandlerResult) -> bool:
    if isinstance(result, CallToolResult):
        return bool(result.is_error)
    return isinstance(result, dict) and result.get("isError") is True


async def _tell(observer: Observer, call: Call) -> AuditError | None:
    """Tells a call; returns why it could not be written down."""
    observer.measure(call)
    if observer.writes:
        try:
            await anyio.to_thread.run_sync(observer.write, call)
        except AuditError as error:
            return error
    return None


def _refusal(method: str, fault: AuditError) -> HandlerResult:
    text = f"{fault.message}. {fault.hint}"
    if method == "tools/call":
        return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
    raise MCPError(code=INTERNAL_ERROR, message=text)
