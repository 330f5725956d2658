"""The tool `explain_sales_query`: checks a query and shows its plan without running it."""

from typing import Annotated

from pydantic import Field

from zava_mcp.server.executor import wait_for_service
from zava_mcp.server.server_context import ServerContext
from zava_mcp.server.tool_errors import raise_tool_errors
from zava_mcp.server.tools.common import ToolContext, read_only


def add_explanation(app: ServerContext) -> None:
    """Adds `explain_sales_query`."""

    @app.server.tool(
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
        service = await wait_for_service(app.source, ctx)
        with raise_tool_errors():
            explanation = service.explanation(postgresql_query)
        return await app.executor.call(lambda: service.explain(explanation), explanation.cancel)
