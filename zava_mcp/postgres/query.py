"""Runs one query in a pipelined round trip, in which PostgreSQL itself refuses everything but one query.

    BEGIN READ ONLY · parse the text alone · the text, wrapped · Sync · ROLLBACK · Sync

Parsing the text alone ensures that it is one complete statement, and gives errors their position in the user's own
text. Only then is it run between the parentheses of the wrapper, where only a row-returning query is valid. zava-mcp
does not parse SQL, and nothing is ever committed.
"""

import time
from collections.abc import Generator, Iterator, Sequence

import psycopg

from zava_mcp.errors import CALL_CANCELLED, QueryError
from zava_mcp.postgres.bound_sql import BoundValue
from zava_mcp.postgres.cancellation import Cancellable
from zava_mcp.postgres.pipeline import Pipeline, RowChunk
from zava_mcp.postgres.query_errors import KEEP_UTF8, ONE_QUERY_ONLY, query_error
from zava_mcp.postgres.timeout_connection import TimeoutConnection

#: Limits the size of rows. The alias with ".*" names a whole row, which no column of the query can shadow.
#: Rows that are small in memory are small as text too (numerics grow most, to less than 4 MB).
#: All others are measured as the text that would be sent, so that a cell of 500 MB fails in the database.
#: Every name has its schema, because the identity's own search path applies here.
#: OFFSET 0 keeps the planner from copying the text's constants into the conditions (one of 500 MB, six times).
_PREFIX = "SELECT * FROM (SELECT * FROM (\n"
_SUFFIX = """
) AS text OFFSET 0) AS answer WHERE CASE
    WHEN pg_catalog.pg_column_size(answer.*) OPERATOR(pg_catalog.<=) 200 THEN true
    WHEN pg_catalog.pg_column_size(answer.*) OPERATOR(pg_catalog.>) {size}
        THEN zava.row_too_large(pg_catalog.pg_column_size(answer.*)::pg_catalog.int8)
    WHEN pg_catalog.octet_length((answer.*)::pg_catalog.text) OPERATOR(pg_catalog.<=) {size} THEN true
    ELSE zava.row_too_large(pg_catalog.octet_length((answer.*)::pg_catalog.text)::pg_catalog.int8) END LIMIT {limit}"""

#: On a Citus cluster, which loses the order of rows of a subquery that it sends to several nodes: the text is a query
#: of its own, and the second parentheses keep out what changes data.
_CLUSTER_PREFIX = "WITH text AS MATERIALIZED ((\n"
_END, _CLUSTER_END = "\n) AS text OFFSET 0)", "\n)) SELECT * FROM (SELECT * FROM text OFFSET 0)"

#: The plan of the same text between the same parentheses, without costs and row counts, because the planner estimates
#: them from the rows of all stores.
_EXPLAIN = "EXPLAIN (COSTS OFF) "
_EXPLAIN_SUFFIX = "\n) AS text OFFSET 0) AS answer LIMIT {limit}"

GRACE_SECONDS = 1.0  # The client's deadline is this much longer than the database's.


