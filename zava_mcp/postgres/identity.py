"""Connects as an identity's login, and verifies that the login is that identity and can do no more than it."""

import os
import time
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from zava_mcp import sql
from zava_mcp.company import NEUTRAL, CompanyProfile
from zava_mcp.errors import DatabaseUnavailable, IdentityError, ZavaError
from zava_mcp.postgres import connection_errors
from zava_mcp.postgres.connection_parameters import ConnectionParameters
from zava_mcp.postgres.location import Location
from zava_mcp.postgres.login_rights import LoginRights
from zava_mcp.postgres.timeout_connection import CONNECT_SECONDS, TimeoutConnection
from zava_mcp.postgres.user_ids import RequestedIdentity, short_name
from zava_mcp.settings import Settings

C = TypeVar("C", bound=psycopg.Connection)

_TCP_TIMEOUT_MILLISECONDS = 35_000  # An unreachable network ends a connection after this time.
_EXPIRY_MARGIN = 1.0  # Queries open a new connection from this many seconds before the login expires.
_CLIENT_CHECK_INTERVAL = "2s"  # A running query checks this often that its client is connected.


@dataclass(frozen=True)
class VerifiedIdentity:
    """The verified identity of a connection's login.

    `can_lock`: the login can take advisory locks, which are released after each query. `pgvector_version` is (0, 8),
    () without a table of embeddings. `expires_at` is by this machine's monotonic clock, None if the login does not
    expire. `backend` is the id of the PostgreSQL process. `schemas` are those of retail and public in which only roles
    can create objects that see every row anyway. `company` is the profile of the company whose sales these are.
    Without `has_orders`, the database has no products and orders, and its stores are tenants. `is_distributed`: over a
    Citus cluster.
    """

    user_id: UUID
    name: str
    all_stores: bool
    can_lock: bool
    pgvector_version: tuple[int, ...]
    backend: int
    expires_at: float | None = None
    schemas: tuple[str, ...] = ()
    company: CompanyProfile = NEUTRAL
    has_orders: bool = True
    is_distributed: bool = False

    def has_expired(self) -> bool:
        """Whether the login has expired or is about to."""
        return self.expires_at is not None and time.monotonic() >= self.expires_at


def for_identity(target: ConnectionParameters, user_id: UUID | None, settings: Settings) -> ConnectionParameters:
    """The parameters with the options of every identity's connection: read-only, a deadline, fixed value formats."""
    options = _session_options(user_id, settings)
    if not (target.embedded and os.name == "nt"):  # PostgreSQL does not support it on Windows
        options["client_connection_check_interval"] = _CLIENT_CHECK_INTERVAL
    words = " ".join("-c " + f"{name}={value}".replace(" ", "\\ ") for name, value in options.items())
    parameters = {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 15,
        "tcp_user_timeout": _TCP_TIMEOUT_MILLISECONDS,
        "client_encoding": "UTF8",  # PostgreSQL's spelling: a pooler returns it unchanged.
        "application_name": settings.application_name,
        **target.parameters,
    }
    parameters["options"] = f"{parameters.get('options', '')} {words}".strip()
    if (parameters.get("target_session_attrs") or os.environ.get("PGTARGETSESSIONATTRS")) == "read-write":
        parameters["target_session_attrs"] = "primary"  # sessions are read-only on a primary too
    return replace(target, parameters=parameters, settings=options)


def _session_options(user_id: UUID | None, settings: Settings) -> dict[str, str]:
    """The settings that every connection of an identity starts with."""
    return {
        "default_transaction_read_only": "on",
        "default_transaction_isolation": "read committed",  # Other levels would look the identity up for each query.
        "row_security": "on",
        "client_min_messages": "error",
        "standard_conforming_strings": "on",
        "transform_null_equals": "off",
        "search_path": "pg_catalog,pg_temp",  # `verify_identity` returns the safe schemas.
        "statement_timeout": f"{int(settings.query_timeout * 1000)}",
        "DateStyle": "ISO",
        "IntervalStyle": "iso_8601",
        "TimeZone": "UTC",
        "extra_float_digits": "1",
        "bytea_output": "hex",
        # With a filter, pgvector continues its index scan until it has enough rows, up to ten times as far as by
        # default. Of the ten nearest of a million embeddings, ef_search 400 finds 94.8 % and 800 finds 96.8 %.
        "hnsw.iterative_scan": "relaxed_order",
        "hnsw.ef_search": "800",
        "hnsw.max_scan_tuples": "200000",
        "hnsw.scan_mem_multiplier": "4",
        # zava-mcp does not trust this setting; policies of older databases may still read it.
        **({"app.current_rls_user_id": str(user_id)} if user_id else {}),
    }


def connect(target: ConnectionParameters) -> psycopg.Connection:
    """A connection in autocommit mode. Raises DatabaseUnavailable or IdentityError."""
    return _connect(psycopg.Connection, target)


def connect_with_timeout(target: ConnectionParameters) -> TimeoutConnection:
    """A connection with a client-side timeout. Raises as `connect`."""
    return _connect(TimeoutConnection, target)


