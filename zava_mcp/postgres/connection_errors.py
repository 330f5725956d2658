"""Errors of connections: without a server, a login, an identity or a privilege. They quote no secrets."""

import re
from uuid import UUID

import psycopg

from zava_mcp import sql
from zava_mcp.errors import DatabaseUnavailable, IdentityError, ZavaError
from zava_mcp.postgres.connection_failures import CONNECTION_FAILURES, Failure
from zava_mcp.postgres.location import ADMIN_URL, Location
from zava_mcp.postgres.parameter_errors import WRONG_PARAMETERS

_SENTENCES = re.compile(r"(?<=\.) ")
_SEE_LOG = "See the embedded database's server.log."


def connection_error(error: psycopg.Error, location: Location | None) -> ZavaError:
    """The error of a failed connection, recognised by SQLSTATE or message; None is the embedded database's location."""
    text = " ".join(str(error).split())
    sqlstate = error.sqlstate or ""
    reached = location.reached(error) if location else None
    for pattern, message, hint in WRONG_PARAMETERS:
        if match := re.search(pattern, text):
            groups = ((group or "")[:80] for group in match.groups())
            return DatabaseUnavailable(_with_location(message.format(*groups), reached), hint)
    for failure in CONNECTION_FAILURES:
        if failure.matches(sqlstate, text):
            return _failure_error(failure, reached, text)
    message = _with_location(f"no connection to the database ({sqlstate or type(error).__name__})", reached)
    if reached is None:
        return DatabaseUnavailable(message, _SEE_LOG)
    return DatabaseUnavailable(message, f"Check {reached.setting('host')} and the network.")


def _failure_error(failure: Failure, location: Location | None, text: str) -> ZavaError:
    if location is None:
        hint = " ".join(sentence for sentence in _SENTENCES.split(failure.hint) if "{" not in sentence) or _SEE_LOG
    elif location.source == ADMIN_URL and failure.part:
        hint = f"Correct {location.setting(failure.part)}."
    else:
        hint = failure.hint.format_map(_HintWords(location, text))
    error = failure.kind(_with_location(failure.message, location), hint)
    error.server_hint = failure.server_hint
    return error


def _with_location(message: str, location: Location | None) -> str:
    return f"{message} ({name})" if location is not None and (name := str(location)) else message


class _HintWords(dict[str, str]):
    """The values of a hint's {words}: names of settings, or the file that the password came from."""

    def __init__(self, location: Location, text: str) -> None:
        super().__init__()
        self._location, self._text = location, text

    def __missing__(self, word: str) -> str:
        if word == "passfile_fault":
            return self._location.passfile_fault()
        if word == "password":
            match = re.search(r'password retrieved from file "([^"]+)"', self._text)
            return f"the password in the passfile {match[1]}" if match else self._location.setting("password")
        return self._location.setting(word)


def token_refused(login: str) -> IdentityError:
    """The error for a token that the database does not accept."""
    return IdentityError(
        f"the database does not accept the Entra token for the login {login}",
        "The login (POSTGRES_USER) must be the Entra identity's, created with pgaadauth_create_principal; `zava-mcp "
        "identities map` admits it. The login may also have been removed or have expired.",
    )


def not_a_zava_database() -> DatabaseUnavailable:
    """The error for a database without zava-mcp's schema."""
    return DatabaseUnavailable(
        "this database is not set up for zava-mcp",
        "Run `zava-mcp init` with ZAVA_ADMIN_DATABASE_URL set, with --adopt if it has the retail tables already, "
        "or correct the database name.",
    )


def schema_mismatch(version: int | None) -> DatabaseUnavailable:
    """The error for another schema version. Schemas are never downgraded, so the older of the two is to be upgraded."""
    required = sql.schema_version()
    message = f"the database has schema version {version}, this program needs {required}"
    if (version or 0) > required:
        return DatabaseUnavailable(message, "Upgrade zava-mcp: a newer version set this database up.")
    return DatabaseUnavailable(message, "An administrator runs `zava-mcp init`, which upgrades the older schema.")


def unknown_identity(user_id: UUID | None) -> IdentityError:
    """The error for a user id or login without an identity in this database."""
    return IdentityError(
        f"the user id {user_id} is not an identity of this database"
        if user_id
        else "this login is not an identity of this database",
        "Check the user id; `zava-mcp identities` lists the ones that exist.",
    )


class MissingPrivilege(IdentityError):
    """The login has some of the privileges of an identity, but not all that it needs to read its own record."""


def missing_privilege(connection: psycopg.Connection, user_id: UUID | None) -> IdentityError:
    """Returns the error for a login that may not read its identity; it names the missing privileges and their SQL."""
    connection.execute(sql.query("set_search_path").encode())
    rows = connection.execute(sql.query("missing_privileges").encode()).fetchall()
    missing = [(name, grant) for name, grant, held in rows if not held]
    if not missing or len(missing) == len(rows):
        return unknown_identity(user_id)
    names, grants = zip(*missing, strict=True)
    return MissingPrivilege(
        f"the login {connection.info.user} lacks a privilege that every identity has: {', '.join(names)}",
        f"An administrator runs: {'; '.join(grants)}",
    )
