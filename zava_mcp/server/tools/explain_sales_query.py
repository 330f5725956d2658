"""The tool `explain_sales_query`: checks a query and shows its plan without running it."""

from typing import Annotated

from pydantic import Field

from zava_mcp.server.executor import BoundedExecutor, wait_for_service
from zava_mcp.server.startup import Startup
from zava_mcp.server.tool_errors import raise_tool_errors
from zava_mcp.server.tools.common import Server, ToolContext, read_only


def add_explanation(server: Server, startup: Startup, executor: BoundedExecutor) -> None:
    """Adds `explain_sales_query`."""

    @server.tool(
        title="Explain a query",
        description="Check a query without running it: PostgreSQL's error with its position, or the plan "
        "(scans, indexes, joins, sorts; no costs or row counts). For a query that failed or timed out.",
        annotations=read_only("Explain a query"),
        structured_output=False,
    )
    async def explain_sales_query(
        ctx: ToolContext,
        postgresql_query: Annotated[str, Field(description="The query itself, without EXPLAIN.")],
    ) -> str:
        service = await wait_for_service(startup, ctx)
        with raise_tool_errors():
            explanation = service.explanation(postgresql_query)
        return await executor.call(lambda: service.explain(explanation), explanation.cancel)
