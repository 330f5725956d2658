"""Accepts requests whose parameters have another shape than MCP's where the meaning is clear, and explains the others.

The SDK replies "Invalid request parameters" to all of them.
"""

from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS
from pydantic import ValidationError

from zava_mcp.server.argument_values import WrongArgument, as_object
from zava_mcp.server.arguments import MAX_LISTED, unwrap
from zava_mcp.server.sdk_internals import registered_tool

SQL_ARGUMENT = "postgresql_query"
_NAME_CHARACTERS = 60

#: Why the arguments of the current tool call cannot be read; "" if they can. A tool call fails with a tool error, which
#: a model reads, and not with a protocol error, which it does not see.
unreadable_arguments: ContextVar[str] = ContextVar("unreadable_arguments", default="")


def add_request_shapes(server: MCPServer[Any]) -> None:
    """Adds the middleware; middleware that records requests must be added after it, to see what it accepted."""

    async def accept(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.request_id is None:
            return await call_next(ctx)
        try:
            return await call_next(_with_arguments(server, ctx))
        except ValidationError as error:
            raise MCPError(INVALID_PARAMS, _explain(ctx.method, error)) from None

    server.middleware.append(accept)


def _with_arguments(server: MCPServer[Any], ctx: ServerRequestContext[Any, Any]) -> ServerRequestContext[Any, Any]:
    """The request with its arguments as an object."""
    unreadable_arguments.set("")
    params = ctx.params or {}
    if ctx.method not in ("tools/call", "prompts/get") or "arguments" not in params:
        return ctx
    try:
        arguments = as_object(params["arguments"])
    except WrongArgument as fault:
        if ctx.method == "prompts/get":
            raise MCPError(INVALID_PARAMS, str(fault)) from None
        unreadable_arguments.set(str(fault))
        arguments = {}
    if ctx.method == "prompts/get":
        arguments = {name: _as_text(value) for name, value in arguments.items() if value is not None}
    elif (tool := registered_tool(server, str(params.get("name")))) is not None:
        arguments = unwrap(arguments, tool.parameters["properties"])
    return replace(ctx, params={**params, "arguments": arguments})


def _as_text(value: Any) -> Any:
    """A number as text, because a prompt's arguments are texts; other values unchanged."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _explain(method: str, error: ValidationError) -> str:
    faults = [
        f"{'.'.join(map(str, fault['loc']))[:_NAME_CHARACTERS] or 'params'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)[:MAX_LISTED]
    ]
    return f"the parameters of {method[:_NAME_CHARACTERS]} are wrong: {'; '.join(faults)}"
