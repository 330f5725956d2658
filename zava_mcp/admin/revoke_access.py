"""How somebody is taken out: access and rights first, in one transaction; then the connections, then the login."""

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.admin.identity_changes import Entry, changing, entries, removed, resolve_identity, rows_about
from zava_mcp.admin.migrations import Report

_INHERITING = 160_000  # since this version of PostgreSQL, whoever may grant a role does not have its rights


def remove(connection: psycopg.Connection, who: str, dry_run: bool) -> tuple[Report, list[Entry]]:
    """Takes somebody out who is named by user id, name or login; of several logins, a login's name means that one.

    Who they were is returned. A second time there is nothing to do.
    """
    report = Report()
    with changing(connection, dry_run):
        there = entries(connection)
        if not any(entry.is_meant(who) for entry in there) and (gone := removed(connection, who)):
            report.warnings.append(f"{gone} is removed already")
            return report, []
        leaving = resolve_identity(there, who)
        kept = [_take_out(connection, entry, report) for entry in leaving]
        if all(entry in leaving for entry in there if entry.user_id == leaving[0].user_id):
            connection.execute(
                "INSERT INTO zava.removed VALUES (%s, %s) ON CONFLICT (rls_user_id) DO UPDATE SET removed_at = now()",
                [leaving[0].user_id, leaving[0].name],
            )
    if not dry_run:
        for entry, stays in zip(leaving, kept, strict=True):
            end_sessions(connection, entry.login, report)
            if not stays:
                _drop(connection, entry.login, report)
    return report, leaving


def _take_out(connection: psycopg.Connection, entry: Entry, report: Report) -> bool:
    """Takes access and rights from a login; whether the login itself must stay. In the caller's transaction.

    What this admin may not do is a gap: without its entry in zava.access, a login sees no row, whatever it may read.
    """
    connection.execute("DELETE FROM zava.access WHERE login = %s", [entry.login])
    for statement in rows_about(connection, "rights", entry.login):
        _try(connection, statement, report)
    if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [entry.login]).rowcount:
        report.did.append(f"{entry.name} may ask no more; the login {entry.login} was gone already")
        return True
    ties = ["it was there before it was mapped"] if entry.mapped else rows_about(connection, "ties", entry.login)
    if not ties:
        # Whoever fails to be dropped cannot log in all the same.
        closed = compose.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(compose.Identifier(entry.login))
        if _try(connection, closed.as_string(connection), report):
            report.did.append(f"{entry.name} may ask no more; the login {entry.login} is dropped")
            return False
        ties = ["this admin may not drop it"]
    for statement in rows_about(connection, "settings", entry.login):
        _try(connection, statement, report)
    report.did.append(f"{entry.name} may ask no more; the login {entry.login} stays, without access: {'; '.join(ties)}")
    return True


def _try(connection: psycopg.Connection, statement: str, report: Report) -> bool:
    """Whether this admin may do it; if not, what somebody else has to say is a gap."""
    try:
        with connection.transaction():
            connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        report.gaps.append(f"this admin may not say {statement}: the owner or a superuser may")
        return False
    return True


def end_sessions(connection: psycopg.Connection, login: str, report: Report) -> None:
    """Ends a login's connections to this database, so that what was changed holds for them too.

    What cannot be done is a gap, for the change is made: without access, a connection that is still open sees no row.
    """
    name = compose.Identifier(login)
    if not connection.execute(sql.named("people.sql")["has_sessions"].encode(), {"login": login}).rowcount:
        return
    try:
        with connection.transaction():
            borrowed = not _has_rights_of(connection, login)
            if borrowed:
                how = "WITH INHERIT TRUE, SET FALSE" if connection.info.server_version >= _INHERITING else ""
                connection.execute(compose.SQL("GRANT {} TO CURRENT_USER " + how).format(name))
            row = connection.execute(sql.named("people.sql")["end_sessions"].encode(), {"login": login}).fetchone()
            if borrowed:
                connection.execute(compose.SQL("REVOKE {} FROM CURRENT_USER").format(name))
    except psycopg.Error as error:
        report.gaps.append(
            f"connections of {login} that are open were not ended ({error.diag.message_primary or 'connection lost'}); "
            "a superuser can, with pg_terminate_backend(pid) over pg_stat_activity"
        )
        return
    if row and row[0]:
        report.did.append(f"ended {row[0]} connection{'s' if row[0] > 1 else ''} of {login}")


def _drop(connection: psycopg.Connection, login: str, report: Report) -> None:
    """Drops a login that can do nothing any more."""
    try:
        with connection.transaction():
            connection.execute(compose.SQL("DROP ROLE {}").format(compose.Identifier(login)))
    except psycopg.Error as error:
        why = error.diag.message_primary or "connection lost"
        report.gaps.append(f"the login {login} cannot log in any more, but was not dropped: {why}")


def _has_rights_of(connection: psycopg.Connection, login: str) -> bool:
    row = connection.execute("SELECT pg_has_role(oid, 'USAGE') FROM pg_roles WHERE rolname = %s", [login]).fetchone()
    return row is None or bool(row[0])
