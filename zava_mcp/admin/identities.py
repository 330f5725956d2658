"""Add, map, renew and remove identities of the database that the settings name."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg

from zava_mcp import sql
from zava_mcp.admin.as_admin import as_admin
from zava_mcp.admin.change_report import Report
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.identity_changes import create_identity, map_login, remove_identity, renew_logins
from zava_mcp.admin.identity_records import IdentityRecord, IdentitySpec
from zava_mcp.admin.installed_schema import installed_version
from zava_mcp.admin.locking import change_transaction, serialised
from zava_mcp.admin.logins import end_sessions, set_password
from zava_mcp.admin.passfile import Passfile
from zava_mcp.embedded import EmbeddedPostgres, Login
from zava_mcp.errors import InputError
from zava_mcp.postgres.connection_errors import not_a_zava_database
from zava_mcp.progress_callback import Progress
from zava_mcp.settings import Secret, Settings

_EMBEDDED_PASSWORDS = "the embedded database keeps the passwords of its own logins, in its folder"
_SERVER_ONLY = "This is for a server: set ZAVA_ADMIN_DATABASE_URL."


def add_identity(
    settings: Settings, spec: IdentitySpec, passwords_file: Path | None, dry_run: bool, progress: Progress
) -> Report:
    """Adds an identity, or changes the one with the user id. Raises InputError, DatabaseUnavailable."""
    _refuse_past(spec.last_day)
    with _open_database(settings, progress) as (connection, embedded):
        if embedded is not None:
            if passwords_file is not None:
                raise InputError(_EMBEDDED_PASSWORDS, _SERVER_ONLY)
            return _add_embedded(connection, embedded, spec, dry_run)
        with _passfile(passwords_file, connection) as passfile, change_transaction(connection, dry_run):
            report, new = create_identity(connection, spec, None if dry_run else passfile)
        if new and passfile is None:
            report.warnings.append(f"{new.login} has no password; `zava-mcp identities password` sets one")
        return report


def _add_embedded(
    connection: psycopg.Connection, embedded: EmbeddedPostgres, spec: IdentitySpec, dry_run: bool
) -> Report:
    with change_transaction(connection, dry_run):
        # The login is not named by user id, because every login can read all role names.
        report, new = create_identity(connection, spec, None, lambda _: f"zava_person_{secrets.token_hex(4)}")
        if new and not dry_run:
            login = Login(new.login, secrets.token_urlsafe(32), str(new.user_id), new.name)
            set_password(connection, login.login, Secret(login.password))
            embedded.add_login(login)
    return report


def map_identity(settings: Settings, spec: IdentitySpec, dry_run: bool, progress: Progress) -> Report:
    """Makes an existing login an identity. Raises InputError, IdentityError, DatabaseUnavailable."""
    _refuse_past(spec.last_day)
    with _open_database(settings, progress) as (connection, embedded):
        if embedded is not None:
            raise InputError(_EMBEDDED_PASSWORDS, _SERVER_ONLY)
        with change_transaction(connection, dry_run):
            report = map_login(connection, spec)
        if report.actions and not dry_run:
            end_sessions(connection, spec.login, report)
    return report


def revoke_access(
    settings: Settings, identity: str, passwords_file: Path | None, dry_run: bool, progress: Progress
) -> Report:
    """Removes an identity and ends its connections. Raises InputError, DatabaseUnavailable."""
    with (
        _open_database(settings, progress) as (connection, embedded),
        _passfile(passwords_file, connection) as passfile,
    ):
        report, removed = remove_identity(connection, identity, dry_run)
        if not dry_run:
            _forget_passwords(removed, embedded, passfile)
    return report


def _forget_passwords(
    removed: list[IdentityRecord], embedded: EmbeddedPostgres | None, passfile: Passfile | None
) -> None:
    for record in removed:
        if embedded is not None:
            embedded.remove_login(str(record.user_id))
        if passfile is not None and passfile.has_password(record.login):
            passfile.remove_password(record.login)
            passfile.write_draft()


def rotate_password(
    settings: Settings,
    identity: str,
    passwords_file: Path | None,
    last_day: date | None,
    no_expiry: bool,
    dry_run: bool,
    progress: Progress,
) -> Report:
    """Sets a new password, another last day, or both, and ends open connections.

    Raises InputError, DatabaseUnavailable.
    """
    _refuse_past(last_day)
    if passwords_file is None and last_day is None and not no_expiry:
        raise InputError("there is nothing to change", "Give --passwords-file, --expires or --no-expiry.")
    if last_day is not None and no_expiry:
        raise InputError("--expires and --no-expiry exclude each other")
    with _open_database(settings, progress) as (connection, embedded):
        if embedded is not None and passwords_file is not None:
            raise InputError(_EMBEDDED_PASSWORDS, _SERVER_ONLY)
        with _passfile(passwords_file, connection) as passfile, change_transaction(connection, dry_run):
            report, logins = renew_logins(connection, identity, None if dry_run else passfile, last_day, no_expiry)
            if dry_run and passfile is not None:
                report.actions += [f"a new password of {login}" for login in logins]
        for login in () if dry_run else logins:
            end_sessions(connection, login, report)
    return report


def list_identities(settings: Settings, progress: Progress) -> tuple[list[list[str]], list[str]]:
    """All identities as [user id, name, stores, login, last day], head office first; and stores without an identity.

    They are read as administrator from the server of ZAVA_ADMIN_DATABASE_URL, or else from the embedded database.
    """
    with as_admin(settings, progress) as connection:
        if not installed_version(connection):
            raise not_a_zava_database()
        rows = connection.execute(sql.query("list_identities").encode()).fetchall()
        unseen = connection.execute(sql.named("load.sql")["unseen_stores"].encode()).fetchall()
    return [
        [str(user_id), name, "all" if all_stores else stores or "none", login, last_day or ""]
        for login, user_id, name, all_stores, stores, last_day in rows
    ], [f"{found}: {fix}" for _, found, fix in unseen]


@contextmanager
def _open_database(
    settings: Settings, progress: Progress
) -> Iterator[tuple[psycopg.Connection, EmbeddedPostgres | None]]:
    """An administrator's connection to a database of this schema version, and the embedded PostgreSQL if it is that.

    Other administrators wait until it ends, because passfiles are read at its start and written at its end.
    """
    is_embedded = settings.admin_url is None and settings.database is None
    embedded = embedded_postgres(settings, progress) if is_embedded else None
    with as_admin(settings, progress, current_schema=True, embedded=embedded) as connection, serialised(connection):
        yield connection, embedded


@contextmanager
def _passfile(file: Path | None, connection: psycopg.Connection) -> Iterator[Passfile | None]:
    with nullcontext() if file is None else Passfile(file, connection) as passfile:
        yield passfile


def _refuse_past(last_day: date | None) -> None:
    if last_day is not None and last_day < datetime.now(UTC).date():
        raise InputError(f"{last_day} is in the past", "`zava-mcp identities remove` removes an identity at once.")
