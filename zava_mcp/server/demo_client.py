"""Starts the server as a child process and calls it with the SDK's MCP client, for `zava-mcp demo` and tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp import StdioServerParameters
from mcp.client import Client
from mcp.types import TextContent

from zava_mcp.python_process import child_command, child_environment


class DemoClient:
    """An MCP client of a running server of one identity."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def tools(self) -> list[str]:
        """The names of the server's tools."""
        return [tool.name for tool in (await self._client.list_tools()).tools]

    async def call(self, tool: str, arguments: dict[str, Any], progress: Any = None) -> tuple[str, bool]:
        """The text of a tool's result, and whether it is an error."""
        result = await self._client.call_tool(tool, arguments, progress_callback=progress)
        text = "".join(block.text for block in result.content if isinstance(block, TextContent))
        return text, bool(result.is_error)


@asynccontextmanager
async def start_demo_client(user_id: str, settings: dict[str, str]) -> AsyncIterator[DemoClient]:
    """Starts a server process of this installation with additional settings; it ends with the context."""
    command, *arguments = child_command("-m", "zava_mcp", "--user-id", user_id)
    parameters = StdioServerParameters(command=command, args=arguments, env={**child_environment(), **settings})
    async with Client(parameters) as client:
        yield DemoClient(client)
