"""How somebody is taken out: access and rights first, in one transaction; then the connections, then the login."""

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.database.setup import Report
from zava_mcp.database.whom import Entry

_INHERITING = 160_000  # since this version of PostgreSQL, whoever may grant a role does not have its rights


def take_out(connection: psycopg.Connection, entry: Entry, report: Report) -> bool:
    """Takes access and rights from a login; whether the login itself must stay. In the caller's transaction."""
    connection.execute("DELETE FROM zava.access WHERE login = %s", [entry.login])
    for statement in rows_about(connection, "rights", entry.login):
        connection.execute(statement.encode())
    login = compose.Identifier(entry.login)
    if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [entry.login]).rowcount:
        report.did.append(f"{entry.name} may ask no more; the login {entry.login} was gone already")
        return True
    ties = ["it was there before it was mapped"] if entry.mapped else rows_about(connection, "ties", entry.login)
    if not ties:
        # Whoever fails to be dropped cannot log in all the same.
        connection.execute(compose.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(login))
        report.did.append(f"{entry.name} may ask no more; the login {entry.login} is dropped")
        return False
    for statement in rows_about(connection, "settings", entry.login):
        connection.execute(statement.encode())
    report.did.append(f"{entry.name} may ask no more; the login {entry.login} stays, without access: {'; '.join(ties)}")
    return True


def end_sessions(connection: psycopg.Connection, login: str, report: Report) -> None:
    """Ends a login's connections to this database, so that what was changed holds for them too.

    What this admin may not do is a gap: without access, a connection that is still open sees no row.
    """
    name = compose.Identifier(login)
    try:
        with connection.transaction():
            borrowed = not _has_rights_of(connection, login)
            if borrowed:
                how = "WITH INHERIT TRUE, SET FALSE" if connection.info.server_version >= _INHERITING else ""
                connection.execute(compose.SQL("GRANT {} TO CURRENT_USER " + how).format(name))
            row = connection.execute(sql.named("people.sql")["end_sessions"].encode(), {"login": login}).fetchone()
            if borrowed:
                connection.execute(compose.SQL("REVOKE {} FROM CURRENT_USER").format(name))
    except psycopg.errors.InsufficientPrivilege:
        report.gaps.append(
            f"this admin may not end connections of {login} that are open, which see nothing any more; a superuser "
            "can, with pg_terminate_backend(pid) over pg_stat_activity"
        )
        return
    if row and row[0]:
        report.did.append(f"ended {row[0]} connection{'s' if row[0] > 1 else ''} of {login}")


def drop(connection: psycopg.Connection, login: str, report: Report) -> None:
    """Drops a login that can do nothing any more."""
    try:
        with connection.transaction():
            connection.execute(compose.SQL("DROP ROLE {}").format(compose.Identifier(login)))
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.DependentObjectsStillExist) as error:
        report.gaps.append(
            f"the login {login} cannot log in any more, but could not be dropped: {error.diag.message_primary}"
        )


def _has_rights_of(connection: psycopg.Connection, login: str) -> bool:
    row = connection.execute("SELECT pg_has_role(oid, 'USAGE') FROM pg_roles WHERE rolname = %s", [login]).fetchone()
    return row is None or bool(row[0])


def rows_about(connection: psycopg.Connection, name: str, login: str) -> list[str]:
    """The lines of a block of people.sql about a login."""
    return [row[0] for row in connection.execute(sql.named("people.sql")[name].encode(), {"login": login}).fetchall()]
