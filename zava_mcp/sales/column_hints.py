"""Hints for columns and tables that a query names but PostgreSQL does not find.

The hints say which table has the column and how to join it. They come from the cached table descriptions, which contain
only what the identity may see.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from zava_mcp.sales.sql_scope import find_tables
from zava_mcp.sales.table_names import qualify

#: Least similarity of a suggested name, by difflib: of columns in the query's tables, of columns in others, of tables.
_MIN_SIMILARITY, _MIN_SIMILARITY_ELSEWHERE, _MIN_TABLE_SIMILARITY = 0.8, 0.86, 0.75
_MAX_NAME_CHARACTERS = 60  # the limit for a name in a hint
_COLUMN = re.compile(r'column (?:"?([^".\s]+)"?\.)?"?([^"]+?)"? does not exist')
_MISSING_FROM = re.compile(r'(?:missing|invalid reference to) FROM-clause entry for table "([^"]+)"')
_RELATION = re.compile(r'relation "([^"]+)" does not exist')
_MEASURES = {"revenue", "sales", "total", "amount", "turnover", "total_sales", "sales_amount", "total_revenue"}


@dataclass(frozen=True)
class Catalogue:
    """The tables that an identity sees: their columns, and foreign keys as {table: [(column pairs, other table)]}."""

    columns: Mapping[str, list[str]] = field(default_factory=dict)
    keys: Mapping[str, list[tuple[list[tuple[str, str]], str]]] = field(default_factory=dict)

    def tables_with(self, column: str) -> list[str]:
        """Returns the tables that have this column, those where it is a foreign key last."""
        tables = [table for table, columns in self.columns.items() if column in columns]
        return sorted(
            tables,
            key=lambda table: any(column == source for pairs, _ in self.keys.get(table, []) for source, _ in pairs),
        )


def column_hint(message: str, sql: str, catalogue: Catalogue) -> str:
    """Returns a hint for an unknown column, "" if there is none. `sql` has its literals and comments blanked."""
    sources = find_tables(sql, catalogue.columns)
    if (found := _COLUMN.match(message)) is None:
        return ""
    alias, name = found[1], found[2].rpartition(".")[2]
    if re.search(rf"\bAS\s+{re.escape(name)}\b", sql, re.IGNORECASE) and not catalogue.tables_with(name):
        shown = name[:_MAX_NAME_CHARACTERS]
        return f"{shown} is an alias of the SELECT list: repeat its expression here, or use it in an outer query."
    if tables := catalogue.tables_with(name):
        return _name_owner(name, tables, sources, catalogue)
    return _suggest_column(alias, name, sources, catalogue)


def table_hint(message: str, sql: str, catalogue: Catalogue) -> str:
    """Returns a hint for a table that does not exist or is missing from FROM, "" if there is none."""
    sources = find_tables(sql, catalogue.columns)
    if (found := _MISSING_FROM.match(message)) is not None:
        if found[1] not in catalogue.columns:
            return f"The tables of this query are: {', '.join(sources)}." if sources else ""
        if found[1] in sources.values():
            return ""
        return _join(found[1], sources, catalogue)
    if (found := _RELATION.match(message)) is None or not catalogue.columns:
        return ""
    name = found[1].rpartition(".")[2]
    by_name = {table.rpartition(".")[2]: table for table in catalogue.columns}
    if name.lower() in by_name:
        return f"Write {qualify(by_name[name.lower()])}, without quotes."
    near = difflib.get_close_matches(name.lower(), by_name, n=1, cutoff=_MIN_TABLE_SIMILARITY)
    if near:
        return f"Did you mean {qualify(by_name[near[0]])}?"
    if any("." in table for table in catalogue.columns):
        return f"The tables are {', '.join(map(qualify, catalogue.columns))}."
    return f"The schema retail has the tables {', '.join(catalogue.columns)}."


def _name_owner(name: str, tables: list[str], sources: dict[str, str], catalogue: Catalogue) -> str:
    """Names the table that has the column, and how to join it."""
    table = next((table for table in tables if table in sources.values()), tables[0])
    sentence = f"{name} is a column of {' and '.join(tables)}."
    for alias, source in sources.items():
        if source == table:
            return f"{sentence} Write {alias}.{name}."
    return f"{sentence} {_join(table, sources, catalogue)}".rstrip()


def _suggest_column(alias: str | None, name: str, sources: dict[str, str], catalogue: Catalogue) -> str:
    """Suggests a column with a similar name, else lists the columns of the query's tables."""
    normalized = re.sub(r"\W", "_", name.lower())
    own_tables = [sources[alias]] if alias in sources else list(dict.fromkeys(sources.values()))
    if near := _nearest(normalized, own_tables, catalogue):
        column, table = near
        join = "" if table in sources.values() else _join(table, sources, catalogue)
        return f"Did you mean {column}, of {table}? {join}".rstrip()
    if normalized in _MEASURES and "total_amount" in catalogue.columns.get("order_items", ()):
        return f"Revenue is sum(order_items.total_amount). {_join('order_items', sources, catalogue)}".rstrip()
    if " " in name or not re.fullmatch(r"\w+", name):
        return f"Double quotes are for names. Write strings in single quotes: '{name[:_MAX_NAME_CHARACTERS]}'."
    shown = [f"{table} has {', '.join(catalogue.columns[table])}." for table in own_tables[:3]]
    return " ".join([*shown, "get_multiple_table_schemas lists each table's columns."] if shown else [])


