"""The database as one identity sees it: connections, proved before use, and found again after a fault."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from zava_mcp import call_context
from zava_mcp.embedded import kill_backend
from zava_mcp.errors import DatabaseUnavailable, IdentityError, QueryError, ZavaError
from zava_mcp.postgres.admin_connection import set_search_path
from zava_mcp.postgres.checks import Check, check_database
from zava_mcp.postgres.connection_parameters import ConnectionParameters
from zava_mcp.postgres.identity import VerifiedIdentity, connect, connect_with_retries, for_identity, verify_identity
from zava_mcp.postgres.location import Location
from zava_mcp.postgres.pgbouncer import apply_session_settings, is_pooled, refuse_by_transaction
from zava_mcp.postgres.pipeline import Column, Rows
from zava_mcp.postgres.query import GRACE_SECONDS, Query
from zava_mcp.postgres.query_errors import connection_error, is_connection_lost, to_query_error
from zava_mcp.postgres.retry import RESTART_SECONDS, Attempts
from zava_mcp.postgres.standing import VERIFY_SECONDS
from zava_mcp.postgres.statement import Reader, Statement
from zava_mcp.postgres.timeout_connection import CONNECT_SECONDS, TimeoutConnection
from zava_mcp.settings import DESCRIPTIONS_AT_ONCE, QUESTIONS_AT_ONCE, Settings

T = TypeVar("T")
_Pool = ConnectionPool[TimeoutConnection]

_CLOSE_SECONDS = 0.4


class Database:
    """The only door to the data, as one identity.

    `find` says where the database is, each time it is (re)opened: for the embedded one that is also
    what starts it. Opening is lazy, so a database that is down is found again by the next call.
    """

    def __init__(self, find: Callable[[], ConnectionParameters], user_id: UUID | None, settings: Settings) -> None:
        self._find = find
        self._user_id = user_id
        self._settings = settings
        self._name = (
            settings.user_name if settings.place else ""
        )  # then the sample's, which need not be this database's
        self._opening = threading.Lock()
        self._pool: _Pool | None = None
        self._proof: VerifiedIdentity | None = None
        self._target: ConnectionParameters | None = None
        self._lost_at = -RESTART_SECONDS  # when a connection ended during a call, by the monotonic clock
        self.schema_changes = 0  # counts what the database told about changes of its schema

    def open(self) -> tuple[_Pool, VerifiedIdentity]:
        """Connects and proves the identity, unless that is done already. Raises a ZavaError."""
        with self._opening:
            if self._pool is not None and self._proof is not None and self._proof.has_ended():
                self._pool.close(timeout=_CLOSE_SECONDS)  # an open connection does not notice that its login expired
                self._pool = None
            if self._pool is None or self._proof is None:
                place = self._find()
                target = self._target = for_identity(place, self._user_id, self._settings)
                with self._named():
                    probe, self._proof = self._probe(target)  # its errors are exact and immediate; the pool's not
                if self._user_id is None:  # now it is known, and older policies may want to know it
                    probe.close()
                    self._user_id = self._proof.user_id
                    target = self._target = for_identity(place, self._user_id, self._settings)
                    probe, self._proof = self._probe(target)
                self._pool = self._open_pool(target, probe)
                self._schema_changed()  # what was told meanwhile, nobody heard
            return self._pool, self._proof

    def examine(self, model: str) -> list[Check]:
        """Checks the database as this identity, its vectors against a model's. Raises like `open`."""
        target = for_identity(self._find(), self._user_id, self._settings)
        with self._named():
            return check_database(target, self._user_id, self._name, model)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Errors about the login say whose it is, if only a name was given."""
        try:
            yield
        except IdentityError as error:
            if not self._name or self._user_id is None or str(self._user_id) in error.message:
                raise
            named = f"{self._name[:60]!r} stands for the sample's user id {self._user_id}."
            raise IdentityError(error.message, f"{named} {error.hint}") from None

    def close(self) -> None:
        """Drops all connections; the next question opens it again. One that is just opening is left to that."""
        if self._pool is not None:
            self._drop(self._pool)

    def ask(self, question: Query) -> None:
        """Puts one question.

        Raises QueryError, or a DatabaseUnavailable or IdentityError that says why there is no connection.
        """

        def put(connection: TimeoutConnection, proof: VerifiedIdentity) -> None:
            question.ask(connection, proof.can_lock)

        try:
            self._with_connection(put, may_repeat=lambda: not (question.cancelled or question.answered))
        except QueryError:
            if question.stuck_backend is not None:
                self._end_stuck(question.stuck_backend)
            raise
        if question.stuck_backend is not None:
            self._end_stuck(question.stuck_backend)

    def read(self, reading: Reader, statements: tuple[str, ...]) -> list[list[tuple[object, ...]]]:
        """Our own statements' rows, in one round trip. Raises like `ask`."""
        return self._with_connection(
            lambda connection, _: reading.ask(connection, statements), lambda: not reading.cancelled
        )

    @property
    def proof(self) -> VerifiedIdentity:
        """Who asks, as the database knows them. Raises like `open`."""
        return self.open()[1]

    @property
    def vectors(self) -> tuple[int, ...]:
        """The version of pgvector, () if the database has no vectors. Raises like `open`."""
        return self.open()[1].vectors

    def look_up(self, lookup: Statement) -> tuple[list[Column], Rows]:
        """Columns and rows of one of our own statements. Raises like `ask`."""
        return self._with_connection(lambda connection, _: lookup.ask(connection), lambda: not lookup.cancelled)

    def statistics(self) -> dict[str, float]:
        """The pool's connections and who waits for one; nothing while it is closed."""
        if (pool := self._pool) is None:
            return {}
        stats = pool.get_stats()
        size, idle = stats["pool_size"], stats["pool_available"]
        return {
            "mcp_pool_connections_busy": size - idle,
            "mcp_pool_connections_idle": idle,
            "mcp_pool_requests_waiting": stats["requests_waiting"],
        }

    def poll_notifications(self) -> None:
        """Takes in what the database told meanwhile, without a round trip; does nothing while it is closed."""
        if (pool := self._pool) is None:
            return
        with suppress(psycopg.OperationalError), self._connection(pool) as connection:  # the next question tells
            connection.pgconn.consume_input()
            while connection.pgconn.notifies():
                self._heard(connection)

    def _with_connection(
        self, work: Callable[[TimeoutConnection, VerifiedIdentity], T], may_repeat: Callable[[], bool]
    ) -> T:
        """Does work on a connection. A lost one is replaced, and a restart waited for: nothing was written."""
        attempts = Attempts(self._settings.query_timeout, may_repeat)
        while True:
            pool: _Pool | None = None
            try:
                pool, proof = self.open()
                with self._connection(pool) as connection:
                    if time.monotonic() - connection.verified_at > VERIFY_SECONDS:
                        self._verify(pool, connection)
                    try:
                        return work(connection, proof)
                    finally:  # if it is not the identity any more, or can do more, the result is withheld
                        if connection.standing.doubtful:
                            self._schema_changed()
                            self._verify(pool, connection)
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
                attempts.lost(error, connection_error(error, self._target.location if self._target else Location()))

    @property
    def _embedded(self) -> bool:
        return self._target is not None and self._target.embedded

    def _drop(self, pool: _Pool) -> None:
        """Closes a pool; another one that somebody opened in its place stays."""
        if self._opening.acquire(timeout=_CLOSE_SECONDS):
            try:
                if self._pool is pool:
                    self._pool = None
            finally:
                self._opening.release()
        pool.close(timeout=_CLOSE_SECONDS)

    def _end_stuck(self, backend: int) -> None:
        """What to do about a server process that heeds neither deadline nor cancellation.

        A few functions of PostgreSQL never look up from their work. Killing such a process makes the
        embedded PostgreSQL restart its others, in less than a second, for which their calls wait (Attempts);
        elsewhere only an admin may. Or it is the network that no longer answers: then the other connections are
        as dead as this one.
        """
        if self._embedded:
            kill_backend(backend)
        self.close()

    def _probe(self, target: ConnectionParameters) -> tuple[TimeoutConnection, VerifiedIdentity]:
        """The first connection, and its proof."""
        probe = connect_with_retries(target)
        try:
            proof = self._admit(probe)
            if is_pooled(probe, proof.backend):
                refuse_by_transaction(probe, lambda: connect_with_retries(target))
        except BaseException as error:
            probe.close()
            if isinstance(error, psycopg.Error):
                raise connection_error(error, target.location) from None
            raise
        return probe, proof

    def _open_pool(self, target: ConnectionParameters, probe: TimeoutConnection) -> _Pool:
        """A pool whose first connection is the one that was proved."""
        pool = ConnectionPool(
            connection_class=_first(probe),
            kwargs=lambda: {**target.keywords(), "autocommit": True, "prepare_threshold": None},
            min_size=1,
            max_size=QUESTIONS_AT_ONCE + DESCRIPTIONS_AT_ONCE,
            timeout=CONNECT_SECONDS,
            max_idle=60,  # other servers of the same login may need them
            configure=lambda connection: None if connection is probe else self._configure(connection),
            reconnect_timeout=CONNECT_SECONDS,
            open=False,
        )
        pool.open(wait=True)  # else the first question would find none yet, and have another made
        return pool

    def _configure(self, connection: TimeoutConnection) -> None:
        self._admit(connection)

    def _admit(self, connection: TimeoutConnection) -> VerifiedIdentity:
        if not connection.verified_at:  # it is new
            connection.add_notify_handler(lambda _: self._heard(connection))
        proof = verify_identity(connection, self._user_id, self._name)
        if self._target is not None:
            apply_session_settings(connection, proof.backend, self._target.settings)
        set_search_path(connection, proof)
        connection.timeout = self._settings.query_timeout + GRACE_SECONDS
        connection.verified_at = time.monotonic()
        return proof

    def _verify(self, pool: _Pool, connection: TimeoutConnection) -> None:
        """Proves a connection's identity once more. Raises as `open`."""
        if connection.closed:  # by a call that was cut off
            self._drop(pool)
            self.open()
            return
        try:
            call_context.current_call().round_trips += 2
            self._proof = self._admit(connection)
        except ZavaError:
            connection.close()
            raise

    def _heard(self, connection: TimeoutConnection) -> None:
        """Takes in that something was changed: descriptions, and perhaps what the identity may read."""
        self._schema_changed()
        connection.standing.doubtful = True

    def _schema_changed(self) -> None:
        self.schema_changes += 1

    @contextmanager
    def _connection(self, pool: _Pool) -> Iterator[TimeoutConnection]:
        try:
            with call_context.current_call().waiting():
                connection = pool.getconn()
        except PoolTimeout:
            assert self._target is not None
            with connect(self._target):  # which says why, if there is a reason to be told
                raise psycopg.OperationalError("timeout expired: no connection became free") from None
        try:
            yield connection
        finally:
            pool.putconn(connection)


def _first(probe: TimeoutConnection) -> type[TimeoutConnection]:
    """The kind of connections whose first one is there already."""
    waiting = [probe]

    class FirstGiven(TimeoutConnection):
        @classmethod
        def connect(cls, *arguments: Any, **keywords: Any) -> Any:
            return waiting.pop() if waiting else TimeoutConnection.connect(*arguments, **keywords)

    return FirstGiven
