"""How a connection comes about: as which login, where, and the proof that it is that identity."""

import os
import time
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from zava_mcp import sql
from zava_mcp.errors import DatabaseUnavailable, IdentityError, ZavaError
from zava_mcp.postgres.connection_parameters import ConnectionParameters
from zava_mcp.postgres.entra_password import token_refused
from zava_mcp.postgres.location import Location
from zava_mcp.postgres.mismatch import not_a_zava_database, schema_mismatch, unknown_identity
from zava_mcp.postgres.query_errors import connection_error
from zava_mcp.postgres.standing import LoginRights
from zava_mcp.postgres.timeout_connection import CONNECT_SECONDS, TimeoutConnection
from zava_mcp.postgres.user_ids import short_name
from zava_mcp.settings import Settings

C = TypeVar("C", bound=psycopg.Connection)

_SILENCE_MILLISECONDS = 35_000  # until a network that no longer answers counts as gone
_EARLY = 1.0  # seconds before a login expires, from which on every question asks for a new connection
_CHECK_CLIENT = "2s"  # how often a running query looks whether its client still lives


@dataclass(frozen=True)
class VerifiedIdentity:
    """Who a connection proved to be. `can_lock`: advisory locks must be cleared after each query.

    `vectors` is the version of pgvector, () where there are no vectors: (0, 8). `ends` is the moment the login
    expires, by this machine's monotonic clock; None if it does not. `backend` is the process that answered.
    `schemas` are those of retail and public in which nobody may create who could not see every row anyway.
    """

    user_id: UUID
    name: str
    all_stores: bool
    can_lock: bool
    vectors: tuple[int, ...]
    backend: int
    ends: float | None = None
    schemas: tuple[str, ...] = ()

    def has_ended(self) -> bool:
        """Whether it is time to ask the database again."""
        return self.ends is not None and time.monotonic() >= self.ends


def for_identity(target: ConnectionParameters, user_id: UUID | None, settings: Settings) -> ConnectionParameters:
    """The target with what every agent connection has: read-only, a deadline, one way to write values."""
    options = {
        "default_transaction_read_only": "on",
        "default_transaction_isolation": "read committed",  # in others, a session looks up who asks with each question
        "row_security": "on",
        "client_min_messages": "error",
        "standard_conforming_strings": "on",
        "transform_null_equals": "off",
        "search_path": "pg_catalog,pg_temp",  # until it is known which others are safe: naming.py
        "statement_timeout": f"{int(settings.query_timeout * 1000)}",
        "DateStyle": "ISO",
        "IntervalStyle": "iso_8601",
        "TimeZone": "UTC",
        "extra_float_digits": "1",
        "bytea_output": "hex",
        # Filters behind an index of vectors must not thin out what it finds: pgvector goes on searching, ten times as
        # far as it would by itself. Of the ten nearest of a million, 400 find .948 and 800 find .968.
        "hnsw.iterative_scan": "relaxed_order",
        "hnsw.ef_search": "800",
        "hnsw.max_scan_tuples": "200000",
        "hnsw.scan_mem_multiplier": "4",
        # Nothing of ours trusts this; policies of older databases may still ask for it.
        **({"app.current_rls_user_id": str(user_id)} if user_id else {}),
    }
    if not (target.embedded and os.name == "nt"):  # which PostgreSQL cannot do on Windows
        options["client_connection_check_interval"] = _CHECK_CLIENT
    words = " ".join("-c " + f"{name}={value}".replace(" ", "\\ ") for name, value in options.items())
    parameters = {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 15,
        "tcp_user_timeout": _SILENCE_MILLISECONDS,
        "client_encoding": "UTF8",  # as PostgreSQL spells it: a pooler repeats what it is told
        "application_name": settings.application_name,
        **target.parameters,
    }
    parameters["options"] = f"{parameters.get('options', '')} {words}".strip()
    if (parameters.get("target_session_attrs") or os.environ.get("PGTARGETSESSIONATTRS")) == "read-write":
        parameters["target_session_attrs"] = "primary"  # our own sessions are read-only, on a primary too
    return replace(target, parameters=parameters, settings=options)


def connect(target: ConnectionParameters) -> psycopg.Connection:
    """A connection in autocommit mode. Raises DatabaseUnavailable or IdentityError."""
    return _connected(psycopg.Connection, target)


def connect_with_retries(target: ConnectionParameters) -> TimeoutConnection:
    """One on which nothing waits for ever. Raises as `connect`."""
    return _connected(TimeoutConnection, target)


