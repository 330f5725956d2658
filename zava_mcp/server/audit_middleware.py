"""Every request that an assistant's client makes for data is recorded, and reported before its answer leaves."""

from contextlib import suppress
from typing import Any

import anyio
import anyio.to_thread
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, CallToolResult, TextContent
from pydantic import ValidationError

from zava_mcp.call_context import Call, record_call
from zava_mcp.errors import AuditError
from zava_mcp.server.flow_control import when_finished
from zava_mcp.server.sdk_internals import registered_tools
from zava_mcp.telemetry import Observer

_NO_TOOL = "unknown"
#: By method, the parameter that names what is called.
_NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri", "completion/complete": "ref"}
_ENTRIES = {"prompts/get": "prompt", "resources/read": "resource", "completion/complete": "completion"}
_SQL = "postgresql_query"
_CONTENTS = ("text", "blob", "data")  # the parts of an answer that hold something


def add_audit(server: MCPServer[Any], observer: Observer) -> None:
    """From now on an observer reports the server's calls; what cannot be written into the audit log is not answered."""

    async def observe(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method not in _NAMED_BY:
            return await call_next(ctx)
        call = _call(ctx, {tool.name for tool in registered_tools(server)})
        try:
            with record_call(call):
                result = await call_next(ctx)
        except anyio.get_cancelled_exc_class() as error:
            call.failed(error)
            with anyio.CancelScope(shield=True):
                await _report(observer, call)
            raise
        except Exception as error:  # whose text may quote the data
            _record_error(call, error)
            if (fault := await _report(observer, call)) is not None:
                return _refusal(ctx.method, fault)
            raise
        _record_answer(call, result)
        fault = await _report(observer, call)
        return result if fault is None else _refusal(ctx.method, fault)

    server.middleware.append(observe)
    tools = (tool.name for tool in registered_tools(server))
    observer.expect([*tools, _NO_TOOL, *_ENTRIES.values()])


def _call(ctx: ServerRequestContext[Any, Any], tools: set[str]) -> Call:
    """The record of a request. Names that clients make up are no names of metrics."""
    params = ctx.params or {}
    name = params.get(_NAMED_BY[ctx.method], "")
    arguments = dict(params.get("arguments") or {}) if isinstance(params.get("arguments"), dict) else {}
    if ctx.method == "tools/call":
        name = str(name)
        sql = arguments.pop(_SQL) if isinstance(arguments.get(_SQL), str) else ""
        return Call(name if name in tools else _NO_TOOL, sql, arguments | ({} if name in tools else {"asked": name}))
    if ctx.method == "completion/complete":
        argument = params.get("argument")
        arguments = dict(argument) if isinstance(argument, dict) else {}
        name = (name.get("uri") or name.get("name", "")) if isinstance(name, dict) else ""
        return Call("completion", arguments={"asked": str(name), "argument": arguments})
    return Call(_ENTRIES[ctx.method], arguments={"asked": str(name), **arguments})


def _record_error(call: Call, error: Exception) -> None:
    """Records an error that the layers below have not recorded; the protocol's own errors are refusals."""
    unforeseen = not isinstance(error, MCPError | ValidationError)
    call.bytes = 0
    if isinstance(error, MCPError):
        call.bytes = len(error.error.message.encode("utf-8", "replace"))
        unforeseen = error.error.code == INTERNAL_ERROR
    if call.outcome != "ok":
        return
    cause = error.__cause__ or error.__context__ or error
    if unforeseen:
        call.failed(cause.__cause__ or cause)
        call.outcome = "internal_error"
    else:
        call.outcome, call.fault = "refused", type(cause).__name__


def _record_answer(call: Call, result: HandlerResult) -> None:
    """Records what a client gets: the bytes of its contents, and whether it is an error that is not recorded yet."""
    if (found := _part(result, "completion")) is not None:
        values = _part(found, "values") or []
        more = _part(found, "has_more") or _part(found, "hasMore")
        call.answered(len(values), sum(map(_bytes, values)), bool(more))
    else:
        parts = _part(result, "content") or _part(result, "contents") or _part(result, "messages") or []
        call.bytes = sum(map(_size, parts))
    if call.outcome == "ok" and (_part(result, "is_error") or _part(result, "isError")):
        call.outcome, call.fault = "refused", "ToolError"


def _size(part: object) -> int:
    """The bytes of a text, a picture or a message in an answer."""
    held = [_part(part, name) for name in _CONTENTS]
    message = _part(part, "content")
    return sum(_bytes(value) for value in held if isinstance(value, str)) + (_size(message) if message else 0)


def _part(of: object, name: str) -> Any:
    return of.get(name) if isinstance(of, dict) else getattr(of, name, None)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


async def _report(observer: Observer, call: Call) -> AuditError | None:
    """Reports a call; returns why it could not be written into the audit log.

    It is counted when its answer has been handed over: one that could not be is reported once more, as what it became.
    """
    fault = None
    if observer.writes:
        try:
            await anyio.to_thread.run_sync(observer.write, call)
        except AuditError as error:
            call.failed(fault := error)
    observer.trace(call)
    when_finished(lambda delivered: _finish(observer, call, delivered))
    return fault


def _finish(observer: Observer, call: Call, delivered: bool) -> None:
    """Counts a call, now that it is known whether its answer was handed over."""
    if not delivered and call.outcome != "cancelled":
        call.undelivered()
        observer.trace(call)
        with suppress(AuditError):  # nobody is left who could be refused
            observer.write(call)
    observer.count(call)


def _refusal(method: str, fault: AuditError) -> HandlerResult:
    text = f"{fault.message}. {fault.hint}"
    if method == "tools/call":
        return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
    raise MCPError(code=INTERNAL_ERROR, message=text)
