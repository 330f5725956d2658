"""The database as one identity sees it: connections, proved before use, and found again after a fault."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from zava_mcp.database.connecting import CONNECT_SECONDS, Identity, Target, connect, for_identity, prove
from zava_mcp.database.failures import connection_error
from zava_mcp.database.health import Check, examine
from zava_mcp.database.question import Question
from zava_mcp.embedded import kill_backend
from zava_mcp.errors import QueryError
from zava_mcp.settings import QUESTIONS_AT_ONCE, Settings

_CLOSE_SECONDS = 0.4


class Database:
    """The only door to the data, as one identity.

    `find` says where the database is, each time it is (re)opened: for the embedded one that is also
    what starts it. Opening is lazy, so a database that is down is found again by the next call.
    """

    def __init__(self, find: Callable[[], Target], user_id: UUID, settings: Settings) -> None:
        self._find = find
        self._user_id = user_id
        self._settings = settings
        self._opening = threading.Lock()
        self._pool: ConnectionPool | None = None
        self._identity: Identity | None = None
        self._embedded = False
        self.schema_changes = 0  # counts what the database told about changes of its schema

    def open(self) -> Identity:
        """Connects and proves the identity, unless that is done already. Raises a ZavaError."""
        with self._opening:
            if self._pool is None or self._identity is None:
                target = for_identity(self._find(), self._user_id, self._settings)
                self._embedded = target.embedded
                with connect(target) as probe:  # its errors are exact, and immediate; the pool's are neither
                    self._identity = prove(probe, self._user_id)
                self._pool = self._open_pool(target)
            return self._identity

    def examine(self) -> list[Check]:
        """Checks the installation as this identity. Raises like `open`."""
        return examine(for_identity(self._find(), self._user_id, self._settings), self._settings)

    def close(self) -> None:
        """Drops all connections; the next question opens it again. One that is just opening is left to that."""
        if not self._opening.acquire(timeout=_CLOSE_SECONDS):
            return
        try:
            pool, self._pool = self._pool, None
            if pool is not None:
                pool.close(timeout=_CLOSE_SECONDS)
        finally:
            self._opening.release()

    def ask(self, question: Question) -> None:
        """Puts one question. A connection that turns out to be dead is replaced, once: nothing was written.

        Raises QueryError, or a DatabaseUnavailable or IdentityError that says why there is no connection.
        """
        for attempt in (1, 2):
            identity = self.open()
            try:
                with self._connection() as connection:
                    question.ask(connection, identity.can_lock)
                return
            except QueryError:
                if question.stuck_backend is not None:
                    self._end_stuck(question.stuck_backend)
                raise
            except psycopg.OperationalError as error:
                self.close()
                if attempt == 2 or question.cancelled or question.answered:
                    raise connection_error(error, self._embedded) from None

    def fetch(self, statements: tuple[str, ...]) -> list[list[tuple[object, ...]]]:
        """Our own statements' rows, in one round trip. Raises like `ask`."""
        for attempt in (1, 2):
            self.open()
            try:
                with self._connection() as connection, connection.pipeline():
                    cursors = [connection.execute(statement.encode()) for statement in statements]
                    return [cursor.fetchall() for cursor in cursors]
            except psycopg.OperationalError as error:
                self.close()
                if attempt == 2:
                    raise connection_error(error, self._embedded) from None
            except psycopg.Error as error:
                raise QueryError(
                    error.diag.message_primary or "the query failed", sqlstate=error.sqlstate or ""
                ) from None
        raise AssertionError("unreachable")

    def hear(self) -> None:
        """Takes in what the database told meanwhile, without a round trip; does nothing while it is closed."""
        if self._pool is None:
            return
        with (
            suppress(psycopg.OperationalError),
            self._connection() as connection,
        ):  # a dead one: the next question tells
            connection.pgconn.consume_input()
            while connection.pgconn.notifies():
                self._schema_changed()

    def _end_stuck(self, backend: int) -> None:
        """Ends a server process of the embedded database that heeds neither deadline nor cancellation.

        A few functions of PostgreSQL never look up from their work. Killing such a process makes the
        embedded PostgreSQL restart its others, in less than a second; elsewhere only an admin may.
        """
        if self._embedded:
            kill_backend(backend)
            self.close()

    def _open_pool(self, target: Target) -> ConnectionPool:
        pool = ConnectionPool(
            kwargs={**target.keywords(), "autocommit": True, "prepare_threshold": None},
            min_size=1,
            max_size=QUESTIONS_AT_ONCE,
            timeout=CONNECT_SECONDS,
            max_idle=300,
            configure=self._configure,
            reconnect_timeout=CONNECT_SECONDS,
            open=False,
        )
        pool.open()
        return pool

    def _configure(self, connection: psycopg.Connection) -> None:
        connection.add_notify_handler(lambda _: self._schema_changed())
        prove(connection, self._user_id)

    def _schema_changed(self) -> None:
        self.schema_changes += 1

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection]:
        pool = self._pool
        if pool is None:
            raise psycopg.OperationalError("the connection is lost")
        try:
            connection = pool.getconn()
        except PoolTimeout:
            raise psycopg.OperationalError("timeout expired: no connection became free") from None
        try:
            yield connection
        finally:
            pool.putconn(connection)
