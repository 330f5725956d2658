"""Where a column is that a query does not find, and how to join its table: from the descriptions that are read already.

They hold only what the identity may see.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from zava_mcp.sales.sql_scope import tables_of

_LIKENESS, _LIKENESS_ELSEWHERE = 0.8, 0.86  # of names in the query's own tables, and in others
_LIKENESS_OF_TABLES = 0.75
_NAME = 60  # characters of a name that a hint repeats
_COLUMN = re.compile(r'column (?:"?([^".\s]+)"?\.)?"?([^"]+?)"? does not exist')
_MISSING = re.compile(r'(?:missing|invalid reference to) FROM-clause entry for table "([^"]+)"')
_RELATION = re.compile(r'relation "([^"]+)" does not exist')
_MEASURES = {"revenue", "sales", "total", "amount", "turnover", "total_sales", "sales_amount", "total_revenue"}


@dataclass(frozen=True)
class Catalogue:
    """The tables an identity sees: their columns, and their foreign keys as {table: [(column pairs, other table)]}."""

    columns: Mapping[str, list[str]] = field(default_factory=dict)
    keys: Mapping[str, list[tuple[list[tuple[str, str]], str]]] = field(default_factory=dict)

    def having(self, column: str) -> list[str]:
        """The tables with a column of that name, those with a key of another table last."""
        tables = [table for table, columns in self.columns.items() if column in columns]
        return sorted(
            tables, key=lambda table: any(column == own for pairs, _ in self.keys.get(table, []) for own, _ in pairs)
        )


def column_hint(message: str, sql: str, catalogue: Catalogue) -> str:
    """About a column that does not exist; `sql` has no texts and comments. "" if nothing is known."""
    sources = tables_of(sql, catalogue.columns)
    if (found := _COLUMN.match(message)) is None:
        return ""
    alias, name = found[1], found[2].rpartition(".")[2]
    if re.search(rf"\bAS\s+{re.escape(name)}\b", sql, re.IGNORECASE) and not catalogue.having(name):
        return (
            f"{name[:_NAME]} is an alias of the SELECT list: repeat its expression here, or use it in an outer query."
        )
    if tables := catalogue.having(name):
        return _where(name, tables, sources, catalogue)
    return _like(alias, name, sources, catalogue)


def table_hint(message: str, sql: str, catalogue: Catalogue) -> str:
    """About a table that does not exist, or is not in FROM."""
    sources = tables_of(sql, catalogue.columns)
    if (found := _MISSING.match(message)) is not None:
        if found[1] not in catalogue.columns:
            return f"The query's tables are: {', '.join(sources)}." if sources else ""
        if found[1] in sources.values():
            return ""
        return _join(found[1], sources, catalogue)
    if (found := _RELATION.match(message)) is None or not catalogue.columns:
        return ""
    name = found[1].rpartition(".")[2]
    if name.lower() in catalogue.columns:
        return f"Write retail.{name.lower()}, without quotes."
    near = difflib.get_close_matches(name.lower(), catalogue.columns, n=1, cutoff=_LIKENESS_OF_TABLES)
    if near:
        return f"Did you mean retail.{near[0]}?"
    return f"The tables are, in the schema retail: {', '.join(catalogue.columns)}."


def _where(name: str, tables: list[str], sources: dict[str, str], catalogue: Catalogue) -> str:
    """That another table has the column, and how to get there."""
    table = next((table for table in tables if table in sources.values()), tables[0])
    told = f"{name} is a column of {' and '.join(tables)}."
    for alias, source in sources.items():
        if source == table:
            return f"{told} Write {alias}.{name}."
    return f"{told} {_join(table, sources, catalogue)}".rstrip()


def _like(alias: str | None, name: str, sources: dict[str, str], catalogue: Catalogue) -> str:
    """The column of the query's tables, else of any, whose name is like it."""
    plain = re.sub(r"\W", "_", name.lower())
    own = [sources[alias]] if alias in sources else list(dict.fromkeys(sources.values()))
    if near := _nearest(plain, own, catalogue):
        column, table = near
        join = "" if table in sources.values() else _join(table, sources, catalogue)
        return f"Did you mean {column}, of {table}? {join}".rstrip()
    if plain in _MEASURES and "total_amount" in catalogue.columns.get("order_items", ()):
        return f"Revenue is sum(order_items.total_amount). {_join('order_items', sources, catalogue)}".rstrip()
    if " " in name or not re.fullmatch(r"\w+", name):
        return f"Double quotes are for names. Write texts in single quotes: '{name[:_NAME]}'."
    shown = [f"{table} has {', '.join(catalogue.columns[table])}." for table in own[:3]]
    return " ".join([*shown, "get_multiple_table_schemas lists each table's columns."] if shown else [])


def _nearest(name: str, own: list[str], catalogue: Catalogue) -> tuple[str, str] | None:
    """The column whose name is most like another, and its table; a little less like one of the query's own will do."""
    best, found = _LIKENESS_ELSEWHERE, None
    for table in dict.fromkeys([*own, *catalogue.columns]):
        for column in catalogue.columns[table]:
            likeness = difflib.SequenceMatcher(None, name, column).ratio()
            likeness += (_LIKENESS_ELSEWHERE - _LIKENESS) * (table in own)
            if likeness > best:
                best, found = likeness, (column, table)
    return found


def _join(table: str, sources: dict[str, str], catalogue: Catalogue) -> str:
    """How to join a table to those of the query by foreign keys, over as few others as possible."""
    paths: list[tuple[str, str, list[str]]] = [(source, alias, []) for alias, source in sources.items()]
    seen = set(sources.values())
    while paths:
        source, alias, joins = paths.pop(0)
        for pairs, other in _neighbours(source, catalogue):
            if other in seen:
                continue
            joined = [*joins, f"JOIN retail.{other} {_condition(alias, pairs, other)}"]
            if other == table:
                return f"Add {' '.join(joined)}."
            seen.add(other)
            paths.append((other, other, joined))
    return ""


def _neighbours(table: str, catalogue: Catalogue) -> Iterator[tuple[list[tuple[str, str]], str]]:
    yield from catalogue.keys.get(table, [])
    for other, keys in catalogue.keys.items():
        yield from (([(theirs, own) for own, theirs in pairs], other) for pairs, target in keys if target == table)


def _condition(alias: str, pairs: list[tuple[str, str]], other: str) -> str:
    if all(own == theirs for own, theirs in pairs):
        return f"USING ({', '.join(own for own, _ in pairs)})"
    return "ON " + " AND ".join(f"{other}.{theirs} = {alias}.{own}" for own, theirs in pairs)
