"""PostgreSQL's lexical rules that several readers of SQL share."""

import re


def comment_end(sql: str, start: int) -> int:
    """The position after the block comment that begins at `start`; block comments nest."""
    depth = 0
    for mark in re.finditer(r"/\*|\*/", sql[start:]):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return start + mark.end()
    return len(sql)
