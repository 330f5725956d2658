"""Checks of a database that an identity can make itself: server, login, privileges, policies and embeddings."""

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
from zava_mcp.postgres.identity import connect_with_timeout, mismatches, read_identity
from zava_mcp.postgres.missing_privileges import MissingPrivilege
from zava_mcp.postgres.pgbouncer import apply_session_settings
from zava_mcp.postgres.query_errors import is_connection_lost

_MAX_CLOCK_DIFFERENCE_SECONDS = 60
_MIN_VERSION = 15
#: Checks that do not apply to a database of tenants, which has no products and orders.
_OF_SHOPS = frozenset({"stores_see_their_customers", "tables_are_readable", "extension_vector"})
#: On a cluster, sessions cache nothing of zava.access.
_OF_ONE_SERVER = "open_sessions_see_access_changes"


@dataclass(frozen=True)
class Check:
    """The result of a check. `state` is ok, warn or fail; `fix` says what to do about it, as SQL where possible."""

    name: str
    state: str
    found: str
    fix: str = ""


def check_database(target: ConnectionParameters, user_id: UUID | None, name: str, model: str) -> list[Check]:
    """Connects as the identity and runs all checks of the database.

    `name` is the requested name of the identity, if it was not requested by user id. `model` is the embedding model of
    searches. Raises DatabaseUnavailable or IdentityError if it cannot connect.
    """
    with connect_with_timeout(target) as connection:
        try:
            return _checks(connection, target, user_id, name, model)
        except psycopg.Error as error:
            reason = error.diag.message_primary or "the connection is lost"
            raise DatabaseUnavailable(f"the checks did not finish: {reason}", "Try again.") from None


def _checks(
    connection: psycopg.Connection, target: ConnectionParameters, user_id: UUID | None, name: str, model: str
) -> list[Check]:
    checks = [
        Check("connection", "ok", f"as the login {connection.info.user}"),
        _version(connection),
        _encryption(connection),
        _clock(connection),
    ]
    try:
        row = read_identity(connection, user_id)
    except (DatabaseUnavailable, IdentityError) as error:
        more = _catalogue_checks(connection) if isinstance(error, MissingPrivilege) else ()
        return [*checks, _failed_check(error), *more]
    apply_session_settings(connection, row["backend"], target.settings)
    faults = [_failed_check(error) for error in mismatches(row, user_id, name)]
    checks += faults or [Check("identity", "ok", f"{row['display_name']}, schema version {row['schema_version']}")]
    checks += [*_catalogue_checks(connection, row["of_tenants"], row["is_distributed"]), _functions(connection)]
    if row["is_distributed"]:
        from zava_mcp.postgres.node_checks import check_nodes

        checks += check_nodes(connection, target)
    return checks if row["of_tenants"] else [*checks, _embeddings(connection, model)]


def _failed_check(error: ZavaError) -> Check:
    name = "identity" if isinstance(error, IdentityError) else "schema"
    return Check(name, "fail", error.message, error.hint)


def _check(name: str, passed: bool, found: str, fix: str, state: str = "fail") -> Check:
    return Check(name, "ok", found) if passed else Check(name, state, found, fix)


def _version(connection: psycopg.Connection) -> Check:
    version = connection.info.server_version
    found = f"version {version // 10_000}.{version % 10_000}"
    return _check("PostgreSQL", version >= _MIN_VERSION * 10_000, found, f"use PostgreSQL {_MIN_VERSION} or newer")


def _encryption(connection: psycopg.Connection) -> Check:
    sslmode = connection.info.get_parameters().get("sslmode", "prefer")
    if _is_this_machine(connection.info):
        return Check("encryption", "ok", "not needed on this machine")
    fix = "add sslmode=verify-full to ZAVA_DATABASE_URL, and sslrootcert if the certificate is your own authority's"
    if not connection.pgconn.ssl_in_use:
        return Check("encryption", "fail", "the connection is not encrypted", fix)
    gaps = {"verify-full": "", "verify-ca": ", which does not verify the host name of the certificate"}
    gap = gaps.get(sslmode, ", which does not verify the server")
    return _check("encryption", not gap, f"TLS, sslmode={sslmode}{gap}", fix, "warn")


