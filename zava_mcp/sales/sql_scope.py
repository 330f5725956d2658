"""Finds the innermost query around a position, and the tables and subqueries in its FROM clause.

Only hints use this module. Literals, quoted names and comments are blanked before it reads the SQL.
"""

import re
from collections.abc import Collection

_SUBQUERY = re.compile(r"\(\s*(?:SELECT|WITH|VALUES)\b", re.IGNORECASE)
_KEYWORDS = (
    "AS|FROM|ON|USING|WHERE|GROUP|ORDER|JOIN|LEFT|RIGHT|FULL|INNER|CROSS|NATURAL|LIMIT|OFFSET|FETCH|HAVING|UNION|EXCEPT|"
    "INTERSECT|WINDOW|SELECT|AND|OR|THEN|ELSE|END|IS|IN|NOT|LIKE|BETWEEN|OVER|FILTER|DESC|ASC|NULLS"
)
_ALIAS = rf"(?:\s+(?:AS\s+)?(?!(?:{_KEYWORDS})\b)(\w{{1,63}}))?"
_SOURCE = re.compile(
    rf"(?:\bFROM|\bJOIN|\bTABLE|,)\s+(?:LATERAL\s+|ONLY\s+)?(?:retail\s*\.\s*)?(\w{{1,63}}(?:\s*\.\s*\w{{1,63}})?){_ALIAS}",
    re.IGNORECASE,
)
_DERIVED = re.compile(rf"(?:\bFROM|\bJOIN|,)\s*(?:LATERAL\s*)?\(\s*\){_ALIAS}", re.IGNORECASE)
_CTE = re.compile(
    r"(?:\bWITH\s+(?:RECURSIVE\s+)?|,\s*)(\w{1,63})\s+AS\s*(?:(?:NOT\s+)?MATERIALIZED\s*)?\(", re.IGNORECASE
)


def innermost_query(sql: str, position: int | None) -> str:
    """Returns the innermost subquery around a position with its own subqueries blanked.

    Returns the whole text if `position` is None.
    """
    if position is None:
        return sql
    open_brackets: list[tuple[int, bool]] = []
    start, end, inner = 0, len(sql), []
    for place, mark in enumerate(sql):
        if mark == "(":
            open_brackets.append((place + 1, _SUBQUERY.match(sql, place) is not None))
        elif mark == ")" and open_brackets:
            begin, is_subquery = open_brackets.pop()
            if is_subquery and begin <= position - 1 < place:
                start, end = begin, place
                break
            if is_subquery:
                inner.append((begin, place))
    text = sql
    for begin, stop in inner:
        text = text[:begin] + " " * (stop - begin) + text[stop:]
    return text[start:end]


def find_tables(scope: str, tables: Collection[str]) -> dict[str, str]:
    """Returns the known tables of a part of a query as {alias or name: table}."""
    found: dict[str, str] = {}
    for match in _SOURCE.finditer(scope):
        table = re.sub(r"\s", "", match[1].lower())
        if table in tables:
            found[match[2] or table.rpartition(".")[2]] = table
    return found


def derived_sources(scope: str, sql: str) -> list[str]:
    """Returns the names of the subqueries and common table expressions in a part of a query."""
    expressions = {name.lower() for name in _CTE.findall(sql)}
    body = _CTE.sub(" ", scope)  # _SOURCE would take a list of definitions for a list of sources
    named = [match[2] or match[1] for match in _SOURCE.finditer(body) if match[1].lower() in expressions]
    return list(dict.fromkeys([*named, *filter(None, _DERIVED.findall(scope))]))
