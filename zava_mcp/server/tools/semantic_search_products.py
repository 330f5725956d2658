"""The tool `semantic_search_products`, and the resource with the same search."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS
from pydantic import Field

from zava_mcp.server.argument_values import WrongArgument, convert
from zava_mcp.server.executor import BoundedExecutor, wait_for_service
from zava_mcp.server.progress import report_progress
from zava_mcp.server.server_context import ServerContext
from zava_mcp.server.tool_errors import raise_tool_errors, resource_error
from zava_mcp.server.tools.common import ToolContext, read_only
from zava_mcp.settings import MAX_SEARCH_ROWS, SEARCH_ROWS, SEARCH_THRESHOLD

if TYPE_CHECKING:
    from zava_mcp.sales.grouped_search import ProductSearches
    from zava_mcp.sales.product_search import ProductSearch
    from zava_mcp.sales.service import SalesService

Search = Callable[..., Awaitable[str]]  # takes the context and the fields of a SearchRequest, returns JSON


def add_search(app: ServerContext) -> None:
    """Adds `semantic_search_products` and the resource `zava://products/search{?query…}`."""
    embedder = BoundedExecutor()  # its own, so that a slow embedding service does not delay queries

    async def search(ctx: ToolContext, **request: Any) -> str:
        service = await wait_for_service(app.source, ctx)
        with raise_tool_errors():
            found = _searches(service, **request)
        with report_progress(ctx, "searching", 2 * app.settings.query_timeout):
            if found.needs_vector:
                await embedder.call(lambda: service.prepare(found), found.cancel)
            return await app.executor.call(lambda: service.search_json(found), found.cancel)

    _add_tool(app, search)
    _add_resource(app, search)


def _searches(
    service: "SalesService", query_description: str | list[str], **request: Any
) -> "ProductSearch | ProductSearches":
    """One search, or one search for each of several descriptions. Raises InputError."""
    from zava_mcp.sales.search_request import SearchRequest

    needs = [query_description] if isinstance(query_description, str) else query_description
    if len(needs) < 2:
        return service.product_search(SearchRequest("".join(needs), **request))
    return service.product_searches(SearchRequest(**request), needs)


def _add_tool(app: ServerContext, search: Search) -> None:
    @app.server.tool(
        title="Search products",
        description="Find products by meaning, in plain words (English, unless another model is set up), "
        'and literally by SKUs, sizes and "quoted phrases"; misspelt words are corrected. Or products like a given '
        "one (similar_to). Returns SKU, name, category, type, price, description, similarity in percent, "
        "and stock in the stores you may see. If nothing passes the threshold, it names the closest product.",
        annotations=read_only("Search products"),
        structured_output=False,
    )
    async def semantic_search_products(
        ctx: ToolContext,
        query_description: Annotated[
            str | list[str],
            Field(description="The need, in plain words; or a list of several needs, each searched."),
        ] = "",
        max_rows: Annotated[
            int, Field(description=f"Most products for each need, 1 to {MAX_SEARCH_ROWS}.")
        ] = SEARCH_ROWS,
        similarity_threshold: Annotated[
            float | None,
            Field(
                description=f"Least similarity in percent, 0 to 100 (default {SEARCH_THRESHOLD:g}); 20 to 80 is useful."
            ),
        ] = None,
        category: Annotated[str | None, Field(description="Only this category or product type.")] = None,
        min_price: Annotated[float | None, Field(description="In the company's currency.")] = None,
        max_price: Annotated[float | None, Field(description="In the company's currency.")] = None,
        in_stock_only: Annotated[bool, Field(description="Only products in stock in a store you may see.")] = False,
        similar_to: Annotated[
            str | None, Field(description="A SKU or full product name, instead of query_description.")
        ] = None,
        include_sales: Annotated[
            bool, Field(description="Add units_sold and revenue of the last 365 days, in the stores you may see.")
        ] = False,
        include_bought_with: Annotated[
            bool, Field(description="Add products bought in the same orders as similar_to or the first result.")
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
            include_bought_with=include_bought_with,
        )


def _add_resource(app: ServerContext, search: Search) -> None:
    @app.server.resource(
        "zava://products/search{?query,similar_to,category,max_rows}",
        name="product_search",
        title="Product search",
        description="Products that fit a description (query), or are like a SKU or name (similar_to).",
        mime_type="application/json",
    )
    async def product_search(
        ctx: ToolContext,
        query: str = "",
        similar_to: str = "",
        category: str = "",
        max_rows: str = "",
    ) -> str:
        try:
            rows = convert(max_rows, {"type": "integer"}, "max_rows")
            return await search(
                ctx,
                query_description=query,
                similar_to=similar_to,
                category=category or None,
                max_rows=SEARCH_ROWS if rows is None else rows,
            )
        except WrongArgument as fault:
            raise MCPError(INVALID_PARAMS, str(fault)) from None
        except ToolError as error:
            raise resource_error(error) from None
