"""Explains a result that has no rows, or only nulls and zeros.

The explanation uses the query's text and the cached table descriptions. Neither contains anything about other
identities, so a store that the identity may not see is reported like one that does not exist.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from json.encoder import encode_basestring as quoted

from zava_mcp.plurals import counted
from zava_mcp.sales.compared_literals import Comparison, find_comparisons
from zava_mcp.sales.descriptions import SchemaSummary
from zava_mcp.sales.json_values import json_cells
from zava_mcp.sales.result import QueryResult

MAX_HINT_BYTES = 300
_MAX_LITERALS = 40
_MAX_LITERAL_CHARACTERS = 40  # the limit for a literal in the hint
_MAX_SQL_CHARACTERS = 20_000  # Longer queries are not examined.
_COMMENT_OR_TEXT = re.compile(r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*(?:'|\Z)", re.DOTALL)
_AGGREGATE = re.compile(
    r"\b(?:sum|avg|min|max|count|every|mode|corr|array_agg|string_agg|(?:json|jsonb|bool|bit|regr|covar|stddev|var|percentile|"
    r"variance)_?\w*)\s*\(",
    re.IGNORECASE,
)
_ZEROS = re.compile(r'\bnull\b|(?<![\w.])-?0(?:\.0+)?(?![\w.])|[\[\],"]')
_COUNT = re.compile(r"\b(?:count|coalesce)\s*\(", re.IGNORECASE)
_NUMBERS_AND_DATES = frozenset({20, 21, 23, 700, 701, 1700, 1082, 1114, 1184})  # numbers, dates and timestamps
_STORES = ("stores", "inventory", "orders", "order_items", "customers")
_STORE_ROWS = _STORES[1:]  # tables whose rows are hidden by store
_NO_ROWS = "You see no orders, stock or customers of"
_DAY = re.compile(r"\s{0,9}((?:19|20|21)\d\d)(?:-(\d\d)(?:-(\d\d))?)?(?!\d)")
_YEAR = frozenset({"year", "isoyear", "date_part"})
#: Words with which one date outside does not exclude all rows.
_ALTERNATIVE = re.compile(r"\b(?:OR|NOT|CASE|FILTER|UNION|SELECT\b.*\bSELECT)\b", re.IGNORECASE | re.DOTALL)


def describe_emptiness(result: QueryResult, sql: str) -> str:
    """Returns a sentence that says what is empty about a result, "" if nothing is.

    A result is empty if it has no rows, or if an aggregate found nothing: a column of nulls, or one row of zero counts.
    """
    if not result.rows:
        return "" if result.truncated_by or not result.columns else "No rows."
    code = _COMMENT_OR_TEXT.sub(" ", sql[:_MAX_SQL_CHARACTERS])
    if not _AGGREGATE.search(code):
        return ""
    if len(result.rows) == 1 and not _ZEROS.sub("", result.rows[0]):
        if "null" in result.rows[0]:
            return "Only nulls and zeros." if "0" in result.rows[0] else "Only nulls."
        return "Only zeros." if _COUNT.search(code) else ""
    if not result.truncated_by and all("null" in row for row in result.rows):
        columns = zip(result.columns, result.types, zip(*map(json_cells, result.rows), strict=True), strict=True)
        for name, type_oid, texts in columns:
            if type_oid in _NUMBERS_AND_DATES and set(texts) == {"null"}:
                return f"Every row has null in {_quote(name)}."
    return ""


def explain_emptiness(emptiness: str, sql: str, summary: SchemaSummary | None) -> str:
    """Explains an empty result in at most MAX_HINT_BYTES bytes. Returns "" if the query uses no known table."""
    text = sql[:_MAX_SQL_CHARACTERS]
    names = set(re.findall(r"\w+", _COMMENT_OR_TEXT.sub(" ", text).lower()))
    if summary is None:
        return f"{emptiness} get_multiple_table_schemas lists the stores and days that you see."
    if not names & set(summary.tables):
        return ""
    parts = list(_corrections(text, summary))
    if names & set(_STORES):
        if names & set(_STORE_ROWS):
            parts += _invisible_stores(text, summary)
        parts += _visible_data(text, summary)
    elif not parts:
        parts = ["Compare texts with ILIKE; semantic_search_products finds products by description."]
    return _join_within_limit([emptiness, *parts])


def _join_within_limit(sentences: list[str]) -> str:
    """Joins sentences in their order, without those that exceed MAX_HINT_BYTES."""
    hint = ""
    for sentence in sentences:
        longer = f"{hint} {sentence}".strip()
        if len(quoted(longer).encode()) <= MAX_HINT_BYTES:
            hint = longer
    return hint


def _corrections(sql: str, summary: SchemaSummary) -> Iterator[str]:
    """Corrects literals that differ from a value in case, spaces or punctuation, or are values of another column."""
    columns = {
        "category_name": list(summary.types),
        "type_name": [name for names in summary.types.values() for name in names],
        "store_name": summary.stores,
    }
    spellings = {
        column: {_key(value): value for value in dict.fromkeys(reversed(values))} for column, values in columns.items()
    }
    for literal in _texts(sql):
        key = _key(literal.text)
        if not key or len(literal.text) > _MAX_LITERAL_CHARACTERS:
            continue
        own_values = spellings.get(literal.column, {})
        others = {column: values for column, values in spellings.items() if values is not own_values}
        elsewhere = [f"{_quote(values[key])} is a {column}." for column, values in others.items() if key in values]
        is_own = key in own_values or not elsewhere
        if correction := _correct(literal, key, own_values) if is_own else elsewhere[0]:
            yield correction


def _correct(literal: Comparison, key: str, own_values: dict[str, str]) -> str:
    """Returns the spelling of a literal in its column: the equal value, or the only value that contains it."""
    value = own_values.get(key)
    if value is None:
        containing = [value for other, value in own_values.items() if key in other]
        value = containing[0] if len(containing) == 1 else None
    if value is None or literal.may_match(value):
        return ""
    column = f"{literal.function}({literal.column})" if literal.function else literal.column
    return f"{column} is {_quote(literal.in_case(value))}, not {_quote(literal.text)}."


def _texts(sql: str) -> list[Comparison]:
    """Returns the first different strings of a query."""
    texts = (literal for literal in find_comparisons(sql) if not literal.is_number)
    return list(islice(dict.fromkeys(texts), _MAX_LITERALS))


def _key(text: str) -> str:
    """Removes case, spaces, punctuation and the word "and", for comparisons."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold().replace("_", " "))
    return "".join(word for word in words if word != "and")


