"""The MCP resources that describe the identity and the tables."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resources import FunctionResource

from zava_mcp.server.executor import wait_for_service
from zava_mcp.server.server_context import ServerContext
from zava_mcp.server.tool_errors import resource_error
from zava_mcp.server.tools.common import ToolContext

if TYPE_CHECKING:
    from zava_mcp.postgres.statement import StatementBatch
    from zava_mcp.sales.service import SalesService


def add_resources(app: ServerContext) -> None:
    """Adds `zava://about`, `zava://schema` and `zava://schema/{table}`."""

    async def read(ctx: ToolContext | None, work: "Callable[[SalesService, StatementBatch], str]") -> str:
        try:
            service = await wait_for_service(app.source, ctx)
            reading = service.new_reader()
            return await app.executor.call(lambda: work(service, reading), reading.cancel)
        except ToolError as error:
            raise resource_error(error) from None

    async def about() -> str:
        return await read(None, lambda service, reading: service.describe_identity(reading))

    async def schema() -> str:
        return await read(None, lambda service, reading: service.list_tables(reading))

    for fn, title, description, mime_type in (
        (about, "Identity and data", "The identity, company, stores and days, database and model.", "application/json"),
        (schema, "Tables", "The tables, and what a row of each means.", "text/plain"),
    ):
        name = fn.__name__
        app.server.add_resource(
            FunctionResource(
                uri=f"zava://{name}", name=name, title=title, description=description, mime_type=mime_type, fn=fn
            )
        )

    @app.server.resource(
        "zava://schema/{table}",
        name="table",
        title="A table",
        description="Columns, types, keys, relations, meaning and valid values of one table.",
        mime_type="text/plain",
    )
    async def table(ctx: ToolContext, table: str) -> str:
        return await read(ctx, lambda service, reading: service.describe_tables([table], reading))
