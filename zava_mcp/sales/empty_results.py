"""Explains a result that has no rows, or only nulls and zeros.

The explanation uses the query's text and the cached table descriptions. Neither contains anything about other
identities, so a store that the identity may not see is reported like one that does not exist.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from json.encoder import encode_basestring as quoted

from zava_mcp.sales.descriptions import SchemaSummary
from zava_mcp.sales.json_values import cell_texts
from zava_mcp.sales.result import QueryResult

MAX_HINT_BYTES = 300
_MAX_LITERALS = 40
_MAX_LITERAL_CHARACTERS = 40  # of a literal that the hint repeats
_MAX_SQL_CHARACTERS = 20_000  # of a query that is examined
_SQL_LITERAL = r"'((?:[^']|'')*)'"
_COMMENT_OR_TEXT = re.compile(rf"--[^\n]*|/\*.*?(?:\*/|\Z)|{_SQL_LITERAL}", re.DOTALL)
_AGGREGATE = re.compile(
    r"\b(?:sum|avg|min|max|count|every|mode|corr|array_agg|string_agg|(?:json|jsonb|bool|bit|regr|covar|stddev|var|percentile|"
    r"variance)_?\w*)\s*\(",
    re.IGNORECASE,
)
#: The column that a literal is compared with, optionally inside lower() or upper(), and the operator.
_COMPARED = re.compile(
    r"(?:\b(?P<function>lower|upper)\s*\(\s*(?:\w+\.)?)?(?P<column>\w+)\"?\s{0,3}\)*(?:::\w+)?"
    r"(?P<how>(?:=|<>|!=|!?~~?\*?|\bNOT\b|\bI?LIKE\b|\bIN\b|\bANY\b|\bARRAY\b|[(\[\s])+)(?:'(?:[^']|'')*'\s*,\s*)*\Z",
    re.IGNORECASE,
)
_ZEROS = re.compile(r'\bnull\b|(?<![\w.])-?0(?:\.0+)?(?![\w.])|[\[\],"]')
_COUNT = re.compile(r"\b(?:count|coalesce)\s*\((?![^)]*\bmin\b)", re.IGNORECASE)
_NUMBERS_AND_DATES = frozenset({20, 21, 23, 700, 701, 1700, 1082, 1114, 1184})  # numbers, dates and timestamps
_STORE_ID = re.compile(
    r"\bstore_id\"?\s*(?:=|\bIN\b|\bANY\b|\bBETWEEN\b)[\s(]*((?:\d{1,9}(?:\s*,\s*)?)+)", re.IGNORECASE
)
_STORES = ("stores", "inventory", "orders", "order_items", "customers")
_DAY = re.compile(r"\b((?:19|20|21)\d\d)(?:-(\d\d)(?:-(\d\d))?)?(?!\d)")
_YEAR = re.compile(r"\b(?:year|isoyear|make_date)\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Literal:
    """A string literal of a query, and the column that it is compared with, "" if unknown."""

    text: str
    column: str = ""
    function: str = ""  # around the column: lower or upper
    any_case: bool = False  # compared by ILIKE or ~*

    def in_case(self, value: str) -> str:
        """Returns a value in the case that the comparison needs."""
        return value.lower() if self.function == "lower" else value.upper() if self.function == "upper" else value

    def may_match(self, value: str) -> bool:
        """Returns whether the comparison may find the value."""
        text, value = (self.text.casefold(), value.casefold()) if self.any_case else (self.text, self.in_case(value))
        return text == value or (text.strip("%") != text and text.strip("%") in value)


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
        has_null = "null" in result.rows[0]
        if has_null:
            return "Only nulls: there was nothing to aggregate."
        return "Nothing was counted." if _COUNT.search(code) else ""
    if all("null" in row for row in result.rows):
        columns = zip(result.columns, result.types, zip(*map(cell_texts, result.rows), strict=True), strict=True)
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
        parts += [*_invisible_stores(text, summary), *_visible_data(text, summary)]
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
    for literal in dict.fromkeys(_literals(sql)):
        key = _key(literal.text)
        if not key or len(literal.text) > _MAX_LITERAL_CHARACTERS:
            continue
        own_values = spellings.get(literal.column, {})
        others = {column: values for column, values in spellings.items() if values is not own_values}
        correction = _correct(literal, key, own_values) or next(
            (
                f"{_quote(values[key])} is a {column}."
                for column, values in others.items()
                if key in values and not own_values.get(key)
            ),
            "",
        )
        if correction:
            yield correction


def _correct(literal: _Literal, key: str, own_values: dict[str, str]) -> str:
    """Returns the spelling of a literal in its column: the equal value, or the only value that contains it."""
    value = own_values.get(key)
    if value is None:
        containing = [value for other, value in own_values.items() if key in other]
        value = containing[0] if len(containing) == 1 else None
    if value is None or literal.may_match(value):
        return ""
    column = f"{literal.function}({literal.column})" if literal.function else literal.column
    return f"{column} is {_quote(literal.in_case(value))}, not {_quote(literal.text)}."


def _literals(sql: str) -> Iterator[_Literal]:
    for count, found in enumerate(_COMMENT_OR_TEXT.finditer(sql)):
        if found[1] is None:
            continue
        if count > _MAX_LITERALS:
            return
        text, before = found[1].replace("''", "'"), _COMPARED.search(sql[max(0, found.start() - 200) : found.start()])
        if before is None:
            yield _Literal(text)
        else:
            how = before["how"].upper()
            any_case = "ILIKE" in how or "*" in how
            yield _Literal(text, before["column"].lower(), (before["function"] or "").lower(), any_case)


def _key(text: str) -> str:
    """Removes case, spaces, punctuation and the word "and", for comparisons."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold().replace("_", " "))
    return "".join(word for word in words if word != "and")


