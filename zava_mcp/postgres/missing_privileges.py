"""Tells a login that lost a privilege from one that never was an identity."""

from uuid import UUID

import psycopg

from zava_mcp import sql
from zava_mcp.errors import IdentityError
from zava_mcp.postgres.mismatch import unknown_identity


class MissingPrivilege(IdentityError):
    """The login has some of the privileges of an identity, but not all that it needs to read its own record."""


def missing_privilege(connection: psycopg.Connection, user_id: UUID | None) -> IdentityError:
    """Returns the error for a login that may not read its identity; it names the missing privileges and their SQL."""
    connection.execute(sql.query("set_search_path").encode())
    rows = connection.execute(sql.query("missing_privileges").encode()).fetchall()
    missing = [(name, grant) for name, grant, held in rows if not held]
    if not missing or len(missing) == len(rows):
        return unknown_identity(user_id)
    names, grants = zip(*missing, strict=True)
    return MissingPrivilege(
        f"the login {connection.info.user} lacks a privilege that every identity has: {', '.join(names)}",
        f"An administrator runs: {'; '.join(grants)}",
    )
