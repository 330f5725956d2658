"""What a client may read beside the tools: the tables, and who asks."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resources import FunctionResource

from zava_mcp.server.replies import Desk, ready, resource_error
from zava_mcp.server.startup import Startup
from zava_mcp.server.tools import Asked, Server

if TYPE_CHECKING:
    from zava_mcp.database.lookup import Reading
    from zava_mcp.retail.shop import Shop


def add_resources(server: Server, startup: Startup, desk: Desk) -> None:
    """`zava://about`, `zava://schema` and `zava://schema/{table}`."""

    async def read(ctx: Asked | None, work: "Callable[[Shop, Reading], str]") -> str:
        try:
            shop = await ready(startup, ctx)
            reading = shop.reading()
            return await desk.call(lambda: work(shop, reading), reading.cancel)
        except ToolError as error:
            raise resource_error(error) from None

    async def about() -> str:
        return await read(None, lambda shop, reading: shop.about(reading))

    async def schema() -> str:
        return await read(None, lambda shop, reading: shop.tables(reading))

    for fn, title, description, mime_type in (
        (about, "Who asks, and of what", "The identity, its stores and days, database and model.", "application/json"),
        (schema, "The tables", "The tables there are, and what a row of each is.", "text/plain"),
    ):
        name = fn.__name__
        server.add_resource(
            FunctionResource(
                uri=f"zava://{name}", name=name, title=title, description=description, mime_type=mime_type, fn=fn
            )
        )

    @server.resource(
        "zava://schema/{table}",
        name="table",
        title="A table",
        description="Columns, types, keys, relations, meaning and valid values of one table.",
        mime_type="text/plain",
    )
    async def table(ctx: Asked, table: str) -> str:
        return await read(ctx, lambda shop, reading: shop.describe([table], reading))
