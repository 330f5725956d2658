"""Runs statements as one identity: its pool opens on demand, verifies connections and recovers from failures."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import psycopg
from psycopg_pool import PoolTimeout

from zava_mcp import call_context
from zava_mcp.embedded import kill_backend
from zava_mcp.errors import DatabaseUnavailable, IdentityError, ZavaError
from zava_mcp.postgres.admin_connection import set_search_path
from zava_mcp.postgres.connection_errors import connection_error
from zava_mcp.postgres.connection_parameters import ConnectionParameters
from zava_mcp.postgres.identity import VerifiedIdentity, connect, connect_with_timeout, for_identity, verify_identity
from zava_mcp.postgres.location import Location
from zava_mcp.postgres.login_rights import VERIFY_SECONDS
from zava_mcp.postgres.pgbouncer import apply_session_settings
from zava_mcp.postgres.pipeline import RowChunk
from zava_mcp.postgres.pool_connections import (
    Pool,
    UnverifiedConnection,
    explain_identity_name,
    open_first,
    open_pool,
    pool_statistics,
)
from zava_mcp.postgres.query import GRACE_SECONDS, Query
from zava_mcp.postgres.query_errors import is_connection_lost, to_query_error
from zava_mcp.postgres.retry import RESTART_SECONDS, Attempts, Runnable, T
from zava_mcp.postgres.statement import Statement, StatementBatch
from zava_mcp.postgres.timeout_connection import TimeoutConnection
from zava_mcp.postgres.user_ids import RequestedIdentity
from zava_mcp.settings import Settings

_CLOSE_SECONDS = 0.4


class Database:
    """The only access to the data, as one identity.

    `find_parameters` is called each time the pool is opened, and starts the embedded database. The pool opens on
    demand, so that a call finds a database again that was down.
    """

    def __init__(
        self, find_parameters: Callable[[], ConnectionParameters], identity: RequestedIdentity, settings: Settings
    ) -> None:
        self._find_parameters = find_parameters
        self._requested = identity
        self._settings = settings
        self._opening = threading.Lock()
        self._pool: Pool | None = None
        self._identity: VerifiedIdentity | None = None
        self._target: ConnectionParameters | None = None
        self._lost_at = -RESTART_SECONDS  # a time of the monotonic clock
        self.schema_changes = 0  # the number of notifications that the schema may have changed

    def open(self) -> tuple[Pool, VerifiedIdentity]:
        """Connects and verifies the identity, unless that is done already. Raises a ZavaError."""
        with self._opening:
            if self._pool is not None and self._identity is not None and self._identity.has_expired():
                self._pool.close(timeout=_CLOSE_SECONDS)  # an open connection does not notice that its login expired
                self._pool = None
            if self._pool is None or self._identity is None:
                self._open_at(self._find_parameters())
            assert self._pool is not None
            assert self._identity is not None
            return self._pool, self._identity

    def _open_at(self, parameters: ConnectionParameters) -> None:
        """Opens the pool on a verified first connection."""
        target = self._target = for_identity(parameters, self._requested.user_id, self._settings)
        with explain_identity_name(self._requested):
            first, self._identity = open_first(target, self._verify_login)
        if self._requested.user_id is None:  # older policies may read the user id, which is known only now
            first.close()
            self._requested = replace(self._requested, user_id=self._identity.user_id)
            target = self._target = for_identity(parameters, self._requested.user_id, self._settings)
            first, self._identity = open_first(target, self._verify_login)
        self._pool = open_pool(target, first, self._verify_login)
        self.schema_changes += 1  # notifications may have been missed meanwhile

    @contextmanager
    def unverified_connection(self) -> Iterator[UnverifiedConnection]:
        """Yields a connection outside the pool, before the identity is verified. Raises as `open`."""
        target = for_identity(self._find_parameters(), self._requested.user_id, self._settings)
        with explain_identity_name(self._requested), connect_with_timeout(target) as connection:
            yield UnverifiedConnection(connection, target, self._requested)

    def close(self) -> None:
        """Closes all connections; the next call opens the pool again. A pool that is being opened is not affected."""
        if self._pool is not None:
            self._drop(self._pool)

    def run(self, query: Query) -> Generator[RowChunk, None, None]:
        """Runs a query and yields its rows; close the iterator if you do not read it to its end.

        Raises QueryError, or a DatabaseUnavailable or IdentityError that explains why there is no connection.
        """
        try:
            yield from self._run(query)
        finally:
            if query.stuck_backend is not None:
                self._end_stuck(query.stuck_backend)

    def run_batch(self, batch: StatementBatch, statements: tuple[str, ...]) -> list[list[tuple[object, ...]]]:
        """The rows of zava-mcp's own statements, in one round trip. Raises as `run`."""
        batch.statements = statements
        (rows,) = self._run(batch)
        return rows

    @property
    def identity(self) -> VerifiedIdentity:
        """The verified identity. Raises as `open`."""
        return self.open()[1]

    @property
    def known_identity(self) -> VerifiedIdentity | None:
        """The identity that was verified last, without opening a connection; None before the first one."""
        return self._identity

    def run_statement(self, statement: Statement) -> RowChunk:
        """Columns and rows of one of zava-mcp's own statements. Raises as `run`."""
        (chunk,) = self._run(statement)
        return chunk

    def statistics(self) -> dict[str, float]:
        """The pool's connections and waiting calls as metrics; empty while the pool is closed."""
        return pool_statistics(self._pool) if self._pool is not None else {}

    def poll_notifications(self) -> None:
        """Processes received notifications without a round trip; does nothing while the pool is closed."""
        if (pool := self._pool) is None:
            return
        with suppress(psycopg.OperationalError), self._connection(pool) as connection:  # the next call reports it
            connection.pgconn.consume_input()
            while connection.pgconn.notifies():
                self._on_notification(connection)

    def _run(self, statement: Runnable[T]) -> Iterator[T]:
        """Runs a statement on a connection, again after a lost connection or a restart: nothing is written."""
        attempts = Attempts(self._settings.query_timeout, statement)
        while True:
            pool: Pool | None = None
            try:
                pool, identity = self.open()
                with self._connection(pool) as connection:
                    if time.monotonic() - connection.verified_at > VERIFY_SECONDS:
                        self._verify(pool, connection)
                    try:
                        yield from statement.run(connection, identity.can_lock, identity.is_distributed)
                    finally:  # a result is withheld if the login has lost its identity or gained rights
                        if connection.login_rights.may_have_changed:
                            self.schema_changes += 1
                            self._verify(pool, connection)
                return
            except IdentityError:
                if pool is not None:
                    self._drop(pool)
                raise
            except DatabaseUnavailable as error:
                if pool is not None:
                    self._drop(pool)
                attempts.without_connection(error, pool is not None, self._lost_at)
            except psycopg.Error as error:
                if not is_connection_lost(error):
                    raise to_query_error(error) from None
                self._lost_at = time.monotonic()
                if pool is not None:
                    self._drop(pool)
                attempts.after_loss(
                    error, connection_error(error, self._target.location if self._target else Location())
                )

    @property
    def _embedded(self) -> bool:
        return self._target is not None and self._target.embedded

    def _drop(self, pool: Pool) -> None:
        """Closes a pool; a pool that another call has opened in its place stays."""
        if self._opening.acquire(timeout=_CLOSE_SECONDS):
            try:
                if self._pool is pool:
                    self._pool = None
            finally:
                self._opening.release()
        pool.close(timeout=_CLOSE_SECONDS)

    def _end_stuck(self, backend: int) -> None:
        """Ends a server process that ignored both deadline and cancellation.

        A few functions of PostgreSQL do not check for interrupts. Killing such a process makes the embedded PostgreSQL
        restart the others within a second, and their calls wait (Attempts); on a server only an administrator can kill
        it. The cause can also be an unreachable network, in which case all other connections are lost too.
        """
        if self._embedded:
            kill_backend(backend)
        self.close()

    def _verify_login(self, connection: TimeoutConnection) -> VerifiedIdentity:
        """Verifies a connection's login and prepares its session. Raises a ZavaError or psycopg.Error."""
        if not connection.verified_at:
            connection.add_notify_handler(lambda _: self._on_notification(connection))
        identity = verify_identity(connection, self._requested)
        if self._target is not None:
            apply_session_settings(connection, identity.backend, self._target.settings)
        set_search_path(connection, identity)
        connection.timeout = self._settings.query_timeout + GRACE_SECONDS
        connection.verified_at = time.monotonic()
        return identity

    def _verify(self, pool: Pool, connection: TimeoutConnection) -> None:
        """Verifies a connection's login again. Raises as `open`."""
        if connection.closed:  # a cancelled or overdue call closed it
            self._drop(pool)
            self.open()
            return
        try:
            call_context.current_call().round_trips += 2
            self._identity = self._verify_login(connection)
        except ZavaError:
            connection.close()
            raise

    def _on_notification(self, connection: TimeoutConnection) -> None:
        """Records that the schema, and perhaps the identity's access, has changed."""
        self.schema_changes += 1
        connection.login_rights.may_have_changed = True

    @contextmanager
    def _connection(self, pool: Pool) -> Iterator[TimeoutConnection]:
        try:
            with call_context.current_call().time_queued():
                connection = pool.getconn()
        except PoolTimeout:
            assert self._target is not None
            with connect(self._target):  # raises the cause, if the server refuses connections
                raise psycopg.OperationalError("timeout expired: no connection became free") from None
        try:
            yield connection
        finally:
            pool.putconn(connection)
