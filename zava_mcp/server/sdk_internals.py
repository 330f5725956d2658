"""Uses of the MCP SDK that its documentation does not cover; no other module touches the SDK's private attributes.

- `MCPServer._tool_manager`: `MCPServer.list_tools()` builds protocol objects and is asynchronous; each call needs the
  registered schema of one tool, and start-up tightens the schemas of all of them.
- `MCPServer._lowlevel_server` and `serve_dual_era_loop`: the public `run()` serves stdin and stdout with a loop that
  skips the lifespan on SIGTERM and hangs on SIGINT while stdin is a pipe.
- The prefix of a ToolError's message, which the SDK adds and no option removes.

A minor version of the SDK may change each of these, so pyproject.toml bounds it, and tests/server/test_sdk_internals.py
fails on a version that did. Prompts and resource templates are read with the SDK's public methods.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.abc import ObjectStream
from mcp.server import NotificationOptions
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.tools import Tool
from mcp.server.runner import serve_dual_era_loop
from mcp.shared.message import SessionMessage


def registered_tools(server: MCPServer[Any]) -> list[Tool]:
    """All tools of a server, with the schemas that the SDK validates and lists; changes to them take effect."""
    return server._tool_manager.list_tools()


def registered_tool(server: MCPServer[Any], name: str) -> Tool | None:
    """The tool of this name; None if there is none."""
    return server._tool_manager.get_tool(name)


def forbid_extra_arguments(tool: Tool) -> dict[str, Any]:
    """Makes a tool reject arguments that it does not have; returns the JSON Schema of its arguments."""
    model = tool.fn_metadata.arg_model
    model.model_config["extra"] = "forbid"
    model.model_rebuild(force=True)
    return model.model_json_schema(by_alias=True)


def without_prefix(error: str, tool: str) -> str:
    """The message of a ToolError without the prefix that the SDK adds."""
    return error.removeprefix(f"Error executing tool {tool}: ")


@asynccontextmanager
async def lifespan(server: MCPServer[Any]) -> AsyncIterator[Any]:
    """Enters the server's lifespan; yields the state that `serve_session` takes."""
    lowlevel = server._lowlevel_server
    async with lowlevel.lifespan(lowlevel) as state:
        yield state


async def serve_session(server: MCPServer[Any], client: ObjectStream[SessionMessage], state: Any) -> None:
    """Serves one session of a client, in the protocol version that its first message chooses, until the stream ends.

    The SDK handles each message in the context that the stream's attribute `last_context` holds, and calls
    `on_request_unanswered` in a message's metadata when it is done with a request that gets no reply.
    """
    lowlevel = server._lowlevel_server
    options = lowlevel.create_initialization_options(NotificationOptions(tools_changed=True))
    await serve_dual_era_loop(lowlevel, client, client, lifespan_state=state, init_options=options)
