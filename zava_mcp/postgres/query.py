"""One question: a pipelined round trip in which PostgreSQL itself refuses everything but one query.

    BEGIN READ ONLY · parse the text alone · the text, wrapped · Sync · ROLLBACK · Sync

Parsing the text alone proves that it is one complete statement (and places errors in the user's own
text); only then may it stand between the parentheses of the wrapper, where nothing but a
row-returning query can stand. There is no parser of ours, and nothing is ever committed.
"""

import time
from collections.abc import Callable

import psycopg

from zava_mcp.errors import CALL_CANCELLED, QueryError
from zava_mcp.postgres.cancellation import Cancellable
from zava_mcp.postgres.pipeline import Column, Pipeline, Rows
from zava_mcp.postgres.query_errors import ANSWERS_ARE_UTF8, ONE_QUERY_ONLY, query_error
from zava_mcp.postgres.timeout_connection import TimeoutConnection

#: Row-size guard. A whole row goes by its alias with ".*", which no column of the query can shadow.
#: Rows that are small in memory are small as text too (the worst blow-up, numerics, stays under 4 MB);
#: all others are measured as the text that would be sent: a 500 MB cell ends here, in the database.
#: Every name has its schema: here the identity's own search path is in force.
#: OFFSET 0 keeps the planner from copying the text's constants into the guard (a 500 MB one, six times).
_PREFIX = "SELECT * FROM (SELECT * FROM (\n"
_SUFFIX = """
) AS text OFFSET 0) AS answer WHERE CASE
    WHEN pg_catalog.pg_column_size(answer.*) OPERATOR(pg_catalog.<=) 200 THEN true
    WHEN pg_catalog.pg_column_size(answer.*) OPERATOR(pg_catalog.>) {size}
        THEN zava.row_too_large(pg_catalog.pg_column_size(answer.*)::pg_catalog.int8)
    WHEN pg_catalog.octet_length((answer.*)::pg_catalog.text) OPERATOR(pg_catalog.<=) {size} THEN true
    ELSE zava.row_too_large(pg_catalog.octet_length((answer.*)::pg_catalog.text)::pg_catalog.int8) END LIMIT {limit}"""

#: A plan is made of the same text between the same parentheses. It tells no costs and no row counts: the planner
#: estimates them from the rows of all stores.
_EXPLAIN = "EXPLAIN (COSTS OFF) "
_EXPLAINED = "\n) AS text OFFSET 0) AS answer LIMIT {limit}"

GRACE_SECONDS = 1.0  # between the database's own deadline and ours


class Query(Cancellable):
    """One query on one connection, which another thread may cancel.

    `columns` is told once, then `rows` for each chunk as text in PostgreSQL's format; `rows` returns
    False when it has enough.
    """

    def __init__(
        self,
        sql: str,
        limit: int,
        row_bytes: int,
        seconds: float,
        columns: Callable[[list[Column]], None],
        rows: Callable[[Rows], bool],
    ) -> None:
        super().__init__()
        self._sql = sql
        self._wrapper = _PREFIX, _SUFFIX.format(size=row_bytes, limit=limit)
        self._seconds = seconds
        self._columns = columns
        self._rows = rows
        self._deadline: float | None = None  # of all attempts together, from the first on
        self.stuck_backend: int | None = None  # process id of one that did not stop when it was told to
        self.answered = False  # from here on a fault must not lead to a second try

    def ask(self, connection: TimeoutConnection, clear_locks: bool) -> None:
        """Runs the query; the connection is afterwards as it was before, or closed.

        Raises QueryError for what PostgreSQL refuses, psycopg.OperationalError if the connection broke.
        """
        with self.using(connection):
            text = self._sql.rstrip()
            # A last character ";" ends the statement or a comment: either way the wrapper is better off without.
            cut = self._run(connection, text.removesuffix(";"), clear_locks)
            # PostgreSQL met the ";" that ends the statement, with a comment behind it: now it is known where.
            if cut is not None and self._run(connection, text[:cut], clear_locks) is not None:
                raise QueryError(ONE_QUERY_ONLY, sqlstate="42601")

    def _run(self, connection: TimeoutConnection, inner: str, clear_locks: bool) -> int | None:
        """One round trip. Returns where a ";" must be cut off for another try, None when all is done."""
        if self.cancelled:
            raise QueryError(CALL_CANCELLED, sqlstate="57014")
        if self._deadline is None:
            self._deadline = time.monotonic() + self._seconds + GRACE_SECONDS
        wire = Pipeline(connection, self._deadline, lambda: self.cancelled)
        try:
            try:
                wire.send(self._sql, inner.join(self._wrapper), clear_locks)
                alone, error = self._receive(wire)
            except KeyboardInterrupt:
                wire.shorten_deadline()
                raise
            finally:
                wire.finish()
        finally:
            if wire.gave_up:
                self.stuck_backend = wire.backend
        if wire.mixed_up:
            raise QueryError("the query changed the encoding that its rows are sent in", ANSWERS_ARE_UTF8, "22021")
        if error is None:
            return None
        if error.sqlstate.startswith("57P"):  # shutdown, crash, termination: no fault of the query
            raise psycopg.OperationalError("server closed the connection")
        if not alone and error.sqlstate == "42601" and error.position is not None:  # grammar's; functions name no place
            at = error.position
            if at <= len(inner) and inner[at - 1] == ";":
                return at - 1
            raise QueryError(ONE_QUERY_ONLY, sqlstate="42601")
        if alone and error.sqlstate == "42601" and "multiple commands" in error.message:
            raise QueryError(ONE_QUERY_ONLY, sqlstate="42601")
        raise error

    def _receive(self, wire: Pipeline) -> tuple[bool, QueryError | None]:
        """Reads the replies up to the first Sync: whether the text alone was refused, and the error."""
        failed = wire.replies()  # BEGIN READ ONLY
        if failed is None:
            failed = wire.replies()  # the text alone
            if failed is not None:
                return True, query_error(failed)
            failed = wire.replies(self._tell_columns, self._rows)
        return False, query_error(failed, len(self._wrapper[0])) if failed is not None else None

    def _tell_columns(self, columns: list[Column]) -> None:
        self.answered = True
        self._columns(columns)


class ExplainQuery(Query):
    """What PostgreSQL would do for a query, line by line in one column of text; the query is not run."""

    def __init__(
        self,
        sql: str,
        limit: int,
        seconds: float,
        columns: Callable[[list[Column]], None],
        rows: Callable[[Rows], bool],
    ) -> None:
        super().__init__(sql, limit, 0, seconds, columns, rows)
        self._wrapper = _EXPLAIN + _PREFIX, _EXPLAINED.format(limit=limit)