class Query(Cancellable):
    """One query on one connection, which another thread may cancel.

    `values` are bound to `$1`, `$2`, … by PostgreSQL and never become a part of the text.
    """

    def __init__(
        self,
        sql: str,
        limit: int,
        row_bytes: int,
        seconds: float,
        values: Sequence[BoundValue] = (),
    ) -> None:
        super().__init__()
        self._sql = sql
        self._values = values
        self._wrapper = _PREFIX, _SUFFIX.format(size=row_bytes, limit=limit)
        self._seconds = seconds
        self._skips_rest = False
        self._deadline: float | None = None  # set by the first attempt, for all attempts together
        self.stuck_backend: int | None = None  # id of a server process that did not stop when it was cancelled
        self.rows_beyond = 0  # rows that came after `skip_rest`
        self.is_complete = False  # whether PostgreSQL sent all rows up to `limit`
        self._has_results = False

    @property
    def may_repeat(self) -> bool:
        """Whether the query may run again: it was not cancelled, and no row was delivered."""
        return not (self.cancelled or self._has_results)

    def skip_rest(self) -> None:
        """Ends the row chunks with the current one. Rows that still come are counted; errors in them are ignored."""
        self._skips_rest = True

    def run(self, connection: TimeoutConnection, clear_locks: bool, is_distributed: bool = False) -> Iterator[RowChunk]:
        """Runs the query and yields its rows as text in PostgreSQL's format, in at least one chunk.

        It leaves the connection as it was before, or closed. Raises QueryError for a query that PostgreSQL refuses,
        psycopg.OperationalError if the connection broke.
        """
        if is_distributed:
            self._keep_order_of_nodes()
        with self.using(connection):
            text = self._sql.rstrip()
            # A last character ";" ends the statement or a comment, and the wrapper needs it in neither case.
            end = yield from self._run_wrapped(connection, text.removesuffix(";"), clear_locks)
            # PostgreSQL reported where the ";" is that ends the statement, before a comment.
            if end is not None:
                end = yield from self._run_wrapped(connection, text[:end], clear_locks)
                if end is not None:
                    raise QueryError(ONE_QUERY_ONLY, sqlstate="42601")

    def _keep_order_of_nodes(self) -> None:
        """Wraps the text so that rows keep their order on a Citus cluster."""
        before, after = self._wrapper
        self._wrapper = before.replace(_PREFIX, _CLUSTER_PREFIX), after.replace(_END, _CLUSTER_END)

    def _run_wrapped(
        self, connection: TimeoutConnection, inner: str, clear_locks: bool
    ) -> Generator[RowChunk, None, int | None]:
        """Makes one round trip. Returns where the text must end for another attempt, None if none is needed."""
        if self.cancelled:
            raise QueryError(CALL_CANCELLED, sqlstate="57014")
        if self._deadline is None:
            self._deadline = time.monotonic() + self._seconds + GRACE_SECONDS
        pipeline = Pipeline(connection, self._deadline, lambda: self.cancelled)
        try:
            try:
                pipeline.send(self._sql, inner.join(self._wrapper), clear_locks, self._values)
                parse_failed, error = yield from self._receive(pipeline)
            except (KeyboardInterrupt, SystemExit, GeneratorExit):  # nobody reads the rest
                pipeline.shorten_deadline()
                raise
            finally:
                pipeline.finish()
        finally:
            if pipeline.timed_out:
                self.stuck_backend = pipeline.backend
        if pipeline.encoding_changed:
            raise QueryError("the query changed the encoding that its rows are sent in", KEEP_UTF8, "22021")
        return self._statement_end(inner, parse_failed, error) if error is not None else None

    def _statement_end(self, inner: str, parse_failed: bool, error: QueryError) -> int:
        """The end of the statement, if the error is a ";" in the wrapped text. Raises every other error."""
        if error.sqlstate.startswith("57P"):  # shutdown, crash, termination: not the query's fault
            raise psycopg.OperationalError("server closed the connection")
        # Only the grammar's syntax errors have a position; those that functions raise have none.
        if not parse_failed and error.sqlstate == "42601" and error.position is not None:
            position = error.position
            if position <= len(inner) and inner[position - 1] == ";":
                return position - 1
            raise QueryError(ONE_QUERY_ONLY, sqlstate="42601")
        if parse_failed and error.sqlstate == "42601" and "multiple commands" in error.message:
            raise QueryError(ONE_QUERY_ONLY, sqlstate="42601")
        raise error

    def _receive(self, pipeline: Pipeline) -> Generator[RowChunk, None, tuple[bool, QueryError | None]]:
        """Reads the replies up to the first Sync: whether parsing the text alone failed, and the error."""
        failed = pipeline.failed_reply()  # BEGIN READ ONLY
        if failed is None:
            failed = pipeline.failed_reply()  # the text alone
            if failed is not None:
                return True, query_error(failed)
            yield from self._wanted_chunks(pipeline)
            failed = pipeline.failed
        if failed is None or self._skips_rest:
            return False, None
        return False, query_error(failed, len(self._wrapper[0]))

    def _wanted_chunks(self, pipeline: Pipeline) -> Iterator[RowChunk]:
        for chunk in pipeline.row_chunks():
            self._has_results = True
            yield chunk
            pipeline.skips_rest = self._skips_rest
        self.rows_beyond = pipeline.discarded_rows
        self.is_complete = pipeline.failed is None and not pipeline.is_stopping


class ExplainQuery(Query):
    """The plan of a query as lines in one column of text; the query is not run."""

    def __init__(self, sql: str, limit: int, seconds: float) -> None:
        super().__init__(sql, limit, 0, seconds)
        self._wrapper = explain_wrapper(limit)


def explain_wrapper(limit: int) -> tuple[str, str]:
    """The texts before and after a query that make it the plan of the query as it is run."""
    return _EXPLAIN + _PREFIX, _EXPLAIN_SUFFIX.format(limit=limit)
