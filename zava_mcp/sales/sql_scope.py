"""The part of a query in which a name is looked up, and the names of the tables and subqueries there.

For hints only: texts, quoted names and comments are blank in what is read.
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
    rf"(?:\bFROM|\bJOIN|\bTABLE|,)\s+(?:LATERAL\s+|ONLY\s+)?(?:retail\s*\.\s*)?(\w{{1,63}}){_ALIAS}", re.IGNORECASE
)
_DERIVED = re.compile(rf"(?:\bFROM|\bJOIN|,)\s*(?:LATERAL\s*)?\(\s*\){_ALIAS}", re.IGNORECASE)
_COMMON = re.compile(
    r"(?:\bWITH\s+(?:RECURSIVE\s+)?|,\s*)(\w{1,63})\s+AS\s*(?:(?:NOT\s+)?MATERIALIZED\s*)?\(", re.IGNORECASE
)


def scope_of(sql: str, position: int | None) -> str:
    """The innermost subquery around a place, its own subqueries left blank; all of it if no place is known."""
    if position is None:
        return sql
    opened: list[tuple[int, bool]] = []
    start, end, inner = 0, len(sql), []
    for place, mark in enumerate(sql):
        if mark == "(":
            opened.append((place + 1, _SUBQUERY.match(sql, place) is not None))
        elif mark == ")" and opened:
            begin, is_subquery = opened.pop()
            if is_subquery and begin <= position - 1 < place:
                start, end = begin, place
                break
            if is_subquery:
                inner.append((begin, place))
    text = sql
    for begin, stop in inner:
        text = text[:begin] + " " * (stop - begin) + text[stop:]
    return text[start:end]


def tables_of(scope: str, tables: Collection[str]) -> dict[str, str]:
    """The known tables of a part of a query, by the names it has for them."""
    found: dict[str, str] = {}
    for match in _SOURCE.finditer(scope):
        table = match[1].lower()
        if table in tables:
            found[match[2] or table] = table
    return found


def unknown_sources(scope: str, sql: str) -> list[str]:
    """The names of subqueries and of common table expressions in a part of a query."""
    common = {name.lower() for name in _COMMON.findall(sql)}
    asked = _COMMON.sub(" ", scope)  # a list of definitions looks like a list of sources
    named = [match[2] or match[1] for match in _SOURCE.finditer(asked) if match[1].lower() in common]
    return list(dict.fromkeys([*named, *filter(None, _DERIVED.findall(scope))]))
