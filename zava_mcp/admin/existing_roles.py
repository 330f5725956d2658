"""Roles of our names that were there before us: refused with what is wrong with them, or taken over on request."""

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
class Fault:
    """Why a role cannot be trusted, and the statement that cures it; `stays` if the cure cannot be seen afterwards."""

    found: str
    cure: str
    stays: bool


def role_faults(connection: psycopg.Connection, role: str) -> list[Fault]:
    """What is wrong with a role of ours that is there already; nothing if it is not there."""
    block = sql.named("roles.sql")["owner" if role == OWNER else "login"].replace("{granted_by}", _GRANTED_BY)
    faults = [Fault(*row) for row in connection.execute(block.encode(), {"login": role}).fetchall()]
    if role == OWNER:  # who came in while it could log in stays in
        faults += [
            Fault(f"somebody is connected as {OWNER}", f"SELECT pg_terminate_backend({pid})", stays=True)
            for pid in _connected(connection, role)
        ]
    return faults


def refuse_untrusted(connection: psycopg.Connection, roles: Iterable[str]) -> None:
    """Raises DatabaseUnavailable, naming every fault of these roles and its cure."""
    faults = [fault for role in roles for fault in role_faults(connection, role)]
    if faults:
        listed = "".join(f"\n  {fault.found}: {fault.cure}" for fault in faults)
        raise DatabaseUnavailable(
            f"this server has roles of zava-mcp's names that cannot be trusted:{listed}",
            "Nothing was changed. Run the SQL behind each, or `zava-mcp init --take-over-roles`, which does and resets "
            "their passwords. A member to whom a superuser granted zava_owner is trusted; before 16, revoke it first.",
        )


def take_over(connection: psycopg.Connection, roles: Iterable[str]) -> list[str]:
    """Cures every fault of these roles, and takes their passwords away; returns the statements that did it.

    In the caller's transaction. Raises DatabaseUnavailable if a fault is left, psycopg.Error if this admin may not.
    """
    done: list[str] = []
    for role in roles:
        faults = role_faults(connection, role)
        reset = compose.SQL("ALTER ROLE {} PASSWORD NULL").format(compose.Identifier(role)).as_string(connection)
        statements = list(dict.fromkeys([*(fault.cure for fault in faults), reset])) if faults else []
        for statement in statements:
            connection.execute(statement.encode())
        done += statements
        if left := [fault for fault in role_faults(connection, role) if not fault.stays]:
            raise DatabaseUnavailable(
                f"the role {role} could not be taken over: {left[0].found}",
                f"A superuser can say {left[0].cure}.",
            )
    return done


def end_sessions_of(connection: psycopg.Connection, roles: Iterable[str]) -> list[str]:
    """Ends whatever is still logged in as roles that were taken over; returns what could not be ended."""
    left: list[str] = []
    for role in roles:
        try:
            for pid in _connected(connection, role):
                connection.execute("SELECT pg_terminate_backend(%s)", [pid])
        except psycopg.Error as error:
            left.append(f"connections of {role} that are open were not ended: {error.diag.message_primary}")
    return left


def _connected(connection: psycopg.Connection, role: str) -> list[int]:
    """The processes that are logged in as a role; none where this admin may not know."""
    allowed = "SELECT has_function_privilege('pg_stat_get_activity(integer)', 'EXECUTE')"
    if connection.execute(allowed).fetchone() != (True,):
        return []
    rows = connection.execute(sql.named("roles.sql")["connected"].encode(), {"login": role}).fetchall()
    return [int(pid) for (pid,) in rows]
