"""Why a result may have no rows, or nothing but nulls and zeros: a hint from what this identity is known to see.

It is made of the query's own text and of descriptions that were read before. Both hold nothing of other identities: a
store that the identity may not see reads as one that does not exist.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from json.encoder import encode_basestring as quoted

from zava_mcp.sales.descriptions import SchemaSummary
from zava_mcp.sales.json_values import cell_texts
from zava_mcp.sales.result import QueryResult

MOST_BYTES = 300
_MOST_LITERALS = 40
_NAME_CHARACTERS = 40  # of a literal that is repeated
_LOOKED_AT = 20_000  # characters of a query
_SQL_LITERAL = r"'((?:[^']|'')*)'"
_COMMENT_OR_TEXT = re.compile(rf"--[^\n]*|/\*.*?(?:\*/|\Z)|{_SQL_LITERAL}", re.DOTALL)
_AGGREGATE = re.compile(
    r"\b(?:sum|avg|min|max|count|every|mode|corr|array_agg|string_agg|(?:json|jsonb|bool|bit|regr|covar|stddev|var|percentile|"
    r"variance)_?\w*)\s*\(",
    re.IGNORECASE,
)
#: The column that a literal is compared with, perhaps within lower() or upper(), and how.
_COMPARED = re.compile(
    r"(?:\b(?P<function>lower|upper)\s*\(\s*(?:\w+\.)?)?(?P<column>\w+)\"?\s{0,3}\)*(?:::\w+)?"
    r"(?P<how>(?:=|<>|!=|!?~~?\*?|\bNOT\b|\bI?LIKE\b|\bIN\b|\bANY\b|\bARRAY\b|[(\[\s])+)(?:'(?:[^']|'')*'\s*,\s*)*\Z",
    re.IGNORECASE,
)
_ZEROS = re.compile(r'\bnull\b|(?<![\w.])-?0(?:\.0+)?(?![\w.])|[\[\],"]')
_COUNTED = re.compile(r"\b(?:count|coalesce)\s*\((?![^)]*\bmin\b)", re.IGNORECASE)
_MEASURED = frozenset({20, 21, 23, 700, 701, 1700, 1082, 1114, 1184})  # numbers, dates and timestamps
_STORE_ID = re.compile(
    r"\bstore_id\"?\s*(?:=|\bIN\b|\bANY\b|\bBETWEEN\b)[\s(]*((?:\d{1,9}(?:\s*,\s*)?)+)", re.IGNORECASE
)
_STORES = ("stores", "inventory", "orders", "order_items", "customers")
_DAY = re.compile(r"\b((?:19|20|21)\d\d)(?:-(\d\d)(?:-(\d\d))?)?(?!\d)")
_YEAR = re.compile(r"\b(?:year|isoyear|make_date)\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Literal:
    """A text in a query, and the column that it is compared with, "" where that is not plain to see."""

    text: str
    column: str = ""
    function: str = ""  # around the column: lower or upper
    any_case: bool = False  # compared by ILIKE or ~*

    def told(self, value: str) -> str:
        """How a value is spelled where it is compared."""
        return value.lower() if self.function == "lower" else value.upper() if self.function == "upper" else value

    def fits(self, value: str) -> bool:
        """Whether the comparison may well find the value."""
        text, value = (self.text.casefold(), value.casefold()) if self.any_case else (self.text, self.told(value))
        return text == value or (text.strip("%") != text and text.strip("%") in value)


def emptiness(answer: QueryResult, sql: str) -> str:
    """A sentence on what is empty about a result, "" if nothing is.

    No rows; or an aggregate that found nothing: a column of nulls alone, or one row of counts of 0.
    """
    if not answer.rows:
        return "" if answer.cut or not answer.columns else "No rows."
    plain = _COMMENT_OR_TEXT.sub(" ", sql[:_LOOKED_AT])
    if not _AGGREGATE.search(plain):
        return ""
    if len(answer.rows) == 1 and not _ZEROS.sub("", answer.rows[0]):
        has_null = "null" in answer.rows[0]
        if has_null:
            return "Only nulls: there was nothing to aggregate."
        return "Nothing was counted." if _COUNTED.search(plain) else ""
    if all("null" in row for row in answer.rows):
        columns = zip(answer.columns, answer.types, zip(*map(cell_texts, answer.rows), strict=True), strict=True)
        for name, type_oid, texts in columns:
            if type_oid in _MEASURED and set(texts) == {"null"}:
                return f"Every row has null in {_shown(name)}."
    return ""


def empty_hint(emptiness: str, sql: str, known: SchemaSummary | None) -> str:
    """What explains an empty result, in at most MOST_BYTES bytes; "" for a query of no table of the shop's."""
    text = sql[:_LOOKED_AT]
    names = set(re.findall(r"\w+", _COMMENT_OR_TEXT.sub(" ", text).lower()))
    if known is None:
        return f"{emptiness} get_multiple_table_schemas says which stores and days you see."
    if not names & set(known.tables):
        return ""
    parts = list(_corrections(text, known))
    if names & set(_STORES):
        parts += [*_hidden_stores(text, known), *_what_is_seen(text, known)]
    elif not parts:
        parts = ["Compare texts with ILIKE; semantic_search_products finds products by what they are for."]
    return _fitting([emptiness, *parts])


