"""Names of tables as people and models write them: quoted, with a schema, several in one text."""

import re
from collections.abc import Collection

_SCHEMA = "retail"
_ALL = {"*", "all", _SCHEMA}
_NAMES = re.compile(r"""(?:"[^"]*"|`[^`]*`|'[^']*'|[^\s,;"'`])+""")  # in a text
_PART = re.compile(r"""["'`]([^"'`]*)["'`]|([^."'`]+)""")  # of a qualified name
_CHARACTERS = 2_000  # of a text that is looked at


def requested(names: Collection[str], tables: Collection[str], usual: Collection[str]) -> list[str]:
    """The tables that are named, the usual ones if none or everything is.

    A name that no table has stays as it was written.
    """
    found: list[str] = []
    for text in names:
        parts = [text] if text in tables else _several(text, tables)
        for name in parts:
            found += usual if name in _ALL else [name]
    return list(dict.fromkeys(found or usual))


def _several(text: str, tables: Collection[str]) -> list[str]:
    words = _NAMES.findall(text[:_CHARACTERS].strip().strip("[](){}"))
    names = [_plain(word, tables) for word in words]
    return [name for name in names if name in tables or name != "and"] or [text]


def _plain(name: str, tables: Collection[str]) -> str:
    """A table's own name, without quotes, the schema and, before that, the database."""
    name = name.strip("[]")
    parts = (
        [quoted or plain for quoted, plain in _PART.findall(name)] if any(mark in name for mark in "\"'`.") else [name]
    )
    *before, last = [part if part in tables else part.lower() for part in parts] or [name.lower()]
    return last if not before or (before[-1] == _SCHEMA and len(before) <= 2) else name
