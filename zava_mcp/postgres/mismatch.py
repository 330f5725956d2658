"""A database or a user id that does not fit this program, said for whoever can put it right."""

from uuid import UUID

from zava_mcp import sql
from zava_mcp.errors import DatabaseUnavailable, IdentityError


def not_a_zava_database() -> DatabaseUnavailable:
    return DatabaseUnavailable(
        "this database is not set up for Zava Retail",
        "Run `zava-mcp init` with ZAVA_ADMIN_DATABASE_URL set, with --adopt if it has the shop's tables already, "
        "or correct the database name.",
    )


def schema_mismatch(version: int | None) -> DatabaseUnavailable:
    """Schemas go forward only, so the older of the two is to be upgraded."""
    ours = sql.schema_version()
    told = f"the database has schema version {version}, this program needs {ours}"
    if (version or 0) > ours:
        return DatabaseUnavailable(told, "Upgrade zava-mcp: a newer one set this database up.")
    return DatabaseUnavailable(told, "Run `zava-mcp init` as the database's admin: it upgrades the older schema.")


def unknown_identity(user_id: UUID | None) -> IdentityError:
    return IdentityError(
        f"the user id {user_id} is not an identity of this database"
        if user_id
        else "this login is no identity of this database",
        "Check the user id; `zava-mcp identities` lists the ones that exist.",
    )
