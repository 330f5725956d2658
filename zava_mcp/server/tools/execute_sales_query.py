"""The tool `execute_sales_query`: runs one query and returns its rows as JSON."""

from typing import TYPE_CHECKING, Annotated

from mcp.types import CallToolResult, ContentBlock, TextContent
from pydantic import Field

from zava_mcp.postgres.bound_sql import BoundSql
from zava_mcp.server.executor import BoundedExecutor, wait_for_service
from zava_mcp.server.progress import with_progress
from zava_mcp.server.result_links import (
    ALL_ROWS_BYTES,
    HANDLE_BYTES,
    LIFETIME_MINUTES,
    REMARK_BYTES,
    ResultLinks,
    all_rows_advice,
    is_long,
    link_remark,
    link_to,
    supports_links,
)
from zava_mcp.server.startup import Startup
from zava_mcp.server.tool_errors import raise_tool_errors
from zava_mcp.server.tools.common import Server, ToolContext, read_only
from zava_mcp.settings import DEFAULT_ROWS, Settings

if TYPE_CHECKING:
    from zava_mcp.sales.result import QueryResult


def add_sales_query(
    server: Server,
    startup: Startup,
    executor: BoundedExecutor,
    settings: Settings,
    result_links: ResultLinks,
    results: ResultLinks,
) -> None:
    """Adds `execute_sales_query`; `results` keeps queries to chart, `result_links` those to read as CSV."""
    rows = f"Most rows to return, 1 to {settings.max_rows}; aggregate rather than raise it."

    @server.tool(
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
        max_rows: Annotated[int, Field(description=rows)] = min(DEFAULT_ROWS, settings.max_rows),
    ) -> CallToolResult:
        service = await wait_for_service(startup, ctx)
        with raise_tool_errors():
            query = service.sales_query(postgresql_query, max_rows)
        reserve_links(query.result, ctx, all_rows_advice(settings.max_rows, "query"))

        def run() -> tuple[str, list[ContentBlock]]:
            answer = service.run_query(query)
            return write_result(answer, BoundSql(postgresql_query), results, result_links, ctx)

        text, links = await with_progress(
            ctx, "querying", settings.query_timeout, lambda: executor.call(run, query.cancel)
        )
        return CallToolResult(content=[TextContent(text=text), *links])


def reserve_links(result: "QueryResult", ctx: ToolContext, advice: str) -> None:
    """Reserves the bytes that the handle, the link and the advice on all rows take."""
    result.reserve += HANDLE_BYTES + ALL_ROWS_BYTES
    result.all_rows_advice = advice
    if not supports_links(ctx.protocol_version):
        result.reserve += REMARK_BYTES


def write_result(
    answer: "QueryResult", query: BoundSql, results: ResultLinks, result_links: ResultLinks, ctx: ToolContext
) -> tuple[str, list[ContentBlock]]:
    """A result as JSON, and a link to all of its rows if it is long."""
    more = {"result": f'"{results.keep(query)}"'} if len(answer.rows) > 1 else {}
    text = answer.json(more)
    if not is_long(text, bool(answer.truncated_by)):
        return text, []
    handle = result_links.keep(query)
    if supports_links(ctx.protocol_version):
        return text, [link_to(handle)]
    answer.remarks.append(link_remark(handle))
    return answer.json(more), []
