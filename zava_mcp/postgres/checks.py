"""Whether a database keeps what it promises, as far as that can be looked up as the identity itself."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from uuid import UUID

import psycopg

from zava_mcp import sql
from zava_mcp.errors import DatabaseUnavailable, IdentityError, ZavaError
from zava_mcp.postgres.connection_parameters import ConnectionParameters
from zava_mcp.postgres.function_sources import changed_functions
from zava_mcp.postgres.identity import connect_with_retries, identity_of, mismatches
from zava_mcp.postgres.pgbouncer import apply_session_settings
from zava_mcp.postgres.query_errors import is_connection_lost

_CLOCK_SECONDS = 60
_OLDEST = 15


@dataclass(frozen=True)
class Check:
    """One check: `state` is ok, warn or fail; `fix` says what to do if it is not ok, in SQL where SQL does it."""

    name: str
    state: str
    found: str
    fix: str = ""


def examine(target: ConnectionParameters, user_id: UUID | None, name: str, model: str) -> list[Check]:
    """Connects as the identity and looks at server, login, privileges, policies, extension and vectors.

    `name` is what it was asked for by, if not by its user id; `model` is the embedding model that searches are made
    with. Raises DatabaseUnavailable or IdentityError if
    there is no connection.
    """
    with connect_with_retries(target) as connection:
        try:
            return _examined(connection, target, user_id, name, model)
        except psycopg.Error as error:
            reason = error.diag.message_primary or "the connection is lost"
            raise DatabaseUnavailable(f"the checks could not be finished: {reason}", "Try again.") from None


def _examined(
    connection: psycopg.Connection, target: ConnectionParameters, user_id: UUID | None, name: str, model: str
) -> list[Check]:
    checks = [
        Check("connection", "ok", f"as the login {connection.info.user}"),
        _version(connection),
        _encryption(connection),
        _clock(connection),
    ]
    try:
        row = identity_of(connection, user_id)
    except (DatabaseUnavailable, IdentityError) as error:
        return [*checks, _refused(error)]
    apply_session_settings(connection, row["backend"], target.settings)
    faults = [_refused(error) for error in mismatches(row, user_id, name)]
    checks += faults or [Check("identity", "ok", f"{row['display_name']}, schema version {row['schema_version']}")]
    return [*checks, *_looked_up(connection), _functions(connection), _vectors(connection, model)]


def _refused(error: ZavaError) -> Check:
    name = "identity" if isinstance(error, IdentityError) else "schema"
    return Check(name, "fail", error.message, error.hint)


def _check(name: str, good: bool, found: str, fix: str, otherwise: str = "fail") -> Check:
    return Check(name, "ok", found) if good else Check(name, otherwise, found, fix)


def _version(connection: psycopg.Connection) -> Check:
    version = connection.info.server_version
    found = f"version {version // 10_000}.{version % 10_000}"
    return _check("PostgreSQL", version >= _OLDEST * 10_000, found, f"use PostgreSQL {_OLDEST} or newer")


def _encryption(connection: psycopg.Connection) -> Check:
    asked = connection.info.get_parameters().get("sslmode", "prefer")
    if _is_this_machine(connection.info):
        return Check("encryption", "ok", "on this machine, none needed")
    fix = "add sslmode=verify-full to ZAVA_DATABASE_URL, and sslrootcert if the certificate is your own authority's"
    if not connection.pgconn.ssl_in_use:
        return Check("encryption", "fail", "the connection is not encrypted", fix)
    unchecked = {"verify-full": "", "verify-ca": ": nobody checks that the certificate is of this host"}
    left = unchecked.get(asked, ": nobody checks whose server it is")
    return _check("encryption", not left, f"TLS, sslmode={asked}{left}", fix, "warn")


def _is_this_machine(info: psycopg.ConnectionInfo) -> bool:
    """Whether the connection is a socket's, or a loopback address's that no other host's name stands for."""
    try:
        loopback = ip_address(info.hostaddr.partition("%")[0]).is_loopback
    except ValueError:  # none
        return info.host.startswith(("/", "@"))
    return loopback and info.host in ("", "localhost", "127.0.0.1", "::1", info.hostaddr)


def _clock(connection: psycopg.Connection) -> Check:
    row = connection.execute("SELECT extract(epoch FROM statement_timestamp())").fetchone()
    apart = abs(float(row[0]) - time.time()) if row else 0.0
    fix = "correct the clock: relative dates such as last month are asked for by ours and answered by theirs"
    return _check("clock", apart < _CLOCK_SECONDS, f"{apart:.0f} s from the database's", fix)


def _looked_up(connection: psycopg.Connection) -> Iterator[Check]:
    """The checks of guard.sql, in which the names, the findings and the cures stand."""
    connection.execute("SET search_path = pg_catalog, pg_temp")  # so that every name in a cure has its schema
    for name, statement in sql.named("guard.sql").items():
        try:
            found = connection.execute(statement.encode()).fetchall()
        except psycopg.Error as error:
            if is_connection_lost(error):
                raise
            reason = f"cannot be looked up: {error.diag.message_primary}"
            yield Check(name.replace("_", " "), "fail", reason, "run zava-mcp init as admin")
            continue
        state = "fail" if any(row[0] == "fail" for row in found) else "warn" if found else "ok"
        told = "; ".join(row[1] for row in found) or "as it should be"
        yield Check(name.replace("_", " "), state, told, ";\n".join(row[2] for row in found))


def _functions(connection: psycopg.Connection) -> Check:
    """Whether the functions that policies and triggers call are those of this schema version."""
    name = "functions are as they were made"
    changed = changed_functions(connection)
    if not changed:
        return Check(name, "ok", "as it should be")
    return Check(name, "fail", f"not as made: {', '.join(changed)}", ";\n".join(changed.values()))


def _vectors(connection: psycopg.Connection, model: str) -> Check:
    """Whether the products can be searched by meaning, with the model that is configured."""
    fix = "run zava-mcp embed as admin, with the embedding settings that this server has"
    try:
        row = connection.execute(sql.query("count_embeddings").encode(), {"model": model}).fetchone() or (0, 0, 0, None)
    except psycopg.errors.UndefinedTable:
        return Check("vectors", "ok", "none: search goes by words")
    except psycopg.errors.Error as error:
        return Check("vectors", "fail", f"cannot be read: {error.diag.message_primary}", "run zava-mcp init as admin")
    products, current, older, models = row
    found = f"{current:,} of {products:,} products have one of {model or 'no model'}"
    if older:
        found += f", {older:,} of an older text"
    if not (current or older) and products:
        there = f"the vectors are of {models}" if models else "there are none"
        return Check("vectors", "fail" if model else "warn", f"{found}: {there}", fix)
    return _check("vectors", current == products, found, fix, "warn")
