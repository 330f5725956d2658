"""The people of the database that the settings mean, kept by its admin: each change, from settings to report."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg

from zava_mcp import sql
from zava_mcp.admin.as_admin import as_admin
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.identity_changes import changing
from zava_mcp.admin.identity_logins import IdentitySpec, add, map_login, renew
from zava_mcp.admin.locking import serialised
from zava_mcp.admin.migrations import Report, embedded_target, installed_version
from zava_mcp.admin.passwords import Passfile, set_password
from zava_mcp.admin.revoke_access import end_sessions, remove
from zava_mcp.admin.sample import Progress
from zava_mcp.embedded import EmbeddedPostgres, Login
from zava_mcp.errors import InputError
from zava_mcp.postgres.admin_connection import connect_as_admin
from zava_mcp.postgres.mismatch import not_a_zava_database, schema_mismatch
from zava_mcp.settings import Secret, Settings

_NOT_EMBEDDED = "the embedded database keeps the passwords of its own logins, in its folder"
_SERVERS = "This is for a server: set ZAVA_ADMIN_DATABASE_URL."


def add_person(
    settings: Settings, wanted: IdentitySpec, passwords_file: Path | None, dry_run: bool, progress: Progress
) -> Report:
    """Lets somebody in, or changes the identity of a user id. Raises InputError, DatabaseUnavailable."""
    _refuse_past(wanted.last_day)
    with _register(settings, progress) as (connection, embedded):
        if embedded is None:
            with _passfile(passwords_file, connection) as passfile, changing(connection, dry_run):
                report, new = add(connection, wanted, None if dry_run else passfile)
            if new and passfile is None:
                report.warnings.append(f"{new.login} has no password; `zava-mcp identities password` gives it one")
            return report
        if passwords_file is not None:
            raise InputError(_NOT_EMBEDDED, _SERVERS)
        with changing(connection, dry_run):
            # Not named by user id: every login can read the names of all.
            report, new = add(connection, wanted, None, lambda _: f"zava_person_{secrets.token_hex(4)}")
            if new and not dry_run:
                login = Login(new.login, secrets.token_urlsafe(32), str(new.user_id), new.name)
                set_password(connection, login.login, Secret(login.password))
                embedded.keep_login(login)
    return report


def map_person(settings: Settings, wanted: IdentitySpec, dry_run: bool, progress: Progress) -> Report:
    """Makes an existing login an identity. Raises InputError, IdentityError, DatabaseUnavailable."""
    _refuse_past(wanted.last_day)
    with _register(settings, progress) as (connection, embedded):
        if embedded is not None:
            raise InputError(_NOT_EMBEDDED, _SERVERS)
        with changing(connection, dry_run):
            report = map_login(connection, wanted)
        if report.did and not dry_run:
            end_sessions(connection, wanted.login, report)
    return report


def remove_person(
    settings: Settings, who: str, passwords_file: Path | None, dry_run: bool, progress: Progress
) -> Report:
    """Takes somebody out, and ends their connections. Raises InputError, DatabaseUnavailable."""
    with _register(settings, progress) as (connection, embedded), _passfile(passwords_file, connection) as passfile:
        report, gone = remove(connection, who, dry_run)
        for entry in () if dry_run else gone:
            if embedded is not None:
                embedded.forget_login(str(entry.user_id))
            if passfile is not None and passfile.knows(entry.login):
                passfile.forget(entry.login)
                passfile.draft()
    return report


def renew_password(
    settings: Settings,
    who: str,
    passwords_file: Path | None,
    last_day: date | None,
    for_ever: bool,
    dry_run: bool,
    progress: Progress,
) -> Report:
    """A new password, another last day, or both; open connections end, and come back with the new password."""
    _refuse_past(last_day)
    if passwords_file is None and last_day is None and not for_ever:
        raise InputError("what shall be new?", "Give --passwords-file, --expires or --no-expiry.")
    if last_day is not None and for_ever:
        raise InputError("--expires and --no-expiry exclude each other")
    with _register(settings, progress) as (connection, embedded):
        if embedded is not None and passwords_file is not None:
            raise InputError(_NOT_EMBEDDED, _SERVERS)
        with _passfile(passwords_file, connection) as passfile, changing(connection, dry_run):
            report, logins = renew(connection, who, None if dry_run else passfile, last_day, for_ever)
            if dry_run and passfile is not None:
                report.did += [f"a new password of {login}" for login in logins]
        for login in () if dry_run else logins:
            end_sessions(connection, login, report)
    return report


@contextmanager
def _register(settings: Settings, progress: Progress) -> Iterator[tuple[psycopg.Connection, EmbeddedPostgres | None]]:
    """The admin's connection to a database of this program's schema, and the embedded PostgreSQL if it is that.

    It is this admin's turn: files of passwords are read and written while nobody else does so.
    """
    if settings.admin_url is not None or settings.place is not None:
        with as_admin(settings, progress) as connection:
            _refuse_other_schema(connection)
            with serialised(connection):
                yield connection, None
        return
    embedded = embedded_postgres(settings, progress)
    try:
        address = embedded.open()
        with connect_as_admin(embedded_target(address, embedded.logins()[""])) as connection:
            _refuse_other_schema(connection)
            with serialised(connection):
                yield connection, embedded
    finally:
        embedded.close()


def _refuse_other_schema(connection: psycopg.Connection) -> None:
    version = installed_version(connection)
    if not version:
        raise not_a_zava_database()
    if version != sql.schema_version():
        raise schema_mismatch(version)


@contextmanager
def _passfile(file: Path | None, connection: psycopg.Connection) -> Iterator[Passfile | None]:
    with nullcontext() if file is None else Passfile(file, connection) as passfile:
        yield passfile


def _refuse_past(last_day: date | None) -> None:
    if last_day is not None and last_day < datetime.now(UTC).date():
        raise InputError(f"{last_day} is over already", "To take somebody out now: `zava-mcp identities remove`.")
