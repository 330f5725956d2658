"""Names for results: nobody can guess them, and they do not last."""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict

from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.types import ResourceLink

LIFETIME_MINUTES = 30
ROOM_FOR_REMARK = 150  # bytes that `remark_on` takes in an answer
ROOM_FOR_RESULT = 30  # bytes that a short handle takes there
_LONG_CHARACTERS = 10_000  # an answer that people rather open in a spreadsheet
_HANDLES = 64
_SHORT = 10  # characters of a short handle
_FIRST_WITH_LINKS = "2025-06-18"  # of the protocol's versions, which are dates
_CHARACTERS = 1_000_000  # of all remembered queries together


class ResultLinks:
    """Queries by handle. Only their texts are kept; who reads a result asks the database again, as who one is then.

    With `short`, a handle follows from the query: the same query has the same one, and a handle from elsewhere leads to
    no other query.
    """

    def __init__(self, short: bool = False) -> None:
        self._short = short
        self._queries: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._lock = threading.Lock()  # worker threads keep queries, the event loop looks them up

    def keep(self, sql: str) -> str:
        """A handle for a query; the oldest ones make room."""
        handle = hashlib.sha256(sql.encode()).hexdigest()[:_SHORT] if self._short else secrets.token_urlsafe(24)
        with self._lock:
            self._queries[handle] = (sql, time.monotonic())
            self._queries.move_to_end(handle)
            while len(self._queries) > _HANDLES or sum(len(sql) for sql, _ in self._queries.values()) > _CHARACTERS:
                self._queries.popitem(last=False)
        return handle

    def query(self, handle: str) -> str:
        """The query of a handle. Raises ResourceNotFoundError if there is none, or none any more."""
        with self._lock:
            sql, kept_at = self._queries.get(handle, ("", float("-inf")))
            is_gone = time.monotonic() - kept_at > LIFETIME_MINUTES * 60
            if is_gone:
                self._queries.pop(handle, None)
        if is_gone:
            raise ResourceNotFoundError(
                f"there is no such result, or it is older than {LIFETIME_MINUTES} minutes. "
                "Run execute_sales_query again and read the link that comes with its answer."
            )
        return sql


def is_long(text: str, cut: bool) -> bool:
    """Whether an answer is worth a link to the whole of it."""
    return cut or len(text) > _LONG_CHARACTERS


def knows_links(protocol_version: str | None) -> bool:
    """Whether clients of a version know links in results: older ones refuse all of a result that has one."""
    return protocol_version is None or protocol_version >= _FIRST_WITH_LINKS


def link_to(handle: str) -> ResourceLink:
    """A link to a whole result."""
    return ResourceLink(
        uri=_uri(handle),
        name="result.csv",
        title="The whole result as CSV",
        description=f"Can be read for {LIFETIME_MINUTES} minutes.",
        mime_type="text/csv",
    )


def remark_on(handle: str) -> str:
    """The same as a sentence."""
    return f"The whole result as CSV is the resource {_uri(handle)}, for {LIFETIME_MINUTES} minutes."


def _uri(handle: str) -> str:
    return f"zava://results/{handle}.csv"
