"""Search by meaning, as a tool and as a resource."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from zava_mcp.server.progress import told
from zava_mcp.server.replies import Desk, ready, resource_error
from zava_mcp.server.startup import Startup
from zava_mcp.server.tools import Asked, Server, read_only
from zava_mcp.settings import FOUND_ROWS, FOUND_THRESHOLD, HARD_FOUND_ROWS, Settings

Search = Callable[..., Awaitable[str]]  # makes a wish, given as its fields, and answers with JSON


def add_search(server: Server, startup: Startup, desk: Desk, settings: Settings) -> None:
    """`semantic_search_products`, and its twin `zava://products/search{?query…}` for clients that read resources."""
    vectors = Desk()  # a slow embedding service keeps no question to the database waiting

    async def search(ctx: Asked, **wish: object) -> str:
        from zava_mcp.retail.search import Wish

        shop = await ready(startup, ctx)
        with desk.errors():
            found = shop.product_search(Wish(**wish))  # type: ignore[arg-type]  # the two signatures below are Wish's

        async def find() -> str:
            if found.needs_vector:
                await vectors.call(lambda: shop.prepare(found), found.cancel)
            return await desk.call(lambda: shop.find(found).json(), found.cancel)

        return await told(ctx, "searching", 2 * settings.query_timeout, find)

    _add_tool(server, search)
    _add_resource(server, search)


def _add_tool(server: Server, search: Search) -> None:
    @server.tool(
        title="Search products",
        description='Find products by what people mean, in their own words ("something to keep rain out of an outdoor '
        'socket"), or products like a given one (similar_to). Gives SKU, name, category, type, price in dollars, '
        "description, similarity in percent, and stock in the stores you may see; SKUs, whole or their beginning, and "
        "exact names come first. "
        "If nothing passes the threshold, the closest product is named.",
        annotations=read_only("Search products"),
        structured_output=False,
    )
    async def semantic_search_products(
        ctx: Asked,
        query_description: Annotated[
            str, Field(description="What is looked for, in plain words; a phrase is best.")
        ] = "",
        max_rows: Annotated[int, Field(description=f"Most products, 1 to {HARD_FOUND_ROWS}.")] = FOUND_ROWS,
        similarity_threshold: Annotated[
            float, Field(description="Least similarity in percent, 0 to 100; 20 to 80 is useful.")
        ] = FOUND_THRESHOLD,
        category: Annotated[str | None, Field(description="Only this category or product type, e.g. PLUMBING.")] = None,
        min_price: Annotated[float | None, Field(description="Dollars.")] = None,
        max_price: Annotated[float | None, Field(description="Dollars.")] = None,
        in_stock_only: Annotated[bool, Field(description="Only what a store you may see has in stock.")] = False,
        similar_to: Annotated[
            str | None, Field(description="A SKU or full product name, instead of query_description.")
        ] = None,
        include_sales: Annotated[
            bool, Field(description="Add units_sold and revenue of the last 365 days, in the stores you may see.")
        ] = False,
    ) -> str:
        return await search(
            ctx,
            query_description=query_description,
            max_rows=max_rows,
            similarity_threshold=similarity_threshold,
            category=category,
            min_price=min_price,
            max_price=max_price,
            in_stock_only=in_stock_only,
            similar_to=similar_to,
            include_sales=include_sales,
        )


def _add_resource(server: Server, search: Search) -> None:
    @server.resource(
        "zava://products/search{?query,similar_to,category,max_rows}",
        name="product_search",
        title="Products found by meaning",
        description="Products that fit a description (query), or are like a SKU or name (similar_to).",
        mime_type="application/json",
    )
    async def product_search(
        ctx: Asked,
        query: str = "",
        similar_to: str = "",
        category: str = "",
        max_rows: int = FOUND_ROWS,
    ) -> str:
        try:
            return await search(
                ctx, query_description=query, similar_to=similar_to, category=category or None, max_rows=max_rows
            )
        except ToolError as error:
            raise resource_error(error) from None
