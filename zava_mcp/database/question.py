"""One question: a pipelined round trip in which PostgreSQL itself refuses everything but one query.

    BEGIN READ ONLY · parse the text alone · the text, wrapped · Sync · ROLLBACK · Sync

Parsing the text alone proves that it is one complete statement (and places errors in the user's own
text); only then may it stand between the parentheses of the wrapper, where nothing but a
row-returning query can stand. There is no parser of ours, and nothing is ever committed.
"""

import select
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psycopg
from psycopg import pq

from zava_mcp.database.failures import ONE_QUERY_ONLY, query_error
from zava_mcp.errors import QueryError

#: Row-size guard. A whole row goes by its alias with ".*", which no column of the query can shadow.
#: Rows that are small in memory are small as text too (the worst blow-up, numerics, stays under 4 MB);
#: all others are measured as the text that would be sent: a 500 MB cell ends here, in the database.
#: OFFSET 0 keeps the planner from copying the text's constants into the guard (a 500 MB one, six times).
_PREFIX = "SELECT * FROM (SELECT * FROM (\n"
_SUFFIX = """
) AS text OFFSET 0) AS answer WHERE CASE WHEN pg_column_size(answer.*) <= 200 THEN true
    WHEN pg_column_size(answer.*) > {size} THEN zava.row_too_large(pg_column_size(answer.*))
    WHEN octet_length((answer.*)::text) <= {size} THEN true
    ELSE zava.row_too_large(octet_length((answer.*)::text)) END LIMIT {limit}"""

_CHUNK = 16  # rows that libpq gives us at a time
_PENDING_BYTES = 64_000_000  # on the wire without a result: an error text can be as long as the query wants
_GRACE_SECONDS = 1.0  # between the database's own deadline and ours
_CANCEL_SECONDS = 2.0
_DISCARD_BYTES = 4_000_000  # an answer that is cut off is read to its end only if that is near

_TOO_LARGE = "Select fewer or shorter columns, or aggregate."
_TOO_LONG = "Narrow the date range, filter by store or category, or aggregate."

Rows = list[tuple[bytes | None, ...]]


@dataclass(frozen=True)
class Column:
    """A column of an answer: its name and its type's oid."""

    name: str
    type_oid: int


class Question:
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
        self._sql = sql
        self._suffix = _SUFFIX.format(size=row_bytes, limit=limit)
        self._seconds = seconds
        self._columns = columns
        self._rows = rows
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None
        self.cancelled = False
        self.stuck_backend: int | None = None  # process id of one that did not stop when it was told to
        self.answered = False  # from here on a fault must not lead to a second try

    def cancel(self) -> None:
        """Stops the query in the database; from any thread, at any time, also before it began."""
        with self._lock:
            self.cancelled = True
            if self._connection is not None:
                _cancel(self._connection)

    def ask(self, connection: psycopg.Connection, clear_locks: bool) -> None:
        """Runs the query; the connection is afterwards as it was before, or closed.

        Raises QueryError for what PostgreSQL refuses, psycopg.OperationalError if the connection broke.
        """
        with self._lock:
            if self.cancelled:
                raise QueryError("the call was cancelled", sqlstate="57014")
            self._connection = connection
        try:
            text = self._sql.rstrip()
            # A last character ";" ends the statement or a comment: either way the wrapper is better off without.
            cut = self._run(connection, text.removesuffix(";"), clear_locks)
            # PostgreSQL met the ";" that ends the statement, with a comment behind it: now it is known where.
            if cut is not None and self._run(connection, text[:cut], clear_locks) is not None:
                raise QueryError(ONE_QUERY_ONLY, sqlstate="42601")
        finally:
            with self._lock:
                self._connection = None
                if self.cancelled:  # a late cancel must not hit whoever has the connection next
                    connection.close()

    def _run(self, connection: psycopg.Connection, inner: str, clear_locks: bool) -> int | None:
        """One round trip. Returns where a ";" must be cut off for another try, None when all is done."""
        wire = _Wire(connection, time.monotonic() + self._seconds + _GRACE_SECONDS)
        wire.send(self._sql, f"{_PREFIX}{inner}{self._suffix}", clear_locks)
        try:
            alone, error = self._receive(wire)
        finally:
            wire.finish()
            if wire.gave_up:
                self.stuck_backend = wire.backend
        if error is None:
            return None
        if error.sqlstate.startswith("57P"):  # shutdown, crash, termination: no fault of the query
            raise psycopg.OperationalError("server closed the connection")
        if not alone and error.sqlstate == "42601":
            at = error.position
            if at is not None and at <= len(inner) and inner[at - 1] == ";":
                return at - 1
            raise QueryError(ONE_QUERY_ONLY, sqlstate="42601")
        if alone and error.sqlstate == "42601" and "multiple commands" in error.message:
            raise QueryError(ONE_QUERY_ONLY, sqlstate="42601")
        raise error

    def _receive(self, wire: "_Wire") -> tuple[bool, QueryError | None]:
        """Reads the replies up to the first Sync: whether the text alone was refused, and the error."""
        failed = wire.replies()  # BEGIN READ ONLY
        if failed is None:
            failed = wire.replies()  # the text alone
            if failed is not None:
                return True, query_error(failed)
            failed = wire.replies(self._tell_columns, self._rows)
        return False, query_error(failed, len(_PREFIX)) if failed is not None else None

    def _tell_columns(self, columns: list[Column]) -> None:
        self.answered = True
        self._columns(columns)


