"""Detects poolers such as PgBouncer, applies session settings by SQL, and refuses transaction pooling."""

from collections.abc import Callable
from contextlib import suppress

import psycopg

from zava_mcp.errors import DatabaseUnavailable

_TRANSACTION_POOLING = DatabaseUnavailable(
    "the pooler in front of PostgreSQL assigns another connection to every transaction, and session settings do not "
    "last there: the deadline, read-only mode and value formats",
    "Set pool_mode = session in PgBouncer for these logins ([users]) or this database, or connect without it.",
)


def is_pooled(connection: psycopg.Connection, backend: int) -> bool:
    """Whether the connection goes through a pooler, which gives its clients process ids of its own.

    `backend` is the process id that PostgreSQL returned.
    """
    return backend != connection.info.backend_pid


def apply_session_settings(connection: psycopg.Connection, backend: int, settings: dict[str, str]) -> None:
    """Sets the session settings by SQL behind a pooler, which may have dropped the connection's options."""
    if is_pooled(connection, backend):
        lists = {name: ", ".join(f"'{part}'" for part in value.split(",")) for name, value in settings.items()}
        connection.execute("; ".join(f"SET {name} = {values}" for name, values in lists.items()).encode())


def refuse_transaction_pooling(connection: psycopg.Connection, another: Callable[[], psycopg.Connection]) -> None:
    """Raises DatabaseUnavailable if a pooler shares one PostgreSQL connection between two connected clients.

    While a second client holds a transaction open, it compares the process ids: with session pooling, the first client
    keeps its own process.
    """
    first = backend_of(connection)
    try:
        with another() as second, second.transaction():
            if backend_of(second) != first and backend_of(connection) == first:
                return
    except psycopg.errors.ConnectionTimeout:  # no second connection: with session pooling, the first keeps its process
        with suppress(psycopg.OperationalError):
            if backend_of(connection) == first:
                return
    except psycopg.OperationalError:  # statement pooling allows no transaction
        pass
    raise _TRANSACTION_POOLING


def backend_of(connection: psycopg.Connection) -> int:
    """The id of the PostgreSQL process that serves the connection."""
    row = connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0
