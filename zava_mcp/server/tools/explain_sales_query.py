"""`explain_sales_query`: whether SQL is right and how it would run, without running it."""

from typing import Annotated

from pydantic import Field

from zava_mcp.server.executor import BoundedExecutor, opened_service
from zava_mcp.server.startup import Startup
from zava_mcp.server.tools.common import Server, ToolContext, read_only


def add_explanation(server: Server, startup: Startup, executor: BoundedExecutor) -> None:
    """`explain_sales_query`: whether SQL is right and how it would run, without running it."""

    @server.tool(
        title="Explain a query",
        description="Check a query without running it: where PostgreSQL finds a mistake in it, or the plan by which it "
        "would be answered (scans, indexes, joins, sorts; no costs or row counts). For one that failed or timed out.",
        annotations=read_only("Explain a query"),
        structured_output=False,
    )
    async def explain_sales_query(
        ctx: ToolContext,
        postgresql_query: Annotated[str, Field(description="The query itself, without EXPLAIN.")],
    ) -> str:
        service = await opened_service(startup, ctx)
        with executor.errors():
            explanation = service.explanation(postgresql_query)
        return await executor.call(lambda: service.explain(explanation), explanation.cancel)
