"""Names for results: nobody can guess them, and they do not last."""

import secrets
import time
from collections import OrderedDict

from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.types import CallToolResult, ContentBlock, ResourceLink, TextContent

LIFETIME_MINUTES = 30
_LONG_CHARACTERS = 10_000  # an answer that people rather open in a spreadsheet
_HANDLES = 64
_CHARACTERS = 1_000_000  # of all remembered queries together


class Handles:
    """Queries by handle. Only their texts are kept; who reads a result asks the database again, as who one is then."""

    def __init__(self) -> None:
        self._queries: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def keep(self, sql: str) -> str:
        """A new handle for a query; the oldest ones make room."""
        handle = secrets.token_urlsafe(24)
        self._queries[handle] = (sql, time.monotonic())
        while len(self._queries) > _HANDLES or sum(len(sql) for sql, _ in self._queries.values()) > _CHARACTERS:
            self._queries.popitem(last=False)
        return handle

    def query(self, handle: str) -> str:
        """The query of a handle. Raises ResourceNotFoundError if there is none, or none any more."""
        sql, kept_at = self._queries.get(handle, ("", float("-inf")))
        if time.monotonic() - kept_at > LIFETIME_MINUTES * 60:
            self._queries.pop(handle, None)
            raise ResourceNotFoundError(
                f"there is no such result, or it is older than {LIFETIME_MINUTES} minutes. "
                "Run execute_sales_query again and read the link that comes with its answer."
            )
        return sql


def answered(text: str, cut: bool, sql: str, handles: Handles) -> CallToolResult:
    """An answer, with a link to more of it where that is worth a look."""
    content: list[ContentBlock] = [TextContent(text=text)]
    if cut or len(text) > _LONG_CHARACTERS:
        content.append(
            ResourceLink(
                uri=f"zava://results/{handles.keep(sql)}.csv",
                name="result.csv",
                title="The whole result as CSV",
                description=f"Can be read for {LIFETIME_MINUTES} minutes.",
                mime_type="text/csv",
            )
        )
    return CallToolResult(content=content)
