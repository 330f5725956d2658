"""PostgreSQL logins of identities: create, admit, give a password, limit in time, disconnect and drop them."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.admin.change_report import Report
from zava_mcp.admin.citus import end_sessions_on_workers
from zava_mcp.admin.identity_records import check_login_name, rows_about
from zava_mcp.admin.profile import read_company
from zava_mcp.errors import IdentityError, InputError
from zava_mcp.plurals import counted
from zava_mcp.postgres.user_ids import HEAD_OFFICE_NAME, Identity, sample_identities
from zava_mcp.settings import CONCURRENT_DESCRIPTIONS, CONCURRENT_QUERIES, Secret
from zava_mcp.suggestions import did_you_mean

#: Its values: login, user id, display name, whether all stores, store ids.
ADMIT = "SELECT zava.admit(%s, %s, %s, %s, %s)"

#: Two servers of one identity with all of their connections. More servers share them: each needs at least one and
#: returns the others after a minute.
_CONNECTION_LIMIT = 2 * (CONCURRENT_QUERIES + CONCURRENT_DESCRIPTIONS)
_GRANT_OPTIONS_VERSION = 160_000  # from this version of PostgreSQL on, granting a role does not imply its rights


def create_login_statement(login: str) -> compose.Composed:
    """The statement that creates a login without any rights."""
    return compose.SQL(
        "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT {}"
    ).format(compose.Identifier(login), compose.Literal(_CONNECTION_LIMIT))


def login_exists(connection: psycopg.Connection, login: str) -> bool:
    """Whether the server has a role of this name."""
    return bool(connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [login]).rowcount)


def create_login(connection: psycopg.Connection, login: str) -> None:
    """Creates a login without any rights. Raises InputError if the name is invalid or exists."""
    check_login_name(login)
    if login_exists(connection, login):
        raise InputError(
            f"there is a login {login} already",
            "Make it an identity with `zava-mcp identities map`, or name another with --login.",
        )
    connection.execute(create_login_statement(login))


def set_password(connection: psycopg.Connection, login: str, password: Secret) -> None:
    """Sets a password by its SCRAM verifier, so that the password is neither sent nor logged."""
    verifier = connection.pgconn.encrypt_password(password.reveal().encode(), login.encode(), b"scram-sha-256")
    connection.execute(
        compose.SQL("ALTER ROLE {} PASSWORD {}").format(compose.Identifier(login), compose.Literal(verifier.decode()))
    )


def refuse_unsafe_login(connection: psycopg.Connection, login: str) -> None:
    """Raises InputError if there is no such login, IdentityError if it could do more than an identity may."""
    if not login_exists(connection, login):
        names = [name for (name,) in connection.execute("SELECT rolname FROM pg_roles WHERE rolcanlogin").fetchall()]
        raise InputError(
            f"there is no login {login!r}{did_you_mean(login, names)}",
            "Create it first: on Azure with pgaadauth_create_principal, elsewhere with CREATE ROLE … LOGIN.",
        )
    if risks := rows_about(connection, "login_risks", login):
        listed = "".join(f"\n  {risk}" for risk in risks)
        raise IdentityError(f"the login {login} cannot be an identity:{listed}", "Correct this, or map another.")


def set_expiry(
    connection: psycopg.Connection, login: str, last_day: date | None, report: Report, no_expiry: bool = False
) -> None:
    """Lets a login expire at the end of a day in UTC, or never; without either does nothing. Raises IdentityError."""
    if last_day is None and not no_expiry:
        return
    until = "infinity" if last_day is None else f"{last_day + timedelta(days=1)} 00:00 UTC"
    name = compose.Identifier(login)
    try:
        connection.execute(compose.SQL("ALTER ROLE {} VALID UNTIL {}").format(name, compose.Literal(until)))
    except psycopg.errors.InsufficientPrivilege:
        raise IdentityError(
            f"this administrator may not set when the login {login} expires: another role created it",
            "Leave out the last day, and end its access where it was created or with `zava-mcp identities remove`.",
        ) from None
    report.actions.append(
        f"the login {login} never expires" if last_day is None else f"the login {login} expires after {last_day}"
    )


def initial_identities(connection: psycopg.Connection) -> list[Identity]:
    """The identities of a new database: the sample's; of another company, they are head office without its name."""
    head_office, *others = sample_identities()
    is_sample = read_company(connection).is_sample
    return [head_office if is_sample else replace(head_office, name=HEAD_OFFICE_NAME), *others]


