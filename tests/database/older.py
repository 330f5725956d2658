"""A Zava database that somebody else made, before and after it is adopted; and one that our older versions did."""

import re
from pathlib import Path

import psycopg
from typer.testing import CliRunner

from zava_mcp import sql
from zava_mcp.cli.commands import app

_HERE = Path(__file__).parent
OLDER = (_HERE / "older_zava.sql").read_text(encoding="utf-8")
FINGERPRINT = (_HERE / "fingerprint.sql").read_text(encoding="utf-8")
ORDERS = 600


def rows_of(connection: psycopg.Connection) -> list[object]:
    """What the shop's tables hold, in the columns that they had from the start."""
    tables = {
        "stores": "s", "customers": "c", "categories": "k", "product_types": "t", "products": "p", "inventory": "i",
        "orders": "o", "order_items": "oi", '"Old ""Orders"""': "x",
    }  # fmt: skip
    held: list[object] = []
    for table, name in tables.items():
        held += connection.execute(f"SELECT {name}::text FROM retail.{table} {name} ORDER BY 1".encode()).fetchall()
    vectors = (
        "SELECT product_id, created_at, md5(description_embedding::text) FROM retail.product_description_embeddings"
    )
    return [*held, *connection.execute(f"{vectors} ORDER BY 1".encode()).fetchall()]


def fingerprint(connection: psycopg.Connection) -> str:
    row = connection.execute(FINGERPRINT.encode()).fetchone()
    assert row is not None
    return str(row[0])


def adopted(url: str, *arguments: str) -> str:
    command = ["init", "--adopt", "--admin-database-url", url, *arguments]
    return CliRunner().invoke(app, command, catch_exceptions=False).stdout


def set_back(connection: psycopg.Connection) -> None:
    """Makes our schema what version 6 left it."""
    access = sql.script("schema/003_access.sql")
    functions = re.findall(
        r"^CREATE (FUNCTION zava\.(?:sees|only|visible|is)_.*?\$\$;)$", access, re.MULTILINE | re.DOTALL
    )
    assert len(functions) == 4
    statements = [
        "DROP TRIGGER access_changing ON zava.access; DROP TRIGGER access_changed ON zava.access",
        *(f"CREATE OR REPLACE {function}" for function in functions),
        "DROP FUNCTION zava.access_changed(), zava.entry(), zava.entry_now()",
        "DROP TABLE zava.removed, zava.migrations",
        "ALTER TABLE zava.access DROP COLUMN mapped",
        "UPDATE zava.about SET schema_version = 6",
    ]
    with connection.transaction():
        connection.execute("; ".join(statements).encode())
