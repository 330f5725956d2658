"""Serves functions that register tools beside this server's own, to an MCP client in memory: for exercises."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from mcp.client import Client
from mcp.types import TextContent, Tool

from zava_mcp.server.mcp_server import build_server
from zava_mcp.server.server_context import ServerContext
from zava_mcp.server.startup import Startup
from zava_mcp.settings import Settings


class TrialClient:
    """An MCP client of a server with additional tools; `sdk` is the SDK's own."""

    def __init__(self, client: Client) -> None:
        self.sdk = client

    async def tools(self) -> dict[str, Tool]:
        """The server's tools by name."""
        return {tool.name: tool for tool in (await self.sdk.list_tools()).tools}

    async def call(self, tool: str, **arguments: Any) -> tuple[str, bool]:
        """The text of a tool's result, and whether it is an error."""
        result = await self.sdk.call_tool(tool, arguments)
        return "".join(part.text for part in result.content if isinstance(part, TextContent)), bool(result.is_error)


@asynccontextmanager
async def trial_client(register: Callable[[ServerContext], object], settings: Settings) -> AsyncIterator[TrialClient]:
    """A client of the identity's server after `register`. Raises TypeError for other parameters, and its errors."""
    startup = Startup(settings)
    try:
        server = build_server(startup, settings, startup.observer, more=[register])
        startup.start()
        async with Client(server) as client:
            yield TrialClient(client)
    finally:
        startup.close()
