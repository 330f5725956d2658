"""Errors for a database that this version cannot use, and for unknown identities."""

from uuid import UUID

from zava_mcp import sql
from zava_mcp.errors import DatabaseUnavailable, IdentityError


def not_a_zava_database() -> DatabaseUnavailable:
    """The error for a database without zava-mcp's schema."""
    return DatabaseUnavailable(
        "this database is not set up for zava-mcp",
        "Run `zava-mcp init` with ZAVA_ADMIN_DATABASE_URL set, with --adopt if it has the retail tables already, "
        "or correct the database name.",
    )


def schema_mismatch(version: int | None) -> DatabaseUnavailable:
    """The error for another schema version. Schemas are never downgraded, so the older of the two is to be upgraded."""
    required = sql.schema_version()
    message = f"the database has schema version {version}, this program needs {required}"
    if (version or 0) > required:
        return DatabaseUnavailable(message, "Upgrade zava-mcp: a newer version set this database up.")
    return DatabaseUnavailable(message, "An administrator runs `zava-mcp init`, which upgrades the older schema.")


def unknown_identity(user_id: UUID | None) -> IdentityError:
    """The error for a user id or login without an identity in this database."""
    return IdentityError(
        f"the user id {user_id} is not an identity of this database"
        if user_id
        else "this login is not an identity of this database",
        "Check the user id; `zava-mcp identities` lists the ones that exist.",
    )
