"""`execute_sales_query`: one query, its rows as JSON."""

from typing import Annotated

from mcp.types import CallToolResult, ContentBlock, TextContent
from pydantic import Field

from zava_mcp.server.executor import BoundedExecutor, opened_service
from zava_mcp.server.progress import with_progress
from zava_mcp.server.result_links import (
    LIFETIME_MINUTES,
    ROOM_FOR_REMARK,
    ROOM_FOR_RESULT,
    ResultLinks,
    is_long,
    knows_links,
    link_to,
    remark_on,
)
from zava_mcp.server.startup import Startup
from zava_mcp.server.tools.common import Server, ToolContext, read_only
from zava_mcp.settings import DEFAULT_ROWS, Settings


def add_sales_query(
    server: Server,
    startup: Startup,
    executor: BoundedExecutor,
    settings: Settings,
    result_links: ResultLinks,
    results: ResultLinks,
) -> None:
    """`execute_sales_query`: the model's own SQL."""
    rows = f"Most rows to return, 1 to {settings.max_rows}; aggregate rather than raise it."

    @server.tool(
        title="Query sales",
        description="Run one PostgreSQL query (SELECT, WITH, VALUES or TABLE) on the schema retail and get its rows as "
        'JSON: {"columns", "rows", "row_count", "truncated"}, with a hint when truncated or empty, a result to chart, '
        f"and a link to all rows as CSV for {LIFETIME_MINUTES} minutes when they are many. Read-only. A column has one "
        "type: strings where a number has more digits than a double; round() averages in SQL. "
        "Look up columns with get_multiple_table_schemas first. Revenue is sum(order_items.total_amount).",
        annotations=read_only("Query sales"),
        structured_output=False,
    )
    async def execute_sales_query(
        ctx: ToolContext,
        postgresql_query: Annotated[str, Field(description="One query in PostgreSQL's dialect.")],
        max_rows: Annotated[int, Field(description=rows)] = min(DEFAULT_ROWS, settings.max_rows),
    ) -> CallToolResult:
        service = await opened_service(startup, ctx)
        with executor.errors():
            query = service.sales_query(postgresql_query, max_rows)
        query.result.reserve += ROOM_FOR_RESULT
        if not knows_links(ctx.protocol_version):
            query.result.reserve += ROOM_FOR_REMARK
        links: list[ContentBlock] = []

        def answer() -> str:
            answer = service.run_query(query)
            more = {"result": f'"{results.keep(postgresql_query)}"'} if len(answer.rows) > 1 else {}
            text = answer.json(more)
            if not is_long(text, bool(answer.truncated_by)):
                return text
            handle = result_links.keep(postgresql_query)
            if knows_links(ctx.protocol_version):
                links.append(link_to(handle))
                return text
            answer.remarks.append(remark_on(handle))
            return answer.json(more)

        text = await with_progress(ctx, "querying", settings.query_timeout, lambda: executor.call(answer, query.cancel))
        return CallToolResult(content=[TextContent(text=text), *links])
