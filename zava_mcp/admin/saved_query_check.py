"""Checks a saved query in PostgreSQL before it is saved: parsed alone, then planned as an identity would run it.

A plan runs IMMUTABLE functions, in a session that could take the administrator's rights on again. So no query is
planned that uses a function of a role that is not an administrator.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import pq

from zava_mcp import sql
from zava_mcp.errors import InputError, QueryError
from zava_mcp.postgres.query import explain_wrapper
from zava_mcp.postgres.query_errors import ONE_QUERY_ONLY, query_error
from zava_mcp.postgres.saved_query import TYPES, Parameter, SavedQuery

_TIMEOUT = "10s"
_PG_16 = 160_000


@contextmanager
def as_reader(connection: psycopg.Connection) -> Iterator[str]:
    """A transaction with an identity's rights and search path, which is rolled back.

    Yields "", or the reason why it could not assume the rights of an identity.
    """
    with connection.transaction(force_rollback=True):
        connection.execute(f"SET LOCAL statement_timeout = '{_TIMEOUT}'".encode())
        gap = _set_role(connection)
        connection.execute("SET LOCAL search_path = retail, public")
        yield gap


def _set_role(connection: psycopg.Connection) -> str:
    """Assumes the rights of an identity. An administrator without its role is granted it until the rollback."""
    row = connection.execute(sql.named("saved.sql")["saved_query_reader"].encode()).fetchone()
    if row is None:
        return "there is no identity yet, so that only an administrator's rights were checked"
    role = psycopg.sql.Identifier(row[0])
    options = " WITH SET TRUE, INHERIT FALSE" if connection.info.server_version >= _PG_16 else ""
    grant = psycopg.sql.SQL("GRANT {} TO CURRENT_USER" + options).format(role)
    for before in (None, grant):
        try:
            with connection.transaction():
                if before is not None:
                    connection.execute(before)
                connection.execute(psycopg.sql.SQL("SET LOCAL ROLE {}").format(role))
        except psycopg.errors.InsufficientPrivilege:
            continue
        return ""
    return "this administrator may not take on an identity's role, so that only an administrator's rights were checked"


def check_saved_query(connection: psycopg.Connection, saved: SavedQuery) -> None:
    """Parses and plans a query within `as_reader`. Raises InputError with the line that is wrong."""
    types = [TYPES[parameter.type].type_oid for parameter in saved.parameters]
    try:
        with connection.transaction(force_rollback=True):
            _parse_alone(connection, saved, types)
        with connection.transaction(force_rollback=True):
            _refuse_code_of_others(connection, saved, types)
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL transaction_read_only = on")
            _plan(connection, saved, types)
    except QueryError as error:
        line = f"line {saved.statement.count(chr(10), 0, error.position - 1) + 1}: " if error.position else ""
        raise InputError(f"{line}{error.sqlstate}: {error.message}", error.hint) from None


def _refuse_code_of_others(connection: psycopg.Connection, saved: SavedQuery, types: list[int]) -> None:
    """Raises InputError if the query uses a function that a role that is not an administrator can change.

    PostgreSQL parses the body of a function and records what it uses, without running any of it.
    """
    statements = sql.named("saved.sql")
    connection.execute("RESET ROLE")
    [(names,)] = connection.execute(statements["saved_query_types"].encode(), {"types": types}).fetchall()
    body = f"CREATE FUNCTION zava.checked_query({names}) RETURNS void BEGIN ATOMIC {saved.statement}\n; END"
    _require(connection.pgconn.exec_params(body.encode(), []), body.index(saved.statement))
    if found := connection.execute(statements["saved_query_code"].encode()).fetchall():
        name, owner = found[0]
        raise InputError(
            f"the query uses the function {name}, which {owner} can change and which would run with your rights",
            f"Read the function, then ALTER FUNCTION {name} OWNER TO an administrator.",
        )


def _parse_alone(connection: psycopg.Connection, saved: SavedQuery, types: list[int]) -> None:
    pg = connection.pgconn
    _require(pg.prepare(b"", saved.statement.encode(), types))
    described = pg.describe_prepared(b"")
    _require(described)
    if not described.nfields:
        raise QueryError(ONE_QUERY_ONLY, sqlstate="42601")


def _plan(connection: psycopg.Connection, saved: SavedQuery, types: list[int]) -> None:
    """Plans the query in the wrapper in which it runs, which checks the rights to read its tables too."""
    before, after = explain_wrapper(1)
    text = saved.statement.join((before, after))
    values = [_value(parameter) for parameter in saved.parameters]
    _require(connection.pgconn.exec_params(text.encode(), values, types), len(before))


def _value(parameter: Parameter) -> bytes | None:
    """The default, or NULL: an example of a text need not be one of the text's own format."""
    if parameter.default is None or parameter.type == "store":
        return None
    text = parameter.bind(parameter.default).text
    return None if text is None else text.encode()


def _require(result: pq.abc.PGresult, prefix: int = 0) -> None:
    """Raises QueryError if a statement failed."""
    if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        error = query_error(result, prefix)
        one_only = "multiple commands" in error.message or "SQL function body" in error.message
        if one_only or (prefix and error.sqlstate == "42601"):
            error.message, error.position = ONE_QUERY_ONLY, None
        raise error
