"""`zava-mcp search`: semantic product search."""

from dataclasses import asdict
from typing import Annotated

import typer

from zava_mcp.cli.app import app, settings_of
from zava_mcp.cli.options import AnswerFormat, Category, DatabaseUrl, DataDir, EnvFile, Pager, UserId
from zava_mcp.settings import FOUND_ROWS, FOUND_THRESHOLD, HARD_FOUND_ROWS


@app.command()
def search(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is looked for, in plain words.")] = "",
    max_rows: Annotated[int, typer.Option("--max-rows", help=f"Most products, 1 to {HARD_FOUND_ROWS}.")] = FOUND_ROWS,
    threshold: Annotated[
        float, typer.Option("--threshold", help="Least similarity in percent, 0 to 100.")
    ] = FOUND_THRESHOLD,
    category: Category = None,
    min_price: Annotated[float | None, typer.Option("--min-price", metavar="DOLLARS", help="Least price.")] = None,
    max_price: Annotated[float | None, typer.Option("--max-price", metavar="DOLLARS", help="Highest price.")] = None,
    in_stock: Annotated[bool, typer.Option("--in-stock", help="Only what a store you may see has in stock.")] = False,
    similar_to: Annotated[
        str | None, typer.Option("--similar-to", metavar="SKU", help="Products like this one, by SKU or full name.")
    ] = None,
    sales: Annotated[bool, typer.Option("--sales", help="Add what they sold in the last 365 days.")] = False,
    bought_with: Annotated[
        bool, typer.Option("--bought-with", help="Add what is bought in the same orders as the first product.")
    ] = False,
    form: AnswerFormat = None,
    pager: Pager = True,
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Find products by what you mean, with what your store has in stock.

    Example: zava-mcp search "containers for paint" --in-stock --user-id seattle
    """
    settings = settings_of(
        ctx, ZAVA_USER_ID=user_id, ZAVA_ENV_FILE=env_file, ZAVA_DATABASE_URL=database_url, ZAVA_DATA_DIR=data_dir
    )
    from zava_mcp import call_context
    from zava_mcp.cli.display.output import progress_bar, show_search_result
    from zava_mcp.sales.search_request import SearchRequest
    from zava_mcp.sales.service import SalesService

    request = SearchRequest(
        text, max_rows, threshold, category, min_price, max_price, in_stock, similar_to, sales, bought_with
    )
    call_context.current_call().arguments = dict(asdict(request))
    with progress_bar() as tell, SalesService(settings, tell) as service:
        found = service.product_search(request)
        service.prepare(found)
        answer = service.search(found)
        answer.rows.record()
    show_search_result(answer, form.value if form else None, pager)
