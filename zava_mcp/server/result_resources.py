"""The MCP resource with all rows of an earlier query as CSV."""

from mcp.server.mcpserver.exceptions import ToolError

from zava_mcp import call_context
from zava_mcp.server.executor import BoundedExecutor, wait_for_service
from zava_mcp.server.progress import with_progress
from zava_mcp.server.result_links import LIFETIME_MINUTES, ResultLinks
from zava_mcp.server.startup import Startup
from zava_mcp.server.tool_errors import raise_tool_errors, resource_error
from zava_mcp.server.tools.common import Server, ToolContext
from zava_mcp.settings import MAX_RESULT_BYTES, Settings


def add_results(
    server: Server, startup: Startup, executor: BoundedExecutor, settings: Settings, result_links: ResultLinks
) -> None:
    """Adds `zava://results/{handle}.csv`: runs the query again, with the largest row and byte limits of a result."""

    @server.resource(
        "zava://results/{handle}.csv",
        name="result",
        title="A result as CSV",
        description=f"The result that execute_sales_query linked to: up to {settings.max_rows:,} rows and "
        f"{MAX_RESULT_BYTES // 1_000_000} MB, for {LIFETIME_MINUTES} minutes.",
        mime_type="text/csv",
    )
    async def result(ctx: ToolContext, handle: str) -> str:
        query_kept = result_links.query(handle)
        call_context.current_call().sql = query_kept.sql
        try:
            service = await wait_for_service(startup, ctx)
            with raise_tool_errors():
                query = service.full_size_query(query_kept)
            return await with_progress(
                ctx,
                "querying",
                settings.query_timeout,
                lambda: executor.call(lambda: service.run_query(query).csv(), query.cancel),
            )
        except ToolError as error:
            raise resource_error(error) from None
