"""Compares the expected output of a command with the actual one.

Text must be the same. A number matches any number, and so do dates and times; a uuid matches any uuid, a run of blanks
any run, a rule of dashes any rule. `…` inside a line matches any text, a line `…` any lines.
"""

import re

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NUMBER = r"\d+(?:[.,]\d+)*"
#: What matches each kind of part: the first alternative that fits at a place of the expected line.
_PARTS = {
    "uuid": (_UUID, _UUID),
    "number": (rf"(?<![\w.])[-+]?{_NUMBER}|{_NUMBER}", rf"[-+]?{_NUMBER}"),
    "blanks": (r"[ \t]+", r"[ \t]+"),
    "rule": (r"[-─━═▀█▇]{3,}", r"[-─━═▀█▇]+"),
    "any": ("…", ".*"),
}
_PART = re.compile("|".join(f"(?P<{name}>{expected})" for name, (expected, _) in _PARTS.items()))
_ANY_LINES = "…"


def matches(expected: list[str], actual: list[str]) -> bool:
    """Whether the actual lines are those that were expected; blanks and empty lines at the ends do not count."""
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line.strip() == _ANY_LINES else f"{_pattern(line.strip())}\n"
        for line in _trimmed(expected)
    )
    return re.fullmatch(pattern, "".join(f"{line.strip()}\n" for line in _trimmed(actual))) is not None


def _pattern(line: str) -> str:
    pattern, end = "", 0
    for part in _PART.finditer(line):
        assert part.lastgroup
        pattern += re.escape(line[end : part.start()]) + _PARTS[part.lastgroup][1]
        end = part.end()
    return pattern + re.escape(line[end:])


def _trimmed(lines: list[str]) -> list[str]:
    return "\n".join(line.rstrip() for line in lines).strip("\n").split("\n")
