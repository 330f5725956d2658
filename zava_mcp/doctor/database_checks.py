"""Checks of a database that an identity can make itself: server, login, privileges, policies and embeddings."""

import time
from collections.abc import Iterator
from ipaddress import ip_address

import psycopg

from zava_mcp import sql
from zava_mcp.doctor.check import Check
from zava_mcp.doctor.node_checks import check_nodes
from zava_mcp.errors import DatabaseUnavailable, IdentityError, ZavaError
from zava_mcp.postgres.connection_errors import MissingPrivilege
from zava_mcp.postgres.function_sources import changed_functions
from zava_mcp.postgres.identity import mismatches, read_identity
from zava_mcp.postgres.pgbouncer import apply_session_settings
from zava_mcp.postgres.pool_connections import UnverifiedConnection
from zava_mcp.postgres.query_errors import is_connection_lost
from zava_mcp.sales.service import SalesService

_MAX_CLOCK_DIFFERENCE_SECONDS = 60
_MIN_VERSION = 15
#: Checks that do not apply to a database of tenants, which has no products and orders.
_NEEDS_ORDERS = frozenset({"stores_see_their_customers", "tables_are_readable", "extension_vector"})
_OF_ONE_SERVER = "open_sessions_see_access_changes"  # On a cluster, sessions cache nothing of zava.access.


def check_database(service: SalesService) -> list[Check]:
    """Connects as the identity and runs all checks of the database.

    Raises DatabaseUnavailable or IdentityError if it cannot connect.
    """
    with service.unverified_connection() as unverified:
        try:
            return _checks(unverified, service.search_model)
        except psycopg.Error as error:
            reason = error.diag.message_primary or "the connection is lost"
            raise DatabaseUnavailable(f"the checks did not finish: {reason}", "Try again.") from None


def _checks(unverified: UnverifiedConnection, model: str) -> list[Check]:
    connection = unverified.connection
    checks = [
        Check("connection", "ok", f"as the login {connection.info.user}"),
        _version(connection),
        _encryption(connection),
        _clock(connection),
    ]
    try:
        row = read_identity(connection, unverified.identity.user_id)
    except (DatabaseUnavailable, IdentityError) as error:
        more = _catalogue_checks(connection) if isinstance(error, MissingPrivilege) else ()
        return [*checks, _failed_check(error), *more]
    apply_session_settings(connection, row["backend"], unverified.parameters.settings)
    faults = [_failed_check(error) for error in mismatches(row, unverified.identity)]
    checks += faults or [Check("identity", "ok", f"{row['display_name']}, schema version {row['schema_version']}")]
    checks += [*_catalogue_checks(connection, row["has_orders"], row["is_distributed"]), _functions(connection)]
    if row["is_distributed"]:
        checks += check_nodes(connection, unverified.parameters)
    return [*checks, _embeddings(connection, model)] if row["has_orders"] else checks


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


def catalogue_statements(has_orders: bool) -> dict[str, str]:
    """The statements of checks.sql for a database of orders or of tenants.

    An identity of a database of tenants reads no table of stores, only the function with its own.
    """
    statements = sql.named("checks.sql")
    if has_orders:
        return statements
    company = statements["company_is_described"].replace("retail.stores", "zava.own_stores()")
    statements = {**statements, "company_is_described": company}
    return {name: statement for name, statement in statements.items() if name not in _NEEDS_ORDERS}


def _catalogue_checks(
    connection: psycopg.Connection, has_orders: bool = True, is_distributed: bool = False
) -> Iterator[Check]:
    """Runs the checks of checks.sql and data_checks.sql, which have their names, findings and fixes."""
    connection.execute("SET search_path = pg_catalog, pg_temp")  # Every name in a fix then includes its schema.
    connection.execute(sql.named("queries.sql")["disable_jit"].encode())  # JIT takes longer than the checks.
    of_data = sql.named("data_checks.sql") if has_orders else {}
    statements = {**catalogue_statements(has_orders), **of_data}
    if is_distributed:
        del statements[_OF_ONE_SERVER]
        statements |= sql.named("citus_checks.sql")
    for name, statement in statements.items():
        try:
            faults = connection.execute(statement.encode()).fetchall()
        except psycopg.Error as error:
            if is_connection_lost(error):
                raise
            if name in of_data and isinstance(error, psycopg.errors.InsufficientPrivilege):
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
        existing = f"the embeddings were computed with {models}" if models else "there are none"
        return Check("embeddings", "fail" if model else "warn", f"{found}: {existing}", fix)
    return _check("embeddings", current == products, found, fix, "warn")
