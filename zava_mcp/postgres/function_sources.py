"""Compares a database's functions in the schema zava with the migrations that create them."""

import re
from collections.abc import Mapping
from functools import cache

import psycopg

from zava_mcp import sql

_FUNCTION = re.compile(
    r"^CREATE (?:OR REPLACE )?FUNCTION zava\.(?P<name>\w+)\([^$]*?AS\s+(?P<mark>\$\w*\$)(?P<body>.*?)(?P=mark);",
    re.MULTILINE | re.DOTALL,
)


@cache
def migration_functions() -> dict[str, tuple[str, str]]:
    """The newest definition of each function: {name: (statement, body)}."""
    functions: dict[str, tuple[str, str]] = {}
    for _, file in sql.migrations():
        functions |= _functions(sql.script(file))
    return functions


def _functions(text: str) -> dict[str, tuple[str, str]]:
    found = {}
    for match in _FUNCTION.finditer(text):
        statement = re.sub(r"^CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", match[0]).removesuffix(";")
        found[match["name"]] = (statement, match["body"])
    return found


def changed_functions(connection: psycopg.Connection) -> dict[str, str]:
    """The functions whose text, owner or rights differ from the migrations, each with the SQL that restores it."""
    rows = connection.execute(sql.query("list_functions").encode()).fetchall()
    existing = {name: (body, definer, owner) for name, body, definer, owner in rows}
    changed = {}
    for name, (statement, body) in {**migration_functions(), **_cluster_functions(connection, existing)}.items():
        is_definer = "SECURITY DEFINER" in statement.partition(body)[0]
        if existing.get(name) == (body, is_definer, "zava_owner"):
            continue
        function = f"zava.{name}" if name in existing else ""
        alter = f"; ALTER FUNCTION {function} OWNER TO zava_owner" if function else ""
        if function and not is_definer:
            alter += f"; ALTER FUNCTION {function} SECURITY INVOKER"
        changed[f"zava.{name}"] = statement + alter
    return changed


def _cluster_functions(connection: psycopg.Connection, existing: Mapping[str, object]) -> dict[str, tuple[str, str]]:
    """The functions that differ on a Citus cluster; none on one server."""
    if "grant_on_nodes" not in existing:
        return {}
    text = sql.script("citus.sql")
    for table in ("access", "stores"):
        copy = connection.execute(sql.named("citus.sql")["copy"].encode(), {"relation": f"zava.{table}"}).fetchone()
        text = text.replace(f"{{{table}}}", copy[0] if copy else "")
    return _functions(text)
