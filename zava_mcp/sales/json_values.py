"""Converts PostgreSQL's text format to JSON without loss.

zava_mcp/guide/values.md lists the rules, each with tested examples. All JSON parsers read the output alike: it has no
NaN, no duplicate keys and no unpaired surrogates.
"""

import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from json.encoder import encode_basestring as quoted
from typing import Any

from zava_mcp.postgres.pipeline import ELEMENT_TYPES

Encoder = Callable[[str], str]
ColumnEncoder = Callable[[Sequence[str | None]], list[str]]

_MAX_NUMBER_CHARACTERS = 400  # no double needs more digits
_SAFE_DIGITS = 15  # a double represents every decimal of at most 15 digits exactly
_UNQUOTED_TYPES = frozenset((20, 21, 23, 26, 1700))  # integers and numerics, mostly valid JSON already
_DIGITS = re.compile(r"[-0-9.]*")
_DECODER = json.JSONDecoder()
_SHORT_ZONE_CHARACTERS = 3  # "+00": PostgreSQL omits ":00"
_MAX_LEVELS = 50  # the limit for nesting; some parsers fail from 64 levels on


def encoder(type_oid: int, cell_characters: int) -> ColumnEncoder:
    """Returns a function that encodes the cells of a column of this type as JSON.

    It truncates texts to `cell_characters` and says so at their end.
    """
    encode, unquoted = _encoder(type_oid), type_oid in _UNQUOTED_TYPES

    def write(cells: Sequence[str | None]) -> list[str]:
        texts = [text for text in cells if text is not None]
        longest = max(map(len, texts), default=0)
        if longest > cell_characters:
            texts = [
                encode(text) if len(text) <= cell_characters else _truncate(text, cell_characters) for text in texts
            ]
        elif not (unquoted and longest <= _SAFE_DIGITS and _DIGITS.fullmatch("".join(texts))):
            texts = list(map(encode, texts))
        if len(texts) == len(cells):
            return texts
        written = iter(texts)
        return ["null" if cell is None else next(written) for cell in cells]

    return write


def _encoder(type_oid: int) -> Encoder:
    if type_oid in ELEMENT_TYPES:
        element = _encoder(ELEMENT_TYPES[type_oid])
        return lambda text: _array(text, element)
    return _ENCODERS.get(type_oid, quoted)


def compact_json(value: object) -> str:
    """Returns JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def plain_cells(row: str) -> list[str | None]:
    """Returns the cells of a row in JSON as plain texts, for tables and CSV."""
    return [
        cell if isinstance(cell, str) or cell is None else _document(cell, 2 * _MAX_LEVELS)
        for cell in json.loads(row, parse_float=_Digits, parse_int=_Digits)
    ]


def _truncate(text: str, characters: int) -> str:
    return quoted(f"{text[:characters]}… [{len(text) - characters:,} more characters]")


def _number(text: str) -> str:
    if not text[-1].isdigit():
        return quoted(text)
    if len(text) <= _SAFE_DIGITS and "e" not in text and "E" not in text:
        return text
    return text if len(text) <= _MAX_NUMBER_CHARACTERS and _fits_a_double(text) else quoted(text)


def _fits_a_double(text: str) -> bool:
    try:
        return Decimal(repr(float(text))) == Decimal(text)
    except ArithmeticError:  # the exponent is too large for Decimal
        return False


def _float(text: str) -> str:
    if text == "-0":
        return "-0.0"  # An integer would lose its sign.
    return text if text[-1].isdigit() else quoted(text)


def _bool(text: str) -> str:
    return "true" if text == "t" else "false"


def _timestamp(text: str) -> str:
    return quoted(text.replace(" ", "T", 1) if text[-1].isdigit() else text)


def _timestamptz(text: str) -> str:
    return _timestamp(_with_zone_minutes(text))


def _timetz(text: str) -> str:
    return quoted(_with_zone_minutes(text))


def _with_zone_minutes(text: str) -> str:
    return f"{text}:00" if len(text) > _SHORT_ZONE_CHARACTERS and text[-_SHORT_ZONE_CHARACTERS] in "+-" else text


def json_cells(row: str) -> list[str]:
    """Returns the JSON text of each cell of a row that is a JSON array."""
    at, texts = 1, []
    while at < len(row) - 1:
        _, end = _DECODER.raw_decode(row, at)
        texts.append(row[at:end])
        at = end + 1
    return texts


class _Digits(str):
    """A JSON number that keeps all its digits."""


def _json(text: str) -> str:
    """Returns the document as JSON, or as a string if parsers would disagree about it."""
    try:
        value = json.loads(text, parse_float=_Digits, parse_int=_Digits, object_pairs_hook=_object)
        written = _document(value, _MAX_LEVELS)
        written.encode()  # fails for an unpaired surrogate, which JSON can express as \uD800
    except (RecursionError, UnicodeEncodeError, _AmbiguousDocument):
        return quoted(text)
    return written


class _AmbiguousDocument(Exception):  # internal: it decides how a document is encoded
    """The document repeats a key or is nested too deep."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _AmbiguousDocument
    return value


def _document(value: Any, levels: int) -> str:
    if isinstance(value, _Digits):
        return _number(value)
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if not levels:
        raise _AmbiguousDocument
    if isinstance(value, dict):
        return "{" + ",".join(f"{quoted(key)}:{_document(item, levels - 1)}" for key, item in value.items()) + "}"
    return "[" + ",".join(_document(item, levels - 1) for item in value) + "]"


def _array(text: str, element: Encoder) -> str:
    if text.startswith("["):  # the lower bound is not 1: "[0:2]={…}"
        text = text[text.index("{") :]
    written, _ = _elements(text, 1, element)
    return written


def _elements(text: str, at: int, element: Encoder) -> tuple[str, int]:
    """Returns the array whose "{" is just before `at` as JSON, and the index after its end."""
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


#: {type OID: encoder}; values of all other types become strings.
_ENCODERS: dict[int, Encoder] = {
    16: _bool,
    20: _number,  # bigint
    21: str,  # smallint
    23: str,  # integer
    26: str,  # oid
    700: _float,
    701: _float,
    1700: _number,  # numeric
    1114: _timestamp,
    1184: _timestamptz,
    1266: _timetz,
    114: _json,
    3802: _json,  # jsonb
}

#: OIDs of types whose values are JSON numbers if a double can hold them, else strings.
NUMBERS = frozenset({20, 700, 701, 1700})
