"""Taking over a Zava database that somebody else made, without touching a row of it; as its admin.

The statements that are still needed run in one transaction. Before it ends, the rows are compared with what
they were, and what is needed is looked up again: what is still needed could not be done with the admin's rights.
"""

from typing import Any

import psycopg

from zava_mcp import sql
from zava_mcp.admin.adoption_plan import MANNERS, Plan, plan_for, roles_of_ours, rows
from zava_mcp.admin.existing_roles import OWNER, end_sessions_of, refuse_untrusted, take_over
from zava_mcp.admin.locking import SET_UP_LOCK
from zava_mcp.admin.migrations import Report, installed_version, readable_errors, refuse_old_server
from zava_mcp.admin.own_objects import exposures
from zava_mcp.admin.sample import Progress
from zava_mcp.errors import DatabaseUnavailable


def adopt(connection: psycopg.Connection, dry_run: bool, progress: Progress, take_over_roles: bool = False) -> Report:
    """Gives a database our logins, policies, comments and indexes; on a dry run only tells the SQL that does it.

    Raises DatabaseUnavailable, naming everything that stands in the way, before anything is changed; a failure
    later undoes everything.
    """
    refuse_old_server(connection)
    with readable_errors(embedded=False), connection.transaction(force_rollback=dry_run):
        for statement in MANNERS:
            connection.execute(statement.encode())
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [SET_UP_LOCK])
        _refuse(connection, take_over_roles)
        taken = take_over(connection, roles_of_ours(connection)) if take_over_roles else []
        plan = plan_for(connection)
        report = Report(warnings=plan.warnings, gaps=plan.refused)
        if dry_run:
            steps = [*taken, *(statement for _, statement in plan.steps)]
            report.sql = [*MANNERS, *steps] if steps else []
            return report
        report.did = [f"took roles over: {statement}" for statement in taken]
        if plan.steps:
            report.did += _carry_out(connection, plan, progress)
            plan = plan_for(connection)
        still = [f"this had no effect, its object is somebody else's: {step}" for what, step in plan.steps if what]
        report.gaps = [*plan.refused, *still, *(row[0] for row in rows(connection, "gaps")), *exposures(connection)]
    if taken:
        report.gaps += end_sessions_of(connection, roles_of_ours(connection))
    progress(1.0, "ready")
    return report


def _refuse(connection: psycopg.Connection, take_over_roles: bool) -> None:
    """Raises DatabaseUnavailable with all that stands in the way."""
    version, ours = installed_version(connection), sql.schema_version()
    if version and version != ours:
        raise DatabaseUnavailable(
            f"the database has schema version {version}, this program's is {ours}",
            "Upgrade whichever is older: `zava-mcp init` upgrades the database.",
        )
    problems = rows(connection, "problems")
    if not problems and not version and not take_over_roles:
        refuse_untrusted(connection, [OWNER])
    if problems:
        listed = "".join(f"\n  {problem}" for (problem,) in problems)
        raise DatabaseUnavailable(
            f"this database cannot be taken over as it is:{listed}",
            "Nothing was changed. Correct these, then try again; an empty database is set up by `zava-mcp init`.",
        )


def _carry_out(connection: psycopg.Connection, plan: Plan, progress: Progress) -> list[str]:
    """Runs the plan; says what it did. Raises DatabaseUnavailable if a row is not what it was."""
    steps, before = list(plan.steps), None
    try:
        for place, (what, statement) in enumerate(steps):
            if what and before is None:  # what has to be set aside to see every row comes first
                progress(0.0, "summing up the rows")
                sums = rows(connection, "sums")
                before = _summed(connection, sums)
            progress(0.1 + 0.8 * place / len(steps), what or "taking over")
            connection.execute(statement.encode())
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        raise DatabaseUnavailable(
            "somebody is using the tables, and they could not be locked; nothing was changed",
            "Try again when less is going on, or end the sessions that hold them (pg_locks, pg_stat_activity).",
        ) from None
    progress(0.9, "comparing the rows")
    if before is not None and _summed(connection, sums) != before:
        raise DatabaseUnavailable("rows would have changed, so everything was undone", "Please report this.")
    counted = sum(count for count, _ in before or [])
    return [*plan.report(), f"rows compared, and the same as before: {counted:,}"]


def _summed(connection: psycopg.Connection, sums: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row for _, statement in sums for row in connection.execute(statement.encode()).fetchall()]
