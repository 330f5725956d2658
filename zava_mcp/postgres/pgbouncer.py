"""A pooler between us and PostgreSQL, such as PgBouncer: recognised, told our settings, refused if it loses them."""

from collections.abc import Callable
from contextlib import suppress

import psycopg

from zava_mcp.errors import DatabaseUnavailable

_BY_TRANSACTION = DatabaseUnavailable(
    "the pooler between us and PostgreSQL gives every transaction another connection, and a session's settings do not "
    "last there: its deadline, read-only mode and how values are written",
    "Let PgBouncer have pool_mode = session for these logins ([users]) or this database, or go without it.",
)


def is_pooled(connection: psycopg.Connection, backend: int) -> bool:
    """Whether a pooler stands between: it gives its clients process numbers of its own invention.

    `backend` is the process that answered.
    """
    return backend != connection.info.backend_pid


def apply_session_settings(connection: psycopg.Connection, backend: int, settings: dict[str, str]) -> None:
    """Makes our settings by SQL where a pooler stands between, because it may have dropped them."""
    if is_pooled(connection, backend):
        lists = {name: ", ".join(f"'{part}'" for part in value.split(",")) for name, value in settings.items()}
        connection.execute("; ".join(f"SET {name} = {values}" for name, values in lists.items()).encode())


def refuse_by_transaction(connection: psycopg.Connection, another: Callable[[], psycopg.Connection]) -> None:
    """Raises DatabaseUnavailable if a pooler gives one and the same connection to two who are both connected.

    While another client holds a transaction open, the first is asked again: by session, its process stays its own,
    and nobody else ever has it.
    """
    first = backend_of(connection)
    try:
        with another() as second, second.transaction():
            if backend_of(second) != first and backend_of(connection) == first:
                return
    except psycopg.errors.ConnectionTimeout:  # there is no second one to be had: by session, the first is still ours
        with suppress(psycopg.OperationalError):
            if backend_of(connection) == first:
                return
    except psycopg.OperationalError:  # by statement, where nobody may begin a transaction
        pass
    raise _BY_TRANSACTION


def backend_of(connection: psycopg.Connection) -> int:
    """The process of PostgreSQL that answers."""
    row = connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0
