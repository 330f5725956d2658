"""The database as one identity sees it: connections, proved before use, and found again after a fault."""

import threading
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import psycopg

from zava_mcp.database.connecting import Proof, Target, for_identity, prove
from zava_mcp.database.connections import Connections
from zava_mcp.database.failures import connection_error, is_lost, told_error
from zava_mcp.database.health import Check, examine
from zava_mcp.database.lookup import Lookup, Reading
from zava_mcp.database.patience import PatientConnection
from zava_mcp.database.question import GRACE_SECONDS, Question
from zava_mcp.database.wire import Column, Rows
from zava_mcp.embedded import kill_backend
from zava_mcp.errors import DatabaseUnavailable, QueryError
from zava_mcp.settings import Settings

T = TypeVar("T")

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
        self._connections: Connections | None = None
        self._embedded = False
        self.schema_changes = 0  # counts what the database told about changes of its schema

    def open(self) -> Connections:
        """Connects and proves the identity, unless that is done already. Raises a ZavaError."""
        with self._opening:
            if self._connections is None:
                target = for_identity(self._find(), self._user_id, self._settings)
                self._embedded = target.embedded
                self._connections = Connections(target, self._admit)
                self._schema_changed()  # what was told meanwhile, nobody heard
            return self._connections

    def examine(self, model: str) -> list[Check]:
        """Checks the database as this identity, its vectors against a model's. Raises like `open`."""
        return examine(for_identity(self._find(), self._user_id, self._settings), self._settings, model)

    def close(self) -> None:
        """Drops all connections; the next question opens it again. One that is just opening is left to that."""
        if self._connections is not None:
            self._drop(self._connections)

    def ask(self, question: Question) -> None:
        """Puts one question.

        Raises QueryError, or a DatabaseUnavailable or IdentityError that says why there is no connection.
        """

        def put(connection: PatientConnection, proof: Proof) -> None:
            question.ask(connection, proof.can_lock)

        try:
            self._with_connection(put, may_repeat=lambda: not (question.cancelled or question.answered))
        except QueryError:
            if question.stuck_backend is not None:
                self._end_stuck(question.stuck_backend)
            raise
        if question.stuck_backend is not None:
            self._end_stuck(question.stuck_backend)

    def read(self, reading: Reading, statements: tuple[str, ...]) -> list[list[tuple[object, ...]]]:
        """Our own statements' rows, in one round trip. Raises like `ask`."""
        return self._with_connection(
            lambda connection, _: reading.ask(connection, statements), lambda: not reading.cancelled
        )

    @property
    def vectors(self) -> tuple[int, ...]:
        """The version of pgvector, () if the database has no vectors. Raises like `open`."""
        return self.open().proof.vectors

    def look_up(self, lookup: Lookup) -> tuple[list[Column], Rows]:
        """Columns and rows of one of our own statements. Raises like `ask`."""
        return self._with_connection(lambda connection, _: lookup.ask(connection), lambda: not lookup.cancelled)

    def hear(self) -> None:
        """Takes in what the database told meanwhile, without a round trip; does nothing while it is closed."""
        if self._connections is not None:
            self._connections.hear(self._schema_changed)

    def _with_connection(self, work: Callable[[PatientConnection, Proof], T], may_repeat: Callable[[], bool]) -> T:
        """Does work on a connection. One that turns out to be dead is replaced, once: nothing was written."""
        for attempt in (1, 2):
            connections = self.open()
            try:
                with connections.one() as connection:
                    return work(connection, connections.proof)
            except DatabaseUnavailable:  # no connection came about
                self._drop(connections)
                if attempt == 2 or not may_repeat():
                    raise
            except psycopg.Error as error:
                if not is_lost(error):
                    raise told_error(error) from None
                self._drop(connections)
                waited = isinstance(error, psycopg.errors.ConnectionTimeout)  # once is enough
                if attempt == 2 or waited or not may_repeat():
                    raise connection_error(error, self._embedded) from None
        raise AssertionError("unreachable")

    def _drop(self, connections: Connections) -> None:
        """Closes connections; others that somebody opened in their place stay."""
        if self._opening.acquire(timeout=_CLOSE_SECONDS):
            try:
                if self._connections is connections:
                    self._connections = None
            finally:
                self._opening.release()
        connections.close()

    def _end_stuck(self, backend: int) -> None:
        """What to do about a server process that heeds neither deadline nor cancellation.

        A few functions of PostgreSQL never look up from their work. Killing such a process makes the
        embedded PostgreSQL restart its others, in less than a second; elsewhere only an admin may. Or
        it is the network that no longer answers: then the other connections are as dead as this one.
        """
        if self._embedded:
            kill_backend(backend)
        self.close()

    def _admit(self, connection: PatientConnection) -> Proof:
        connection.add_notify_handler(lambda _: self._schema_changed())
        proof = prove(connection, self._user_id)
        connection.patience = self._settings.query_timeout + GRACE_SECONDS
        return proof

    def _schema_changed(self) -> None:
        self.schema_changes += 1
