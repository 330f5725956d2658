"""Links to all rows of a result as CSV, under handles that cannot be guessed."""

import secrets

from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.types import ResourceLink

from zava_mcp.postgres.bound_sql import BoundSql
from zava_mcp.server.query_handles import LIFETIME_MINUTES, RecentQueries

ALL_ROWS_BYTES = 160  # the most that `total_rows` and `all_rows_advice` take in a result
REMARK_BYTES = 150  # the most that `link_remark` takes in a result
_LONG_CHARACTERS = 10_000  # longer results get a link
_FIRST_VERSION_WITH_LINKS = "2025-06-18"  # versions of MCP are dates


class ResultLinks(RecentQueries):
    """Random handles: a link to a result can be passed on, and is valid in this server process only."""

    def _handle(self, query: BoundSql) -> str:  # noqa: ARG002  # a handle says nothing of its query
        return secrets.token_urlsafe(24)

    def query(self, handle: str) -> BoundSql:
        """The query of a handle. Raises ResourceNotFoundError for an unknown or expired handle."""
        if (query := self.find(handle)) is None:
            raise ResourceNotFoundError(
                f"there is no such result, or it is older than {LIFETIME_MINUTES} minutes. "
                "Run execute_sales_query again and read the link in its result."
            )
        return query


def all_rows_advice(max_rows: int, command: str) -> str:
    """A sentence on how the user gets the rows that a result leaves out."""
    export = f"`zava-mcp {command} --output FILE.csv`"
    return f"The linked CSV has up to {max_rows:,} rows; the user can export all with {export}."


def is_long(text: str, truncated: bool) -> bool:
    """Whether a result gets a link to all of its rows."""
    return truncated or len(text) > _LONG_CHARACTERS


def supports_links(protocol_version: str | None) -> bool:
    """Whether clients of a version accept links in results; older ones reject the whole result."""
    return protocol_version is None or protocol_version >= _FIRST_VERSION_WITH_LINKS


def link_to(handle: str) -> ResourceLink:
    """A link to all rows of a result."""
    return ResourceLink(
        uri=_uri(handle),
        name="result.csv",
        title="The rows as CSV",
        description=f"Can be read for {LIFETIME_MINUTES} minutes.",
        mime_type="text/csv",
    )


def link_remark(handle: str) -> str:
    """The link as a sentence, for clients that do not accept links."""
    return f"The rows as CSV are the resource {_uri(handle)}, for {LIFETIME_MINUTES} minutes."


def _uri(handle: str) -> str:
    return f"zava://results/{handle}.csv"
