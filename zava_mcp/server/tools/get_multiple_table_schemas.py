"""The tool `get_multiple_table_schemas`: describes tables to a model that is about to write SQL."""

from typing import Annotated

from pydantic import Field

from zava_mcp.server.executor import BoundedExecutor, wait_for_service
from zava_mcp.server.server_context import ServerContext
from zava_mcp.server.tools.common import ToolContext, read_only
from zava_mcp.settings import CONCURRENT_DESCRIPTIONS


def add_schemas(app: ServerContext) -> None:
    """Adds `get_multiple_table_schemas`."""
    executor = BoundedExecutor(CONCURRENT_DESCRIPTIONS)  # its own, so that cached descriptions do not wait for queries

    @app.server.tool(
        title="Describe tables",
        description="Columns, types, keys, relations, meaning and valid values of tables in the schema retail, as you "
        "may see them: stores, customers, categories, product_types, products, inventory, orders, order_items. "
        "Ask for all the tables you need in one call.",
        annotations=read_only("Describe tables"),
        structured_output=False,
    )
    async def get_multiple_table_schemas(
        ctx: ToolContext,
        table_names: Annotated[
            list[str], Field(description='Table names, e.g. ["orders", "order_items"]; an empty list means all.')
        ] = [],  # noqa: B006  # the SDK only reads the default
    ) -> str:
        service = await wait_for_service(app.source, ctx)
        reading = service.new_reader()
        return await executor.call(lambda: service.describe_tables(table_names, reading), reading.cancel)
