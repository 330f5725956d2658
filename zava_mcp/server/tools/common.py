"""What all tools share: their types and annotations."""

from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.context import Context
from mcp.types import ToolAnnotations

Server = MCPServer[Any]


ToolContext = Context[Any, Any]


def read_only(title: str, idempotent: bool = True) -> ToolAnnotations:
    """What every tool of ours is: it only reads, and only the shop's own data."""
    return ToolAnnotations(
        title=title, read_only_hint=True, destructive_hint=False, idempotent_hint=idempotent, open_world_hint=False
    )
