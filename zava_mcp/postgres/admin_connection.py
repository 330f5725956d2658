"""Administrators' connections, and search paths without schemas in which other roles can create objects."""

import psycopg

from zava_mcp import sql
from zava_mcp.postgres.connection_errors import connection_error
from zava_mcp.postgres.connection_parameters import ConnectionParameters
from zava_mcp.postgres.identity import VerifiedIdentity, connect
from zava_mcp.postgres.pgbouncer import backend_of, is_pooled, refuse_transaction_pooling


def connect_as_admin(target: ConnectionParameters) -> psycopg.Connection:
    """A connection of an administrator, on which unqualified names resolve to PostgreSQL's own objects.

    Defaults of the database or the login do not change that. Raises as `connect`, and DatabaseUnavailable if a pooler
    gives each transaction another connection, because session settings are lost there.
    """
    connection = connect(target)
    try:
        has_role = "role=" in str(target.parameters.get("options", ""))  # Without it, the database may have set a role.
        for statement in ("set_session_search_path", "disable_jit", *(() if has_role else ("reset_role",))):
            connection.execute(sql.query(statement).encode())
        if is_pooled(connection, backend_of(connection)):
            refuse_transaction_pooling(connection, lambda: connect(target))
    except psycopg.OperationalError as error:
        connection.close()
        raise connection_error(error, target.location) from None
    except BaseException:
        connection.close()
        raise
    return connection


def set_search_path(connection: psycopg.Connection, identity: VerifiedIdentity) -> None:
    """Lets the identity's SQL use unqualified names from schemas in which no untrusted role can create objects."""
    connection.execute(f"SET search_path = {', '.join(identity.schemas) or 'pg_catalog'}".encode())
