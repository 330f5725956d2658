"""The MCP resource with the pages of the guide, which needs no database."""

from mcp.server.mcpserver.exceptions import ToolError

from zava_mcp.guide import require_page
from zava_mcp.server.server_context import ServerContext
from zava_mcp.server.tool_errors import raise_tool_errors, resource_error


def add_guide(app: ServerContext) -> None:
    """Adds `zava://guide/{page}`."""

    @app.server.resource(
        "zava://guide/{page}",
        name="guide",
        title="The guide",
        description="A chapter or reference page of this server's guide.",
        mime_type="text/markdown",
    )
    async def guide(page: str) -> str:
        try:
            with raise_tool_errors():
                return require_page(page).markdown
        except ToolError as error:
            raise resource_error(error) from None
