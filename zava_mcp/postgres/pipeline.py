"""Runs one query in libpq's pipeline mode: results are streamed, with a deadline and a limit on memory."""

import select
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import psycopg
from psycopg import postgres, pq
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.types.string import TextLoader

from zava_mcp import call_context
from zava_mcp.errors import QueryError
from zava_mcp.postgres.bound_sql import BoundValue
from zava_mcp.postgres.cancellation import CANCEL_SECONDS, cancel
from zava_mcp.postgres.query_errors import NOT_UTF8
from zava_mcp.postgres.timeout_connection import TimeoutConnection

_CHUNK_ROWS = 8  # rows that libpq returns at a time
_PENDING_BYTES = 24_000_000  # received without a result: a query can produce an error message of any length
_POLL_SECONDS = 0.25
_DISCARD_BYTES = 4_000_000  # the rest of a truncated result is read up to this size
_TOO_LARGE = "Select fewer or shorter columns, or aggregate."
_TOO_LONG = "Narrow the date range, filter by store or category, or aggregate."

Rows = list[tuple[str | None, ...]]

#: Array type -> element type, of PostgreSQL's own types. Arrays of box are left out, because ";" separates them.
ELEMENT_TYPES = {info.array_oid: info.oid for info in postgres.types if info.array_oid and info.delimiter == ","}

#: Loads every type's value as the text that PostgreSQL sent: psycopg does that in C, row by row.
_AS_TEXT = AdaptersMap()
_AS_TEXT.register_loader(0, TextLoader)


@dataclass(frozen=True)
class Column:
    """A column of a result: its name and its type's oid."""

    name: str
    type_oid: int


class RowChunk(NamedTuple):
    """Rows of a result that arrived together, and the columns of the result."""

    columns: list[Column]
    rows: Rows


