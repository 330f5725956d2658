"""Hints for SQL that PostgreSQL refused, derived from the text of the SQL and the error.

These hints never decide whether a query runs. They ignore string literals, quoted names and comments.
"""

import html
import re
import unicodedata
from dataclasses import dataclass

from zava_mcp.errors import QueryError
from zava_mcp.sales.access_hints import ambiguity_hint, permission_hint
from zava_mcp.sales.column_hints import Catalogue, column_hint, table_hint
from zava_mcp.sales.sql_dialects import FIRST_WORDS, FUNCTIONS, SYNTAX, TYPES

_CONTEXT_CHARACTERS = 2_000  # examined before and after the position of an error
_QUOTED = re.compile(r"""'[^']*(?:'|\Z)|"[^"]*(?:"|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z)""", re.DOTALL)
_ENTITY = re.compile(r"&(?:[a-z]{2,6}|#\d{1,6}|#x[0-9a-f]{1,5});", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"(?<![:\w\[\])]):[a-z_]\w*|(?<=[=(,<>])\s*\?|\b(?:LIKE|LIMIT|OFFSET|AND|BETWEEN)\s+\?|%\(\w+\)s|%[sd]\b|(?<![\w@<])@\w+|\$\{[^}\n]{0,60}\}"
    r"|\{\{[^}\n]{0,60}\}\}|\{\w{0,60}\}|(?<!\w)\$\d+|(?<=[=(,])\s*<\w{1,60}>",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"(?<![\w\])])\[\s*[a-z_][\w ]*\]", re.IGNORECASE)
_SINGLE_QUOTES, _DOUBLE_QUOTES = "\u2018\u2019\u201a\u2032\u00b4", "\u201c\u201d\u201e\u2033\u00ab\u00bb"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
_FULL_WIDTH = range(0xFF01, 0xFF5F)
_SQL_ALONE = "Send the SQL alone, without Markdown, quotes or other text around it."
_MESSAGES = {
    r"operator does not exist: .* == ": "Write equality as =.",
    r"operator does not exist: (date|timestamp\S*( with\S* time zone)?) \S+ integer": (
        "Write dates as strings in single quotes: '2026-01-31'."
    ),
    r"operator does not exist: (date|timestamp).* !?~": (
        "Compare dates with dates: order_date >= '2026-01-01' AND order_date < '2027-01-01'."
    ),
    "aggregate functions are not allowed in WHERE": "Filter aggregates with HAVING, after GROUP BY.",
    "aggregate function calls cannot be nested": (
        "Compute the inner aggregate in a subquery in FROM, and aggregate its result."
    ),
    "window functions are not allowed in (WHERE|HAVING)": "Filter window functions in an outer query.",
    r"operator is not unique: unknown \+ unknown|operator does not exist: text \+ ": "Concatenate strings with ||.",
    "WITH clause containing a data-modifying statement": "This server is read-only: send a SELECT.",
    r'relation "dual" does not exist': "PostgreSQL needs no FROM dual: remove it.",
}


@dataclass(frozen=True)
class _RefusedSql:
    """A refused statement.

    `code` has literals, quoted names and comments blanked; `before` and `after` surround the position of the error.
    """

    sql: str
    code: str
    before: str
    after: str

    @classmethod
    def of(cls, sql: str, position: int | None) -> "_RefusedSql":
        code = _QUOTED.sub(lambda found: " " * len(found[0]), sql)
        offset = len(sql) if position is None else position - 1
        return cls(
            sql, code, sql[max(0, offset - _CONTEXT_CHARACTERS) : offset], sql[offset : offset + _CONTEXT_CHARACTERS]
        )


def with_hint(error: QueryError, sql: str, catalogue: Catalogue) -> QueryError:
    """Sets the error's SQL, and replaces its hint if a better one is found. Returns the error."""
    error.sql = sql
    if not error.sqlstate.startswith(("42", "08P01", "0A000", "22P02", "22007", "22008")):
        return error
    refused = _RefusedSql.of(sql, error.position)
    for find_hint in (_character, _entity, _first_word, _date, _pattern, _placeholder, _quotes, _dialect):
        if hint := find_hint(error, refused):
            error.hint = hint
            return error
    hint = (
        _quoted_string(error, refused, catalogue)
        or column_hint(error.message, refused.code, catalogue)
        or table_hint(error.message, refused.code, catalogue)
        or ambiguity_hint(error.message, refused.code, error.position, catalogue)
        or permission_hint(error.message, refused.code, catalogue)
    )
    if hint:
        is_postgresql_hint = error.hint.startswith("Perhaps")
        error.hint = f"{hint} {error.hint}" if is_postgresql_hint and hint not in error.hint else hint
    return error


def _character(_: QueryError, refused: _RefusedSql) -> str:
    """Names the first character that resembles an ASCII one or is invisible."""
    if refused.code.isascii():
        return ""
    for number, character in enumerate(refused.code, 1):
        if character > "\x7f" and (advice := _character_advice(character)):
            name = unicodedata.name(character, "a control character").lower()
            return f"Character {number} is U+{ord(character):04X} ({name}): {advice}."
    return ""


def _character_advice(character: str) -> str:
    if character in _SINGLE_QUOTES or character in _DOUBLE_QUOTES:
        return "write strings in ' and names in \""
    if character in _DASHES:
        return "write -"
    if ord(character) in _FULL_WIDTH:
        return f"write {chr(ord(character) - 0xFEE0)}"
    if character in "\u037e\u3002\u3001\u2026":
        return "leave it out"
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp"):
        return "write an ordinary space"
    return "leave it out" if category in ("Cf", "Cc", "Co", "Cn") else ""


