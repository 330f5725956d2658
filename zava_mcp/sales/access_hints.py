"""Names that several tables have, and tables or columns that an identity may not read: from the cached descriptions."""

import re

from zava_mcp.sales.column_hints import Catalogue
from zava_mcp.sales.sql_scope import scope_of, tables_of, unknown_sources

_AMBIGUOUS = re.compile(r'column reference "([^"]+)" is ambiguous')
_COMMON = re.compile(r'common column name "([^"]+)" appears more than once in (left|right) table')
_TWICE = re.compile(r'(?:ORDER|GROUP) BY "([^"]+)" is ambiguous')
_SAME_TABLE = re.compile(r'(?:table name "([^"]+)" specified more than once|table reference "?([^"]+)"? is ambiguous)')
_DENIED = re.compile(r"permission denied for (\w+(?: \w+)*?) (\S+)$")
_RELATIONS = ("table", "view", "materialized view", "foreign table", "sequence")


def ambiguity_hint(message: str, sql: str, position: int | None, catalogue: Catalogue) -> str:
    """About a name that stands for several things; `sql` has no texts and comments. "" if nothing is known."""
    if found := _AMBIGUOUS.match(message):
        return _qualified(found[1], sql, position, catalogue)
    if found := _COMMON.match(message):
        return _joined(found[1], found[2], sql, catalogue)
    if found := _TWICE.match(message):
        return f"Several columns of the SELECT list are named {found[1]}: give each another alias, or write its number."
    if found := _SAME_TABLE.match(message):
        name = found[1] or found[2]
        return f"Give each {name} an alias, and write it before the columns: FROM retail.{name} a JOIN retail.{name} b."
    return ""


def _qualified(name: str, sql: str, position: int | None, catalogue: Catalogue) -> str:
    scope = scope_of(sql, position)
    tables = tables_of(scope, catalogue.columns)
    having = [alias for alias, table in tables.items() if name in catalogue.columns[table]]
    others = unknown_sources(scope, sql)
    if len(having) > 1:
        return f"Write {_either(name, having)}."
    if len(having) + len(others) > 1:
        return f"Write {_either(name, [*having, *others])}, whichever source is meant."
    if others:
        return f"{others[0]} has several columns named {name}: give each another alias in it."
    return f"Several sources of this FROM have a column {name}: write the name of one, and a dot, before it."


def _either(name: str, sources: list[str]) -> str:
    return " or ".join(f"{source}.{name}" for source in sources)


def _joined(name: str, side: str, sql: str, catalogue: Catalogue) -> str:
    tables = tables_of(sql, catalogue.columns)
    having = [alias for alias, table in tables.items() if name in catalogue.columns[table]]
    example = f", such as ON {having[0]}.{name} = {having[-1]}.{name}" if len(having) > 1 else ""
    place = "before" if side == "left" else "behind"
    return (
        f"Several tables {place} this JOIN have a column {name}, so USING and NATURAL cannot take it: write ON with "
        f"the tables' names{example}."
    )


def permission_hint(message: str, sql: str, catalogue: Catalogue) -> str:
    """About what an identity may not read or call: which columns of the table it may read."""
    if (found := _DENIED.match(message)) is None:
        return ""
    kind, name = found[1], found[2].rpartition(".")[2].strip('"')
    if kind == "function":
        return f"Queries here cannot call {name}: leave it out."
    if kind == "schema":
        return "The tables are in the schema retail; get_multiple_table_schemas lists them."
    if kind not in _RELATIONS or not catalogue.columns:
        return ""
    columns = catalogue.columns.get(name)
    elsewhere = re.search(rf"(?<!\w)(?!retail\b)\w+\s*\.\s*{re.escape(name)}(?!\w|\s*\.)", sql, re.IGNORECASE)
    if columns is None or elsewhere:
        return f"This identity may read these tables, in the schema retail: {', '.join(catalogue.columns)}."
    return (
        f"Of retail.{name}, this identity may read {', '.join(columns)}. Name the columns: *, the whole row and "
        "count(alias) stand for the others too."
    )
