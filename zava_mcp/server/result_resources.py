"""The MCP resource with all rows of an earlier query as CSV."""

from mcp.server.mcpserver.exceptions import ToolError

from zava_mcp import call_context
from zava_mcp.server.executor import wait_for_service
from zava_mcp.server.progress import report_progress
from zava_mcp.server.query_handles import LIFETIME_MINUTES
from zava_mcp.server.server_context import ServerContext
from zava_mcp.server.tool_errors import raise_tool_errors, resource_error
from zava_mcp.server.tools.common import ToolContext
from zava_mcp.settings import MAX_RESULT_BYTES


def add_results(app: ServerContext) -> None:
    """Adds `zava://results/{handle}.csv`: runs the query again, with the largest row and byte limits of a result."""

    @app.server.resource(
        "zava://results/{handle}.csv",
        name="result",
        title="A result as CSV",
        description=f"The result that execute_sales_query linked to: up to {app.settings.max_rows:,} rows and "
        f"{MAX_RESULT_BYTES // 1_000_000} MB, for {LIFETIME_MINUTES} minutes.",
        mime_type="text/csv",
    )
    async def result(ctx: ToolContext, handle: str) -> str:
        query_kept = app.links.query(handle)
        call_context.current_call().sql = query_kept.sql
        try:
            service = await wait_for_service(app.source, ctx)
            with raise_tool_errors():
                query = service.full_size_query(query_kept)
            with report_progress(ctx, "querying", app.settings.query_timeout):
                return await app.executor.call(lambda: service.run_query(query).csv(), query.cancel)
        except ToolError as error:
            raise resource_error(error) from None