def _entity(_: QueryError, refused: _RefusedSql) -> str:
    for found in _ENTITY.finditer(refused.code):
        if (character := html.unescape(found[0])) != found[0]:
            character = "a space" if character.isspace() else character
            return f"{found[0]} is an HTML entity: write {character}."
    return ""


def _first_word(error: QueryError, refused: _RefusedSql) -> str:
    """Returns a hint for text that does not begin with a query."""
    words = re.match(r"[\s(;]*([^\s(;]*)", refused.code)
    word = words[1].lower() if words else ""
    if word in FIRST_WORDS:
        return FIRST_WORDS[word]
    if "one row-returning query" in error.message:
        if not refused.code.strip():
            return "The text contains no statement: send a SELECT."
        return "Send one statement at a time." if ";" in refused.code.rstrip("; \n\t\r") else ""
    error_at_start = error.position is not None and not refused.sql[: error.position - 1].strip()
    if word.startswith("\\"):
        return FIRST_WORDS["describe"]
    return _SQL_ALONE if error.sqlstate == "42601" and (error_at_start or "```" in refused.code) else ""


def _date(error: QueryError, _: _RefusedSql) -> str:
    """Returns a hint for a string that is not a date."""
    found = re.match(
        r'(?:date/time field value out of range|invalid input syntax for type \S+.*?): "(.*)"', error.message
    )
    if found is None or error.sqlstate not in ("22007", "22008"):
        return ""
    if _PLACEHOLDER.fullmatch(found[1]):
        return f"{found[1]} is a placeholder: write the value itself."
    parts = re.match(r"\d{4}-(\d\d)-(\d\d)(?!\d)", found[1])
    if parts is None:
        return "Write dates as YYYY-MM-DD, such as '2026-01-31'."
    if not 1 <= int(parts[1]) <= 12:
        return f"There is no month {int(parts[1])}: write dates as YYYY-MM-DD."
    return f"There is no day {parts[2]} in that month: write dates as YYYY-MM-DD."


def _pattern(error: QueryError, refused: _RefusedSql) -> str:
    is_unquoted = error.sqlstate in ("42601", "42703", "42883") and re.search(r"LIKE\s+%", refused.code, re.IGNORECASE)
    return "Write the pattern in single quotes: ILIKE '%text%'." if is_unquoted else ""


def _quoted_string(error: QueryError, refused: _RefusedSql, catalogue: Catalogue) -> str:
    """Returns a hint for a string in double quotes where a value is expected."""
    name = re.match(r'"([^"]{0,60})"', refused.after)
    if error.sqlstate != "42703" or name is None or catalogue.tables_with(name[1].lower()):
        return ""
    if not re.search(
        r"(?:[=<>~]|\b(?:I?LIKE|IN\s*\(|(?:date_trunc|date_part|to_char|to_date)\s*\())\s*$", refused.before, re.I
    ):
        return ""
    return f"Double quotes are for names. Write strings in single quotes: '{name[1]}'."


def _placeholder(error: QueryError, refused: _RefusedSql) -> str:
    found = _PLACEHOLDER.search(refused.code)
    if found is None or error.sqlstate not in ("42601", "42703", "08P01", "42883", "42P02"):
        return ""
    mark = "?" if found[0].endswith("?") else found[0].strip()
    return f"{mark} is a placeholder: write the value itself, strings in single quotes."


def _quotes(error: QueryError, refused: _RefusedSql) -> str:
    if error.message.startswith("unterminated quoted"):
        return "The quote at this position is never closed. Write a quote inside a string twice: 'O''Brien'."
    if "`" in refused.code:
        return 'PostgreSQL has no backticks: write names without quotes, or in ".'
    if error.sqlstate != "42601":
        return ""
    if _BRACKETS.search(refused.code):
        return 'PostgreSQL does not quote names with brackets: write names without them, or in ".'
    if re.search(r"\\[nrt]", refused.code):
        return "The SQL has \\n or \\t as two characters: send real line ends and spaces."
    if refused.before.endswith("'") and refused.after[:1].isalnum():
        return "Write a quote inside a string twice: 'O''Brien'."
    return ""


def _dialect(error: QueryError, refused: _RefusedSql) -> str:
    """Returns a hint for SQL of other databases."""
    for pattern, hint in _MESSAGES.items():
        if re.match(pattern, error.message):
            return hint
    if error.sqlstate in ("42883", "42725"):
        name = re.match(r"function (?:\w+\.)?(\w+)\(", error.message)
        return FUNCTIONS.get(name[1], "") if name else ""
    if error.sqlstate == "42704" and (unknown := re.match(r'type "(\w+)" does not exist', error.message)):
        known = TYPES.get(unknown[1].lower())
        return f"PostgreSQL has no type {unknown[1]}: write {known}." if known else ""
    if error.sqlstate in ("42703", "42601"):
        called = re.search(r"\b(\w+)\s*\(\s*$", refused.before)  # the error is at its first argument
        if called and called[1].lower() in FUNCTIONS and re.match(r"\w+\s*,", refused.after):
            return FUNCTIONS[called[1].lower()]
        if re.search(r"(#|//)\s*$", refused.before):
            return "Comments begin with --."
    if error.sqlstate == "42601":
        return next((hint for pattern, hint in SYNTAX if re.search(pattern, refused.before, re.IGNORECASE)), "")
    return ""
