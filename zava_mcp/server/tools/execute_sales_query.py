"""The tool `execute_sales_query`: runs one query and returns its rows as JSON."""

from typing import TYPE_CHECKING, Annotated

from mcp.types import CallToolResult, ContentBlock, TextContent
from pydantic import Field

from zava_mcp.postgres.bound_sql import BoundSql
from zava_mcp.server.executor import wait_for_service
from zava_mcp.server.progress import report_progress
from zava_mcp.server.query_handles import HANDLE_BYTES, LIFETIME_MINUTES
from zava_mcp.server.result_links import (
    ALL_ROWS_BYTES,
    REMARK_BYTES,
    all_rows_advice,
    is_long,
    link_remark,
    link_to,
    supports_links,
)
from zava_mcp.server.server_context import ServerContext
from zava_mcp.server.tool_errors import raise_tool_errors
from zava_mcp.server.tools.common import ToolContext, read_only
from zava_mcp.settings import DEFAULT_ROWS

if TYPE_CHECKING:
    from zava_mcp.sales.result import QueryResult


def add_sales_query(app: ServerContext) -> None:
    """Adds `execute_sales_query`."""
    limit = app.settings.max_rows
    rows = f"Most rows to return, 1 to {limit}; aggregate rather than raise it."

    @app.server.tool(
        title="Query sales",
        description="Run one PostgreSQL query (SELECT, WITH, VALUES or TABLE) on the schema retail and get its rows as "
        'JSON: {"columns", "rows", "row_count", "truncated"}, with a hint when truncated or empty, a result to chart, '
        f"and a link to all rows as CSV for {LIFETIME_MINUTES} minutes when they are many. Read-only. Each column has "
        "one type: strings if a number has more digits than a double; round() averages in SQL. "
        "Look up columns with get_multiple_table_schemas first. Revenue is sum(order_items.total_amount).",
        annotations=read_only("Query sales"),
        structured_output=False,
    )
    async def execute_sales_query(
        ctx: ToolContext,
        postgresql_query: Annotated[str, Field(description="One query in PostgreSQL's dialect.")],
        max_rows: Annotated[int, Field(description=rows)] = min(DEFAULT_ROWS, limit),
    ) -> CallToolResult:
        service = await wait_for_service(app.source, ctx)
        with raise_tool_errors():
            query = service.sales_query(postgresql_query, max_rows)
        reserve_links(query.result, ctx, all_rows_advice(limit, "query"))

        def run() -> list[ContentBlock]:
            return write_result(app, ctx, service.run_query(query), BoundSql(postgresql_query))

        with report_progress(ctx, "querying", app.settings.query_timeout):
            return CallToolResult(content=await app.executor.call(run, query.cancel))


def reserve_links(result: "QueryResult", ctx: ToolContext, advice: str) -> None:
    """Reserves the bytes that the handle, the link and the advice on all rows take."""
    result.reserve += HANDLE_BYTES + ALL_ROWS_BYTES
    result.all_rows_advice = advice
    if not supports_links(ctx.protocol_version):
        result.reserve += REMARK_BYTES


def write_result(app: ServerContext, ctx: ToolContext, result: "QueryResult", query: BoundSql) -> list[ContentBlock]:
    """A result as JSON, and a link to all of its rows if it is long."""
    more = {"result": f'"{app.handles.keep(query)}"'} if len(result.rows) > 1 else {}
    text = result.json(more)
    if not is_long(text, bool(result.truncated_by)):
        return [TextContent(text=text)]
    handle = app.links.keep(query)
    if supports_links(ctx.protocol_version):
        return [TextContent(text=text), link_to(handle)]
    result.remarks.append(link_remark(handle))
    return [TextContent(text=result.json(more))]
