"""Arguments as clients and models write them: what has one meaning is taken, for all else a sentence says what to send.

Clients add arguments of their own (`sessionId`), write lists and whole argument objects as JSON text, numbers as text,
and nothing as {}, null or "".
"""

import difflib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

Schema = Mapping[str, Any]  # JSON Schema of one argument

NAMED = 5  # faults or names that a message lists: a request can have thousands
_CHARACTERS = 60  # of a name or value that a message repeats
_WRAPPERS = {"arguments", "args", "kwargs", "input", "parameters", "params"}
_NOTHING = {"", "null", "none", "undefined", "nil", "n/a"}
_YES, _NO = {"true", "yes", "y", "on", "1", "t"}, {"false", "no", "n", "off", "0", "f"}
_NUMBER = re.compile(r"[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?(?:[eE][-+]?\d{1,3})?|[-+]?\.\d+")
_LONGEST_NUMBER = 512  # bits
_LIKENESS, _WORD_LIKENESS = 0.75, 0.85  # from which on names, and words in them, are taken for each other
_LOOKED_AT = 20  # unknown arguments: there can be thousands
_DEPTH = 3  # of lists in lists
_SAME = {
    "limit": "max_rows",
    "rowlimit": "max_rows",
    "top": "max_rows",
    "topk": "max_rows",
    "sql": "postgresql_query",
    "statement": "postgresql_query",
    "search": "query_description",
    "text": "query_description",
    "threshold": "similarity_threshold",
    "kind": "chart",
    "type": "chart",
}
_COMMON_WORDS = {
    "max",
    "min",
    "to",
    "in",
    "only",
    "include",
    "name",
    "id",
    "postgresql",
}  # which say little of an argument


class WrongArgument(Exception):
    """A value that cannot be taken for what an argument needs, and what to send instead."""


def as_object(value: Any) -> dict[str, Any]:
    """Arguments as an object: also given as JSON text, as null or as PHP's empty list. Raises WrongArgument."""
    for _ in range(2):  # some clients encode twice
        if isinstance(value, str) and value.strip():
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                break
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        return {}
    if isinstance(value, dict):
        return value
    raise WrongArgument(f'arguments must be a JSON object, such as {{"name": "value"}}, not {_told(value)}')


def understand(given: Mapping[str, Any], takes: Mapping[str, Schema], needed: set[str]) -> tuple[dict[str, Any], str]:
    """The arguments that a tool takes, and what to say about those that were ignored.

    Raises WrongArgument naming the faults.
    """
    taken: dict[str, Any] = {}
    faults: list[str] = []
    for name, schema in takes.items():
        try:
            value = read(given.get(name), schema, name, name in needed)
        except WrongArgument as fault:
            faults.append(str(fault))
        else:
            if value is not None:
                taken[name] = value
            elif name in needed:
                faults.append(f"the argument {name!r} is missing")
    extra = [name for name in given if name not in takes and not _is_nothing(given[name])]
    meant = {name: resembling(name, takes) for name in extra[:_LOOKED_AT]}
    if faults or any(meant.values()):
        faults += [_no_argument(name, known) for name, known in meant.items()]
        raise WrongArgument(f"{'; '.join(faults[:NAMED])}. {_listed(takes)}")
    return taken, _ignored(extra)


def read(value: Any, schema: Schema, name: str, needed: bool = False) -> Any:
    """A value as the kind that an argument needs; None for nothing. Raises WrongArgument."""
    kind = schema.get("type", "string")  # or one text or several
    if "anyOf" in schema and isinstance(value, list) and len(value) != 1 and all(isinstance(one, str) for one in value):
        return value  # about which its tool says more
    if kind == "array":
        return _list(value, name)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    has_absent_word = kind != "string" or not (needed or "default" in schema)
    if value == "" and kind == "string" and needed:
        return value  # about which its tool says more
    if _is_nothing(value) or (has_absent_word and isinstance(value, str) and value.strip().lower() in _NOTHING):
        return None
    if "enum" in schema:
        return _choice(value, schema["enum"], name)
    if kind == "string":
        return _text(value, name)
    return _switch(value, name) if kind == "boolean" else _number(value, name, whole=kind == "integer")