def _is_this_machine(info: psycopg.ConnectionInfo) -> bool:
    """Returns whether the connection uses a socket, or a loopback address under a name of this machine."""
    try:
        loopback = ip_address(info.hostaddr.partition("%")[0]).is_loopback
    except ValueError:  # a socket has no address
        return info.host.startswith(("/", "@"))
    return loopback and info.host in ("", "localhost", "127.0.0.1", "::1", info.hostaddr)


def _clock(connection: psycopg.Connection) -> Check:
    row = connection.execute("SELECT extract(epoch FROM statement_timestamp())").fetchone()
    difference = abs(float(row[0]) - time.time()) if row else 0.0
    fix = "correct the clock, because relative dates such as last month use both clocks"
    return _check(
        "clock", difference < _MAX_CLOCK_DIFFERENCE_SECONDS, f"{difference:.0f} s from the database's clock", fix
    )


def catalogue_statements(of_tenants: bool) -> dict[str, str]:
    """The statements of checks.sql for a database of shops or of tenants.

    An identity of a database of tenants reads no table of stores, only the function with its own.
    """
    statements = sql.named("checks.sql")
    if not of_tenants:
        return statements
    company = statements["company_is_described"].replace("retail.stores", "zava.own_stores()")
    return {
        name: statement
        for name, statement in {**statements, "company_is_described": company}.items()
        if name not in _OF_SHOPS
    }


def _catalogue_checks(
    connection: psycopg.Connection, of_tenants: bool = False, is_distributed: bool = False
) -> Iterator[Check]:
    """Runs the checks of checks.sql and data_checks.sql, which have their names, findings and fixes."""
    connection.execute("SET search_path = pg_catalog, pg_temp")  # so that every name in a fix includes its schema
    connection.execute(sql.named("queries.sql")["disable_jit"].encode())  # which takes longer than the checks
    of_shops = {} if of_tenants else sql.named("data_checks.sql")
    statements = {**catalogue_statements(of_tenants), **of_shops}
    if is_distributed:
        del statements[_OF_ONE_SERVER]
        statements |= sql.named("citus_checks.sql")
    for name, statement in statements.items():
        try:
            faults = connection.execute(statement.encode()).fetchall()
        except psycopg.Error as error:
            if is_connection_lost(error):
                raise
            if name in of_shops and isinstance(error, psycopg.errors.InsufficientPrivilege):
                continue  # the check of readable tables names what is missing
            reason = f"not checked: {error.diag.message_primary}"
            yield Check(name.replace("_", " "), "fail", reason, "run zava-mcp init as administrator")
            continue
        state = "fail" if any(row[0] == "fail" for row in faults) else "warn" if faults else "ok"
        found = "; ".join(row[1] for row in faults) or "passed"
        yield Check(name.replace("_", " "), state, found, ";\n".join(row[2] for row in faults))


def _functions(connection: psycopg.Connection) -> Check:
    """Checks that the functions of policies and triggers are those of this schema version."""
    name = "functions are unchanged"
    changed = changed_functions(connection)
    if not changed:
        return Check(name, "ok", "passed")
    return Check(name, "fail", f"changed: {', '.join(changed)}", ";\n".join(changed.values()))


def _embeddings(connection: psycopg.Connection, model: str) -> Check:
    """Checks that the products have current embeddings of the configured model."""
    fix = "run zava-mcp embed as administrator, with the embedding settings of this server"
    try:
        row = connection.execute(sql.query("count_embeddings").encode(), {"model": model}).fetchone() or (0, 0, 0, None)
    except psycopg.errors.UndefinedTable:
        return Check("embeddings", "ok", "none: search uses full-text search")
    except psycopg.errors.Error as error:
        return Check(
            "embeddings",
            "fail",
            f"cannot be read: {error.diag.message_primary}",
            "run zava-mcp init as administrator",
        )
    products, current, outdated, models = row
    found = f"{current:,} of {products:,} products have one of {model or 'no model'}"
    if outdated:
        found += f", {outdated:,} have one of an older text"
    if not (current or outdated) and products:
        existing = f"the embeddings were made by {models}" if models else "there are none"
        return Check("embeddings", "fail" if model else "warn", f"{found}: {existing}", fix)
    return _check("embeddings", current == products, found, fix, "warn")
