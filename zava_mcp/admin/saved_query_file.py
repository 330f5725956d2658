"""Reads a file with a saved query: a header of `--` lines, then one query with `:name` for its parameters."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from zava_mcp.admin.plain_text import refuse_invisible
from zava_mcp.errors import InputError
from zava_mcp.postgres.saved_query import TYPES, Parameter, SavedQuery
from zava_mcp.sql_text import comment_end
from zava_mcp.suggestions import did_you_mean

MAX_DESCRIPTION, MAX_PARAMETERS = 300, 20
MAX_CHARACTERS = 20_000  # the limit for a file
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


class FileFaults(InputError):
    """All faults of a file."""

    def __init__(self, faults: Sequence[InputError]) -> None:
        super().__init__(faults[0].message, faults[0].hint)
        self.faults = faults


class _Faults(list[InputError]):
    """The faults that a file has so far."""

    @contextmanager
    def collected(self) -> Iterator[None]:
        try:
            yield
        except FileFaults as error:
            self.extend(error.faults)
        except InputError as error:
            self.append(error)

    def raise_any(self) -> None:
        if self:
            raise FileFaults(self)


def parse_file(text: str) -> SavedQuery:
    """The saved query in a file's text, not yet checked by PostgreSQL. Raises FileFaults."""
    source = text.replace("\r\n", "\n").strip()
    if "\0" in source or len(source) > MAX_CHARACTERS:
        found = f"the file has more than {MAX_CHARACTERS:,} characters, or contains NUL"
        raise FileFaults([InputError(found, "Shorten the query.")])
    faults = _Faults()
    header = _header(source, faults)
    names = [value for key, value in header if key == "name"]
    descriptions = [value for key, value in header if key == "description"]
    for key, values, example in (
        ("name", names, "top_products"),
        ("description", descriptions, "The best-selling products since a day."),
    ):
        if len(values) != 1:
            fault = "there is no line" if not values else "there is more than one line"
            hint = f"Begin the file with `-- {key}: {example}`."
            faults.append(InputError(f"{fault} `-- {key}:` in the header", hint))
    with faults.collected():
        _check_name(names[0] if names else "none", "name of a saved query")
    if descriptions and not 1 <= len(descriptions[0]) <= MAX_DESCRIPTION:
        faults.append(InputError(f"the description has not 1 to {MAX_DESCRIPTION} characters"))
    with faults.collected():
        refuse_invisible("the description", "".join(descriptions))
    parameters, statement = _parameters(header, faults), ""
    with faults.collected():
        statement = bind_names(source, [name for name, _ in parameters])
    faults.raise_any()
    checked = tuple(parameter for _, parameter in parameters if parameter)
    return SavedQuery(names[0], descriptions[0], checked, statement, source)


def _parameters(header: list[tuple[str, str]], faults: _Faults) -> list[tuple[str, Parameter | None]]:
    """The names and parameters of the header; a faulty one is None, so that the query may use its name."""
    found: list[tuple[str, Parameter | None]] = []
    for text in [value for key, value in header if key == "parameter"]:
        found.append((text.split()[0] if text else "", None))
        with faults.collected():
            found[-1] = (found[-1][0], _parameter(text))
    if len(found) > MAX_PARAMETERS or len({name for name, _ in found}) < len(found):
        faults.append(InputError(f"there are more than {MAX_PARAMETERS} parameters, or two with the same name"))
    return found


def _header(source: str, faults: _Faults) -> list[tuple[str, str]]:
    """The keys and values of the comments before the query; misspelt keys are faults."""
    entries = []
    for line in source.split("\n"):
        if line.strip() and not line.lstrip().startswith("--"):
            break
        if match := _HEADER.fullmatch(line):
            key = match[1].lower()
            if key in _KEYS:
                entries.append((key, match[2]))
            elif suggestion := did_you_mean(key, _KEYS):
                faults.append(InputError(f"the header has no key {match[1][:60]!r}{suggestion}"))
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

    Raises FileFaults for unknown and unused names.
    """
    faults = _Faults()
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
                unknown = f"line {source.count(chr(10), 0, start) + 1} has :{name[:60]}, which is not a parameter"
                hint = "Add `-- parameter:` to the header; write slices of arrays as [1 : n]."
                faults.append(InputError(f"{unknown}{did_you_mean(name, names)}", hint))
            used.add(name)
            parts.append(f"${names.index(name) + 1 if name in names else 0}")
        elif kind == "number":
            faults.append(InputError(f"the query has {source[start:stop]}", "Write parameters by name, as :since."))
        else:
            parts.append(source[start:stop])
        if kind not in ("comment", "end"):
            end = len("".join(parts))
        position = stop
    statement = "".join(parts)[:end].rstrip()
    if not statement:
        faults.append(InputError("there is no query after the header", "Write one SELECT."))
    elif unused := [f":{name}" for name in names if name not in used]:
        hint = "Use it, or remove it from the header."
        faults.append(InputError(f"the query does not use the parameter {', '.join(unused)}", hint))
    faults.raise_any()
    return statement


def _lexemes(source: str) -> Iterator[tuple[str, int, int, str]]:
    """(kind, start, end, name) of each part that is not plain text, and of the end of the text."""
    position = 0
    while (match := _PARTS.search(source, position)) is not None:
        kind = match.lastgroup or ""
        kind = "string" if kind == "tag" else kind
        position = comment_end(source, match.start()) if match[0] == "/*" else match.end()
        yield kind, match.start(), position, match["name"] or ""
    yield "end", len(source), len(source), ""