def _nearest(name: str, own_tables: list[str], catalogue: Catalogue) -> tuple[str, str] | None:
    """Returns the most similar column and its table. Columns of the query's own tables need less similarity."""
    best, found = _MIN_SIMILARITY_ELSEWHERE, None
    for table in dict.fromkeys([*own_tables, *catalogue.columns]):
        for column in catalogue.columns[table]:
            similarity = difflib.SequenceMatcher(None, name, column).ratio()
            similarity += (_MIN_SIMILARITY_ELSEWHERE - _MIN_SIMILARITY) * (table in own_tables)
            if similarity > best:
                best, found = similarity, (column, table)
    return found


def _join(table: str, sources: dict[str, str], catalogue: Catalogue) -> str:
    """Returns the JOIN clauses that connect a table to the query, over as few tables as possible, "" if there are none.

    A path never goes from a table to one that it references and on to another that references that one, because such a
    join, of orders and stock by their store for example, pairs each row with many.
    """
    used = set(sources.values())
    referenced = {other for source in used for _, other in _references(source, catalogue)}
    paths: list[tuple[str, str, list[str], bool]] = [
        (source, alias, [], source in referenced) for alias, source in sources.items()
    ]
    visited = {(source, is_up) for source in used for is_up in (False, True)}
    while paths:
        source, alias, joins, is_up = paths.pop(0)
        for pairs, other, goes_up in _neighbours(source, catalogue):
            if (other, goes_up) in visited or (is_up and not goes_up):
                continue
            joined = [*joins, f"JOIN {qualify(other)} {_condition(alias, pairs, other)}"]
            if other == table:
                return f"Add {' '.join(joined)}."
            visited.add((other, goes_up))
            paths.append((other, other.rpartition(".")[2], joined, goes_up))
    return ""


def _references(table: str, catalogue: Catalogue) -> list[tuple[list[tuple[str, str]], str]]:
    """Returns the foreign keys of a table, and that of order_items to the stock of its store and product."""
    keys = list(catalogue.keys.get(table, []))
    if table == "order_items" and "inventory" in catalogue.columns:
        keys.append(([("store_id", "store_id"), ("product_id", "product_id")], "inventory"))
    return keys


def _neighbours(table: str, catalogue: Catalogue) -> Iterator[tuple[list[tuple[str, str]], str, bool]]:
    """Yields column pairs, the other table, and whether the table references it."""
    yield from ((pairs, other, True) for pairs, other in _references(table, catalogue))
    for other in catalogue.columns:
        for pairs, referenced in _references(other, catalogue):
            if referenced == table:
                yield [(target, source) for source, target in pairs], other, False


def _condition(alias: str, pairs: list[tuple[str, str]], other: str) -> str:
    if all(source == target for source, target in pairs):
        return f"USING ({', '.join(source for source, _ in pairs)})"
    other = other.rpartition(".")[2]
    return "ON " + " AND ".join(f"{other}.{target} = {alias}.{source}" for source, target in pairs)
