"""Reads which schema a database has."""

import psycopg

from zava_mcp import sql
from zava_mcp.postgres.connection_errors import not_a_zava_database, schema_mismatch


def installed_version(connection: psycopg.Connection) -> int:
    """The schema version of a database, 0 if zava_owner owns no table zava.about: another role's table is not read."""
    exists = (
        "SELECT FROM pg_class WHERE relname = 'about' AND relnamespace = to_regnamespace('zava')"
        " AND relkind = 'r' AND relowner = to_regrole('zava_owner')"
    )
    if not connection.execute(exists).rowcount:
        return 0
    row = connection.execute("SELECT schema_version FROM zava.about").fetchone()
    return int(row[0]) if row else 0


def refuse_other_schema(connection: psycopg.Connection) -> None:
    """Raises DatabaseUnavailable if this is not a Zava database of this program's schema version."""
    version = installed_version(connection)
    if not version:
        raise not_a_zava_database()
    if version != sql.schema_version():
        raise schema_mismatch(version)


def has_tenants(connection: psycopg.Connection) -> bool:
    """Whether the stores of a database are the rows of an existing table of tenants."""
    return bool(connection.execute("SELECT FROM zava.tenants_source").rowcount)
