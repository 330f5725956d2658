"""PostgreSQL's errors, said for their reader: what happened, what to do next, and no secret in it."""

import re

import psycopg
from psycopg import pq

from zava_mcp.database.wrong_parameters import WRONG_PARAMETERS
from zava_mcp.errors import DatabaseUnavailable, IdentityError, QueryError, ZavaError

ONE_QUERY_ONLY = "only one row-returning query is allowed: a SELECT, WITH, VALUES or TABLE"
NOT_UTF8 = "The database holds text that is not UTF-8: convert_to(column, 'SQL_ASCII') gives its bytes."
ANSWERS_ARE_UTF8 = "Leave client_encoding as it is: answers are UTF-8."


class Restarting(DatabaseUnavailable):
    """The database server is there, and says that it is starting, stopping or recovering."""


class NotListening(DatabaseUnavailable):
    """Nothing listens where the database server should."""


class NoDatabase(DatabaseUnavailable):
    """The server has no database of that name."""


class Disconnected(DatabaseUnavailable):
    """A connection that was there has ended."""


_SAID_CHARACTERS = 500  # an error quotes the value it is about, and that can be as long as the query likes

#: What to do about errors whose own message does not say it.
_QUERY_HINTS = {
    "42P01": "get_multiple_table_schemas lists the tables; they are in the schema retail.",
    "42703": "get_multiple_table_schemas lists each table's columns.",
    "42803": "Name every selected column in GROUP BY, or aggregate it; a key alone does not stand for its row.",
    "42501": "This identity may read the tables and columns that get_multiple_table_schemas lists, and nothing beyond "
    "them. Name the columns: * stands for hidden ones too.",
    "57014": "It took too long. Narrow the date range, filter by store or category, or aggregate.",
    "53100": "The database's disk is full. Filter or aggregate earlier in the query, or ask again later.",
    "53400": "It sorts or joins more than may be written to disk. Filter or aggregate earlier in the query.",
    "40001": "The data changed under it on a replica. Ask again.",
    "53200": "It needs too much memory. Filter or aggregate earlier in the query.",
    "22021": NOT_UTF8,
    "22P05": "The database's encoding has no such character: leave it out of the query.",
    "54000": "Select fewer or shorter columns, or aggregate.",
    "08P01": "Parameters such as $1 cannot be used: write the values into the query.",
}


def query_error(result: pq.abc.PGresult, prefix: int = 0) -> QueryError:
    """The error of a result. `prefix` is how many characters stand before the user's own text."""

    def told(field: pq.DiagnosticField) -> str:
        text = (result.error_field(field) or b"")[: 4 * _SAID_CHARACTERS].decode("utf-8", "replace")
        return text if len(text) <= _SAID_CHARACTERS else f"{text[:_SAID_CHARACTERS]}…"

    sqlstate = told(pq.DiagnosticField.SQLSTATE)
    place = told(pq.DiagnosticField.STATEMENT_POSITION)
    position = int(place) - prefix if place.isdigit() else None
    return QueryError(
        told(pq.DiagnosticField.MESSAGE_PRIMARY) or "the query failed",
        told(pq.DiagnosticField.MESSAGE_HINT) or _hint(sqlstate, told(pq.DiagnosticField.MESSAGE_PRIMARY)),
        sqlstate,
        position if position and position > 0 else None,
    )


def told_error(error: psycopg.Error) -> QueryError:
    """The error of a statement of ours, which failed while its connection lives on."""
    if error.pgresult is not None:
        return query_error(error.pgresult)
    return QueryError(error.diag.message_primary or "the query failed", sqlstate=error.sqlstate or "")


def is_lost(error: psycopg.Error) -> bool:
    """Whether it was the connection that failed: psycopg also calls a deadline or a full disk operational."""
    sqlstate = error.sqlstate or ""
    return isinstance(error, psycopg.OperationalError) and (not sqlstate or sqlstate.startswith(("08", "57P")))


def _hint(sqlstate: str, message: str) -> str:
    if sqlstate == "42501" and "table stores" in message:
        return (
            "stores.rls_user_id is not readable: name the columns, SELECT store_id, store_name, is_online "
            "FROM retail.stores."
        )
    return _QUERY_HINTS.get(sqlstate, "")


