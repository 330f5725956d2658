"""Objects that administrators add: which are hidden from identities, and revoking those without a policy."""

from contextlib import suppress

import psycopg

from zava_mcp import sql


def hidden_objects(connection: psycopg.Connection, kind: str = "") -> list[str]:
    """Objects, of one kind if it is named, that an administrator added and identities do not see, each with its fix."""
    rows = connection.execute(sql.named("checks.sql")["added_tables_are_visible"].encode()).fetchall()
    return [f"{problem}: {fix}" for _, problem, fix, what in rows if kind in ("", what)]


def revoke_exposures(connection: psycopg.Connection) -> list[str]:
    """Revokes what identities can read without a policy, as far as the administrator may; returns the statements."""
    executed = []
    for statement, _ in _revocations(connection):
        with suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute(statement.encode())
            executed.append(statement)
    remaining = {statement for statement, _ in _revocations(connection)}
    return [statement for statement in executed if statement not in remaining]


def exposures(connection: psycopg.Connection) -> list[str]:
    """Objects that identities can read without a policy, each with the SQL that revokes the privilege."""
    return [
        f"identities can read {name}, so their queries are refused until its owner runs {statement}"
        for statement, name in _revocations(connection)
    ]


def _revocations(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return connection.execute(sql.script("revocations.sql").encode()).fetchall()
