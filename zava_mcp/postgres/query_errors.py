"""PostgreSQL's errors, said for their reader: what happened, what to do next, and no secret in it."""

import re

import psycopg
from psycopg import pq

from zava_mcp.errors import DatabaseUnavailable, QueryError, ZavaError
from zava_mcp.postgres.connection_errors import CONNECTION_FAILURES, Failure
from zava_mcp.postgres.location import ADMIN_URL, Location
from zava_mcp.postgres.parameter_errors import WRONG_PARAMETERS

ONE_QUERY_ONLY = "only one row-returning query is allowed: a SELECT, WITH, VALUES or TABLE"
NOT_UTF8 = "The database holds text that is not UTF-8: convert_to(column, 'SQL_ASCII') gives its bytes."
ANSWERS_ARE_UTF8 = "Leave client_encoding as it is: answers are UTF-8."


_SAID_CHARACTERS = 500  # an error quotes the value it is about, and that can be as long as the query likes

#: What to do about errors whose own message does not say it.
_QUERY_HINTS = {
    "42P01": "get_multiple_table_schemas lists the tables; they are in the schema retail.",
    "42703": "get_multiple_table_schemas lists each table's columns.",
    "42803": "Name every selected column in GROUP BY, or aggregate it; a key alone does not stand for its row.",
    "42501": "This identity may read the tables and columns that get_multiple_table_schemas lists, and no others.",
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
        told(pq.DiagnosticField.MESSAGE_HINT) or _QUERY_HINTS.get(sqlstate, ""),
        sqlstate,
        position if position and position > 0 else None,
    )


def to_query_error(error: psycopg.Error) -> QueryError:
    """The error of a statement of ours, which failed while its connection lives on."""
    if error.pgresult is not None:
        return query_error(error.pgresult)
    return QueryError(error.diag.message_primary or "the query failed", sqlstate=error.sqlstate or "")


def is_connection_lost(error: psycopg.Error) -> bool:
    """Whether it was the connection that failed: psycopg also calls a deadline or a full disk operational."""
    sqlstate = error.sqlstate or ""
    return isinstance(error, psycopg.OperationalError) and (not sqlstate or sqlstate.startswith(("08", "57P")))


def connection_error(error: psycopg.Error, location: Location | None) -> ZavaError:
    """Why no connection came about, recognised by SQLSTATE or by libpq's words; None is the embedded database."""
    said = " ".join(str(error).split())
    sqlstate = error.sqlstate or ""
    place = location.reached(error) if location else None
    for pattern, message, hint in WRONG_PARAMETERS:
        if found := re.search(pattern, said):
            told = message.format(*((text or "")[:80] for text in found.groups()))
            return DatabaseUnavailable(_placed(told, place), hint)
    for failure in CONNECTION_FAILURES:
        if failure.is_meant(sqlstate, said):
            return _explained(failure, place, said)
    told = _placed(f"no connection to the database ({sqlstate or type(error).__name__})", place)
    return DatabaseUnavailable(told, _SEE_LOG if place is None else f"Check {place.setting('host')} and the network.")


_SENTENCES = re.compile(r"(?<=\.) ")
_SEE_LOG = "The embedded database's server.log says more."


def _explained(failure: Failure, place: Location | None, said: str) -> ZavaError:
    if place is None:
        hint = " ".join(sentence for sentence in _SENTENCES.split(failure.hint) if "{" not in sentence) or _SEE_LOG
    elif place.source == ADMIN_URL and failure.part:
        hint = f"Correct {place.setting(failure.part)}."
    else:
        hint = failure.hint.format_map(_Words(place, said))
    error = failure.kind(_placed(failure.message, place), hint)
    error.server_hint = failure.server_hint
    return error


def _placed(message: str, place: Location | None) -> str:
    return f"{message} ({named})" if place is not None and (named := str(place)) else message


class _Words(dict[str, str]):
    """What a hint's {words} stand for: a setting's name, or where the password came from."""

    def __init__(self, place: Location, said: str) -> None:
        super().__init__()
        self._place, self._said = place, said

    def __missing__(self, word: str) -> str:
        if word == "passfile_fault":
            return self._place.passfile_fault()
        if word == "password":
            found = re.search(r'password retrieved from file "([^"]+)"', self._said)
            return f"the password in the passfile {found[1]}" if found else self._place.setting("password")
        return self._place.setting(word)
