"""Checks what the tables hold after a load, as an administrator who sees every row."""

import psycopg

from zava_mcp import sql


def check_data(connection: psycopg.Connection) -> list[str]:
    """What looks wrong in the rows, each with what to do about it; empty if nothing does."""
    statements = [*sql.named("data_checks.sql").values(), sql.named("load.sql")["unseen_stores"]]
    return [
        f"{found}: {fix}"
        for statement in statements
        for _, found, fix in connection.execute(statement.encode()).fetchall()
    ]