def connection_error(error: psycopg.Error, embedded: bool) -> ZavaError:
    """Why no connection came about, recognised by SQLSTATE or by libpq's words."""
    said = " ".join(str(error).split())
    sqlstate = error.sqlstate or ""
    for pattern, message, hint in WRONG_PARAMETERS:
        if found := re.search(pattern, said):
            return DatabaseUnavailable(message.format(*((text or "")[:80] for text in found.groups())), hint)
    for signs, kind, message, hint in _CONNECTION_FAILURES:
        if any(sign == sqlstate if _SQLSTATE.fullmatch(sign) else re.search(sign, said) for sign in signs):
            return kind(message, hint)
    hint = "The embedded database's server.log says more." if embedded else "Check the database settings."
    return DatabaseUnavailable(f"no connection to the database ({sqlstate or type(error).__name__})", hint)


_SQLSTATE = re.compile(r"(?=.*\d)[0-9A-Z]{5}")

#: SQLSTATEs or, because libpq gives none for a connection that failed, patterns of its words.
_CONNECTION_FAILURES: tuple[tuple[tuple[str, ...], type[ZavaError], str, str], ...] = (
    (
        ("28P01", "password authentication failed", "no password supplied"),
        IdentityError,
        "the database does not accept this login's password",
        "Set POSTGRES_PASSWORD or the passfile to this identity's password; if it is right, the identity was removed "
        "or has expired, which `zava-mcp identities` tells an admin.",
    ),
    (
        ("28000", 'role ".*" does not exist'),
        IdentityError,
        "the database knows no login for this identity",
        "Check the user id; `zava-mcp identities` lists the ones that exist.",
    ),
    (
        ("not permitted to log in",),
        IdentityError,
        "this login may not log in any more",
        "The identity was removed or closed; an admin sees with `zava-mcp identities` who may ask.",
    ),
    (
        ("3D000", 'database ".*" does not exist'),
        NoDatabase,
        "the database named in the settings does not exist on that server",
        "Check POSTGRES_DB or the URL; for a new one, an administrator runs `zava-mcp init`, which creates it.",
    ),
    (
        ("42501", "permission denied for database"),
        IdentityError,
        "this login may not connect to that database",
        "The identity was removed, or not admitted yet: an admin's `zava-mcp identities` tells.",
    ),
    (
        ("53300", "too many connections", "too many clients", "remaining connection slots"),
        DatabaseUnavailable,
        "the database has no connection left for this login",
        "Wait until others finish, or raise max_connections or the login's connection limit.",
    ),
    (
        ("unsupported startup parameter",),
        DatabaseUnavailable,
        "the pooler between us and PostgreSQL refuses the settings that connections start with",
        "In pgbouncer.ini, add options to ignore_startup_parameters (they are then set by SQL); pool_mode = session.",
    ),
    (
        ("no more connections allowed", "query_wait_timeout"),
        DatabaseUnavailable,
        "the pooler between us and PostgreSQL has no connection left",
        "Wait until others finish, or raise its max_client_conn or pool_size.",
    ),
    (
        ("57P03", "starting up", "shutting down", "in recovery mode", "not yet accepting"),
        Restarting,
        "the database is starting up or shutting down",
        "Try again in a few seconds; the server reconnects by itself.",
    ),
    (
        ("53100", "No space left"),
        DatabaseUnavailable,
        "the database's disk is full",
        "Make room on the database's disk; the server reconnects by itself.",
    ),
    (
        ("Connection refused", "No such file or directory"),
        NotListening,
        "the database is not running, or its port is closed",
        "Start it, or correct its host and port; the server reconnects by itself.",
    ),
    (
        ("could not translate host name", "failed to resolve host", "Name or service not known"),
        DatabaseUnavailable,
        "the database's host name cannot be resolved",
        "Check the host in the settings, and the network.",
    ),
    (
        ("timeout expired", "timed out", "ConnectionTimeout"),
        DatabaseUnavailable,
        "the database did not answer in time",
        "Check host, port and firewall; the server reconnects by itself.",
    ),
    (
        (
            "server closed the connection",
            "SSL SYSCALL",
            "SSL connection has been closed",
            "connection was closed",
            "the connection is lost",
            "the connection is closed",
            "server conn crashed",
            "Connection reset by peer",
            "could not (receive|send) data",
            "Broken pipe",
            "socket closed",
            "57P01",
            "57P02",
        ),
        Disconnected,
        "the database closed the connection",
        "Try again; the server reconnects by itself.",
    ),
    (
        ("certificate", "SSL", "TLS", "no encryption"),
        DatabaseUnavailable,
        "the secure connection to the database could not be established",
        "Check sslmode and sslrootcert in the settings.",
    ),
    (
        ("invalid connection option", "invalid URI", 'missing "="'),
        DatabaseUnavailable,
        "the database settings are not a valid connection string",
        "Write it as postgresql://host:5432/zava.",
    ),
)