def admit_identities(
    connection: psycopg.Connection,
    identities: list[Identity],
    passwords: dict[str, Secret] | None,
    is_new: bool,
    report: Report,
) -> None:
    """Renews the privileges of all admitted logins, and admits those of `identities` that never had a login.

    Identities that an administrator removed stay removed, and identities whose stores an administrator changed keep
    the change. In a new database, logins that another database of the same server created are admitted too.
    """
    admitted = connection.execute("SELECT login, rls_user_id, display_name, all_stores, store_ids FROM zava.access")
    for values in admitted.fetchall():
        _renew_privileges(connection, values, report)
    removed = {row[0] for row in connection.execute("SELECT rls_user_id FROM zava.removed")}
    stores = {row[0] for row in connection.execute("SELECT rls_user_id FROM retail.stores")}
    for identity in identities:
        login = identity.login if passwords is not None else str(identity.user_id)
        exists = login_exists(connection, login)
        has_stores = identity.all_stores or identity.user_id in stores
        if not has_stores or (exists and not is_new) or identity.user_id in removed:
            continue
        if (
            passwords is not None and login not in passwords
        ):  # the administrator of an older embedded database dropped it
            continue
        if not exists:
            connection.execute(create_login_statement(login))
        if passwords is not None:
            set_password(connection, login, passwords[login])
        connection.execute(
            ADMIT, [login, identity.user_id, identity.name, identity.all_stores, list(identity.store_ids)]
        )
        report.new_logins.append(login)
        report.actions.append(f"a login for {identity.name}")


def file_limit_gaps(connection: psycopg.Connection) -> list[str]:
    """A gap if logins have no limit of temporary files and this administrator may not set one."""
    row = connection.execute(sql.named("identities.sql")["without_file_limit"].encode()).fetchone()
    if row is None or not row[0]:
        return []
    name = compose.Identifier(connection.info.user).as_string(connection)
    logins = counted(row[0], "login")
    return [
        f"this administrator may not set temp_file_limit: queries of {logins} can fill the disk with temporary files; "
        f"a superuser can run GRANT SET ON PARAMETER temp_file_limit TO {name}, then run this again"
    ]


def _renew_privileges(connection: psycopg.Connection, values: tuple[Any, ...], report: Report) -> None:
    """Gives a login the privileges of this version; a login that the administrator may not alter keeps its own."""
    try:
        with connection.transaction():
            connection.execute(ADMIT, values)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject) as error:
        report.gaps.append(f"the login {values[0]} of {values[2]} was left as it is: {error.diag.message_primary}")


def run_if_allowed(connection: psycopg.Connection, statement: str, report: Report) -> bool:
    """Returns whether this administrator may run the statement; if not, it is a gap."""
    try:
        with connection.transaction():
            connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        report.gaps.append(f"this administrator may not run {statement}: the owner or a superuser can")
        return False
    return True


def end_sessions(connection: psycopg.Connection, login: str, report: Report) -> None:
    """Ends a login's connections to this database, so that a change applies to them too.

    A failure is a gap, because the change is committed: without access, an open connection sees no row.
    """
    end_sessions_on_workers(connection, login)
    name = compose.Identifier(login)
    if not connection.execute(sql.named("identities.sql")["has_sessions"].encode(), {"login": login}).rowcount:
        return
    try:
        with connection.transaction():
            is_borrowed = not _has_rights_of(connection, login)
            if is_borrowed:
                options = ""
                if connection.info.server_version >= _GRANT_OPTIONS_VERSION:
                    options = "WITH INHERIT TRUE, SET FALSE"
                connection.execute(compose.SQL("GRANT {} TO CURRENT_USER " + options).format(name))
            statement = sql.named("identities.sql")["end_sessions"]
            row = connection.execute(statement.encode(), {"login": login}).fetchone()
            if is_borrowed:
                connection.execute(compose.SQL("REVOKE {} FROM CURRENT_USER").format(name))
    except psycopg.Error as error:
        report.gaps.append(
            f"open connections of {login} were not ended ({error.diag.message_primary or 'connection lost'}); "
            "a superuser can end them with pg_terminate_backend(pid) over pg_stat_activity"
        )
        return
    if row and row[0]:
        report.actions.append(f"ended {counted(row[0], 'connection')} of {login}")


def drop_login(connection: psycopg.Connection, login: str, report: Report) -> None:
    """Drops a login that has no rights any more; a failure is a gap."""
    try:
        with connection.transaction():
            connection.execute(compose.SQL("DROP ROLE {}").format(compose.Identifier(login)))
    except psycopg.Error as error:
        reason = error.diag.message_primary or "connection lost"
        report.gaps.append(f"the login {login} cannot log in any more, but was not dropped: {reason}")


def _has_rights_of(connection: psycopg.Connection, login: str) -> bool:
    row = connection.execute("SELECT pg_has_role(oid, 'USAGE') FROM pg_roles WHERE rolname = %s", [login]).fetchone()
    return row is None or bool(row[0])
