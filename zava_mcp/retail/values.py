"""PostgreSQL's text for a value, turned into JSON that loses nothing.

| PostgreSQL | JSON |
|---|---|
| boolean | true, false |
| integers, numeric, floats | a number where a double holds it exactly, else a string of all its digits |
| NaN, Infinity, -Infinity | a string |
| date, timestamp, timestamptz | an ISO 8601 string, with T; "infinity" and years BC stay PostgreSQL's words |
| json, jsonb | the value itself |
| arrays of all these and of text | arrays |
| NULL | null |
| everything else (uuid, bytea as \\x…, vector as [1,2], ranges, composites, intervals as P1DT2H …) | a string |
"""

import json
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring as quoted
from typing import Any

Encoder = Callable[[str], str]

_LONGEST_NUMBER = 400  # no double needs more digits
_SAFE_DIGITS = 15  # a double holds every decimal of so many digits
_ISO_ZONE = 3  # "+00": PostgreSQL leaves ":00" away


def encoder(type_oid: int, cell_characters: int) -> Encoder:
    """The function that writes a non-null value of this type as JSON.

    Texts are cut to `cell_characters`; the cut is said at their end.
    """
    if type_oid in _SCALARS:
        write = _SCALARS[type_oid]
        return lambda text: write(text) if len(text) <= cell_characters else _cut(text, cell_characters)
    if type_oid in _JSON_TYPES:
        return lambda text: _json(text, cell_characters)
    if type_oid in _ARRAYS:
        element = encoder(_ARRAYS[type_oid], cell_characters)
        return lambda text: _array(text, element, cell_characters)
    return lambda text: quoted(text) if len(text) <= cell_characters else _cut(text, cell_characters)


def _cut(text: str, characters: int) -> str:
    return quoted(f"{text[:characters]}… [{len(text) - characters:,} more characters]")


def _number(text: str) -> str:
    if not text[-1].isdigit():
        return f'"{text}"'
    if len(text) <= _SAFE_DIGITS and "e" not in text and "E" not in text:
        return text
    return text if len(text) <= _LONGEST_NUMBER and _fits_a_double(text) else f'"{text}"'


def _fits_a_double(text: str) -> bool:
    try:
        return Decimal(repr(float(text))) == Decimal(text)
    except ArithmeticError:  # an exponent that not even Decimal takes
        return False


def _float(text: str) -> str:
    return text if text[-1].isdigit() else f'"{text}"'


def _bool(text: str) -> str:
    return "true" if text == "t" else "false"


def _timestamp(text: str) -> str:
    return f'"{text.replace(" ", "T", 1)}"' if text[-1].isdigit() else f'"{text}"'


def _timestamptz(text: str) -> str:
    if len(text) > _ISO_ZONE and text[-_ISO_ZONE] in "+-":
        return _timestamp(f"{text}:00")
    return _timestamp(text)


def _as_is(text: str) -> str:
    return f'"{text}"'


def _json(text: str, characters: int) -> str:
    if len(text) > characters:
        return _cut(text, characters)
    try:
        return _write(json.loads(text, parse_float=_Digits, parse_int=_Digits, object_pairs_hook=_Pairs))
    except RecursionError:  # nested deeper than readers of JSON follow
        return _text(text)


class _Digits(str):
    """A JSON number that keeps all its digits until it is written again."""


class _Pairs(list[tuple[str, Any]]):
    """A JSON object that keeps repeated keys."""


def _write(value: Any) -> str:
    if isinstance(value, _Digits):
        return _number(value)
    if isinstance(value, _Pairs):
        return "{" + ",".join(f"{_text(key)}:{_write(item)}" for key, item in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_write, value)) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    """A JSON string; half a surrogate pair, which JSON can name and UTF-8 cannot write, stays an escape."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return quoted(text)


def _array(text: str, element: Encoder, characters: int) -> str:
    if len(text) > characters:
        return _cut(text, characters)
    if text.startswith("["):  # bounds other than from 1: "[0:2]={…}"
        text = text[text.index("{") :]
    written, _ = _elements(text, 1, element)
    return written


def _elements(text: str, at: int, element: Encoder) -> tuple[str, int]:
    """The array whose "{" stands just before `at`, as JSON, and where it ends."""
    items: list[str] = []
    while text[at] != "}":
        if text[at] == ",":
            at += 1
        elif text[at] == "{":
            item, at = _elements(text, at + 1, element)
            items.append(item)
        elif text[at] == '"':
            value, at = _quoted_element(text, at + 1)
            items.append(element(value))
        else:
            end = min(place for place in (text.find(",", at), text.find("}", at)) if place >= 0)
            items.append("null" if text[at:end] == "NULL" else element(text[at:end]))
            at = end
    return f"[{','.join(items)}]", at + 1


def _quoted_element(text: str, at: int) -> tuple[str, int]:
    characters: list[str] = []
    while text[at] != '"':
        at += text[at] == "\\"
        characters.append(text[at])
        at += 1
    return "".join(characters), at + 1


_SCALARS: dict[int, Encoder] = {
    16: _bool,
    20: _number,  # bigint
    21: str,  # smallint
    23: str,  # integer
    26: str,  # oid
    700: _float,
    701: _float,
    1700: _number,  # numeric
    1082: _as_is,  # date
    1114: _timestamp,
    1184: _timestamptz,
    2950: _as_is,  # uuid
}
_JSON_TYPES = {114, 3802}
#: Array type -> element type, for the types above and for texts (25 text, 1042 char, 1043 varchar, 19 name).
_ARRAYS = {
    1000: 16,
    1016: 20,
    1005: 21,
    1007: 23,
    1028: 26,
    1021: 700,
    1022: 701,
    1231: 1700,
    1182: 1082,
    1115: 1114,
    1185: 1184,
    2951: 2950,
    1009: 25,
    1014: 1042,
    1015: 1043,
    1003: 19,
    199: 114,
    3807: 3802,
}
