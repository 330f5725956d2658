"""Explains timeouts: names the limit, and the join in the query that pairs too many rows."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from zava_mcp.errors import QueryError

_MAX_SQL_CHARACTERS = 20_000  # Longer queries are not examined.
_LITERAL = re.compile(r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*'", re.DOTALL)
_EARLY = 0.9  # share of the limit; an earlier timeout was set by the database
_ADVICE = (
    "Narrow the date range, filter by store or category, or aggregate; explain_sales_query shows how it would run."
)
_NOT_A_KEYWORD = "(?!(?:ON|USING|WHERE|GROUP|ORDER|JOIN|LEFT|RIGHT|FULL|INNER|CROSS|NATURAL|LIMIT|HAVING|UNION|SET)\\b)"
_SOURCE = re.compile(
    rf"(?P<lead>\bFROM|\bCROSS\s+JOIN|\bNATURAL\s+(?:\w+\s+)?JOIN|\bJOIN|,)\s+(?:LATERAL\s+|ONLY\s+)?(?:retail\s*\.\s*)?"
    rf"(?P<table>\w{{1,63}})(?:\s+(?:AS\s+)?{_NOT_A_KEYWORD}(?P<alias>\w{{1,63}}))?",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\s*(?:USING\s*\(([^)]*)\)|ON\b(.*))", re.IGNORECASE | re.DOTALL)
_EQUAL = re.compile(r"(?:\w+\.)?(\w+)\s*=\s*(?:\w+\.)?(\w+)")
#: The columns that identify one row of a table.
_KEYS: dict[str, frozenset[str]] = {
    "stores": frozenset({"store_id"}),
    "customers": frozenset({"customer_id"}),
    "categories": frozenset({"category_id"}),
    "product_types": frozenset({"type_id"}),
    "products": frozenset({"product_id"}),
    "inventory": frozenset({"store_id", "product_id"}),
    "orders": frozenset({"order_id"}),
    "order_items": frozenset({"order_item_id"}),
}
_LARGE_TABLES = ("customers", "inventory", "orders", "order_items")


@contextmanager
def explain_timeout(sql: str, seconds: float) -> Iterator[None]:
    """Adds the limit and the likely cause to the error of a query that timed out."""
    start = time.monotonic()
    try:
        yield
    except QueryError as error:
        if error.outcome == "timeout" and error.sqlstate == "57014":
            elapsed = time.monotonic() - start
            at_limit = elapsed >= _EARLY * seconds
            when = f"at the limit of {seconds:g} s" if at_limit else f"after {elapsed:.1g} s: the database's own limit"
            error.message = f"the query was stopped {when}"
            error.hint = f"{likely_cause(sql)} {_ADVICE}".strip()
        raise


def likely_cause(sql: str) -> str:
    """Returns the join or recursion that makes a query slow, "" if none is found."""
    code = _LITERAL.sub("''", sql[:_MAX_SQL_CHARACTERS])
    sources = list(_SOURCE.finditer(code))
    before: list[str] = []
    for index, source in enumerate(sources):
        if source["lead"].upper() == "FROM":
            before = []
        if (table := source["table"].lower()) not in _KEYS:
            continue
        end = sources[index + 1].start() if index + 1 < len(sources) else len(code)
        if before and (cause := _cause(before, table, _join_type(sources, index, code), code[source.end() : end])):
            return cause
        before.append(table)
    return "The query is recursive; make the recursion end." if re.search(r"\bRECURSIVE\b", code, re.IGNORECASE) else ""


def _join_type(sources: list[re.Match[str]], index: int, sql: str) -> str:
    """Returns how a table is joined: JOIN, CROSS JOIN, … A comma in a query without WHERE is a CROSS JOIN."""
    keyword = " ".join(sources[index]["lead"].upper().split())
    if keyword != ",":
        return keyword
    adjacent = not sql[sources[index - 1].end() : sources[index].start()].strip()
    return "CROSS JOIN" if adjacent and not re.search(r"\bWHERE\b", sql, re.IGNORECASE) else ""


def _cause(before: list[str], table: str, join: str, condition: str) -> str:
    """Returns what is wrong with one join, "" if nothing is."""
    if join == "CROSS JOIN":
        return f"{before[-1]} and {table} are joined without a condition, which pairs all their rows."
    columns = _join_columns(condition) if join == "JOIN" else frozenset()
    large = [each for each in before if each in _LARGE_TABLES] or before
    if columns and not any(_KEYS[each] <= columns for each in (*large, table)):
        return _fan_out(large[-1], table, columns)
    return ""


def _join_columns(text: str) -> frozenset[str]:
    """Returns the columns on which a table is joined."""
    condition = _CONDITION.match(text)
    if condition is None:
        return frozenset()
    if condition[1] is not None:
        return frozenset(name.strip(' "').lower() for name in condition[1].split(","))
    on = re.split(r"\bWHERE\b|\bGROUP\b|\bORDER\b|\b(?:LEFT|RIGHT|FULL|INNER)\b", condition[2], flags=re.IGNORECASE)[0]
    return frozenset(one.lower() for one, other in _EQUAL.findall(on) if one.lower() == other.lower())


def _fan_out(one: str, other: str, columns: frozenset[str]) -> str:
    by = " and ".join(sorted(columns))
    better = " Join them on order_id." if {one, other} == {"orders", "order_items"} else " Aggregate one of them first."
    return f"{one} and {other} are joined on {by} alone, which pairs each row with many.{better}"
