"""What was meant by SQL that PostgreSQL refused, as far as its text shows it: for hints beside PostgreSQL's error.

Nothing here decides whether a query runs. Texts, quoted names and comments are left out of what is looked at.
"""

import html
import re
import unicodedata
from dataclasses import dataclass

from zava_mcp.errors import QueryError
from zava_mcp.sales.access_hints import ambiguity_hint, permission_hint
from zava_mcp.sales.column_hints import Catalogue, column_hint, table_hint
from zava_mcp.sales.sql_dialects import BEFORE, FIRST_WORDS, FUNCTIONS

_LOOKED_AT = 2_000  # characters before the place of an error
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
_OTHER = {
    r"operator does not exist: .* == ": "Equality is written =.",
    r"operator does not exist: (date|timestamp\S*( with\S* time zone)?) \S+ integer": (
        "Write dates as texts in single quotes: '2026-01-31'."
    ),
    r"operator is not unique: unknown \+ unknown|operator does not exist: text \+ ": "Texts are joined with ||.",
    "WITH clause containing a data-modifying statement": "Nothing can be changed here: ask with SELECT.",
    r'relation "dual" does not exist': "PostgreSQL needs no FROM dual: leave it out.",
}


@dataclass(frozen=True)
class _Text:
    """A refused text: whole, with everything quoted left out, and before the place of the error."""

    sql: str
    plain: str
    before: str
    at: str

    @classmethod
    def of(cls, sql: str, position: int | None) -> "_Text":
        plain = _QUOTED.sub(lambda found: " " * len(found[0]), sql)
        place = len(sql) if position is None else position - 1
        return cls(sql, plain, sql[max(0, place - _LOOKED_AT) : place], sql[place : place + _LOOKED_AT])


def with_hint(error: QueryError, sql: str, catalogue: Catalogue) -> QueryError:
    """The error with a better hint, if there is one, and with its text."""
    error.sql = sql
    if not error.sqlstate.startswith(("42", "08P01", "0A000", "22P02")):
        return error
    text = _Text.of(sql, error.position)
    for look in (_character, _entity, _first_word, _placeholder, _quotes, _dialect):
        if hint := look(error, text):
            error.hint = hint
            return error
    hint = (
        column_hint(error.message, text.plain, catalogue)
        or table_hint(error.message, text.plain, catalogue)
        or ambiguity_hint(error.message, text.plain, error.position, catalogue)
        or permission_hint(error.message, text.plain, catalogue)
    )
    if hint:
        is_own = error.hint.startswith("Perhaps")
        error.hint = f"{hint} {error.hint}" if is_own and hint not in error.hint else hint
    return error


def _character(_: QueryError, text: _Text) -> str:
    """The first character that looks like another one, or like none."""
    if text.plain.isascii():
        return ""
    for place, character in enumerate(text.plain, 1):
        if character > "\x7f" and (instead := _instead(character)):
            name = unicodedata.name(character, "a control character").lower()
            return f"Character {place} is U+{ord(character):04X} ({name}): {instead}."
    return ""


def _instead(character: str) -> str:
    if character in _SINGLE_QUOTES or character in _DOUBLE_QUOTES:
        return "write texts in ' and names in plain \""
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


def _entity(_: QueryError, text: _Text) -> str:
    for found in _ENTITY.finditer(text.plain):
        if (meant := html.unescape(found[0])) != found[0]:
            meant = "a space" if meant.isspace() else meant
            return f"{found[0]} is an HTML entity: write {meant}."
    return ""


def _first_word(error: QueryError, text: _Text) -> str:
    """About a text that begins with something other than a query."""
    words = re.match(r"[\s(;]*([^\s(;]*)", text.plain)
    word = words[1].lower() if words else ""
    if word in FIRST_WORDS:
        return FIRST_WORDS[word]
    if "one row-returning query" in error.message:
        if not text.plain.strip():
            return "There is no statement in the text: send a SELECT."
        return "Send one statement at a time." if ";" in text.plain.rstrip("; \n\t\r") else ""
    starts_there = error.position is not None and not text.sql[: error.position - 1].strip()
    if word.startswith("\\"):
        return FIRST_WORDS["describe"]
    return _SQL_ALONE if error.sqlstate == "42601" and (starts_there or "```" in text.plain) else ""


def _placeholder(error: QueryError, text: _Text) -> str:
    found = _PLACEHOLDER.search(text.plain)
    if found is None or error.sqlstate not in ("42601", "42703", "08P01", "42883", "42P02"):
        return ""
    mark = "?" if found[0].endswith("?") else found[0].strip()
    return f"{mark} is a placeholder: write the value itself, a text in single quotes."


def _quotes(error: QueryError, text: _Text) -> str:
    if error.message.startswith("unterminated quoted"):
        return "The quote at this place is never closed; a quote inside a text is written twice: 'O''Brien'."
    if "`" in text.plain:
        return "Backticks are not PostgreSQL's: write names without quotes, or in \"."
    if error.sqlstate != "42601":
        return ""
    if _BRACKETS.search(text.plain):
        return "Brackets are not PostgreSQL's quotes: write names without them, or in \"."
    if re.search(r"\\[nrt]", text.plain):
        return "The text has \\n or \\t as two characters: send real line ends and spaces."
    if text.before.endswith("'") and text.at[:1].isalnum():
        return "A quote inside a text is written twice: 'O''Brien'."
    return ""


def _dialect(error: QueryError, text: _Text) -> str:
    """About what other databases write."""
    for pattern, hint in _OTHER.items():
        if re.match(pattern, error.message):
            return hint
    if error.sqlstate in ("42883", "42725"):
        name = re.match(r"function (?:\w+\.)?(\w+)\(", error.message)
        return FUNCTIONS.get(name[1], "") if name else ""
    if error.sqlstate in ("42703", "42601"):
        called = re.search(r"\b(\w+)\s*\(\s*$", text.before)  # the place is its first argument
        if called and called[1].lower() in FUNCTIONS and re.match(r"\w+\s*,", text.at):
            return FUNCTIONS[called[1].lower()]
        if re.search(r"(#|//)\s*$", text.before):
            return "Comments begin with --."
    if error.sqlstate == "42601":
        return next((hint for pattern, hint in BEFORE if re.search(pattern, text.before, re.IGNORECASE)), "")
    return ""
