"""Chooses the table of a file and the field of each of its columns, by file name and header."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zava_mcp.admin.load.fields import FLAT, NAMES, TABLES, Field, Table, headers_of, plain, table_named
from zava_mcp.currencies import CODES
from zava_mcp.errors import InputError
from zava_mcp.suggestions import did_you_mean

REJECTS_HEADER = ["line", "column", "reason"]  # The header of a file of rejected rows begins with these.
_LISTED = 8  # names of columns in a message
#: Words of a header that say nothing about its field, besides codes of currencies.
_FILLERS = frozenset(
    ["am", "an", "at", "by", "das", "der", "des", "die", "from", "im", "in", "of", "on", "per", "the", "vom", "von"]
)


@dataclass(frozen=True)
class ColumnMapping:
    """A file's table, and the index of the column of each field that the file has. `ignored` are other columns."""

    table: Table
    columns: dict[str, int]
    ignored: list[str]

    @property
    def fields(self) -> list[Field]:
        """The fields that the file has."""
        return [field for field in self.table.fields if field.name in self.columns]

    def advice(self) -> list[str]:
        """How to load the first ignored column, and which fields it may be; none without such a field."""
        free = [field.name for field in self.table.fields if field.name not in self.columns]
        named = [text for text in self.ignored if text and text not in REJECTS_HEADER]
        if not free or not named:
            return []
        return [f"--map {_quoted(named[0][:60])}=FIELD loads a column; fields without a column: {', '.join(free)}"]


def choose(path: Path, header: Sequence[str], table: str | None, chosen: Mapping[str, str]) -> ColumnMapping:
    """The table of a file and its columns. `chosen` maps headers to fields, "" for a column to ignore.

    Raises InputError if the table is not certain, a required column is missing, or two columns have the same field.
    """
    if table is not None:
        return _with_items(_mapping(_named(table), header, chosen, path), header, chosen, path)
    named = _by_file_name(path)
    if named is not None:
        return _with_items(_mapping(named, header, chosen, path), header, chosen, path)
    fitting = []
    for candidate in (*TABLES, FLAT):
        try:
            fitting.append(_mapping(candidate, header, chosen, path))
        except InputError:
            continue
    best = [found for found in fitting if len(found.columns) == max(len(other.columns) for other in fitting)]
    if len(best) == 1:
        return best[0]
    found = f"it could be {' or '.join(each.table.name for each in best)}" if best else "no table has these columns"
    raise InputError(
        f"{path.name}: {found}: {_listed(header)}",
        f"Name the table: --table {'|'.join(NAMES)}; and columns: --map COLUMN=FIELD. `--template DIR` helps.",
    )


def refuse_unknown(chosen: Mapping[str, str], headers: Iterable[Sequence[str]]) -> None:
    """Raises InputError for a chosen column that none of the files has."""
    known = {plain(text): text for header in headers for text in header}
    for column in chosen:
        if plain(column) not in known:
            raise InputError(
                f"there is no column {column[:60]!r}", f"The columns are: {_listed(list(known.values()))}."
            )


def _named(table: str) -> Table:
    try:
        return table_named(table)
    except KeyError:
        raise InputError(
            f"there is no table {table[:60]!r} to load{did_you_mean(table, NAMES)}",
            f"The tables are: {', '.join(NAMES)}.",
        ) from None


def _by_file_name(path: Path) -> Table | None:
    """The table that the file's name names, None if there is none or several."""
    stem = plain(path.stem)
    words = [plain(word) for word in re.split(r"[^\w]+|_|\d+", path.stem) if word]
    found = [
        table
        for table in TABLES
        if any(
            plain(word) in words or plain(word) == stem or stem.startswith(plain(word)) for word in table.words.split()
        )
    ]
    longest = [
        table
        for table in found
        if any(
            stem.startswith(plain(word)) and len(plain(word)) >= _longest(found, stem) for word in table.words.split()
        )
    ]
    return (longest or found)[0] if len(longest or found) == 1 else None


def _longest(tables: Sequence[Table], stem: str) -> int:
    """The length of the longest word of tables that a file name starts with."""
    return max(
        (len(plain(word)) for table in tables for word in table.words.split() if stem.startswith(plain(word))),
        default=0,
    )


def _with_items(found: ColumnMapping, header: Sequence[str], chosen: Mapping[str, str], path: Path) -> ColumnMapping:
    """Orders whose file has the items in the same rows."""
    if found.table.name not in ("orders", "order_items"):
        return found
    try:
        return _mapping(FLAT, header, chosen, path)
    except InputError:
        return found


def _mapping(table: Table, header: Sequence[str], chosen: Mapping[str, str], path: Path) -> ColumnMapping:
    columns: dict[str, int] = {}
    ignored = []
    wanted = {plain(column): target for column, target in chosen.items()}
    names = {field.name for field in table.fields}
    targets = set(wanted.values())
    for index, text in enumerate(header):
        name = wanted.get(plain(text))
        if name is None:
            name = _guess(text, header, [field for field in table.fields if field.name not in targets])
        if not name:
            ignored.append(text)
        elif name not in names:
            raise InputError(
                f"{path.name}: {table.name} has no field {name[:60]!r}{did_you_mean(name, names)}",
                f"The fields are: {', '.join(field.name for field in table.fields)}.",
            )
        elif name in columns:
            raise InputError(
                f"{path.name}: the columns {header[columns[name]]!r} and {text!r} are both {name}",
                f"Name its field: --map {_quoted(text)}=FIELD; --map {_quoted(text)}= ignores the column.",
            )
        else:
            columns[name] = index
    _refuse_missing(table, columns, header, path)
    return ColumnMapping(table, columns, ignored)


def _guess(text: str, header: Sequence[str], fields: Sequence[Field]) -> str | None:
    """The field that a column's header names, with or without words such as "am" and "EUR"."""
    words = re.split(r"[\W_]+", text)
    telling = " ".join(word for word in words if word.lower() not in _FILLERS and word not in CODES)
    return _named_field(text, header, fields) or _named_field(telling, header, fields)


def _named_field(text: str, header: Sequence[str], fields: Sequence[Field]) -> str | None:
    """The field with this name; a field's own name comes before its other names."""
    for field in fields:
        if plain(text) in headers_of(field)[:1]:
            return field.name
    for field in fields:
        if plain(text) in headers_of(field):
            has_own_column = any(plain(field.name) == plain(other) for other in header)
            return None if has_own_column else field.name
    return None


def _refuse_missing(table: Table, columns: dict[str, int], header: Sequence[str], path: Path) -> None:
    missing = [field.name for field in table.fields if field.is_required and field.name not in columns]
    if missing:
        unknown = [text for index, text in enumerate(header) if index not in columns.values()]
        column = _quoted(unknown[0][:60]) if len(unknown) == len(missing) == 1 else "COLUMN"
        raise InputError(
            f"{path.name}: no column for {', '.join(missing)} of {table.name}; the file has: {_listed(header)}",
            f"Name the columns: {' '.join(f'--map {column}={name}' for name in missing)}; or the table: --table."
            + f" Columns without a field: {_listed(unknown)}." * bool(unknown),
        )


def _quoted(text: str) -> str:
    return f'"{text}"' if re.search(r"\W", text) else text


def _listed(header: Sequence[str]) -> str:
    shown = ", ".join(text[:60] for text in header[:_LISTED])
    return f"{shown} and {len(header) - _LISTED} more" if len(header) > _LISTED else shown
