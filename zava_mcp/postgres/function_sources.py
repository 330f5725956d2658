"""The functions of the schema zava as our files make them, compared with those of a database."""

import re
from functools import cache

import psycopg

from zava_mcp import sql

_FUNCTION = re.compile(
    r"^CREATE (?:OR REPLACE )?FUNCTION zava\.(?P<name>\w+)\([^$]*?AS\s+(?P<mark>\$\w*\$)(?P<body>.*?)(?P=mark);",
    re.MULTILINE | re.DOTALL,
)


@cache
def made_functions() -> dict[str, tuple[str, str]]:
    """The newest definition of each function: {name: (its statement, its body)}."""
    found: dict[str, tuple[str, str]] = {}
    for _, file in sql.migrations():
        for match in _FUNCTION.finditer(sql.script(file)):
            statement = re.sub(r"^CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", match[0]).removesuffix(";")
            found[match["name"]] = (statement, match["body"])
    return found


def changed_functions(connection: psycopg.Connection) -> dict[str, str]:
    """The functions whose text, owner or rights are not what we made, each with the SQL that makes it again."""
    rows = connection.execute(sql.query("list_functions").encode()).fetchall()
    there = {name: (body, definer, owner) for name, body, definer, owner in rows}
    wrong = {}
    for name, (statement, body) in made_functions().items():
        if there.get(name) == (body, "SECURITY DEFINER" in statement.partition(body)[0], "zava_owner"):
            continue
        definer = "" if "SECURITY DEFINER" in statement.partition(body)[0] else " SECURITY INVOKER"
        signature = f"zava.{name}" if name in there else ""
        after = f"; ALTER FUNCTION {signature} OWNER TO zava_owner" if signature else ""
        if definer and signature:
            after += f"; ALTER FUNCTION {signature}{definer}"
        wrong[f"zava.{name}"] = statement + after
    return wrong