class Pipeline:
    """A connection in pipeline mode, read with a deadline that a cancelled call shortens."""

    def __init__(self, connection: TimeoutConnection, deadline: float, is_cancelled: Callable[[], bool]) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._reader = connection.reader
        self._rights = connection.login_rights
        self._deadline = deadline
        self._is_cancelled = is_cancelled
        self.is_stopping = False  # whether the query was cancelled; its last rows may be missing
        self._pending = 0
        self._received = 0  # approximate bytes since the last result
        self.backend = connection.pgconn.backend_pid
        self.timed_out = False
        self.skips_rest = False  # whether the reader of `row_chunks` needs no more rows
        self.discarded_rows = 0  # the number of rows after `skips_rest` was set
        self.failed: pq.abc.PGresult | None = None  # the last statement's reply that is an error
        self.encoding_changed = False  # whether the query changed client_encoding

    def send(self, alone: str, wrapped: str, clear_locks: bool, values: Sequence[BoundValue] = ()) -> None:
        """Sends the statements of one query: the text alone, to be parsed, and wrapped, to be run with its values."""
        call_context.current_call().round_trips += 1
        pg, rights = self._pg, self._rights
        pg.enter_pipeline_mode()
        for name, text in rights.unprepared.items():  # parsing them for each query takes as long as running them
            pg.send_prepare(name, text)
        pg.send_query_prepared(rights.names.begin, None)
        types = [value.type_oid for value in values]
        pg.send_prepare(b"", alone.encode(), types)
        texts = [None if value.text is None else value.text.encode() for value in values]
        pg.send_query_params(wrapped.encode(), texts or None, types or None)
        pg.pipeline_sync()
        pg.send_query_prepared(rights.names.end, None)
        if clear_locks:
            # Session-level advisory locks are all that a query can acquire and ROLLBACK does not release.
            pg.send_query_params(b"SELECT pg_catalog.pg_advisory_unlock_all()", None)
        pg.send_query_prepared(rights.statement, None)  # runs while the rows are being read
        pg.pipeline_sync()
        self._pending = 2
        while pg.flush():
            self._wait(writing=True)
        while rights.unprepared and self.failed_reply() is None:
            rights.unprepared.popitem()

    def failed_reply(self) -> pq.abc.PGresult | None:
        """Reads the replies to a statement without rows, and returns the failed one, or None."""
        self.failed = None
        while (result := self._next()) is not None:
            self._has_rows(result)
        return self.failed

    def row_chunks(self) -> Iterator[RowChunk]:
        """Yields the rows of one statement, in at least one chunk unless it fails; sets `failed` at the end.

        Once `skips_rest` is set, it only counts the rows, and of a long result stops the query.
        """
        self._pg.set_chunked_rows_mode(_CHUNK_ROWS)
        self.failed, discarded = None, 0
        columns: list[Column] | None = None
        rows: Rows = []
        while (result := self._next()) is not None:
            if not self._has_rows(result):
                continue
            if self.skips_rest:
                self.discarded_rows += result.ntuples
                discarded += _bytes_of(result)
                if discarded > _DISCARD_BYTES:
                    self.shorten_deadline()
                continue
            columns = columns or columns_of(result)
            rows += rows_of(result)
            if self._pg.is_busy():  # these are all rows of one chunk of bytes
                yield RowChunk(columns, rows)
                rows = []
        if columns is not None and not self.skips_rest:
            yield RowChunk(columns, rows)

    def _has_rows(self, result: pq.abc.PGresult) -> bool:
        """Whether a reply has rows; remembers the first one that is an error."""
        if result.status in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_ABORTED):
            self.failed = self.failed or result
        return result.status in (pq.ExecStatus.TUPLES_CHUNK, pq.ExecStatus.TUPLES_OK)

    def shorten_deadline(self) -> None:
        """Stops the query in the database, and discards what it still sends; `finish` closes the connection."""
        if not self.is_stopping:
            self.is_stopping = True
            cancel(self._connection)
            self._deadline = time.monotonic() + CANCEL_SECONDS

    def finish(self) -> None:
        """Reads up to the last Sync, so that the connection can be used again; closes it if that fails."""
        reply: bytes | None = None
        try:
            while self._pending and not self._connection.closed:
                result = self._next()
                if result is None:
                    continue
                if result.status == pq.ExecStatus.PIPELINE_SYNC:
                    self._pending -= 1
                    self.encoding_changed |= self._pg.parameter_status(b"client_encoding") != b"UTF8"
                elif result.status == pq.ExecStatus.TUPLES_OK:
                    reply = result.get_value(0, 0) if result.ntuples else b""
                else:
                    reply = None
            self._rights.compare(self._rights.statement, reply)
            while self._pg.notifies():
                self._rights.may_have_changed = True
            if not self._connection.closed:
                self._pg.exit_pipeline_mode()
                if self.is_stopping or self._pg.transaction_status != pq.TransactionStatus.IDLE:
                    self._connection.close()
        except psycopg.Error:
            self._rights.may_have_changed = True  # They were not read, and a truncated result does not need them.
            self._connection.close()
        if self._connection.closed:
            self._reader.close()

    def _next(self) -> pq.abc.PGresult | None:
        while self._pg.is_busy():
            self._wait()
            self._read_chunk()
        self._received = 0
        if self._pg.status == pq.ConnStatus.BAD:
            raise psycopg.OperationalError("server closed the connection")
        return self._pg.get_result()

    def _read_chunk(self) -> None:
        """Lets libpq read one chunk. Raises QueryError if a message is too large to be kept in memory."""
        self._received += self._reader.read_chunk()
        if self._received > _PENDING_BYTES:
            self._connection.close()
            raise QueryError("the database's reply is too large", _TOO_LARGE, "54000")

    def _wait(self, writing: bool = False) -> None:
        """Waits until the socket is ready. Past the deadline it cancels the query, and then closes the connection."""
        fd = self._pg.socket
        while (remaining := self._deadline - time.monotonic()) > 0:
            seconds = min(remaining, _POLL_SECONDS)
            readable, writable, _ = select.select([fd], [fd] if writing else [], [], seconds)
            if readable or writable:
                if readable and writing:
                    self._pg.consume_input()  # sends as well, so the reader must not be used here
                return
            if self._is_cancelled():
                self.shorten_deadline()
        if not self.is_stopping:
            self.shorten_deadline()
            return
        self.timed_out = True
        self._connection.close()
        raise QueryError("the query took too long, and the database did not stop it in time", _TOO_LONG, "57014")


def columns_of(result: pq.abc.PGresult) -> list[Column]:
    """The columns of a result."""
    return [Column((result.fname(i) or b"").decode(), result.ftype(i)) for i in range(result.nfields)]


def rows_of(result: pq.abc.PGresult) -> Rows:
    """The rows of a result, as PostgreSQL sent them. Raises QueryError if a value is not UTF-8."""
    texts = Transformer(_AS_TEXT)
    texts.set_pgresult(result)
    try:
        return texts.load_rows(0, result.ntuples, tuple)
    except UnicodeDecodeError:
        raise QueryError("a value is not UTF-8 text", NOT_UTF8, "22021") from None


def _bytes_of(result: pq.abc.PGresult) -> int:
    cells = (result.get_value(row, column) for row in range(result.ntuples) for column in range(result.nfields))
    return sum(len(cell) for cell in cells if cell is not None)
