"""The wire to PostgreSQL while one question is asked: pipelined, streamed, with a deadline and bounds."""

import select
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg import postgres, pq
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.types.string import TextLoader

from zava_mcp import call_context
from zava_mcp.errors import QueryError
from zava_mcp.postgres.cancellation import CANCEL_SECONDS, cancel
from zava_mcp.postgres.query_errors import NOT_UTF8
from zava_mcp.postgres.timeout_connection import TimeoutConnection

_CHUNK = 8  # rows that libpq gives us at a time
_PENDING_BYTES = 24_000_000  # on the wire without a result: an error text can be as long as the query wants
_LOOK_SECONDS = 0.25
_DISCARD_BYTES = 4_000_000  # an answer that is cut off is read to its end only if that is near
_TOO_LARGE = "Select fewer or shorter columns, or aggregate."
_TOO_LONG = "Narrow the date range, filter by store or category, or aggregate."

Rows = list[tuple[str | None, ...]]

#: Array type -> element type, of PostgreSQL's own types. Not of box, which alone has ";" between elements.
ELEMENT_TYPES = {info.array_oid: info.oid for info in postgres.types if info.array_oid and info.delimiter == ","}

#: Takes every type's value as the text that PostgreSQL wrote: psycopg does that in C, row by row.
_AS_TEXT = AdaptersMap()
_AS_TEXT.register_loader(0, TextLoader)


@dataclass(frozen=True)
class Column:
    """A column of an answer: its name and its type's oid."""

    name: str
    type_oid: int


class Pipeline:
    """A connection in pipeline mode, read with a deadline, which comes closer when the call is cancelled."""

    def __init__(self, connection: TimeoutConnection, deadline: float, cancelled: Callable[[], bool]) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._reader = connection.reader
        self._standing = connection.standing
        self._deadline = deadline
        self._cancelled = cancelled
        self._overdue = False
        self._pending = 0
        self._received = 0  # bytes since the last result, about
        self.backend = connection.pgconn.backend_pid
        self.gave_up = False
        self.mixed_up = False  # whether the query had its rows sent in another encoding

    def send(self, alone: str, wrapped: str, clear_locks: bool) -> None:
        call_context.current_call().round_trips += 1
        pg, standing = self._pg, self._standing
        pg.enter_pipeline_mode()
        for name, text in standing.unprepared.items():  # once: to parse them each time takes as long as to run them
            pg.send_prepare(name, text)
        pg.send_query_prepared(standing.names.begin, None)
        pg.send_prepare(b"", alone.encode())
        pg.send_query_params(wrapped.encode(), None)
        pg.pipeline_sync()
        pg.send_query_prepared(standing.names.end, None)
        if clear_locks:
            # The one thing a query can take that ROLLBACK does not give back.
            pg.send_query_params(b"SELECT pg_catalog.pg_advisory_unlock_all()", None)
        pg.send_query_prepared(standing.statement, None)  # answered while the rows are being read
        pg.pipeline_sync()
        self._pending = 2
        while pg.flush():
            self._wait(writing=True)
        while standing.unprepared and self.replies() is None:
            standing.unprepared.popitem()

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
        batch: Rows = []
        while (result := self._next()) is not None:
            if result.status in (pq.ExecStatus.TUPLES_CHUNK, pq.ExecStatus.TUPLES_OK):
                if columns is not None and not told:
                    columns(columns_of(result))
                    told = True
                if wanted:
                    batch += rows_of(result)
                else:
                    discarded += _bytes_of(result)
                    if discarded > _DISCARD_BYTES:
                        self.shorten_deadline()
            elif result.status in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_ABORTED):
                failed = failed or result
            if batch and rows is not None and self._pg.is_busy():
                wanted, batch = rows(batch), []  # all that one sip brought
        if batch and rows is not None:
            wanted = rows(batch)
        return failed if wanted else None  # what fails after there is enough, fails nobody

    def shorten_deadline(self) -> None:
        """Stops the query in the database; what it still sends is read and dropped, then the connection too."""
        if not self._overdue:
            self._overdue = True
            cancel(self._connection)
            self._deadline = time.monotonic() + CANCEL_SECONDS

    def finish(self) -> None:
        """Reads on to the last Sync, so that the connection is clean; closes it where that fails."""
        told: bytes | None = None
        try:
            while self._pending and not self._connection.closed:
                result = self._next()
                if result is None:
                    continue
                if result.status == pq.ExecStatus.PIPELINE_SYNC:
                    self._pending -= 1
                    self.mixed_up |= self._pg.parameter_status(b"client_encoding") != b"UTF8"
                elif result.status == pq.ExecStatus.TUPLES_OK:
                    told = result.get_value(0, 0) if result.ntuples else b""
                else:
                    told = None
            self._standing.compare(self._standing.statement, told)
            while self._pg.notifies():
                self._standing.doubtful = True
            if not self._connection.closed:
                self._pg.exit_pipeline_mode()
                if self._overdue or self._pg.transaction_status != pq.TransactionStatus.IDLE:
                    self._connection.close()
        except psycopg.Error:
            self._connection.close()
        if self._connection.closed:  # by the other side, perhaps
            self._reader.close()

    def _next(self) -> pq.abc.PGresult | None:
        while self._pg.is_busy():
            self._wait()
            self._take_in()
        self._received = 0
        if self._pg.status == pq.ConnStatus.BAD:
            raise psycopg.OperationalError("server closed the connection")
        return self._pg.get_result()

    def _take_in(self) -> None:
        """Lets libpq read, but not for ever: it would keep a message of any size in memory."""
        self._received += self._reader.take()
        if self._received > _PENDING_BYTES:
            self._connection.close()
            raise QueryError("the reply is larger than fits into an answer", _TOO_LARGE, "54000")

    def _wait(self, writing: bool = False) -> None:
        """Until the socket is ready; past the deadline the query is cancelled, then the connection dropped."""
        fd = self._pg.socket
        while (remaining := self._deadline - time.monotonic()) > 0:
            look = min(remaining, _LOOK_SECONDS)
            readable, writable, _ = select.select([fd], [fd] if writing else [], [], look)
            if readable or writable:
                if readable and writing:
                    self._pg.consume_input()  # which sends as well: no sip may come between
                return
            if self._cancelled():
                self.shorten_deadline()
        if not self._overdue:
            self.shorten_deadline()
            return
        self.gave_up = True
        self._connection.close()
        raise QueryError("the query took too long, and the database did not stop it in time", _TOO_LONG, "57014")


def columns_of(result: pq.abc.PGresult) -> list[Column]:
    """The columns of a result."""
    return [Column((result.fname(i) or b"").decode(), result.ftype(i)) for i in range(result.nfields)]


def rows_of(result: pq.abc.PGresult) -> Rows:
    """The rows of a result, as PostgreSQL wrote them. Raises QueryError for what is not UTF-8."""
    texts = Transformer(_AS_TEXT)
    texts.set_pgresult(result)
    try:
        return texts.load_rows(0, result.ntuples, tuple)
    except UnicodeDecodeError:
        raise QueryError("a value is not UTF-8 text", NOT_UTF8, "22021") from None


def _bytes_of(result: pq.abc.PGresult) -> int:
    cells = (result.get_value(row, column) for row in range(result.ntuples) for column in range(result.nfields))
    return sum(len(cell) for cell in cells if cell is not None)