def _quote(text: str) -> str:
    return "'" + re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text)[:_MAX_LITERAL_CHARACTERS].replace("'", "''") + "'"


def _invisible_stores(sql: str, summary: SchemaSummary) -> Iterator[str]:
    """Names stores of the query that the identity does not see, whether or not they exist."""
    if summary.all_stores:
        return
    keys = [_key(store) for store in summary.stores]
    for literal in dict.fromkeys(_literals(sql)):
        key = _key(literal.text)
        if literal.column == "store_name" and key and not any(key in visible for visible in keys):
            yield f"You do not see the store {_quote(literal.text)}."
    for found in _STORE_ID.finditer(_COMMENT_OR_TEXT.sub(" ", sql)):
        unseen = [number for number in re.findall(r"\d+", found[1]) if int(number) not in summary.store_ids]
        if unseen:
            yield f"You do not see store_id {', '.join(unseen[:3])}."


def _visible_data(sql: str, summary: SchemaSummary) -> Iterator[str]:
    """Says which stores and days the identity sees, and whether the query's dates are outside."""
    stores = [f"{name} (store_id {number})" for name, number in zip(summary.stores, summary.store_ids, strict=True)]
    if summary.all_stores:
        visible = f"all {len(stores)} stores"
    elif not stores:
        visible = "no stores"
    else:
        visible = ", ".join(stores[:3]) + (f" and {len(stores) - 3} more stores" if len(stores) > 3 else " only")
    if not summary.first_day:
        yield f"You see {visible}, with no orders."
        return
    yield f"You see {visible}, with orders from {summary.first_day} to {summary.last_day}."
    days = list(_days(sql))
    if days and all(day < summary.first_day[: len(day)] for day in days):
        yield "The dates in the query are earlier."
    elif days and all(day > summary.last_day[: len(day)] for day in days):
        yield "The dates in the query are later."


def _days(sql: str) -> Iterator[str]:
    """Yields the days, months and years in string literals; years in numbers too, if the query names years."""
    code = _COMMENT_OR_TEXT.sub(" ", sql)
    texts = [literal.text for literal in _literals(sql)] + ([code] if _YEAR.search(code) else [])
    for text in texts:
        for found in _DAY.finditer(text):
            yield "-".join(part for part in found.groups() if part)
