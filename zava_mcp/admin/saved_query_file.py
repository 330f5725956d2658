"""Reads a file with a saved query: a header of `--` lines, then one query with `:name` for its parameters."""

import re
from collections.abc import Iterator

from zava_mcp.admin.profile import refuse_invisible
from zava_mcp.errors import InputError
from zava_mcp.postgres.saved_query import TYPES, Parameter, SavedQuery
from zava_mcp.suggestions import did_you_mean

MAX_DESCRIPTION, MAX_PARAMETERS = 300, 20
MAX_CHARACTERS = 20_000  # of a file
_KEYS = ("name", "description", "parameter")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_HEADER = re.compile(r"\s*--[ \t]*(\w+)[ \t]*:[ \t]*(.*?)\s*")
_PARAMETER = re.compile(
    r"(?P<name>\S+)\s+(?P<type>\w+)(?:\s*=\s*(?P<default>.*?))?(?:(?:^|\s)--\s*(?P<description>.*))?"
)
#: PostgreSQL's strings, quoted names and line comments, which are left as they are; then what ":" means elsewhere.
_PARTS = re.compile(
    r"""
      (?P<string>  \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
                 | (?<![\w$])\$(?P<tag>[A-Za-z_\u0080-\U0010ffff]\w*|)\$.*?\$(?P=tag)\$ )
    | (?P<comment> --[^\n]* | /\* )
    | (?P<cast>    ::|:= )
    | :(?P<name>   [A-Za-z_]\w* )
    | (?P<number>  (?<![\w$])\$\d+ )
    """,
    re.VERBOSE | re.DOTALL,
)


def parse_file(text: str) -> SavedQuery:
    """The saved query in a file's text, not yet checked by PostgreSQL. Raises InputError."""
    source = text.replace("\r\n", "\n").strip()
    if "\0" in source or len(source) > MAX_CHARACTERS:
        raise InputError(f"the file has more than {MAX_CHARACTERS:,} characters, or contains NUL", "Shorten the query.")
    header = _header(source)
    names = [value for key, value in header if key == "name"]
    descriptions = [value for key, value in header if key == "description"]
    for key, values, example in (
        ("name", names, "top_products"),
        ("description", descriptions, "The best-selling products since a day."),
    ):
        if len(values) != 1:
            fault = "there is no line" if not values else "there is more than one line"
            raise InputError(f"{fault} `-- {key}:` in the header", f"Begin the file with `-- {key}: {example}`.")
    _check_name(names[0], "name of a saved query")
    if not 1 <= len(descriptions[0]) <= MAX_DESCRIPTION:
        raise InputError(f"the description has not 1 to {MAX_DESCRIPTION} characters")
    refuse_invisible("the description", descriptions[0])
    parameters = tuple(_parameter(value) for key, value in header if key == "parameter")
    if len(parameters) > MAX_PARAMETERS or len({each.name for each in parameters}) < len(parameters):
        raise InputError(f"there are more than {MAX_PARAMETERS} parameters, or two with the same name")
    statement = bind_names(source, [parameter.name for parameter in parameters])
    return SavedQuery(names[0], descriptions[0], parameters, statement, source)


def _header(source: str) -> list[tuple[str, str]]:
    """The keys and values of the comments before the query. Raises InputError for a misspelt key."""
    entries = []
    for line in source.split("\n"):
        if line.strip() and not line.lstrip().startswith("--"):
            break
        if match := _HEADER.fullmatch(line):
            key = match[1].lower()
            if key in _KEYS:
                entries.append((key, match[2]))
            elif suggestion := did_you_mean(key, _KEYS):
                raise InputError(f"the header has no key {match[1][:60]!r}{suggestion}")
    return entries


def _parameter(text: str) -> Parameter:
    match = _PARAMETER.fullmatch(text)
    if match is None:
        raise InputError(
            f"`-- parameter: {text[:80]}` cannot be read",
            "Write `-- parameter: NAME TYPE = DEFAULT -- DESCRIPTION`; default and description may be left out.",
        )
    _check_name(match["name"], "name of a parameter")
    if match["type"] not in TYPES:
        raise InputError(
            f"the parameter {match['name']} has the unknown type {match['type'][:60]!r}"
            f"{did_you_mean(match['type'], TYPES)}",
            f"The types are: {', '.join(TYPES)}.",
        )
    default = match["default"]
    refuse_invisible(f"the description of the parameter {match['name']}", match["description"] or "")
    refuse_invisible(f"the default of the parameter {match['name']}", default or "")
    parameter = Parameter(
        match["name"], match["type"], match["description"] or "", _default(default), required=default is None
    )
    if not (parameter.type == "store" and parameter.default):  # names of stores are looked up for each call
        parameter.bind(parameter.default)
    return parameter


def _default(text: str | None) -> str | None:
    """A default as text, None for NULL; quotes are for an empty text, or for the text null itself."""
    if text is None or text.lower() in ("", "null"):
        return None
    return text[1:-1].replace("''", "'") if len(text) > 1 and text[0] == text[-1] == "'" else text


def _check_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name[:60]!r} cannot be the {what}",
            "Use up to 63 of the characters a-z, 0-9 and _, and begin with a letter.",
        )


def bind_names(source: str, names: list[str]) -> str:
    """The query with `$1`, `$2`, … instead of `:name`, without the `;` that ends it; lines keep their numbers.

    Raises InputError for unknown and unused names.
    """
    parts: list[str] = []
    used: set[str] = set()
    position = end = 0
    for kind, start, stop, name in _lexemes(source):
        plain = source[position:start]
        if plain.strip(" \t\n\r\f;") or kind not in ("comment", "end"):
            end = len("".join(parts)) + len(plain.rstrip(" \t\n\r\f;"))
        parts.append(plain)
        if kind == "name":
            if name not in names:
                raise InputError(
                    f"line {source.count(chr(10), 0, start) + 1} has :{name[:60]}, which is no parameter"
                    f"{did_you_mean(name, names)}",
                    "Add `-- parameter:` to the header; write slices of arrays as [1 : n].",
                )
            used.add(name)
            parts.append(f"${names.index(name) + 1}")
        elif kind == "number":
            raise InputError(f"the query has {source[start:stop]}", "Write parameters by name, as :since.")
        else:
            parts.append(source[start:stop])
        if kind not in ("comment", "end"):
            end = len("".join(parts))
        position = stop
    if unused := [name for name in names if name not in used]:
        raise InputError(f"the query does not use the parameter :{unused[0]}", "Use it, or remove it from the header.")
    statement = "".join(parts)[:end].rstrip()
    if not statement:
        raise InputError("there is no query after the header", "Write one SELECT.")
    return statement


def _lexemes(source: str) -> Iterator[tuple[str, int, int, str]]:
    """(kind, start, end, name) of each part that is not plain text, and of the end of the text."""
    position = 0
    while (match := _PARTS.search(source, position)) is not None:
        kind = match.lastgroup or ""
        kind = "string" if kind == "tag" else kind
        position = _comment_end(source, match.start()) if match[0] == "/*" else match.end()
        yield kind, match.start(), position, match["name"] or ""
    yield "end", len(source), len(source), ""


def _comment_end(source: str, start: int) -> int:
    """The position after a block comment; block comments nest."""
    depth = 0
    for mark in re.finditer(r"/\*|\*/", source[start:]):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return start + mark.end()
    return len(source)
