"""PostgreSQL's text for a value, turned into JSON that loses nothing.

The rules are in zava_mcp/guide/values.md, each with examples that are tested. What comes
out is JSON that every reader reads alike: no NaN, no repeated keys, no half surrogate pairs.
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

_LONGEST_NUMBER = 400  # no double needs more digits
_SAFE_DIGITS = 15  # a double holds every decimal of so many digits
_BARE = frozenset((20, 21, 23, 26, 1700))  # whole numbers and decimals, which mostly are JSON as they are
_BARE_DIGITS = re.compile(r"[-0-9.]*")
_DECODER = json.JSONDecoder()
_ISO_ZONE = 3  # "+00": PostgreSQL leaves ":00" away
_DEEPEST = 50  # levels of a document: readers in the field give up from 64 on


def encoder(type_oid: int, cell_characters: int) -> ColumnEncoder:
    """The function that writes cells of a column of this type as JSON, all at once.

    Texts are cut to `cell_characters`; the cut is said at their end.
    """
    one, bare = _encoder(type_oid), type_oid in _BARE

    def write(cells: Sequence[str | None]) -> list[str]:
        texts = [text for text in cells if text is not None]
        longest = max(map(len, texts), default=0)
        if longest > cell_characters:
            texts = [one(text) if len(text) <= cell_characters else _cut(text, cell_characters) for text in texts]
        elif not (bare and longest <= _SAFE_DIGITS and _BARE_DIGITS.fullmatch("".join(texts))):
            texts = list(map(one, texts))
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


def cells(row: str) -> list[str | None]:
    """The cells of a row written as JSON, each as a text: what a table or a CSV file shows."""
    return [
        cell if isinstance(cell, str) or cell is None else _document(cell, 2 * _DEEPEST)
        for cell in json.loads(row, parse_float=_Digits, parse_int=_Digits)
    ]


def _cut(text: str, characters: int) -> str:
    return quoted(f"{text[:characters]}… [{len(text) - characters:,} more characters]")


def _number(text: str) -> str:
    if not text[-1].isdigit():
        return quoted(text)
    if len(text) <= _SAFE_DIGITS and "e" not in text and "E" not in text:
        return text
    return text if len(text) <= _LONGEST_NUMBER and _fits_a_double(text) else quoted(text)


def _fits_a_double(text: str) -> bool:
    try:
        return Decimal(repr(float(text))) == Decimal(text)
    except ArithmeticError:  # an exponent that not even Decimal takes
        return False


def _float(text: str) -> str:
    if text == "-0":
        return "-0.0"  # an integer would lose the sign
    return text if text[-1].isdigit() else quoted(text)


def _bool(text: str) -> str:
    return "true" if text == "t" else "false"


def _timestamp(text: str) -> str:
    return quoted(text.replace(" ", "T", 1) if text[-1].isdigit() else text)


def _timestamptz(text: str) -> str:
    return _timestamp(_zoned(text))


def _timetz(text: str) -> str:
    return quoted(_zoned(text))


def _zoned(text: str) -> str:
    return f"{text}:00" if len(text) > _ISO_ZONE and text[-_ISO_ZONE] in "+-" else text


def cell_texts(row: str) -> list[str]:
    """The JSON texts of the cells of a row that is written as a JSON array."""
    at, found = 1, []
    while at < len(row) - 1:
        _, end = _DECODER.raw_decode(row, at)
        found.append(row[at:end])
        at = end + 1
    return found


class _Digits(str):
    """A JSON number that keeps all its digits until it is written again."""


def _json(text: str) -> str:
    """The document itself; one that its readers would not all read alike, as a text."""
    try:
        value = json.loads(text, parse_float=_Digits, parse_int=_Digits, object_pairs_hook=_object)
        written = _document(value, _DEEPEST)
        written.encode()  # not so for half a surrogate pair, which JSON can name
    except (RecursionError, UnicodeEncodeError, _NotAlike):
        return quoted(text)
    return written


class _NotAlike(Exception):  # no error: it decides how a document is written
    """A document that repeats a key or is nested too deep."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _NotAlike
    return value


def _document(value: Any, levels: int) -> str:
    if isinstance(value, _Digits):
        return _number(value)
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if not levels:
        raise _NotAlike
    if isinstance(value, dict):
        return "{" + ",".join(f"{quoted(key)}:{_document(item, levels - 1)}" for key, item in value.items()) + "}"
    return "[" + ",".join(_document(item, levels - 1) for item in value) + "]"


def _array(text: str, element: Encoder) -> str:
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


#: By type; all others are texts.
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

#: Types of columns whose values are JSON numbers where a double holds them, and strings where it does not.
NUMBERS = frozenset({20, 700, 701, 1700})
