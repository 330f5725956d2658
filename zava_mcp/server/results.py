"""Results to keep: the rows of a query as CSV."""

from mcp.server.mcpserver.exceptions import ToolError

from zava_mcp import calls
from zava_mcp.server.handles import LIFETIME_MINUTES, Handles
from zava_mcp.server.progress import told
from zava_mcp.server.replies import Desk, ready, resource_error
from zava_mcp.server.startup import Startup
from zava_mcp.server.tools import Asked, Server
from zava_mcp.settings import HARD_BYTES, Settings


def add_results(server: Server, startup: Startup, desk: Desk, settings: Settings, handles: Handles) -> None:
    """`zava://results/{handle}.csv`: a query asked again, with as many rows and bytes as an answer may ever have."""

    @server.resource(
        "zava://results/{handle}.csv",
        name="result",
        title="A result as CSV",
        description=f"The result that execute_sales_query linked to: up to {settings.max_rows:,} rows and "
        f"{HARD_BYTES // 1_000_000} MB, for {LIFETIME_MINUTES} minutes.",
        mime_type="text/csv",
    )
    async def result(ctx: Asked, handle: str) -> str:
        sql = calls.now().sql = handles.query(handle)
        try:
            shop = await ready(startup, ctx)
            with desk.errors():
                query = shop.whole_query(sql)
            return await told(
                ctx,
                "querying",
                settings.query_timeout,
                lambda: desk.call(lambda: shop.answer(query).csv(), query.cancel),
            )
        except ToolError as error:
            raise resource_error(error) from None