def _connected(kind: type[C], target: ConnectionParameters) -> C:
    try:
        return kind.connect(**target.keywords(), autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        if target.tokens is not None and "authentication failed" in str(error):
            target.tokens.forget()
            raise token_refused(str(target.parameters.get("user", ""))) from None
        raise connection_error(error, target.location) from None


def verify_identity(connection: psycopg.Connection, user_id: UUID | None, name: str = "") -> VerifiedIdentity:
    """Checks, in one round trip, that a connection is the identity asked for and can do no more than it.

    `name` is the one it was asked for by, if it was; without a `user_id`, the login's identity must have it.

    Raises IdentityError if it is not, DatabaseUnavailable if this is no (current) Zava database.
    """
    row = identity_of(connection, user_id)
    for refusal in (_above(row), *mismatches(row, user_id, name), _unprotected(row)):
        if refusal:
            raise refusal
    vectors = tuple(int(part) for part in (row["vectors"] or "").split(".")[:2] if part.isdigit())
    ends = time.monotonic() + row["valid_until"] - row["now"] - _EARLY if row["valid_until"] is not None else None
    who = (row["rls_user_id"], row["display_name"], row["all_stores"])
    schemas = tuple(name for name in ("retail", "public") if name in row["safe_schemas"])
    return VerifiedIdentity(*who, row["can_lock"], vectors, row["backend"], ends, schemas)


def identity_of(connection: psycopg.Connection, user_id: UUID | None) -> dict[str, Any]:
    """What the database knows of the login of a connection, which from now on hears of changes.

    Raises DatabaseUnavailable if this is no Zava database, IdentityError if the login may not even ask.
    """
    connection.prepare_threshold = None
    try:
        row = _ask_identity(connection, ("set_search_path", "read_identity", "listen"))
    except psycopg.errors.ReadOnlySqlTransaction:  # a read replica cannot LISTEN
        row = _ask_identity(connection, ("set_search_path", "read_identity"))
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedFunction, psycopg.errors.UndefinedTable):
        raise not_a_zava_database() from None
    except psycopg.errors.InsufficientPrivilege:
        raise unknown_identity(user_id) from None
    except psycopg.OperationalError as error:
        raise connection_error(error, Location()) from None
    return row or {}


def _ask_identity(connection: psycopg.Connection, statements: tuple[str, ...]) -> dict[str, Any] | None:
    """The row of the statement `identity`, in one round trip with the others, and what calls are compared with."""
    standing = connection.standing if isinstance(connection, TimeoutConnection) else LoginRights()
    with connection.pipeline():
        cursors = {name: connection.cursor(row_factory=dict_row).execute(sql.query(name)) for name in statements}
        standing.ask(connection)
    standing.keep()
    return cursors["read_identity"].fetchone()


def mismatches(row: dict[str, Any], user_id: UUID | None, name: str = "") -> list[ZavaError]:
    """Why a login is not the identity asked for, or the database not one for this program."""
    found: list[ZavaError] = []
    if row["rls_user_id"] is None:
        found.append(unknown_identity(user_id))
    elif user_id is None and short_name(row["display_name"]) != short_name(name):
        found.append(
            IdentityError(
                f"this login is {row['display_name']}, and not {name[:60]!r}",
                "Use the login of the one you mean, or give the user id; `zava-mcp identities` lists them.",
            )
        )
    elif user_id is not None and row["rls_user_id"] != user_id:
        found.append(
            IdentityError(
                "this login belongs to another identity than the user id asked for",
                "Use the login of the user id, or the user id of the login.",
            )
        )
    elif user_id is not None and name and short_name(row["display_name"]) != short_name(name):
        found.append(
            IdentityError(
                f"{name[:60]!r} stands for the sample's user id {user_id}, and that is {row['display_name']} here",
                "Give the user id itself; `zava-mcp identities` lists them.",
            )
        )
    if row["rls_user_id"] is not None and row["schema_version"] != sql.schema_version():
        found.append(schema_mismatch(row["schema_version"]))
    if row["valid_until"] is not None and row["valid_until"] <= row["now"]:
        found.append(
            IdentityError(
                "this identity has expired", "An admin renews it: `zava-mcp identities password WHO --expires DATE`."
            )
        )
    return found


def _above(row: dict[str, Any]) -> ZavaError | None:
    if not (row["above_policies"] or row["owns_tables"] or not row["is_itself"]):
        return None
    return IdentityError(
        "this login stands above row-level security: it is, or can become, a superuser, a BYPASSRLS role "
        "or the owner of the tables",
        "Connect as the identity's own login, which `zava-mcp init` creates.",
    )


def _unprotected(row: dict[str, Any]) -> ZavaError | None:
    if row["unprotected"]:
        return DatabaseUnavailable(
            f"row-level security is not enabled and forced on: {row['unprotected']}",
            "`zava-mcp doctor` tells the SQL that puts it right.",
        )
    if row["exposed"]:
        return DatabaseUnavailable(
            f"this identity can read what no policy of zava-mcp protects: {row['exposed']}",
            "An administrator runs `zava-mcp init`, which revokes it, or the SQL that `zava-mcp doctor` prints.",
        )
    return None
