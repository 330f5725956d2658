"""The objects that tools, resources and prompts of one server share."""

from dataclasses import dataclass
from typing import Any

from mcp.server.mcpserver import MCPServer

from zava_mcp.server.executor import BoundedExecutor
from zava_mcp.server.query_handles import QueryHandles
from zava_mcp.server.result_links import ResultLinks
from zava_mcp.server.service_source import ServiceSource
from zava_mcp.settings import Settings


@dataclass(frozen=True)
class ServerContext:
    """The only parameter of the functions that add tools, resources, prompts and completions to a server."""

    server: MCPServer[Any]
    source: ServiceSource
    executor: BoundedExecutor  # for queries
    settings: Settings
    handles: QueryHandles  # of queries that can be charted
    links: ResultLinks  # to all rows of a query, as CSV
