"""Lines that no request can be made of, and the errors that answer them.

An error carries the id of its request wherever an id can be read, because a client waits for that one. Where there is
none, JSON-RPC has it be null. Notifications and replies are never answered.
"""

import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from mcp_types import INVALID_REQUEST, PARSE_ERROR

from zava_mcp.server.readable_ids import readable_id
from zava_mcp.server.stdio_lines import LINE_BYTES, TooLong

BOM = b"\xef\xbb\xbf"
_ANSWERED_AT_ONCE = 100  # requests of one line that get an error each
_TOO_LONG = f"the message is longer than {LINE_BYTES:,} bytes or has too many values; send a shorter one"
_NOT_UTF8 = "the message is not UTF-8"
_NOT_ALONE = "each message must be on a line of its own; send these one by one"
_BATCH = "batches are not supported; send each message on a line of its own"
_NO_JSON = "the line is not JSON; each message is one line of JSON, without headers"
_NO_OBJECT = "a message must be a JSON object"


class Refusal(NamedTuple):
    """An error reply: the id of its request, None if no id can be read, and JSON-RPC's code."""

    id: str | int | float | None
    code: int
    text: str


def refusals(line: bytes) -> list[Refusal]:
    """The errors that answer a line which is no valid message; none for notifications and replies."""
    if isinstance(line, TooLong):
        return [Refusal(readable_id(line), INVALID_REQUEST, _TOO_LONG)]
    fault = "" if _is_utf8(line) else _NOT_UTF8
    try:
        values = list(_values(line))
    except (ValueError, RecursionError):
        return [Refusal(readable_id(line), PARSE_ERROR, fault or _NO_JSON)]
    if not values:  # what is left of line ends in UTF-16
        return []
    if fault:
        return _each(values, fault, PARSE_ERROR)
    if len(values) > 1:
        return _each(values, _NOT_ALONE, PARSE_ERROR)
    if isinstance(values[0], list) and values[0]:
        return _each(values[0], _BATCH, INVALID_REQUEST)
    return _each(values, "", INVALID_REQUEST)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in line  # which UTF-16 is full of, and no JSON contains


def _values(line: bytes) -> Iterator[Any]:
    """The JSON values of a line, one behind the other. Raises ValueError, and RecursionError for deep ones."""
    line = line.lstrip(b"\0")  # of a line end in UTF-16
    text = line.decode(json.detect_encoding(line), "replace").strip("\ufeff\0 \t\r")
    decoder, place = json.JSONDecoder(), 0
    while place < len(text):
        value, place = decoder.raw_decode(text, place)
        yield value
        while text[place : place + 1].isspace():
            place += 1


def _each(values: list[Any], fault: str, code: int) -> list[Refusal]:
    """An error for each value that is a request; for too many of them one that has no id."""
    found = [Refusal(_id_of(value), code, fault or _fault(value)) for value in values if _is_answered(value)]
    if len(found) > _ANSWERED_AT_ONCE:
        return [Refusal(None, code, f"{fault}; none of these {len(found):,} messages was handled")]
    return found


def _is_answered(value: Any) -> bool:
    if not isinstance(value, dict):
        return True
    if "method" not in value:
        return not {"result", "error"} & set(value)  # a reply
    is_notification = value.get("id") is None and str(value["method"]).startswith("notifications/")
    return not is_notification and ("id" in value or not isinstance(value["method"], str))


def _fault(value: Any) -> str:
    """What keeps a value from being a request."""
    if not isinstance(value, dict):
        return _NO_OBJECT
    faults = [
        'jsonrpc must be "2.0"' if value.get("jsonrpc") != "2.0" else "",
        "the id must be a string or an integer" if not _is_id(value.get("id")) else "",
        "the method must be a string" if not isinstance(value.get("method"), str) else "",
        "params must be an object" if not isinstance(value.get("params"), dict | None) else "",
    ]
    told = "; ".join(filter(None, faults)) or "a string in it is not valid Unicode"
    return f"not a valid JSON-RPC request: {told}"


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _id_of(value: Any) -> str | int | float | None:
    """The id of a message; a fraction is repeated too, for its sender knows it."""
    number = value.get("id") if isinstance(value, dict) else None
    if _is_id(number) or (isinstance(number, float) and math.isfinite(number)):
        return number
    return None
