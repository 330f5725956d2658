import json
from typing import Annotated

from pydantic import Field

from zava_mcp.errors import InputError
from zava_mcp.postgres.bound_sql import BoundSql, BoundValue
from zava_mcp.server.executor import wait_for_service
from zava_mcp.server.tools.common import ToolContext, read_only

INTEGER, TEXT = 23, 25
CATEGORIES = "SELECT category_name FROM retail.categories ORDER BY 1"
SQL = """
SELECT product_name, sum(quantity) AS units
  FROM retail.orders JOIN retail.order_items USING (store_id, order_id) JOIN retail.products USING (product_id)
  JOIN retail.categories USING (category_id)
 WHERE category_name = $1 AND extract(year FROM order_date) = $2
 GROUP BY product_name ORDER BY units DESC, product_name"""


def add_tool(app):
    @app.server.tool(
        title="Best sellers",
        description="List the products of a category that sold most units in a year: name and units.",
        annotations=read_only("Best sellers"),
        structured_output=False,
    )
    async def list_best_sellers(
        ctx: ToolContext,
        category: Annotated[str, Field(description="The category's name, in capitals.")],
        year: int,
        max_rows: Annotated[int, Field(description="Most products, 1 to 50.")] = 10,
    ) -> str:
        service = await wait_for_service(app.source, ctx)

        def run() -> str:
            if not 1 <= max_rows <= 50:
                raise InputError(f"max_rows must be from 1 to 50, not {max_rows}")
            rows = service.run_query(service.sales_query(CATEGORIES, 100)).rows
            names = [json.loads(row)[0] for row in rows]
            if category not in names:
                raise InputError(f"there is no category {category!r}", f"The categories are: {', '.join(names)}.")
            values = (BoundValue(TEXT, category), BoundValue(INTEGER, str(year)))
            return service.run_query(service.sales_query(BoundSql(SQL, values), max_rows)).json()

        return await app.executor.call(run)
