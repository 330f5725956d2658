"""Converts PostgreSQL's errors in statements to QueryErrors that say what happened and what to do."""

import psycopg
from psycopg import pq

from zava_mcp.errors import QueryError

ONE_QUERY_ONLY = "only one row-returning query is allowed: a SELECT, WITH, VALUES or TABLE"
NOT_UTF8 = "The database holds text that is not UTF-8: convert_to(column, 'SQL_ASCII') returns its bytes."
KEEP_UTF8 = "Do not change client_encoding: results are UTF-8."

_MAX_CHARACTERS = 500  # an error can quote a value of any length

#: Hints by SQLSTATE, for errors without a hint of PostgreSQL.
_QUERY_HINTS = {
    "42P01": "get_multiple_table_schemas lists the tables with their schemas.",
    "42703": "get_multiple_table_schemas lists each table's columns.",
    "42803": "Name every selected column in GROUP BY, or aggregate it; a key does not include its row's columns.",
    "42501": "This identity may read the tables and columns that get_multiple_table_schemas lists, and no others.",
    "57014": "The query took too long. Narrow the date range, filter by store or category, or aggregate.",
    "53100": "The database's disk is full. Filter or aggregate earlier in the query, or try again later.",
    "53400": "The query sorts or joins more than may be written to disk. Filter or aggregate earlier in the query.",
    "40001": "The data changed on a replica while the query ran. Try again.",
    "53200": "The query needs too much memory. Filter or aggregate earlier in the query.",
    "22021": NOT_UTF8,
    "22P05": "The database's encoding has no such character: leave it out of the query.",
    "54000": "Select fewer or shorter columns, or aggregate.",
    "08P01": "Parameters such as $1 cannot be used: write the values into the query.",
}


_JOIN_STORES = "The tables are distributed by store: join orders and order_items USING (order_id, store_id)."
#: Errors of a Citus cluster by their first words: the message, and the hint. Messages of Citus name nodes and logins.
_CLUSTER_ERRORS = (
    ("the query contains a join that requires repartitioning", "the join does not compare store_id", _JOIN_STORES),
    ("complex joins are only supported when all distributed tables are co-located", "", _JOIN_STORES),
    (
        "connection to the remote node",
        "a node of the database cluster cannot be reached",
        "Try again. If it goes on, an administrator has to start the node, or run zava-mcp init if it lacks the login.",
    ),
)


def _cluster_error(message: str, hint: str) -> tuple[str, str]:
    """The message and the hint of an error, without the addresses of a cluster's nodes."""
    for start, replacement, cure in _CLUSTER_ERRORS:
        if message.startswith(start):
            return replacement or message, cure
    return message, hint


def query_error(result: pq.abc.PGresult, prefix: int = 0) -> QueryError:
    """The error of a result. `prefix` is the number of characters before the user's own text."""

    def field_text(field: pq.DiagnosticField) -> str:
        text = (result.error_field(field) or b"")[: 4 * _MAX_CHARACTERS].decode("utf-8", "replace")
        return text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…"

    sqlstate = field_text(pq.DiagnosticField.SQLSTATE)
    offset = field_text(pq.DiagnosticField.STATEMENT_POSITION)
    position = int(offset) - prefix if offset.isdigit() else None
    message = field_text(pq.DiagnosticField.MESSAGE_PRIMARY) or "the query failed"
    hint = field_text(pq.DiagnosticField.MESSAGE_HINT) or _QUERY_HINTS.get(sqlstate, "")
    return QueryError(
        *_cluster_error(message, hint),
        sqlstate,
        position if position and position > 0 else None,
    )


def to_query_error(error: psycopg.Error) -> QueryError:
    """The error of one of zava-mcp's own statements, whose connection is still open."""
    if error.pgresult is not None:
        return query_error(error.pgresult)
    return QueryError(error.diag.message_primary or "the query failed", sqlstate=error.sqlstate or "")


def is_connection_lost(error: psycopg.Error) -> bool:
    """Whether the connection failed: psycopg raises OperationalError also for a deadline or a full disk."""
    sqlstate = error.sqlstate or ""
    return isinstance(error, psycopg.OperationalError) and (not sqlstate or sqlstate.startswith(("08", "57P")))
