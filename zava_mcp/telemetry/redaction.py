"""SQL without the values in it, for traces: names and structure stay, constants and comments go.

No security of the data hangs on this; it keeps customers' names out of other systems. So it errs on the side of
leaving out: what does not end is left out to the end of the text.
"""

import re

_VALUE = "?"

#: PostgreSQL's lexical rules, in the order in which they must be tried. A prefix belongs to its string.
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


def without_values(sql: str) -> str:
    """The text with `?` for each constant and no comments."""
    kept: list[str] = []
    at = 0
    while at < len(sql):
        if sql.startswith("/*", at):
            at = _after_comment(sql, at)
            continue
        found = _LEXEMES.match(sql, at)
        if found is None:  # a string that does not end, or a prefix of one
            return "".join(kept) + _VALUE
        kept.append({"value": _VALUE, "gap": " "}.get(found.lastgroup or "", found[0]))
        at = found.end()
    return "".join(kept)


def _after_comment(sql: str, at: int) -> int:
    """Where a comment ends that begins at a place; comments nest."""
    depth = 0
    for mark in re.finditer(r"/\*|\*/", sql[at:]):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return at + mark.end()
    return len(sql)