class _Wire:
    """A connection in pipeline mode, read with a deadline."""

    def __init__(self, connection: psycopg.Connection, deadline: float) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._deadline = deadline
        self._overdue = False
        self._pending = 0
        self._received = 0  # bytes since the last result, about
        self.backend = connection.pgconn.backend_pid
        self.gave_up = False

    def send(self, alone: str, wrapped: str, clear_locks: bool) -> None:
        pg = self._pg
        pg.enter_pipeline_mode()
        pg.send_query_params(b"BEGIN READ ONLY", None)
        pg.send_prepare(b"", alone.encode())
        pg.send_query_params(wrapped.encode(), None)
        pg.pipeline_sync()
        pg.send_query_params(b"ROLLBACK", None)
        if clear_locks:
            # The one thing a query can take that ROLLBACK does not give back.
            pg.send_query_params(b"SELECT pg_catalog.pg_advisory_unlock_all()", None)
        pg.pipeline_sync()
        self._pending = 2
        while pg.flush():
            self._wait(writing=True)

    def replies(
        self,
        columns: Callable[[list[Column]], None] | None = None,
        rows: Callable[[Rows], bool] | None = None,
    ) -> pq.abc.PGresult | None:
        """The replies to one statement; returns the failed one, None if it went well."""
        failed = None
        if rows is not None:
            self._pg.set_chunked_rows_mode(_CHUNK)
        told, wanted, discarded = False, True, 0
        while (result := self._next()) is not None:
            if result.status in (pq.ExecStatus.TUPLES_CHUNK, pq.ExecStatus.TUPLES_OK):
                if columns is not None and not told:
                    columns(_columns_of(result))
                    told = True
                if rows is not None and result.ntuples:
                    chunk = _rows_of(result)
                    if wanted:
                        wanted = rows(chunk)
                    else:
                        discarded += sum(len(cell) for row in chunk for cell in row if cell is not None)
                        if discarded > _DISCARD_BYTES:
                            self._connection.close()
                            return None
            elif result.status in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_ABORTED):
                failed = failed or result
        return failed

    def finish(self) -> None:
        """Reads on to the last Sync, so that the connection is clean; closes it where that fails."""
        try:
            while self._pending and not self._connection.closed:
                result = self._next()
                if result is not None and result.status == pq.ExecStatus.PIPELINE_SYNC:
                    self._pending -= 1
            if not self._connection.closed:
                self._pg.exit_pipeline_mode()
                if self._overdue or self._pg.transaction_status != pq.TransactionStatus.IDLE:
                    self._connection.close()
        except psycopg.Error:
            self._connection.close()

    def _next(self) -> pq.abc.PGresult | None:
        while self._pg.is_busy():
            self._wait()
            self._take_in()
        self._received = 0
        if self._pg.status == pq.ConnStatus.BAD:
            raise psycopg.OperationalError("server closed the connection")
        return self._pg.get_result()

    def _take_in(self) -> None:
        """Lets libpq read, but not more than fits: it would keep a message of any size in memory."""
        self._received += _waiting_bytes(self._pg.socket)
        if self._received > _PENDING_BYTES:
            self._connection.close()
            raise QueryError("the reply is larger than fits into an answer", _TOO_LARGE, "54000")
        self._pg.consume_input()

    def _wait(self, writing: bool = False) -> None:
        """Until the socket is ready; past the deadline the query is cancelled, then the connection dropped."""
        remaining = self._deadline - time.monotonic()
        fd = self._pg.socket
        if remaining > 0:
            readable, writable, _ = select.select([fd], [fd] if writing else [], [], remaining)
            if readable or writable:
                if readable and writing:
                    self._take_in()
                return
        if not self._overdue:
            self._overdue = True
            self._deadline = time.monotonic() + _CANCEL_SECONDS
            _cancel(self._connection)
            return
        self.gave_up = True
        self._connection.close()
        raise QueryError("the query took too long, and the database did not stop it in time", _TOO_LONG, "57014")


def _cancel(connection: psycopg.Connection) -> None:
    with suppress(psycopg.Error):  # out of reach: closing the connection is all that is left, and is done
        connection.cancel_safe(timeout=_CANCEL_SECONDS)


def _waiting_bytes(fd: int) -> int:
    """How many bytes a socket holds ready; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    import fcntl
    import termios

    return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), sys.byteorder)


def _columns_of(result: pq.abc.PGresult) -> list[Column]:
    return [Column((result.fname(i) or b"").decode(), result.ftype(i)) for i in range(result.nfields)]


def _rows_of(result: pq.abc.PGresult) -> Rows:
    value, width = result.get_value, range(result.nfields)
    return [tuple([value(row, column) for column in width]) for row in range(result.ntuples)]
