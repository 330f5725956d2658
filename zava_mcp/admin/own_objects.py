"""What administrators add: hidden from identities, or revoked where identities could read it."""

from contextlib import suppress

import psycopg

from zava_mcp import sql


def hidden_objects(connection: psycopg.Connection) -> list[str]:
    """What an administrator added and identities do not see, each with the SQL that shows it."""
    found = connection.execute(sql.named("checks.sql")["added_tables_are_visible"].encode()).fetchall()
    return [f"{what}: {fix}" for _, what, fix in found]


def revoke_exposures(connection: psycopg.Connection) -> list[str]:
    """Revokes what identities can read without a policy, as far as this administrator may; returns what was run."""
    ran = []
    for statement, _ in _revocations(connection):
        with suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute(statement.encode())
            ran.append(statement)
    left = {statement for statement, _ in _revocations(connection)}
    return [statement for statement in ran if statement not in left]


def exposures(connection: psycopg.Connection) -> list[str]:
    """What identities can read without a policy, for which the server refuses their questions; each with its SQL."""
    return [
        f"identities can read {what}, so their questions are refused until its owner runs {statement}"
        for statement, what in _revocations(connection)
    ]


def _revocations(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return connection.execute(sql.script("revocations.sql").encode()).fetchall()
