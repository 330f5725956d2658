"""Adopts an existing Zava database as its administrator, without changing a row.

The missing statements run in one transaction. Before it ends, the rows are compared with their earlier checksums and
the plan is computed again: statements that are still missing had no effect with the administrator's rights.
"""

from typing import Any

import psycopg

from zava_mcp import sql
from zava_mcp.admin.adoption_plan import SESSION_SETTINGS, Plan, plan_for, rows, zava_roles
from zava_mcp.admin.change_report import Report, translate_errors
from zava_mcp.admin.existing_roles import OWNER, end_sessions_of, refuse_untrusted, take_over
from zava_mcp.admin.installed_schema import has_tenants, installed_version
from zava_mcp.admin.locking import SET_UP_LOCK, lock_errors
from zava_mcp.admin.migrations import refuse_old_server
from zava_mcp.admin.own_objects import exposures
from zava_mcp.admin.profile import Changes, write_profile
from zava_mcp.errors import DatabaseUnavailable
from zava_mcp.progress_callback import Progress


def adopt(
    connection: psycopg.Connection,
    dry_run: bool,
    progress: Progress,
    take_over_roles: bool = False,
    company: Changes | None = None,
) -> Report:
    """Adds zava-mcp's logins, policies, comments and indexes to a database; a dry run only returns the SQL.

    Raises DatabaseUnavailable, which lists all obstacles, before anything is changed; a later failure undoes
    everything.
    """
    refuse_old_server(connection)
    with translate_errors(embedded=False), connection.transaction(force_rollback=dry_run):
        for statement in SESSION_SETTINGS:
            connection.execute(statement.encode())
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [SET_UP_LOCK])
        _refuse_obstacles(connection, take_over_roles)
        taken = take_over(connection, zava_roles(connection)) if take_over_roles else []
        plan = plan_for(connection)
        report = Report(warnings=plan.warnings, gaps=plan.refused)
        if dry_run:
            steps = [*taken, *(statement for _, statement in plan.steps)]
            report.sql = [*SESSION_SETTINGS, *steps] if steps else []
            return report
        report.actions = [f"took roles over: {statement}" for statement in taken]
        if plan.steps:
            report.actions += _run_plan(connection, plan, progress)
            plan = plan_for(connection)
        report.actions += write_profile(connection, company or {})
        remaining = [
            f"this statement had no effect, because another role owns its object: {statement}"
            for action, statement in plan.steps
            if action
        ]
        report.gaps = [*plan.refused, *remaining, *(row[0] for row in rows(connection, "gaps")), *exposures(connection)]
    if taken:
        report.gaps += end_sessions_of(connection, zava_roles(connection))
    progress(1.0, "ready")
    return report


def _refuse_obstacles(connection: psycopg.Connection, take_over_roles: bool) -> None:
    """Raises DatabaseUnavailable, which lists all obstacles."""
    version = installed_version(connection)
    if version and version != sql.schema_version():
        raise DatabaseUnavailable(
            f"the database has schema version {version}, this program's is {sql.schema_version()}",
            "Upgrade the older of the two: `zava-mcp init` upgrades the database.",
        )
    if version and has_tenants(connection):
        raise DatabaseUnavailable(
            "this database has tenants instead of stores and orders", "Leave --adopt out: `zava-mcp init` upgrades it."
        )
    obstacles = rows(connection, "obstacles")
    if not obstacles and not version and not take_over_roles:
        refuse_untrusted(connection, [OWNER])
    if obstacles:
        listed = "".join(f"\n  {obstacle}" for (obstacle,) in obstacles)
        raise DatabaseUnavailable(
            f"this database cannot be adopted as it is:{listed}",
            "Nothing was changed. Correct these, then try again; an empty database is set up by `zava-mcp init`.",
        )


def _run_plan(connection: psycopg.Connection, plan: Plan, progress: Progress) -> list[str]:
    """Runs the plan and returns what it did. Raises DatabaseUnavailable if a row changed."""
    steps, before = list(plan.steps), None
    with lock_errors():
        for index, (action, statement) in enumerate(steps):
            if action and before is None:  # the first steps only lock the tables and show every row
                progress(0.0, "computing checksums of the rows")
                statements = rows(connection, "checksums")
                before = _checksums(connection, statements)
            progress(0.1 + 0.8 * index / len(steps), action or "adopting")
            connection.execute(statement.encode())
    progress(0.9, "comparing the rows")
    if before is not None and _checksums(connection, statements) != before:
        raise DatabaseUnavailable("rows would have changed, so everything was undone", "Please report this.")
    row_count = sum(count for count, _ in before or [])
    return [*plan.summary(), f"rows compared, and the same as before: {row_count:,}"]


def _checksums(connection: psycopg.Connection, statements: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row for _, statement in statements for row in connection.execute(statement.encode()).fetchall()]
