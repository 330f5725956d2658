"""A Zava database that zava-mcp did not create, before and after its adoption; and databases of older versions."""

import re
from pathlib import Path

import psycopg
from typer.testing import CliRunner

from scripts.measure.older import OLDER as OLDER
from scripts.measure.older import adopted as adopted
from zava_mcp.cli.commands import app

_HERE = Path(__file__).parent
FINGERPRINT = (_HERE / "fingerprint.sql").read_text(encoding="utf-8")
VERSION_9 = (_HERE / "version_9.sql").read_text(encoding="utf-8")
VERSION_9_ROWS = (_HERE / "version_9_rows.sql").read_text(encoding="utf-8")
ORDERS = 600
_IN_ORDER = (
    "stores", "customers", "categories", "product_types", "products", "inventory", "orders", "order_items",
    "product_description_embeddings",
)  # fmt: skip


def rows_of(connection: psycopg.Connection) -> list[object]:
    """The rows of the retail tables, in their original columns."""
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


def init(url: str, *arguments: str) -> str:
    """The output of `zava-mcp init` for a database without the sample."""
    command = ["init", "--no-sample", "--admin-database-url", url, *arguments]
    return CliRunner().invoke(app, command, catch_exceptions=False).stdout


def set_back(connection: psycopg.Connection) -> None:
    """Takes the schema back to version 6, with the current rows and identities."""
    access = VERSION_9[VERSION_9.index("003_access") : VERSION_9.index("004_embeddings")]
    functions = re.findall(
        r"^CREATE (FUNCTION zava\.(?:sees|only|visible|is)_.*?\$\$;)$", access, re.MULTILINE | re.DOTALL
    )
    assert len(functions) == 4
    with connection.transaction():
        _set_back_to_9(connection)
        statements = [
            "DROP TRIGGER access_changing ON zava.access; DROP TRIGGER access_changed ON zava.access",
            *(f"CREATE OR REPLACE {function}" for function in functions),
            "DROP FUNCTION zava.access_changed(), zava.entry(), zava.entry_now()",
            "DROP TABLE zava.removed, zava.migrations",
            "ALTER TABLE zava.access DROP COLUMN mapped",
            "UPDATE zava.about SET schema_version = 6",
        ]
        connection.execute("; ".join(statements).encode())


def _set_back_to_9(connection: psycopg.Connection) -> None:
    kept = [f"retail.{table}" for table in _IN_ORDER if _is_there(connection, f"retail.{table}")]
    for table in (*kept, "zava.access", "zava.about"):
        connection.execute(f"CREATE TEMP TABLE {_saved(table)} ON COMMIT DROP AS SELECT * FROM {table}".encode())
    connection.execute("DROP SCHEMA retail, zava CASCADE")
    connection.execute(VERSION_9.encode())
    for table in (*kept, "zava.about"):
        connection.execute(f"INSERT INTO {table} SELECT * FROM {_saved(table)}".encode())
    admitted = "SELECT zava.admit(login, rls_user_id, display_name, all_stores, store_ids) FROM "
    connection.execute((admitted + _saved("zava.access")).encode())


def _is_there(connection: psycopg.Connection, table: str) -> bool:
    return connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone() == (True,)


def _saved(table: str) -> str:
    return f"saved_{table.partition('.')[2]}"
