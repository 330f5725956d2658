"""Where names without a schema are looked for: in no schema in which somebody else could plant something."""

import psycopg

from zava_mcp import sql
from zava_mcp.postgres.connection_parameters import ConnectionParameters
from zava_mcp.postgres.identity import VerifiedIdentity, connect
from zava_mcp.postgres.pgbouncer import backend_of, is_pooled, refuse_by_transaction
from zava_mcp.postgres.query_errors import connection_error


def connect_as_admin(target: ConnectionParameters) -> psycopg.Connection:
    """A connection of an administrator, on which names resolve to PostgreSQL's own whatever others planted.

    Settings that the database or the login starts with have no effect on that. Raises as `connect`, and
    DatabaseUnavailable if a pooler gives each transaction another connection, where a session's settings do not last.
    """
    connection = connect(target)
    try:
        named = "role=" in str(target.parameters.get("options", ""))  # else the database may have set one
        for statement in ("set_session_search_path", *(() if named else ("reset_role",))):
            connection.execute(sql.query(statement).encode())
        if is_pooled(connection, backend_of(connection)):
            refuse_by_transaction(connection, lambda: connect(target))
    except psycopg.OperationalError as error:
        connection.close()
        raise connection_error(error, target.location) from None
    except BaseException:
        connection.close()
        raise
    return connection


def set_search_path(connection: psycopg.Connection, proof: VerifiedIdentity) -> None:
    """Lets the identity's SQL leave out the names of schemas in which nobody else can plant anything."""
    connection.execute(f"SET search_path = {', '.join(proof.schemas) or 'pg_catalog'}".encode())
