"""Types and annotations that all tools share."""

from typing import Any

from mcp.server.mcpserver.context import Context
from mcp.types import ToolAnnotations

ToolContext = Context[Any, Any]


def read_only(title: str, idempotent: bool = True) -> ToolAnnotations:
    """The annotations of every tool: it only reads, and only this database."""
    return ToolAnnotations(
        title=title, read_only_hint=True, destructive_hint=False, idempotent_hint=idempotent, open_world_hint=False
    )
