"""Resolves table names that are quoted, qualified with a schema, or listed in one string."""

import re
from collections.abc import Collection

_SCHEMA = "retail"
_ALL = {"*", "all", _SCHEMA}
_NAMES = re.compile(r"""(?:"[^"]*"|`[^`]*`|'[^']*'|[^\s,;"'`])+""")  # the names in one string
_PART = re.compile(r"""["'`]([^"'`]*)["'`]|([^."'`]+)""")  # the parts of a qualified name
_MAX_CHARACTERS = 2_000  # the limit for one string


def qualify(name: str) -> str:
    """The name of a table with its schema: tables of the schema retail are known without it."""
    return name if "." in name else f"{_SCHEMA}.{name}"


def resolve_table_names(names: Collection[str], tables: Collection[str], default: Collection[str]) -> list[str]:
    """Returns the named tables, or `default` for no names, `*` and "all".

    Unknown names are returned unchanged.
    """
    found: list[str] = []
    for text in names:
        parts = [text] if text in tables else _split_names(text, tables)
        for name in parts:
            found += default if name in _ALL else [name]
    return list(dict.fromkeys(found or default))


def _split_names(text: str, tables: Collection[str]) -> list[str]:
    words = _NAMES.findall(text[:_MAX_CHARACTERS].strip().strip("[](){}"))
    names = [_unqualified(word, tables) for word in words]
    return [name for name in names if name in tables or name != "and"] or [text]


def _unqualified(name: str, tables: Collection[str]) -> str:
    """Removes quotes, the schema retail and a database name before it."""
    name = name.strip("[]")
    parts = (
        [quoted or plain for quoted, plain in _PART.findall(name)] if any(mark in name for mark in "\"'`.") else [name]
    )
    *before, last = [part if part in tables else part.lower() for part in parts] or [name.lower()]
    if last not in tables and (exposed := _exposed(before, last, tables)):
        return exposed
    return last if not before or (before[-1] == _SCHEMA and len(before) <= 2) else name


def _exposed(before: list[str], last: str, tables: Collection[str]) -> str:
    """Returns the table of another schema with this name, "" if there is none, or several and no schema."""
    suffix = ".".join([*before[-1:], last])
    found = [table for table in tables if table == suffix or (not before and table.endswith(f".{last}"))]
    return found[0] if len(found) == 1 else ""
