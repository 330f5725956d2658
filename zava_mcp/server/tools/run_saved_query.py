"""The tool `run_saved_query`: runs a query that an administrator saved, with values for its parameters."""

from typing import Annotated

from mcp.types import CallToolResult, ContentBlock, TextContent
from pydantic import Field

from zava_mcp.sales.saved_query_list import list_fully
from zava_mcp.server.executor import wait_for_service
from zava_mcp.server.progress import report_progress
from zava_mcp.server.result_links import all_rows_advice
from zava_mcp.server.server_context import ServerContext
from zava_mcp.server.tool_list import RUN_SAVED_QUERY
from zava_mcp.server.tools.common import ToolContext, read_only
from zava_mcp.server.tools.execute_sales_query import reserve_links, write_result
from zava_mcp.settings import DEFAULT_ROWS


def add_saved_queries(app: ServerContext) -> None:
    """Adds `run_saved_query`."""
    limit = app.settings.max_rows

    @app.server.tool(
        name=RUN_SAVED_QUERY,
        title="Run a saved query",
        description="Run a query that the company's administrators saved, as execute_sales_query runs SQL. Prefer it "
        "where one fits: its definitions are the company's. Without a name, lists them with their parameters.",
        annotations=read_only("Run a saved query"),
        structured_output=False,
    )
    async def run_saved_query(
        ctx: ToolContext,
        name: Annotated[str, Field(description="Empty: list the saved queries.")] = "",
        parameters: Annotated[dict[str, str] | None, Field(description="Values by parameter.")] = None,
        max_rows: Annotated[int, Field(description="As for execute_sales_query.")] = min(DEFAULT_ROWS, limit),
    ) -> CallToolResult:
        from zava_mcp.sales.saved_query_call import SavedQueryCall

        service = await wait_for_service(app.source, ctx)
        if not name.strip():
            reader = service.new_reader()
            saved = await app.executor.call(lambda: service.saved_queries.list(reader), reader.cancel)
            return CallToolResult(content=[TextContent(text=list_fully(saved, app.settings.max_bytes))])
        call = SavedQueryCall(name, parameters or {})

        def run() -> list[ContentBlock]:
            bound = service.saved_queries.prepare(call)
            query = call.start(service.sales_query(bound, max_rows))
            reserve_links(query.result, ctx, all_rows_advice(limit, "run"))
            with call.errors():
                result = service.run_query(query)
            return write_result(app, ctx, result, bound)

        with report_progress(ctx, "querying", app.settings.query_timeout):
            return CallToolResult(content=await app.executor.call(run, call.cancel))
