"""The tools a model calls; what they do is the shop's, what they cost is the desk's."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.context import Context
from mcp.types import CallToolResult, ContentBlock, TextContent, ToolAnnotations
from pydantic import Field

from zava_mcp import calls
from zava_mcp.server.calendar import reading_of
from zava_mcp.server.handles import (
    LIFETIME_MINUTES,
    ROOM_FOR_REMARK,
    ROOM_FOR_RESULT,
    Handles,
    is_long,
    knows_links,
    link_to,
    remark_on,
)
from zava_mcp.server.progress import told
from zava_mcp.server.replies import Desk, ready
from zava_mcp.server.startup import Startup
from zava_mcp.settings import DEFAULT_ROWS, DESCRIPTIONS_AT_ONCE, Settings

Server = MCPServer[Any]
Asked = Context[Any, Any]


def read_only(title: str, idempotent: bool = True) -> ToolAnnotations:
    """What every tool of ours is: it only reads, and only the shop's own data."""
    return ToolAnnotations(
        title=title, read_only_hint=True, destructive_hint=False, idempotent_hint=idempotent, open_world_hint=False
    )


def add_sales_query(
    server: Server, startup: Startup, desk: Desk, settings: Settings, handles: Handles, results: Handles
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
        ctx: Asked,
        postgresql_query: Annotated[str, Field(description="One query in PostgreSQL's dialect.")],
        max_rows: Annotated[int, Field(description=rows)] = min(DEFAULT_ROWS, settings.max_rows),
    ) -> CallToolResult:
        shop = await ready(startup, ctx)
        with desk.errors():
            query = shop.sales_query(postgresql_query, max_rows)
        query.answer.reserve += ROOM_FOR_RESULT
        if not knows_links(ctx.protocol_version):
            query.answer.reserve += ROOM_FOR_REMARK
        links: list[ContentBlock] = []

        def answer() -> str:
            answer = shop.answer(query)
            more = {"result": f'"{results.keep(postgresql_query)}"'} if len(answer.rows) > 1 else {}
            text = answer.json(more)
            if not is_long(text, bool(answer.cut)):
                return text
            handle = handles.keep(postgresql_query)
            if knows_links(ctx.protocol_version):
                links.append(link_to(handle))
                return text
            answer.remarks.append(remark_on(handle))
            return answer.json(more)

        text = await told(ctx, "querying", settings.query_timeout, lambda: desk.call(answer, query.cancel))
        return CallToolResult(content=[TextContent(text=text), *links])


def add_explanation(server: Server, startup: Startup, desk: Desk) -> None:
    """`explain_sales_query`: whether SQL is right and how it would run, without running it."""

    @server.tool(
        title="Explain a query",
        description="Check a query without running it: where PostgreSQL finds a mistake in it, or the plan by which it "
        "would be answered (scans, indexes, joins, sorts; no costs or row counts). For one that failed or timed out.",
        annotations=read_only("Explain a query"),
        structured_output=False,
    )
    async def explain_sales_query(
        ctx: Asked,
        postgresql_query: Annotated[str, Field(description="The query itself, without EXPLAIN.")],
    ) -> str:
        shop = await ready(startup, ctx)
        with desk.errors():
            explanation = shop.explanation(postgresql_query)
        return await desk.call(lambda: shop.explain(explanation), explanation.cancel)


def add_schemas(server: Server, startup: Startup) -> None:
    """`get_multiple_table_schemas`: what the model must know before it writes SQL."""
    desk = Desk(DESCRIPTIONS_AT_ONCE)  # what is known already waits for no query

    @server.tool(
        title="Describe tables",
        description="Columns, types, keys, relations, meaning and valid values of tables in the schema retail, as you "
        "may see them: stores, customers, categories, product_types, products, inventory, orders, order_items. "
        "Ask for all the tables you need in one call.",
        annotations=read_only("Describe tables"),
        structured_output=False,
    )
    async def get_multiple_table_schemas(
        ctx: Asked,
        table_names: Annotated[
            list[str], Field(description='Table names, e.g. ["orders", "order_items"]; an empty list means all.')
        ] = [],  # noqa: B006  # the SDK reads it, nothing changes it
    ) -> str:
        shop = await ready(startup, ctx)
        reading = shop.reading()
        return await desk.call(lambda: shop.describe(table_names, reading), reading.cancel)


def add_date(server: Server) -> None:
    """`get_current_utc_date`: models do not know what day it is."""

    @server.tool(
        title="Today's date",
        description="The current time in UTC, and by the calendar: weekday, ISO week, quarter, and the last complete "
        "week, month, quarter and year, for relative dates.",
        annotations=read_only("Today's date", idempotent=False),
        structured_output=False,
    )
    async def get_current_utc_date() -> str:
        reading = reading_of(datetime.now(UTC))
        if remarks := calls.now().take_remarks():
            reading["hint"] = " ".join(remarks)
        return json.dumps(reading, ensure_ascii=False, separators=(",", ":"))
