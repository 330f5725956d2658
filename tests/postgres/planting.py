"""A role that may create objects in a database plants code there under the names that zava-mcp's SQL uses."""

import re
from pathlib import Path

import psycopg
from psycopg import sql as compose

import zava_mcp
from tests.servers import Postgres
from zava_mcp.sql import statements

_PLANTED = statements((Path(__file__).parent / "planted.sql").read_text(encoding="utf-8"))
_PACKAGE = Path(zava_mcp.__file__).parent
_OPERATORS = [
    "=", "<>", "<", "<=", ">", ">=", "||", "~", "~*", "!~", "!~*", "@@", "->", "->>", "&&", "<@", "@>",
    "+", "-", "*", "/", "%", "&", ">>",
]  # fmt: skip
_RAN = re.compile(r"planted (.+?) ran as (.+)")


def database_of_mallory(postgres: Postgres, name: str) -> None:
    """A database that belongs to mallory, an unprivileged login."""
    with postgres.as_superuser() as admin:
        if not admin.execute("SELECT FROM pg_roles WHERE rolname = 'mallory'").rowcount:
            admin.execute("CREATE ROLE mallory LOGIN PASSWORD 'mallory'")
        admin.execute(f"CREATE DATABASE {name} OWNER mallory".encode())


def plant(postgres: Postgres, database: str) -> None:
    """Plants code in mallory's database, and puts it first in the search path of its sessions."""
    with psycopg.connect(postgres.url("mallory", "mallory", database), autocommit=True) as mallory:
        mallory.execute("CREATE SCHEMA evil")
        for part in ("exact", "better"):
            text = _PLANTED[part].replace("{names}", _array(mallory, names_in_our_sql()))
            mallory.execute(text.replace("{operators}", _array(mallory, _OPERATORS)).encode())
        mallory.execute(f"ALTER DATABASE {database} SET search_path = evil, public, pg_catalog".encode())


def names_in_our_sql() -> list[str]:
    """All names before a parenthesis in the package's SQL, including the wrapper of queries."""
    files = [*_PACKAGE.rglob("*.sql"), _PACKAGE / "postgres" / "query.py"]
    texts = (file.read_text(encoding="utf-8").lower() for file in files)
    return sorted({name for text in texts for name in re.findall(r"\b([a-z][a-z0-9_]*)\s*\(", text)})


def ran_as_others(log: Path, start: int = 0) -> set[tuple[str, str]]:
    """The planted objects that ran and their role, except as mallory, from a position in the server's log on."""
    lines = log.read_bytes()[start:].decode(errors="replace").splitlines()
    found = {match.groups() for line in lines if (match := _RAN.search(line))}
    return {(what, role) for what, role in found if role != "mallory"}


def _array(connection: psycopg.Connection, texts: list[str]) -> str:
    return compose.SQL("{}::text[]").format(compose.Literal(texts)).as_string(connection)