def _fitting(parts: list[str]) -> str:
    """As many sentences, the first ones first, as have room."""
    told = ""
    for part in parts:
        longer = f"{told} {part}".strip()
        if len(quoted(longer).encode()) <= MOST_BYTES:
            told = longer
    return told


def _corrections(sql: str, known: SchemaSummary) -> Iterator[str]:
    """About literals that are known values but for case, spaces and signs, or values of another column."""
    columns = {
        "category_name": list(known.types),
        "type_name": [name for names in known.types.values() for name in names],
        "store_name": known.stores,
    }
    spelled = {
        column: {_key(value): value for value in dict.fromkeys(reversed(values))} for column, values in columns.items()
    }
    for literal in dict.fromkeys(_literals(sql)):
        key = _key(literal.text)
        if not key or (len(literal.text) > _NAME_CHARACTERS):
            continue
        own = spelled.get(literal.column, {})
        others = {column: values for column, values in spelled.items() if values is not own}
        told = _correction(literal, key, own) or next(
            (
                f"{_shown(values[key])} is a {column}."
                for column, values in others.items()
                if key in values and not own.get(key)
            ),
            "",
        )
        if told:
            yield told


def _correction(literal: _Literal, key: str, own: dict[str, str]) -> str:
    """How a literal is written in its column: in whole, or the one value that has it in it."""
    value = own.get(key)
    if value is None:
        within = [value for other, value in own.items() if key in other]
        value = within[0] if len(within) == 1 else None
    if value is None or literal.fits(value):
        return ""
    column = f"{literal.function}({literal.column})" if literal.function else literal.column
    return f"{column} is {_shown(literal.told(value))}, not {_shown(literal.text)}."


def _literals(sql: str) -> Iterator[_Literal]:
    for count, found in enumerate(_COMMENT_OR_TEXT.finditer(sql)):
        if found[1] is None:
            continue
        if count > _MOST_LITERALS:
            return
        text, before = found[1].replace("''", "'"), _COMPARED.search(sql[max(0, found.start() - 200) : found.start()])
        if before is None:
            yield _Literal(text)
        else:
            how = before["how"].upper()
            any_case = "ILIKE" in how or "*" in how
            yield _Literal(text, before["column"].lower(), (before["function"] or "").lower(), any_case)


def _key(text: str) -> str:
    """What is left of a text without case, spaces and signs; "and" is a sign too."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold().replace("_", " "))
    return "".join(word for word in words if word != "and")


def _shown(text: str) -> str:
    return "'" + re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text)[:_NAME_CHARACTERS].replace("'", "''") + "'"


def _hidden_stores(sql: str, known: SchemaSummary) -> Iterator[str]:
    """About stores that the query names and the identity does not see, whether or not there are such stores."""
    if known.all_stores:
        return
    keys = [_key(store) for store in known.stores]
    for literal in dict.fromkeys(_literals(sql)):
        key = _key(literal.text)
        if literal.column == "store_name" and key and not any(key in known_key for known_key in keys):
            yield f"You see nothing of store {_shown(literal.text)}."
    for found in _STORE_ID.finditer(_COMMENT_OR_TEXT.sub(" ", sql)):
        unseen = [number for number in re.findall(r"\d+", found[1]) if int(number) not in known.store_ids]
        if unseen:
            yield f"You see nothing of store_id {', '.join(unseen[:3])}."


def _what_is_seen(sql: str, known: SchemaSummary) -> Iterator[str]:
    stores = [f"{name} (store_id {number})" for name, number in zip(known.stores, known.store_ids, strict=True)]
    if known.all_stores:
        seen = f"all {len(stores)} stores"
    elif not stores:
        seen = "no stores"
    else:
        seen = ", ".join(stores[:3]) + (f" and {len(stores) - 3} more stores" if len(stores) > 3 else " only")
    if not known.first_day:
        yield f"You see {seen}, with no orders."
        return
    yield f"You see {seen}, with orders from {known.first_day} to {known.last_day}."
    days = list(_days(sql))
    if days and all(day < known.first_day[: len(day)] for day in days):
        yield "The query's dates are before that."
    elif days and all(day > known.last_day[: len(day)] for day in days):
        yield "The query's dates are after that."


def _days(sql: str) -> Iterator[str]:
    """The days, months and years that stand in texts; years as numbers too, where years are spoken of."""
    plain = _COMMENT_OR_TEXT.sub(" ", sql)
    texts = [literal.text for literal in _literals(sql)] + ([plain] if _YEAR.search(plain) else [])
    for text in texts:
        for found in _DAY.finditer(text):
            yield "-".join(part for part in found.groups() if part)
