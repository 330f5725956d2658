"""Revokes rights that PostgreSQL or a restored dump grants and zava-mcp does not need."""

import psycopg

from zava_mcp import sql
from zava_mcp.admin.change_report import Report
from zava_mcp.admin.own_objects import exposures, revoke_exposures


def revoke_create_from_owner(connection: psycopg.Connection, report: Report) -> None:
    """Revokes the right to create schemas, which zava_owner needs while a dump is restored and never else."""
    for (statement,) in connection.execute(sql.query("list_owner_create")).fetchall():
        connection.execute(statement.encode())
        report.actions.append("revoked the right to create schemas from zava_owner")


def revoke_from_public(connection: psycopg.Connection, report: Report) -> None:
    """Revokes PostgreSQL's defaults for PUBLIC, also in a restored dump, and what identities can read in excess."""
    for (statement,) in connection.execute(sql.query("list_public_temporary")).fetchall():
        connection.execute(statement.encode())
        report.actions.append("revoked the right to create temporary tables from PUBLIC")
    if connection.info.parameter_status("is_superuser") == "on":
        connection.execute(sql.script("hardening.sql").encode())
    else:
        report.gaps.append(
            "only a superuser can revoke set_config, clock_timestamp, advisory locks and the like from PUBLIC: "
            "row-level security holds without this defence in depth"
        )
    report.actions += revoke_exposures(connection)
    report.gaps += exposures(connection)
