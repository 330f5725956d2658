"""The MCP SDK still has what server/sdk_internals.py uses, and no other module uses its private attributes."""

import ast
import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from anyio.abc import ObjectStream
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.runner import serve_dual_era_loop
from mcp.shared.message import ServerMessageMetadata, SessionMessage

from zava_mcp.server import sdk_internals

ROOT = Path(__file__).parent.parent.parent
INITIALIZE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


@pytest.fixture
def server() -> MCPServer[Any]:
    """A server with one tool, which fails."""
    server: MCPServer[Any] = MCPServer(name="test", version="1")

    @server.tool(description="Fails.", structured_output=False)
    async def fail(number: int = 1) -> str:
        raise ToolError(f"no {number}")

    return server


def test_registered_tools_are_those_that_the_sdk_lists(server: MCPServer[Any]) -> None:
    listed = [tool.name for tool in anyio.run(server.list_tools)]
    assert [tool.name for tool in sdk_internals.registered_tools(server)] == listed == ["fail"]
    tool = sdk_internals.registered_tool(server, "fail")
    assert tool is not None
    assert tool.parameters == anyio.run(server.list_tools)[0].input_schema
    assert sdk_internals.registered_tool(server, "other") is None


def test_forbidden_arguments_are_rejected_and_listed(server: MCPServer[Any]) -> None:
    tool = sdk_internals.registered_tools(server)[0]
    tool.parameters = sdk_internals.forbid_extra_arguments(tool)
    assert anyio.run(server.list_tools)[0].input_schema["additionalProperties"] is False
    with pytest.raises(ToolError, match="other"):
        anyio.run(server.call_tool, "fail", {"other": 1})


def test_tool_error_prefix_is_removed(server: MCPServer[Any]) -> None:
    with pytest.raises(ToolError) as raised:
        anyio.run(server.call_tool, "fail", {})
    assert str(raised.value) != "no 1", "the SDK adds no prefix any more"
    assert sdk_internals.without_prefix(str(raised.value), "fail") == "no 1"


class _Stream(ObjectStream[SessionMessage]):
    """A client that sends messages once and keeps the replies."""

    def __init__(self, messages: list[SessionMessage]) -> None:
        self._messages = messages
        self._answered = anyio.Event()
        self.replies: list[types.JSONRPCMessage] = []
        self.contexts_read = 0

    @property
    def last_context(self) -> None:
        self.contexts_read += 1

    async def receive(self) -> SessionMessage:
        if self._messages:
            return self._messages.pop(0)
        await self._answered.wait()
        raise anyio.EndOfStream

    async def send(self, item: SessionMessage) -> None:
        self.replies.append(item.message)
        self._answered.set()

    async def send_eof(self) -> None: ...

    async def aclose(self) -> None: ...


def test_session_is_served_with_the_lifespan_and_the_context_of_each_message(server: MCPServer[Any]) -> None:
    async def serve() -> _Stream:
        request = types.JSONRPCRequest(jsonrpc="2.0", id=1, method="initialize", params=INITIALIZE)
        stream = _Stream([SessionMessage(request)])
        async with sdk_internals.lifespan(server) as state:
            await sdk_internals.serve_session(server, stream, state)
        return stream

    stream = anyio.run(serve)
    assert isinstance(reply := stream.replies[0], types.JSONRPCResponse)
    assert reply.result["serverInfo"]["name"] == "test"
    assert stream.contexts_read, "the SDK does not ask the stream for a message's context"


def test_sdk_has_the_parameters_that_sessions_are_served_with() -> None:
    assert {"lifespan_state", "init_options"} <= set(inspect.signature(serve_dual_era_loop).parameters)
    assert "on_request_unanswered" in ServerMessageMetadata.__dataclass_fields__


def test_no_other_module_uses_private_attributes_of_the_sdk(server: MCPServer[Any]) -> None:
    private = {name for name in (*vars(server), *vars(server._lowlevel_server)) if re.match(r"_[a-z]", name)}
    assert {"_tool_manager", "_lowlevel_server", "_prompt_manager", "_resource_manager"} <= private
    uses = {
        (file.name, node.attr)
        for file in (ROOT / "zava_mcp" / "server").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in private
    }
    assert uses == {("sdk_internals.py", "_tool_manager"), ("sdk_internals.py", "_lowlevel_server")}


def test_sdk_is_bounded_to_the_minor_version_that_was_checked() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert "mcp>=2.3,<2.4" in dependencies
