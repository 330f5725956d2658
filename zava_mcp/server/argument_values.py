"""Converts the values of arguments to their declared JSON types, from every form with one meaning that clients send.

Clients send lists and objects as JSON text, numbers as text, and an absent value as {}, null or "".
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from zava_mcp.currencies import remove_mark

Schema = Mapping[str, Any]  # JSON Schema of one argument

EXCERPT_CHARACTERS = 60  # of a name or value that a message repeats
_NULL_WORDS = {"", "null", "none", "undefined", "nil", "n/a"}
_TRUE_WORDS, _FALSE_WORDS = {"true", "yes", "y", "on", "1", "t"}, {"false", "no", "n", "off", "0", "f"}
_NUMBER = re.compile(r"[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?(?:[eE][-+]?\d{1,3})?|[-+]?\.\d+")
_NUMBER_BITS = 512
_LIST_DEPTH = 3  # levels of lists in lists that are flattened


class WrongArgument(Exception):
    """An argument that cannot be converted; the text says what to send instead."""


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
    raise WrongArgument(f'arguments must be a JSON object, such as {{"name": "value"}}, not {_excerpt(value)}')


def convert(value: Any, schema: Schema, name: str, required: bool = False) -> Any:
    """A value as the type that an argument declares; None if it is absent. Raises WrongArgument."""
    kind = schema.get("type", "string")  # a schema without a type is a string or a list of strings
    if "anyOf" in schema and kind == "string" and isinstance(value, list | dict) and value:
        return _texts(value, name)
    if kind == "array":
        return _list(value, name)
    if kind == "object":
        return _values(value, name)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value == "" and kind == "string" and required:
        return value  # the tool has a better message for an empty text
    has_null_words = kind != "string" or not (required or "default" in schema)
    if is_empty(value) or (has_null_words and isinstance(value, str) and value.strip().lower() in _NULL_WORDS):
        return None
    if "enum" in schema:
        return _choice(value, schema["enum"], name)
    if kind == "string":
        return _string(value, name)
    return _boolean(value, name) if kind == "boolean" else _number(value, name, whole=kind == "integer")


def is_empty(value: Any) -> bool:
    """Whether a value means that the argument is absent."""
    return value is None or value in ({}, [], "")


def compact(name: str) -> str:
    """A name without separators, in lower case: maxRows, max-rows and max_rows are maxrows."""
    return re.sub(r"[\W_]", "", name[:EXCERPT_CHARACTERS]).lower()


def _string(value: Any, name: str) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return json.dumps(value)
    if not isinstance(value, str):
        raise WrongArgument(f"the argument {name!r} must be one string, not {_excerpt(value)}")
    return value


def _values(value: Any, name: str) -> dict[str, str] | None:
    """Texts by name, from an object or its JSON text; members that are null are absent."""
    try:
        members = as_object(value)
        return {
            key: "true" if one is True else "false" if one is False else _string(one, key)
            for key, one in members.items()
            if one is not None
        } or None
    except WrongArgument:
        raise WrongArgument(
            f'the argument {name!r} must be an object of texts and numbers, such as {{"since": "2026-01-31"}}'
        ) from None


def _texts(value: Any, name: str) -> str | list[str]:
    """A text from a list of one, or a list of texts."""
    if isinstance(value, list):
        with suppress(WrongArgument):
            texts = [_string(one, name) for one in value]
            return texts if len(texts) > 1 else texts[0]
    raise WrongArgument(f"the argument {name!r} must be a text or a list of texts, without lists or objects in it")


def _choice(value: Any, choices: list[str], name: str) -> str:
    if isinstance(value, str):
        for form in (compact(value), re.sub(r"(chart|graph|plot)$", "", compact(value))):
            for choice in choices:
                if form == compact(choice):
                    return choice
    raise WrongArgument(f"the argument {name!r} must be one of {', '.join(choices)}, not {_excerpt(value)}")


def _boolean(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else json.dumps(value)
    if word not in _TRUE_WORDS | _FALSE_WORDS:
        raise WrongArgument(f"the argument {name!r} must be true or false, not {_excerpt(value)}")
    return word in _TRUE_WORDS


def _number(value: Any, name: str, whole: bool) -> int | float:
    number: float | None = None
    if isinstance(value, int) and value.bit_length() > _NUMBER_BITS:
        raise WrongArgument(f"the argument {name!r} is a number of too many digits")
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str):
        text = remove_mark(value) if name.endswith("price") else value.strip()
        text = text.removesuffix("%" if name.endswith("threshold") else "").rstrip()
        number = float(text.replace(",", "")) if _NUMBER.fullmatch(text) else None
    if number is not None and not whole:
        return number
    if number is not None and (isinstance(number, int) or number.is_integer()):
        return int(number)
    expected = "a whole number, such as 20" if whole else "a number, such as 9.5"
    raise WrongArgument(f"the argument {name!r} must be {expected}, not {_excerpt(value)}")


def _list(value: Any, name: str, depth: int = _LIST_DEPTH) -> list[str] | None:
    """Strings from a list, from the JSON text of a list, from one string, or from an object with one member."""
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
    raise WrongArgument(f'the argument {name!r} must be a list of strings, such as ["orders", "order_items"]')


def _excerpt(value: Any) -> str:
    """A value as a message repeats it."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    return json.dumps(value, ensure_ascii=False)[:EXCERPT_CHARACTERS]
