"""Keeps the text of recent queries under handles that cannot be guessed and that expire."""

import hashlib
import re
import secrets
import threading
import time
from collections import OrderedDict

from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.types import ResourceLink

from zava_mcp.postgres.bound_sql import BoundSql

LIFETIME_MINUTES = 30
ALL_ROWS_BYTES = 160  # the most that `total_rows` and `all_rows_advice` take in a result
REMARK_BYTES = 150  # the most that `link_remark` takes in a result
HANDLE_BYTES = 30  # the most that a short handle takes in a result
_LONG_CHARACTERS = 10_000  # from this length on, people rather open a result in a spreadsheet
_MAX_HANDLES = 64
_SHORT_HANDLE_CHARACTERS = 10
_FIRST_VERSION_WITH_LINKS = "2025-06-18"  # versions of MCP are dates
_MAX_CHARACTERS = 1_000_000  # of all queries together


class ResultLinks:
    """Queries by handle. Only their texts are kept: reading a result runs its query again, as the current identity.

    With `short`, a handle is computed from the query: the same query has the same handle, and a handle of another
    server process finds the same query or none.
    """

    def __init__(self, short: bool = False) -> None:
        self._short = short
        self._queries: OrderedDict[str, tuple[BoundSql, float]] = OrderedDict()
        self._lock = threading.Lock()  # worker threads keep queries, the event loop looks them up

    def keep(self, query: BoundSql) -> str:
        """Keeps a query and returns its handle; the oldest queries are dropped when there are too many."""
        text = "\0".join([query.sql, *map(repr, query.values)])
        digest = hashlib.sha256(text.encode()).hexdigest()
        handle = digest[:_SHORT_HANDLE_CHARACTERS] if self._short else secrets.token_urlsafe(24)
        with self._lock:
            self._queries[handle] = (query, time.monotonic())
            self._queries.move_to_end(handle)
            while len(self._queries) > _MAX_HANDLES or self._characters() > _MAX_CHARACTERS:
                self._queries.popitem(last=False)
        return handle

    def _characters(self) -> int:
        return sum(map(_characters, (query for query, _ in self._queries.values())))

    def query(self, handle: str) -> BoundSql:
        """The query of a handle, or of a URI with it. Raises ResourceNotFoundError for an unknown or expired handle."""
        handle = re.sub(r"^zava://results/|\.csv$", "", handle.strip(), flags=re.IGNORECASE)
        with self._lock:
            if handle not in self._queries:
                handle = handle.lower()  # short handles are hexadecimal
            query, kept_at = self._queries.get(handle, (BoundSql(""), float("-inf")))
            is_gone = time.monotonic() - kept_at > LIFETIME_MINUTES * 60
            if is_gone:
                self._queries.pop(handle, None)
        if is_gone:
            raise ResourceNotFoundError(
                f"there is no such result, or it is older than {LIFETIME_MINUTES} minutes. "
                "Run execute_sales_query again and read the link in its result."
            )
        return query


def _characters(query: BoundSql) -> int:
    return len(query.sql) + sum(len(value.text or "") for value in query.values)


def all_rows_advice(max_rows: int, command: str) -> str:
    """How the user of a model gets the rows that a result leaves out."""
    return f"For the user, the CSV has up to {max_rows:,} rows; `zava-mcp {command} --output FILE.csv` writes all."


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
