"""Middleware that records each request for data, and writes the record to the audit log before the reply is sent."""

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
from zava_mcp.server.flow_control import call_after_reply
from zava_mcp.server.sdk_internals import registered_tools
from zava_mcp.telemetry import Observer

_UNKNOWN_TOOL = "unknown"
#: By method, the parameter with the name of the tool, prompt, resource or completion.
_NAME_PARAMETERS = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri", "completion/complete": "ref"}
_CALL_NAMES = {"prompts/get": "prompt", "resources/read": "resource", "completion/complete": "completion"}
_SQL = "postgresql_query"
_CONTENTS = ("text", "blob", "data")  # the attributes of a result's parts that hold content


def add_audit(server: MCPServer[Any], observer: Observer) -> None:
    """Adds the middleware: an observer reports the server's calls, and a call fails if its record cannot be written."""

    async def observe(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method not in _NAME_PARAMETERS:
            return await call_next(ctx)
        call = _call_record(ctx, {tool.name for tool in registered_tools(server)})
        try:
            with record_call(call):
                result = await call_next(ctx)
        except anyio.get_cancelled_exc_class() as error:
            call.record_error(error)
            with anyio.CancelScope(shield=True):
                await _report(observer, call)
            raise
        except Exception as error:
            _record_error(call, error)
            # The text of the error may quote data, so the client must not get it without a record either.
            if (fault := await _report(observer, call)) is not None:
                return _audit_failure(ctx.method, fault)
            raise
        _record_result(call, result)
        fault = await _report(observer, call)
        return result if fault is None else _audit_failure(ctx.method, fault)

    server.middleware.append(observe)
    tools = (tool.name for tool in registered_tools(server))
    observer.expect([*tools, _UNKNOWN_TOOL, *_CALL_NAMES.values()])


def _call_record(ctx: ServerRequestContext[Any, Any], tools: set[str]) -> Call:
    """The record of a request. Unknown tools are recorded as "unknown", to bound the label values of metrics."""
    params = ctx.params or {}
    name = params.get(_NAME_PARAMETERS[ctx.method], "")
    arguments = dict(params.get("arguments") or {}) if isinstance(params.get("arguments"), dict) else {}
    if ctx.method == "tools/call":
        name = str(name)
        sql = arguments.pop(_SQL) if isinstance(arguments.get(_SQL), str) else ""
        if name not in tools:
            return Call(_UNKNOWN_TOOL, sql, arguments | {"requested": name})
        return Call(name, sql, arguments)
    if ctx.method == "completion/complete":
        argument = params.get("argument")
        arguments = dict(argument) if isinstance(argument, dict) else {}
        name = (name.get("uri") or name.get("name", "")) if isinstance(name, dict) else ""
        return Call("completion", arguments={"requested": str(name), "argument": arguments})
    return Call(_CALL_NAMES[ctx.method], arguments={"requested": str(name), **arguments})


def _record_error(call: Call, error: Exception) -> None:
    """Records an error that the layers below have not recorded; errors of the protocol count as refused."""
    is_internal = not isinstance(error, MCPError | ValidationError)
    call.bytes = 0
    if isinstance(error, MCPError):
        call.bytes = len(error.error.message.encode("utf-8", "replace"))
        is_internal = error.error.code == INTERNAL_ERROR
    if call.outcome != "ok":
        return
    cause = error.__cause__ or error.__context__ or error
    if is_internal:
        call.record_error(cause.__cause__ or cause)
        call.outcome = "internal_error"
    else:
        call.outcome, call.fault = "refused", type(cause).__name__


def _record_result(call: Call, result: HandlerResult) -> None:
    """Records the bytes of a result's content, and whether it is an error that is not recorded yet."""
    if (completion := _get(result, "completion")) is not None:
        values = _get(completion, "values") or []
        more = _get(completion, "has_more") or _get(completion, "hasMore")
        call.record_result(len(values), sum(map(_byte_count, values)), bool(more))
    else:
        parts = _get(result, "content") or _get(result, "contents") or _get(result, "messages") or []
        call.bytes = sum(map(_content_bytes, parts))
    if call.outcome == "ok" and (_get(result, "is_error") or _get(result, "isError")):
        call.outcome, call.fault = "refused", "ToolError"


def _content_bytes(part: object) -> int:
    """The bytes of a text, an image or a message in a result."""
    contents = [_get(part, name) for name in _CONTENTS]
    message = _get(part, "content")
    size = sum(_byte_count(content) for content in contents if isinstance(content, str))
    return size + (_content_bytes(message) if message else 0)


def _get(source: object, name: str) -> Any:
    """A member of a dictionary, or an attribute of an object; None if it is missing."""
    return source.get(name) if isinstance(source, dict) else getattr(source, name, None)


def _byte_count(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


async def _report(observer: Observer, call: Call) -> AuditError | None:
    """Reports a call; returns the error if its record could not be written into the audit log.

    Metrics count the call when its reply has been delivered. If that fails, the call is reported again as undelivered.
    """
    fault = None
    if observer.writes:
        try:
            await anyio.to_thread.run_sync(observer.write, call)
        except AuditError as error:
            call.record_error(fault := error)
    observer.trace(call)
    call_after_reply(lambda delivered: _count(observer, call, delivered))
    return fault


def _count(observer: Observer, call: Call, delivered: bool) -> None:
    """Counts a call once it is known whether its reply was delivered."""
    if not delivered and call.outcome != "cancelled":
        call.record_undelivered()
        observer.trace(call)
        with suppress(AuditError):  # the client has left, so the call can no longer fail
            observer.write(call)
    observer.count(call)


def _audit_failure(method: str, fault: AuditError) -> HandlerResult:
    """The result of a call whose record could not be written. Raises MCPError for other methods than tools/call."""
    text = f"{fault.message}. {fault.hint}"
    if method == "tools/call":
        return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
    raise MCPError(code=INTERNAL_ERROR, message=text)