def _quote(text: str) -> str:
    return "'" + re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text)[:_MAX_LITERAL_CHARACTERS].replace("'", "''") + "'"


def _invisible_stores(sql: str, summary: SchemaSummary) -> Iterator[str]:
    """Names stores of the query that the identity does not see, whether or not they exist."""
    for literal in _texts(sql):
        if literal.column != "store_name" or literal.negated or _may_be_visible(literal, summary):
            continue
        name = _quote(literal.text)
        yield f"No store has the name {name}." if summary.all_stores else f"{_NO_ROWS} the store {name}."
    numbers = [literal for literal in find_comparisons(sql) if literal.is_number and literal.column == "store_id"]
    ids = [literal.text for literal in numbers if literal.operator in ("=", "in") and not literal.negated]
    unseen = [text for text in dict.fromkeys(ids) if text.isdigit() and int(text[:9]) not in summary.store_ids]
    if unseen:
        shown = f"store_id {', '.join(text[:9] for text in unseen[:3])}"
        yield f"No store has {shown}." if summary.all_stores else f"{_NO_ROWS} {shown}."


def _may_be_visible(literal: Comparison, summary: SchemaSummary) -> bool:
    """Returns whether a comparison with a store name may find a store that the identity sees."""
    if "~" in literal.operator and re.search(r"[^\w\s]", literal.text):
        return True
    parts = re.split(r"[%_]+", literal.text) if literal.is_pattern else [literal.text]
    keys = [key for part in parts if (key := _key(part))]
    return any(_contains(_key(store), keys) for store in summary.stores)


def _contains(text: str, parts: list[str]) -> bool:
    """Returns whether a text contains the parts one after another."""
    place = 0
    for part in parts:
        if (found := text.find(part, place)) < 0:
            return False
        place = found + len(part)
    return True


def _visible_data(sql: str, summary: SchemaSummary) -> Iterator[str]:
    """Says which stores and days the identity sees, and whether the query's dates are outside."""
    stores = [f"{name} (store_id {number})" for name, number in zip(summary.stores, summary.store_ids, strict=True)]
    if summary.all_stores:
        visible = f"all {counted(len(stores), 'store')}"
    elif not stores:
        visible = "no stores"
    else:
        visible = ", ".join(stores[:3]) + (
            f" and {counted(len(stores) - 3, 'more store')}" if len(stores) > 3 else " only"
        )
    if not summary.first_day:
        yield f"You see {visible}, with no orders."
        return
    yield f"You see {visible}, with orders from {summary.first_day} to {summary.last_day}."
    places = {place for place in _places(sql, summary) if place}
    if places == {"earlier"}:
        yield f"The query's dates are before the first order, of {summary.first_day}."
    elif places == {"later"}:
        yield f"The query's dates are after the last order, of {summary.last_day}."


def _places(sql: str, summary: SchemaSummary) -> list[str]:
    """Returns whether each date that is compared with order_date excludes all orders: earlier, later or ""."""
    compared = [
        (literal, "-".join(filter(None, found.groups())))
        for literal in find_comparisons(sql)
        if "order_date" in literal.names and (not literal.is_number or literal.names & _YEAR)
        if (found := _DAY.match(literal.text)) is not None
    ]
    places = [(literal.operator, _place(literal, day, summary)) for literal, day in compared]
    needs_all = _ALTERNATIVE.search(_COMMENT_OR_TEXT.sub(" ", sql)) is not None
    if any(not place and (needs_all or operator == "in") for operator, place in places):
        return []
    return [place for _, place in places]


def _place(literal: Comparison, day: str, summary: SchemaSummary) -> str:
    """Returns whether the days for which a comparison is true are all earlier or later than the orders."""
    first, last = summary.first_day[: len(day)], summary.last_day[: len(day)]
    operator = literal.operator
    if literal.negated:
        return ""
    if operator not in (">", ">=", "between") and (day < first or (operator == "<" and day == summary.first_day)):
        return "earlier"
    return "later" if day > last and operator not in ("<", "<=", "and") else ""
