"""Why a query may have taken too long, as far as its own text shows it: joins that pair too many rows."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from zava_mcp.errors import QueryError

_LOOKED_AT = 20_000  # characters of a query
_LITERAL = re.compile(r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*'", re.DOTALL)
_EARLY = 0.9  # of the limit: a timeout before is not ours
_WHAT_HELPS = (
    "Narrow the date range, filter by store or category, or aggregate; explain_sales_query shows how it would run."
)
_WORDS = "(?!(?:ON|USING|WHERE|GROUP|ORDER|JOIN|LEFT|RIGHT|FULL|INNER|CROSS|NATURAL|LIMIT|HAVING|UNION|SET)\\b)"
_SOURCE = re.compile(
    rf"(?P<lead>\bFROM|\bCROSS\s+JOIN|\bNATURAL\s+(?:\w+\s+)?JOIN|\bJOIN|,)\s+(?:LATERAL\s+|ONLY\s+)?(?:retail\s*\.\s*)?"
    rf"(?P<table>\w{{1,63}})(?:\s+(?:AS\s+)?{_WORDS}(?P<alias>\w{{1,63}}))?",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\s*(?:USING\s*\(([^)]*)\)|ON\b(.*))", re.IGNORECASE | re.DOTALL)
_EQUAL = re.compile(r"(?:\w+\.)?(\w+)\s*=\s*(?:\w+\.)?(\w+)")
#: The columns that name one row of a table.
_ONE_ROW: dict[str, frozenset[str]] = {
    "stores": frozenset({"store_id"}),
    "customers": frozenset({"customer_id"}),
    "categories": frozenset({"category_id"}),
    "product_types": frozenset({"type_id"}),
    "products": frozenset({"product_id"}),
    "inventory": frozenset({"store_id", "product_id"}),
    "orders": frozenset({"order_id"}),
    "order_items": frozenset({"order_item_id"}),
}
_LARGE = ("customers", "inventory", "orders", "order_items")


@contextmanager
def named_limit(sql: str, seconds: float) -> Iterator[None]:
    """Makes the error of a query that took too long name the limit that ended it, and the likely cause."""
    began = time.monotonic()
    try:
        yield
    except QueryError as error:
        if error.outcome == "timeout" and error.sqlstate == "57014":
            took = time.monotonic() - began
            limit = f"the limit is {seconds:g} s" if took >= _EARLY * seconds else "the database's own limit"
            error.message = f"the query was stopped after {took:.3g} s: {limit}"
            error.hint = f"{likely_cause(sql)} {_WHAT_HELPS}".strip()
        raise


def likely_cause(sql: str) -> str:
    """What in the text makes a query long, "" if nothing is plain to see."""
    plain = _LITERAL.sub("''", sql[:_LOOKED_AT])
    found = list(_SOURCE.finditer(plain))
    before: list[str] = []
    for place, source in enumerate(found):
        if source["lead"].upper() == "FROM":
            before = []
        if (table := source["table"].lower()) not in _ONE_ROW:
            continue
        end = found[place + 1].start() if place + 1 < len(found) else len(plain)
        if before and (cause := _cause(before, table, _lead(found, place, plain), plain[source.end() : end])):
            return cause
        before.append(table)
    return "It recurses; give the recursion an end." if re.search(r"\bRECURSIVE\b", plain, re.IGNORECASE) else ""


def _lead(found: list[re.Match[str]], place: int, sql: str) -> str:
    """What joins a table to those before: JOIN, CROSS JOIN; a comma without any condition counts as that."""
    lead = " ".join(found[place]["lead"].upper().split())
    if lead != ",":
        return lead
    listed = not sql[found[place - 1].end() : found[place].start()].strip()
    return "CROSS JOIN" if listed and not re.search(r"\bWHERE\b", sql, re.IGNORECASE) else ""


def _cause(before: list[str], table: str, lead: str, condition: str) -> str:
    """What is wrong with one join, if it is."""
    if lead == "CROSS JOIN":
        return f"{before[-1]} and {table} are joined without a condition, so each row meets all rows of the other."
    columns = _joined(condition) if lead == "JOIN" else frozenset()
    many = [each for each in before if each in _LARGE] or before
    if columns and not any(_ONE_ROW[each] <= columns for each in (*many, table)):
        return _fan_out(many[-1], table, columns)
    return ""


def _joined(text: str) -> frozenset[str]:
    """The columns by which a table is joined."""
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
