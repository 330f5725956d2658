"""Refuses existing roles with the names of zava-mcp's roles and names their faults, or takes them over on request."""

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.errors import DatabaseUnavailable

OWNER = "zava_owner"
_GRANTED_BY = (
    "CASE WHEN current_setting('server_version_num')::integer >= 160000 "
    "THEN format(' GRANTED BY %%I CASCADE', b.rolname) ELSE ' CASCADE' END"
)


@dataclass(frozen=True)
class RoleFinding:
    """Why a role cannot be trusted, and the SQL that fixes it; `stays` if the catalogue does not show the fix."""

    found: str
    fix: str
    stays: bool


def role_faults(connection: psycopg.Connection, role: str) -> list[RoleFinding]:
    """The findings of a role; none if it does not exist."""
    block = sql.named("roles.sql")["owner" if role == OWNER else "login"].replace("{granted_by}", _GRANTED_BY)
    faults = [RoleFinding(*row) for row in connection.execute(block.encode(), {"login": role}).fetchall()]
    if role == OWNER:  # sessions that began when it could log in go on
        faults += [
            RoleFinding(f"a session is connected as {OWNER}", f"SELECT pg_terminate_backend({pid})", stays=True)
            for pid in _backends_of(connection, role)
        ]
    return faults


def refuse_untrusted(connection: psycopg.Connection, roles: Iterable[str]) -> None:
    """Raises DatabaseUnavailable, which lists every finding about these roles and its fix."""
    faults = [fault for role in roles for fault in role_faults(connection, role)]
    if faults:
        listed = "".join(f"\n  {fault.found}: {fault.fix}" for fault in faults)
        raise DatabaseUnavailable(
            f"this server has roles with the names of zava-mcp's roles that cannot be trusted:{listed}",
            "Nothing was changed. Run the SQL shown for each, or `zava-mcp init --take-over-roles`, which runs it and "
            "removes their passwords. A member that a superuser added to zava_owner is trusted; before PostgreSQL "
            "16, revoke the grant first.",
        )


def refuse_roles_of_others(connection: psycopg.Connection, roles: Iterable[str]) -> None:
    """Raises DatabaseUnavailable, with the SQL for a superuser, if the administrator may not administer these roles.

    From PostgreSQL 16 on, CREATEROLE covers only the roles that an administrator created or has ADMIN OPTION on.
    """
    rows = connection.execute(sql.named("roles.sql")["of_others"].encode(), {"roles": list(roles)}).fetchall()
    if not rows:
        return
    administrator = compose.Identifier(connection.info.user).as_string(connection)
    owner = [name for (name,) in rows if name == OWNER]
    logins = [compose.Identifier(name).as_string(connection) for (name,) in rows if name != OWNER]
    statements = [f"GRANT {OWNER} TO {administrator} WITH ADMIN OPTION"] if owner else []
    if logins:
        statements.append(f"GRANT {', '.join(logins)} TO {administrator} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
    raise DatabaseUnavailable(
        f"this server has roles with the names of zava-mcp's roles that {administrator} may not administer: "
        f"{', '.join([*owner, *logins])}",
        f"A superuser can run: {'; '.join(statements)}. A member of {OWNER} reads every row of each database that "
        "zava-mcp set up on this server. If that is too much, use another server.",
    )


def take_over(connection: psycopg.Connection, roles: Iterable[str]) -> list[str]:
    """Fixes every finding about these roles and removes their passwords; returns the statements that it ran.

    To be called in a transaction. Raises DatabaseUnavailable if a fault is left, psycopg.Error if the administrator
    lacks the rights.
    """
    executed: list[str] = []
    for role in roles:
        faults = role_faults(connection, role)
        reset = compose.SQL("ALTER ROLE {} PASSWORD NULL").format(compose.Identifier(role)).as_string(connection)
        statements = list(dict.fromkeys([*(fault.fix for fault in faults), reset])) if faults else []
        for statement in statements:
            connection.execute(statement.encode())
        executed += statements
        if remaining := [fault for fault in role_faults(connection, role) if not fault.stays]:
            raise DatabaseUnavailable(
                f"the role {role} could not be taken over: {remaining[0].found}",
                f"A superuser can run {remaining[0].fix}.",
            )
    return executed


def end_sessions_of(connection: psycopg.Connection, roles: Iterable[str]) -> list[str]:
    """Ends the sessions of roles that were taken over; returns the failures."""
    failures: list[str] = []
    for role in roles:
        try:
            for pid in _backends_of(connection, role):
                connection.execute("SELECT pg_terminate_backend(%s)", [pid])
        except psycopg.Error as error:
            failures.append(f"open connections of {role} were not ended: {error.diag.message_primary}")
    return failures


def _backends_of(connection: psycopg.Connection, role: str) -> list[int]:
    """The process ids of a role's sessions; none if the administrator may not see them."""
    allowed = "SELECT has_function_privilege('pg_stat_get_activity(integer)', 'EXECUTE')"
    if connection.execute(allowed).fetchone() != (True,):
        return []
    rows = connection.execute(sql.named("roles.sql")["connected"].encode(), {"login": role}).fetchall()
    return [int(pid) for (pid,) in rows]