def unwrapped(given: dict[str, Any], takes: Mapping[str, Schema]) -> dict[str, Any]:
    """Arguments that stand in an object of its own within the arguments."""
    if len(given) == 1 and (name := next(iter(given))) in _WRAPPERS - set(takes):
        try:
            return as_object(given[name])
        except WrongArgument:
            return given
    return given


def resembling(name: str, takes: Mapping[str, Schema]) -> str:
    """The argument that another name probably means; "" if it is rather a client's own."""
    compact = _compact(name)
    by_form = {_compact(known): known for known in takes}
    if compact in by_form:
        return by_form[compact]
    if (meant := _SAME.get(compact, "")) in takes:
        return meant
    words = _words(name)
    if "id" in words:  # of a session, a call, a message
        return ""
    if near := difflib.get_close_matches(compact, by_form, n=1, cutoff=_LIKENESS):
        return by_form[near[0]]
    for known in takes:
        of_known = _words(known) - _COMMON_WORDS
        if any(difflib.get_close_matches(word, of_known, n=1, cutoff=_WORD_LIKENESS) for word in words - _COMMON_WORDS):
            return known
    return ""


def _compact(name: str) -> str:
    return re.sub(r"[\W_]", "", name[:_CHARACTERS]).lower()


def _words(name: str) -> set[str]:
    """The words of a name in snake_case, kebab-case or camelCase, in the singular."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name[:_CHARACTERS])
    return {word.lower().rstrip("s") or word.lower() for word in re.split(r"[\W_]+", spaced) if word}


def _is_nothing(value: Any) -> bool:
    return value is None or value in ({}, [], "")


def _text(value: Any, name: str) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return json.dumps(value)
    if not isinstance(value, str):
        raise WrongArgument(f"the argument {name!r} must be one text, not {_told(value)}")
    return value


def _choice(value: Any, choices: list[str], name: str) -> str:
    if isinstance(value, str):
        for form in (_compact(value), re.sub(r"(chart|graph|plot)$", "", _compact(value))):
            for choice in choices:
                if form == _compact(choice):
                    return choice
    raise WrongArgument(f"the argument {name!r} must be one of {', '.join(choices)}, not {_told(value)}")


def _switch(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else json.dumps(value)
    if word not in _YES | _NO:
        raise WrongArgument(f"the argument {name!r} must be true or false, not {_told(value)}")
    return word in _YES


def _number(value: Any, name: str, whole: bool) -> int | float:
    number: float | None = None
    if isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER:
        raise WrongArgument(f"the argument {name!r} is a number of too many digits")
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str):
        text = value.strip().removeprefix("$" if name.endswith("price") else "")
        text = text.removesuffix("%" if name.endswith("threshold") else "").rstrip()
        number = float(text.replace(",", "")) if _NUMBER.fullmatch(text) else None
    if number is not None and not whole:
        return number
    if number is not None and (isinstance(number, int) or number.is_integer()):
        return int(number)
    what = "a whole number, such as 20" if whole else "a number, such as 9.5"
    raise WrongArgument(f"the argument {name!r} must be {what}, not {_told(value)}")


def _list(value: Any, name: str, depth: int = _DEPTH) -> list[str] | None:
    """Texts in a list, in a JSON text of one, alone, or in an object that has nothing else."""
    if value is None:
        return None
    if isinstance(value, str) and value.strip()[:1] in ("[", "{", '"'):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, dict) and len(value) <= 1:
        value = list(value.values())
    if isinstance(value, list) and depth:
        return [text for item in value for text in _list(item, name, depth - 1) or []]
    raise WrongArgument(f'the argument {name!r} must be a list of texts, such as ["orders", "order_items"]')


def _no_argument(name: str, known: str) -> str:
    return f"there is no argument {name[:_CHARACTERS]!r}" + (f" (did you mean {known}?)" if known else "")


def _ignored(extra: list[str]) -> str:
    if not extra:
        return ""
    names = ", ".join(repr(name[:_CHARACTERS]) for name in extra[:NAMED])
    more = f" and {len(extra) - NAMED:,} more" if len(extra) > NAMED else ""
    return f"Ignored, because this tool has no such argument: {names}{more}."


def _listed(takes: Mapping[str, Schema]) -> str:
    return f"The arguments are: {', '.join(takes)}." if takes else "This tool takes no arguments."


def _told(value: Any) -> str:
    """A value as a message repeats it."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    return json.dumps(value, ensure_ascii=False)[:_CHARACTERS]
