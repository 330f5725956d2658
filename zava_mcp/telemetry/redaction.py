"""Redacts SQL for traces: names and structure stay, constants become `?` and comments are removed.

It keeps customers' names out of tracing systems; the security of the database does not depend on it. Text that is not
recognized, such as a string without an end, is redacted up to the end of the SQL.
"""

import re

from zava_mcp.sql_text import comment_end

_VALUE = "?"

#: PostgreSQL's lexical rules, in the order in which they must be tried; a string includes its prefix.
_LEXEMES = re.compile(
    r"""
      (?P<value>  [eE]'(?:[^'\\]|\\.|'')*' | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*' | [uU]&"(?:[^"]|"")*"
                | \$(?P<tag>[A-Za-z_\u0080-\U0010ffff]\w*|)\$.*?\$(?P=tag)\$
                | \.?\d[\w.]*(?:(?<=[eE])[+-]\d+)? )
    | (?P<name>   "(?:[^"]|"")*" | [A-Za-z_\u0080-\U0010ffff][\w$]* | \$\d+ )
    | (?P<gap>    --[^\n]* )
    | (?P<sign>   [\s(),;.:=<>+*/%^|&~!@\#\[\]{}?`-] )
    """,
    re.VERBOSE | re.DOTALL,
)


def redact_values(sql: str) -> str:
    """The SQL with `?` for each constant and without comments."""
    parts: list[str] = []
    position = 0
    while position < len(sql):
        if sql.startswith("/*", position):
            position = comment_end(sql, position)
            continue
        lexeme = _LEXEMES.match(sql, position)
        if lexeme is None:  # a string that does not end, or a prefix of one
            return "".join(parts) + _VALUE
        parts.append({"value": _VALUE, "gap": " "}.get(lexeme.lastgroup or "", lexeme[0]))
        position = lexeme.end()
    return "".join(parts)
