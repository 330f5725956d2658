"""Revokes the counters of tables and indexes from PUBLIC, where tables are not partitioned by store."""

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.admin.change_report import Report

_GRANTED = (
    "identities can read counters and sizes of tables, which cover all tenants' rows, and the counters of index reads "
    "reveal whether an indexed value exists: a superuser runs this command again to revoke them from PUBLIC"
)
_REVOKED = (
    "the functions pg_stat_get_* and pg_*_size were revoked from PUBLIC, because they count all tenants' rows: "
    "GRANT pg_monitor TO the roles that monitor this database"
)


def revoke_counters(connection: psycopg.Connection, report: Report) -> None:
    """Revokes the functions that count rows, reads and bytes from PUBLIC, or reports that it may not."""
    statements = sql.named("counters.sql")
    (names,) = connection.execute(statements["open"].encode()).fetchone() or (None,)
    if names is None:
        return
    if not (connection.execute(statements["may_close"].encode()).fetchone() or (False,))[0]:
        report.gaps.append(_GRANTED)
        return
    functions = compose.SQL(names)
    connection.execute(compose.SQL("GRANT EXECUTE ON ROUTINE {} TO pg_monitor").format(functions))
    connection.execute(compose.SQL("REVOKE EXECUTE ON ROUTINE {} FROM PUBLIC").format(functions))
    report.warnings.append(_REVOKED)
