"""Matches the arguments that clients send with those that a tool declares, and explains what does not match.

Clients add arguments of their own, such as `sessionId`: those are ignored. A name that resembles a declared one is
rejected with the declared name.
"""

import difflib
import re
from collections.abc import Mapping
from typing import Any

from zava_mcp.server.argument_values import (
    EXCERPT_CHARACTERS,
    Schema,
    WrongArgument,
    as_object,
    compact,
    convert,
    is_empty,
)

MAX_LISTED = 5  # faults or names that a message lists; a request can have thousands
_WRAPPERS = {"arguments", "args", "kwargs", "input", "parameters", "params"}
_NAME_SIMILARITY, _WORD_SIMILARITY = 0.75, 0.85  # least ratio of difflib
_MATCHED_NAMES = 20  # unknown names that are compared with the declared ones; a request can have thousands
_SYNONYMS = {
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
#: Words that are too common in names of arguments to identify one.
_COMMON_WORDS = {"max", "min", "to", "in", "only", "include", "name", "id", "postgresql"}


def normalize_arguments(
    values: Mapping[str, Any], schemas: Mapping[str, Schema], required: set[str]
) -> tuple[dict[str, Any], str]:
    """The arguments that a tool declares, converted to their types; and a sentence about those that are ignored.

    Raises WrongArgument that names the faults.
    """
    accepted: dict[str, Any] = {}
    faults: list[str] = []
    for name, schema in schemas.items():
        try:
            value = convert(values.get(name), schema, name, name in required)
        except WrongArgument as fault:
            faults.append(str(fault))
        else:
            if value is not None:
                accepted[name] = value
            elif name in required:
                faults.append(f"the argument {name!r} is missing")
    unknown = [name for name in values if name not in schemas and not is_empty(values[name])]
    similar = {name: similar_argument(name, schemas) for name in unknown[:_MATCHED_NAMES]}
    if faults or any(similar.values()):
        faults += [_unknown_argument(name, declared) for name, declared in similar.items()]
        raise WrongArgument(f"{'; '.join(faults[:MAX_LISTED])}. {_list_arguments(schemas)}")
    return accepted, _ignored_arguments(unknown)


def unwrap(values: dict[str, Any], schemas: Mapping[str, Schema]) -> dict[str, Any]:
    """The arguments that a client put into an object of their own within the arguments."""
    if len(values) == 1 and (name := next(iter(values))) in _WRAPPERS - set(schemas):
        try:
            return as_object(values[name])
        except WrongArgument:
            return values
    return values


def similar_argument(name: str, schemas: Mapping[str, Schema]) -> str:
    """The declared argument that an unknown name probably means; "" if the name is rather a client's own."""
    form = compact(name)
    by_form = {compact(declared): declared for declared in schemas}
    if form in by_form:
        return by_form[form]
    if (synonym := _SYNONYMS.get(form, "")) in schemas:
        return synonym
    words = _words(name)
    if "id" in words:  # clients add ids of a session, a call or a message
        return ""
    if near := difflib.get_close_matches(form, by_form, n=1, cutoff=_NAME_SIMILARITY):
        return by_form[near[0]]
    rare = words - _COMMON_WORDS
    for declared in schemas:
        candidates = _words(declared) - _COMMON_WORDS
        if any(difflib.get_close_matches(word, candidates, n=1, cutoff=_WORD_SIMILARITY) for word in rare):
            return declared
    return ""


def _words(name: str) -> set[str]:
    """The words of a name in snake_case, kebab-case or camelCase, in the singular."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name[:EXCERPT_CHARACTERS])
    return {word.lower().rstrip("s") or word.lower() for word in re.split(r"[\W_]+", spaced) if word}


def _unknown_argument(name: str, similar: str) -> str:
    question = f" (did you mean {similar}?)" if similar else ""
    return f"there is no argument {name[:EXCERPT_CHARACTERS]!r}{question}"


def _ignored_arguments(unknown: list[str]) -> str:
    if not unknown:
        return ""
    names = ", ".join(repr(name[:EXCERPT_CHARACTERS]) for name in unknown[:MAX_LISTED])
    more = f" and {len(unknown) - MAX_LISTED:,} more" if len(unknown) > MAX_LISTED else ""
    return f"Ignored, because this tool has no such argument: {names}{more}."


def _list_arguments(schemas: Mapping[str, Schema]) -> str:
    return f"The arguments are: {', '.join(schemas)}." if schemas else "This tool takes no arguments."
