"""Requests whose parameters have another shape than the protocol's: read where they can be, else refused in a sentence.

The SDK would answer "Invalid request parameters" to all of them.
"""

from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS
from pydantic import ValidationError

from zava_mcp.server.arguments import NAMED, WrongArgument, as_object, unwrapped
from zava_mcp.server.sdk_internals import registered_tool

SQL_ARGUMENT = "postgresql_query"
_CHARACTERS = 60

#: Why the arguments of the present tool call cannot be read; "" if they can. A tool call is refused as a tool error,
#: which a model reads, and not as a protocol error, which it does not see.
unreadable: ContextVar[str] = ContextVar("unreadable", default="")


def read_shapes(server: MCPServer[Any]) -> None:
    """From now on requests are read so; to be called before anything records them."""

    async def read(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.request_id is None:
            return await call_next(ctx)
        try:
            return await call_next(_readable(server, ctx))
        except ValidationError as error:
            raise MCPError(INVALID_PARAMS, _faults(ctx.method, error)) from None

    server.middleware.append(read)


def _readable(server: MCPServer[Any], ctx: ServerRequestContext[Any, Any]) -> ServerRequestContext[Any, Any]:
    """The request with its arguments as an object."""
    unreadable.set("")
    params = ctx.params or {}
    if ctx.method not in ("tools/call", "prompts/get") or "arguments" not in params:
        return ctx
    try:
        arguments = as_object(params["arguments"])
    except WrongArgument as fault:
        if ctx.method == "prompts/get":
            raise MCPError(INVALID_PARAMS, str(fault)) from None
        unreadable.set(str(fault))
        arguments = {}
    if ctx.method == "prompts/get":
        arguments = {name: _text(value) for name, value in arguments.items() if value is not None}
    elif (tool := registered_tool(server, str(params.get("name")))) is not None:
        arguments = unwrapped(arguments, tool.parameters["properties"])
    return replace(ctx, params={**params, "arguments": arguments})


def _text(value: Any) -> Any:
    """A number as the text that a prompt takes."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _faults(method: str, error: ValidationError) -> str:
    said = [
        f"{'.'.join(map(str, fault['loc']))[:_CHARACTERS] or 'params'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)[:NAMED]
    ]
    return f"the parameters of {method[:_CHARACTERS]} are wrong: {'; '.join(said)}"
