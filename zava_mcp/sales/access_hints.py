"""Hints for ambiguous names and for denied tables and columns, from the cached table descriptions."""

import re

from zava_mcp.sales.column_hints import Catalogue
from zava_mcp.sales.sql_scope import derived_sources, find_tables, innermost_query
from zava_mcp.sales.table_names import qualify

_AMBIGUOUS = re.compile(r'column reference "([^"]+)" is ambiguous')
_COMMON_COLUMN = re.compile(r'common column name "([^"]+)" appears more than once in (left|right) table')
_DUPLICATE_OUTPUT = re.compile(r'(?:ORDER|GROUP) BY "([^"]+)" is ambiguous')
_DUPLICATE_TABLE = re.compile(
    r'(?:table name "([^"]+)" specified more than once|table reference "?([^"]+)"? is ambiguous)'
)
_DENIED = re.compile(r"permission denied for (\w+(?: \w+)*?) (\S+)$")
_RELATIONS = ("table", "view", "materialized view", "foreign table", "sequence")


def ambiguity_hint(message: str, sql: str, position: int | None, catalogue: Catalogue) -> str:
    """Returns a hint for an ambiguous name, "" if there is none. `sql` has its literals and comments blanked."""
    if found := _AMBIGUOUS.match(message):
        return _qualify_column(found[1], sql, position, catalogue)
    if found := _COMMON_COLUMN.match(message):
        return _replace_using(found[1], found[2], sql, catalogue)
    if found := _DUPLICATE_OUTPUT.match(message):
        return f"Several columns of the SELECT list are named {found[1]}: give each another alias, or write its number."
    if found := _DUPLICATE_TABLE.match(message):
        name = found[1] or found[2]
        return f"Give each {name} an alias, and write it before the columns: FROM retail.{name} a JOIN retail.{name} b."
    return ""


def _qualify_column(name: str, sql: str, position: int | None, catalogue: Catalogue) -> str:
    scope = innermost_query(sql, position)
    tables = find_tables(scope, catalogue.columns)
    owners = [alias for alias, table in tables.items() if name in catalogue.columns[table]]
    others = derived_sources(scope, sql)
    if len(owners) > 1:
        return f"Write {_alternatives(name, owners)}."
    if len(owners) + len(others) > 1:
        return f"Write {_alternatives(name, [*owners, *others])}, whichever source you mean."
    if others:
        return f"{others[0]} has several columns named {name}: give each another alias in it."
    return f"Several sources of this FROM have a column {name}: qualify it with the name of one, as in orders.store_id."


def _alternatives(name: str, sources: list[str]) -> str:
    return " or ".join(f"{source}.{name}" for source in sources)


def _replace_using(name: str, side: str, sql: str, catalogue: Catalogue) -> str:
    tables = find_tables(sql, catalogue.columns)
    owners = [alias for alias, table in tables.items() if name in catalogue.columns[table]]
    example = f", such as ON {owners[0]}.{name} = {owners[-1]}.{name}" if len(owners) > 1 else ""
    place = "before" if side == "left" else "after"
    return (
        f"Several tables {place} this JOIN have a column {name}, so USING and NATURAL are ambiguous: write ON with "
        f"the table names{example}."
    )


def permission_hint(message: str, sql: str, catalogue: Catalogue) -> str:
    """Returns a hint for a denied function, schema, table or column, "" if there is none."""
    if (found := _DENIED.match(message)) is None:
        return ""
    kind, name = found[1], found[2].rpartition(".")[2].strip('"')
    if kind == "function":
        return f"Queries cannot call {name}: leave it out."
    if kind == "schema":
        return f"{_tables_sentence(catalogue)}; get_multiple_table_schemas lists them."
    if kind not in _RELATIONS or not catalogue.columns:
        return ""
    exposed = [
        table for table in catalogue.columns if table.endswith(f".{name}") and re.search(_spaced(table), sql, re.I)
    ]
    columns = catalogue.columns.get(exposed[0] if exposed else name)
    in_other_schema = re.search(rf"(?<!\w)(?!retail\b)\w+\s*\.\s*{re.escape(name)}(?!\w|\s*\.)", sql, re.IGNORECASE)
    if columns is None or (in_other_schema and not exposed):
        if any("." in table for table in catalogue.columns):
            return f"This identity may read these tables: {', '.join(map(qualify, catalogue.columns))}."
        return f"This identity may read these tables, in the schema retail: {', '.join(catalogue.columns)}."
    table = exposed[0] if exposed else qualify(name)
    advice = "Name the columns: *, the whole row and count(alias) include the other columns."
    return f"Of {table}, this identity may read {', '.join(columns)}. {advice}"


def _spaced(table: str) -> str:
    """A pattern for a qualified name, with spaces around its dot."""
    return r"(?<!\w)" + re.escape(table).replace(r"\.", r"\s*\.\s*") + r"(?!\w)"


def _tables_sentence(catalogue: Catalogue) -> str:
    schemas = {qualify(table).partition(".")[0] for table in catalogue.columns} or {"retail"}
    return f"The tables are in the schema{'s' * (len(schemas) > 1)} {' and '.join(sorted(schemas))}"
