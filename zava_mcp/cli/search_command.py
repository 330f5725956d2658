"""`zava-mcp search`: searches products semantically."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import Category, DatabaseUrl, DataDir, EnvFile, Pager, ResultFormat, UserId
from zava_mcp.settings import MAX_SEARCH_ROWS, SEARCH_ROWS, SEARCH_THRESHOLD, Settings

if TYPE_CHECKING:
    from zava_mcp.sales.search_request import SearchRequest
    from zava_mcp.sales.search_result import SearchResult


@app.command()
def search(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A description of the products.")] = "",
    max_rows: Annotated[int, typer.Option("--max-rows", help=f"Most products, 1 to {MAX_SEARCH_ROWS}.")] = SEARCH_ROWS,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help=f"Least similarity in percent, 0 to 100.  [default: {SEARCH_THRESHOLD:g}]"),
    ] = None,
    category: Category = None,
    min_price: Annotated[float | None, typer.Option("--min-price", metavar="PRICE", help="Least price.")] = None,
    max_price: Annotated[float | None, typer.Option("--max-price", metavar="PRICE", help="Highest price.")] = None,
    in_stock: Annotated[
        bool, typer.Option("--in-stock", help="Only products in stock at a store that the identity may see.")
    ] = False,
    similar_to: Annotated[
        str | None,
        typer.Option("--similar-to", metavar="SKU", help="Find products like this one, by SKU or full name."),
    ] = None,
    sales: Annotated[bool, typer.Option("--sales", help="Add the products' sales of the last 365 days.")] = False,
    bought_with: Annotated[
        bool, typer.Option("--bought-with", help="Add the products bought in the same orders as the first product.")
    ] = False,
    form: ResultFormat = None,
    pager: Pager = True,
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Find products by their meaning, with the stock of the stores that the identity may see.

    Example: zava-mcp search "containers for paint" --in-stock --user-id seattle
    """
    settings = load_settings(ctx)
    from zava_mcp.cli.display.output import show_search_result
    from zava_mcp.sales.search_request import SearchRequest

    request = SearchRequest(
        text, max_rows, threshold, category, min_price, max_price, in_stock, similar_to, sales, bought_with
    )
    show_search_result(_search(settings, request), form.value if form else None, pager)


def _search(settings: Settings, request: "SearchRequest") -> "SearchResult":
    """Return the products that a request finds."""
    from zava_mcp import call_context
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.sales.service import service_for

    call_context.current_call().arguments = dict(asdict(request))
    with progress_bar() as progress, service_for(settings, progress) as service:
        product_search = service.product_search(request)
        service.prepare(product_search)
        result = service.search(product_search)
        result.rows.record()
    return result