def _connect(kind: type[C], target: ConnectionParameters) -> C:
    try:
        return kind.connect(**target.keywords(), autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        if target.tokens is not None and "authentication failed" in str(error):
            target.tokens.discard()
            raise connection_errors.token_refused(str(target.parameters.get("user", ""))) from None
        raise connection_errors.connection_error(error, target.location) from None


def verify_identity(connection: psycopg.Connection, identity: RequestedIdentity) -> VerifiedIdentity:
    """Checks, in one round trip, that a connection's login is the requested identity and can do no more than it.

    Raises IdentityError, or DatabaseUnavailable if this is not a Zava database of this schema version.
    """
    row = read_identity(connection, identity.user_id)
    for refusal in (_privilege_error(row), *mismatches(row, identity), _protection_error(row)):
        if refusal:
            raise refusal
    pgvector_version = tuple(int(part) for part in (row["vectors"] or "").split(".")[:2] if part.isdigit())
    expires_at = (
        time.monotonic() + row["valid_until"] - row["now"] - _EXPIRY_MARGIN if row["valid_until"] is not None else None
    )
    user = (row["rls_user_id"], row["display_name"], row["all_stores"])
    schemas = tuple(name for name in ("retail", "public") if name in row["safe_schemas"])
    kind = (row["company"], row["has_orders"], row["is_distributed"])
    return VerifiedIdentity(*user, row["can_lock"], pgvector_version, row["backend"], expires_at, schemas, *kind)


def read_identity(connection: psycopg.Connection, user_id: UUID | None) -> dict[str, Any]:
    """Reads the database's record of the connection's login, "company" with its profile, and LISTENs for changes.

    Raises DatabaseUnavailable if this is not a Zava database, IdentityError if the login has no access to it.
    """
    connection.prepare_threshold = None
    try:
        return _run_identity_statements(connection)
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedTable):
        raise connection_errors.not_a_zava_database() from None
    except psycopg.errors.InsufficientPrivilege:
        raise connection_errors.missing_privilege(connection, user_id) from None
    except psycopg.OperationalError as error:
        raise connection_errors.connection_error(error, Location()) from None


def _run_identity_statements(connection: psycopg.Connection) -> dict[str, Any]:
    """The row of `read_identity`; the same round trip reads the company profile and the login's rights, and LISTENs."""
    statements = ["set_search_path", "disable_jit", "read_identity", "read_company", "listen", "restore_jit"]
    while True:
        try:
            return _run_in_one_round_trip(connection, statements)
        except psycopg.errors.ReadOnlySqlTransaction:  # a read replica cannot LISTEN
            statements.remove("listen")
        except psycopg.errors.UndefinedTable:  # an older schema has no profile: the caller names its version
            if "read_company" not in statements:
                raise
            statements.remove("read_company")


def _run_in_one_round_trip(connection: psycopg.Connection, statements: list[str]) -> dict[str, Any]:
    rights = connection.login_rights if isinstance(connection, TimeoutConnection) else LoginRights()
    with connection.pipeline():
        cursors = {name: connection.cursor(row_factory=dict_row).execute(sql.query(name)) for name in statements}
        rights.request(connection)
    rights.accept()
    profile = cursors["read_company"].fetchone() if "read_company" in cursors else None
    company = CompanyProfile(**profile) if profile else NEUTRAL
    return {**(cursors["read_identity"].fetchone() or {}), "company": company}


def mismatches(row: dict[str, Any], identity: RequestedIdentity) -> list[ZavaError]:
    """The reasons why a login is not the requested identity, or the database has another schema version."""
    errors: list[ZavaError] = []
    if error := _identity_mismatch(row, identity):
        errors.append(error)
    if row["rls_user_id"] is not None and row["schema_version"] != sql.schema_version():
        errors.append(connection_errors.schema_mismatch(row["schema_version"]))
    if row["valid_until"] is not None and row["valid_until"] <= row["now"]:
        errors.append(
            IdentityError(
                "this identity has expired",
                "An administrator renews it: `zava-mcp identities password IDENTITY --expires DATE`.",
            )
        )
    return errors


def _identity_mismatch(row: dict[str, Any], identity: RequestedIdentity) -> IdentityError | None:
    """The error if the login's identity does not have the user id and the name of the settings."""
    user_id, name = identity.user_id, identity.name
    if row["rls_user_id"] is None:
        return connection_errors.unknown_identity(user_id)
    has_name = short_name(row["display_name"]) == short_name(name)
    if user_id is None and not has_name:
        return IdentityError(
            f"this login is {row['display_name']}, and not {name[:60]!r}",
            "Use the login of that identity, or give the user id; `zava-mcp identities` lists them.",
        )
    if user_id is not None and row["rls_user_id"] != user_id:
        return IdentityError(
            "this login belongs to another identity than the requested user id",
            "Use the login of the user id, or the user id of the login.",
        )
    if user_id is not None and name and not has_name:
        return IdentityError(
            f"{name[:60]!r} stands for the sample's user id {user_id}, and that is {row['display_name']} here",
            "Give the user id itself; `zava-mcp identities` lists them.",
        )
    return None


def _privilege_error(row: dict[str, Any]) -> ZavaError | None:
    if not (row["above_policies"] or row["owns_tables"] or not row["is_itself"]):
        return None
    return IdentityError(
        "row-level security does not apply to this login: it is, or can become, a superuser, a BYPASSRLS role "
        "or the owner of the tables",
        "Connect as the identity's own login, which `zava-mcp init` creates.",
    )


def _protection_error(row: dict[str, Any]) -> ZavaError | None:
    if row["unprotected"]:
        return DatabaseUnavailable(
            f"row-level security is not enabled and forced on: {row['unprotected']}",
            "`zava-mcp doctor` prints the SQL that corrects it.",
        )
    if row["exposed"]:
        return DatabaseUnavailable(
            f"this identity can read objects that no policy of zava-mcp protects: {row['exposed']}",
            "An administrator runs `zava-mcp init`, which revokes it, or the SQL that `zava-mcp doctor` prints.",
        )
    return None
