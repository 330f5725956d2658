"""What `init` does with a database whose rows are loaded: it builds missing indexes and collects statistics."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import psycopg

from zava_mcp import sql
from zava_mcp.postgres.query_errors import is_connection_lost

#: Queries that return the statements for what is missing.
INDEXES, COMMENTS = "indexes.sql", "comments.sql"
_STATISTICS = "statistics.sql"


def missing(connection: psycopg.Connection, file: str) -> list[str]:
    """The statements that a file's query returns: for what the database lacks, or to collect its statistics."""
    return [statement for (statement,) in connection.execute(sql.script(file).encode()).fetchall()]


def index_and_analyse(connection: psycopg.Connection, second: psycopg.Connection) -> None:
    """Builds missing indexes, then collects statistics, on two connections at the same time."""
    for file in (INDEXES, _STATISTICS):
        _run_concurrently([connection, second], missing(connection, file))


def _run_concurrently(connections: Sequence[psycopg.Connection], statements: Iterable[str]) -> None:
    """Runs each statement on the next connection that is free.

    Raises an error after the others have ended, and that of a lost connection only if there is no other.
    """
    free: SimpleQueue[psycopg.Connection] = SimpleQueue()
    for connection in connections:
        free.put(connection)

    def run(statement: str) -> None:
        connection = free.get()
        try:
            connection.execute(statement.encode())
        finally:
            free.put(connection)

    with ThreadPoolExecutor(len(connections)) as executor:
        futures = [executor.submit(run, statement) for statement in statements]
    if errors := [error for future in futures if (error := future.exception())]:
        raise min(errors, key=lambda error: isinstance(error, psycopg.Error) and is_connection_lost(error))
