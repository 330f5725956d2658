"""The table of tenants of a database: found, checked and read."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.admin.plain_text import has_invisible
from zava_mcp.errors import InputError
from zava_mcp.plurals import counted
from zava_mcp.postgres.user_ids import short_name

HEAD_OFFICE = "Head office"
_MAX_NAME_CHARACTERS = 200
_MAX_LISTED = 10


@dataclass(frozen=True)
class TenantsTable:
    """The table of tenants, and its columns of keys and of names."""

    relation: str
    key: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "TenantsTable":
        """Reads "sales.tenant:id:name". Raises InputError."""
        relation, _, columns = text.partition(":")
        key, _, name = columns.partition(":")
        if not (relation and key and name) or ":" in name:
            raise InputError(
                f"--tenants-from is TABLE:KEY:NAME, not {text[:80]!r}",
                "For example: --tenants-from sales.tenant:id:name",
            )
        return cls(relation, key, name)


@dataclass(frozen=True)
class Tenant:
    key: str
    name: str


def resolve_table(connection: psycopg.Connection, table: TenantsTable) -> TenantsTable:
    """The table with its full name. Raises InputError if it cannot be a table of tenants."""
    try:
        with connection.transaction():
            found = rows(connection, "source", relation=table.relation)
    except psycopg.Error:
        found = []
    if not found or found[0][1] not in "rp":
        raise InputError(
            f"there is no table {table.relation[:80]!r}", "Write its schema and its name, such as sales.tenant."
        )
    relation, _, is_filtered, is_readable = found[0]
    if not is_readable or is_filtered:
        raise InputError(
            f"this administrator may not read every row of {relation}",
            "Use an administrator whom no policy hides rows from, and who was granted SELECT on it.",
        )
    columns = [name for name, _ in rows(connection, "columns", relation=relation)]
    for column in (table.key, table.name):
        if column not in columns:
            raise InputError(f"{relation} has no column {column!r}", f"It has {', '.join(columns)}.")
    resolved = TenantsTable(relation, table.key, table.name)
    connection.execute(f"LOCK TABLE {relation} IN ACCESS SHARE MODE".encode())  # The lock keeps its types unchanged.
    _refuse_types(connection, resolved)
    return resolved


def _refuse_types(connection: psycopg.Connection, table: TenantsTable) -> None:
    """Raises InputError for a type whose cast to text, run by the administrator, would be code of others."""
    for column in (table.key, table.name):
        if found := rows(connection, "untrusted_type", relation=table.relation, column=column):
            name, owner = found[0]
            raise InputError(
                f"the column {column} of {table.relation} is of the type {name}, whose casts {owner} can change",
                "Name a column of another type.",
            )


def read_tenants(connection: psycopg.Connection, table: TenantsTable) -> list[Tenant]:
    """All tenants. Raises InputError, with every reason, for rows that cannot be identities."""
    statement = compose.SQL("SELECT {key}::text, {name}::text FROM {table} ORDER BY {key}").format(
        key=compose.Identifier(table.key), name=compose.Identifier(table.name), table=compose.SQL(table.relation)
    )
    rows: list[tuple[str | None, str | None]] = connection.execute(statement).fetchall()
    faults = [fault for fault in _faults(rows) if fault]
    if faults:
        listed = "".join(f"\n  {fault}" for fault in faults)
        raise InputError(
            f"the rows of {table.relation} cannot be identities:{listed}", "Correct these rows, or name other columns."
        )
    names = [" ".join(str(name).split()) for _, name in rows]
    short = [short_name(name) for name in [HEAD_OFFICE, *names]]
    return [
        Tenant(str(key), name if short.count(short_name(name)) == 1 else f"{name} ({key})")
        for (key, _), name in zip(rows, names, strict=True)
    ]


def _faults(rows: list[tuple[str | None, str | None]]) -> list[str]:
    keys = [key for key, _ in rows]
    without_name = [str(key) for key, name in rows if name is None or not name.strip()]
    too_long = [str(key) for key, name in rows if name is not None and not _is_valid(" ".join(name.split()))]
    unfit = [key for key in keys if key is not None and not _is_valid(key)]  # parts of names
    twice = (
        sorted({key for key in keys if key is not None and keys.count(key) > 1}) if len(set(keys)) < len(keys) else []
    )
    return [
        "" if rows else "the table has no rows",
        f"{counted(keys.count(None), 'row has', 'rows have')} no key" if None in keys else "",
        f"these keys appear twice: {listed(twice)}" if twice else "",
        f"these keys have no name: {listed(without_name)}" if without_name else "",
        f"these keys have a name of more than 200 characters or with control characters: {listed(too_long)}"
        if too_long
        else "",
        f"{len(unfit)} keys have more than 200 characters or control characters" if unfit else "",
    ]


def _is_valid(text: str) -> bool:
    return len(text) <= _MAX_NAME_CHARACTERS and not has_invisible(text)


def listed(keys: list[str]) -> str:
    more = f" and {len(keys) - _MAX_LISTED} more" if len(keys) > _MAX_LISTED else ""
    return ", ".join(key[:60] for key in keys[:_MAX_LISTED]) + more


def rows(connection: psycopg.Connection, block: str, **values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(sql.named("tenants.sql")[block].encode(), values or None).fetchall()
