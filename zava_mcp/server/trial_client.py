"""Serves functions that register tools beside this server's own, to an MCP client in memory: for exercises."""

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from mcp.client import Client
from mcp.types import TextContent, Tool

from zava_mcp.server.executor import BoundedExecutor
from zava_mcp.server.mcp_server import build_server, simplify_schemas
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
async def trial_client(register: Callable[..., object], settings: Settings) -> AsyncIterator[TrialClient]:
    """A client of the identity's server after `register`, whose parameters are server, startup, executor, settings.

    It may have any of these parameters, by name. Raises TypeError for others, and what `register` raises.
    """
    startup = Startup(settings)
    try:
        server = build_server(startup, settings)
        offered = {"server": server, "startup": startup, "executor": BoundedExecutor(), "settings": settings}
        names = inspect.signature(register).parameters
        register(**{name: value for name, value in offered.items() if name in names})
        simplify_schemas(server)
        startup.start()
        async with Client(server) as client:
            yield TrialClient(client)
    finally:
        startup.close()
