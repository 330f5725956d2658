"""Keeps the text of recent queries under handles that expire, so that a chart can be drawn of an earlier result."""

import hashlib
import re
import threading
import time
from abc import ABC, abstractmethod
from collections import OrderedDict

from zava_mcp.postgres.bound_sql import BoundSql

LIFETIME_MINUTES = 30
HANDLE_BYTES = 30  # the most that a handle takes in a result
_HANDLE_CHARACTERS = 10
_MAX_QUERIES = 64
_MAX_CHARACTERS = 1_000_000  # of all queries together


class RecentQueries(ABC):
    """Queries by handle. Only their texts are kept: reading a result runs its query again, as the current identity."""

    def __init__(self) -> None:
        self._queries: OrderedDict[str, tuple[BoundSql, float]] = OrderedDict()
        self._lock = threading.Lock()  # worker threads keep queries, the event loop looks them up

    @abstractmethod
    def _handle(self, query: BoundSql) -> str: ...

    def keep(self, query: BoundSql) -> str:
        """Keeps a query and returns its handle; the oldest queries are dropped when there are too many."""
        handle = self._handle(query)
        with self._lock:
            self._queries[handle] = (query, time.monotonic())
            self._queries.move_to_end(handle)
            while len(self._queries) > _MAX_QUERIES or self._characters() > _MAX_CHARACTERS:
                self._queries.popitem(last=False)
        return handle

    def find(self, handle: str) -> BoundSql | None:
        """The query of a handle; None for an unknown or expired handle."""
        with self._lock:
            query, kept_at = self._queries.get(handle, (None, 0.0))
            if time.monotonic() - kept_at > LIFETIME_MINUTES * 60:
                self._queries.pop(handle, None)
                return None
            return query

    def _characters(self) -> int:
        return sum(_characters(query) for query, _ in self._queries.values())


class QueryHandles(RecentQueries):
    """Short handles that are computed from the query.

    The same query has the same handle, and a handle of another server process finds the same query or none.
    """

    def _handle(self, query: BoundSql) -> str:
        text = "\0".join([query.sql, *map(repr, query.values)])
        return hashlib.sha256(text.encode()).hexdigest()[:_HANDLE_CHARACTERS]

    def find(self, handle: str) -> BoundSql | None:
        """The query of a handle in any case, or of a URI with it, as models write them; None for an unknown one."""
        return super().find(re.sub(r"^zava://results/|\.csv$", "", handle.strip().lower()))


def _characters(query: BoundSql) -> int:
    return len(query.sql) + sum(len(value.text or "") for value in query.values)
