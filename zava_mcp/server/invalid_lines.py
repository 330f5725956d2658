"""The JSON-RPC error replies to lines that are not valid messages.

An error carries the id of its request wherever an id can be read, because the client waits for a reply with that id.
Otherwise the id is null, as JSON-RPC requires. Notifications and replies get no reply.
"""

import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from mcp_types import INVALID_REQUEST, PARSE_ERROR

from zava_mcp.server.readable_ids import readable_id
from zava_mcp.server.stdio_lines import LINE_BYTES, TooLong

BOM = b"\xef\xbb\xbf"
_MAX_REPLIES = 100  # requests of one line that get an error each
_TOO_LONG = f"the message is longer than {LINE_BYTES:,} bytes or has too many values; send a shorter one"
_NOT_UTF8 = "the message is not UTF-8"
_NOT_ALONE = "each message must be on a line of its own; send these one by one"
_BATCH = "batches are not supported; send each message on a line of its own"
_NO_JSON = "the line is not JSON; each message is one line of JSON, without headers"
_NO_OBJECT = "a message must be a JSON object"


class ErrorReply(NamedTuple):
    """The id of a request, None if it cannot be read; JSON-RPC's error code; and the message."""

    id: str | int | float | None
    code: int
    text: str


def error_replies(line: bytes) -> list[ErrorReply]:
    """The replies to a line that is not a valid message; none to notifications and replies."""
    if isinstance(line, TooLong):
        return [ErrorReply(readable_id(line), INVALID_REQUEST, _TOO_LONG)]
    fault = "" if _is_utf8(line) else _NOT_UTF8
    try:
        values = list(_parse_values(line))
    except (ValueError, RecursionError):
        return [ErrorReply(readable_id(line), PARSE_ERROR, fault or _NO_JSON)]
    if not values:  # the rest of a line end in UTF-16
        return []
    if fault:
        return _reply_to_each(values, fault, PARSE_ERROR)
    if len(values) > 1:
        return _reply_to_each(values, _NOT_ALONE, PARSE_ERROR)
    if isinstance(values[0], list) and values[0]:
        return _reply_to_each(values[0], _BATCH, INVALID_REQUEST)
    return _reply_to_each(values, "", INVALID_REQUEST)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in line  # UTF-16 has zero bytes, JSON in UTF-8 has none


def _parse_values(line: bytes) -> Iterator[Any]:
    """The JSON values that a line holds. Raises ValueError, and RecursionError if they are nested too deeply."""
    line = line.lstrip(b"\0")  # the rest of a line end in UTF-16
    text = line.decode(json.detect_encoding(line), "replace").strip("\ufeff\0 \t\r")
    decoder, position = json.JSONDecoder(), 0
    while position < len(text):
        value, position = decoder.raw_decode(text, position)
        yield value
        while text[position : position + 1].isspace():
            position += 1


def _reply_to_each(values: list[Any], fault: str, code: int) -> list[ErrorReply]:
    """One error for each value that expects a reply; a single one without id if there are too many."""
    replies = [ErrorReply(_id_of(value), code, fault or _explain(value)) for value in values if _expects_reply(value)]
    if len(replies) > _MAX_REPLIES:
        return [ErrorReply(None, code, f"{fault}; none of these {len(replies):,} messages was handled")]
    return replies


def _expects_reply(value: Any) -> bool:
    if not isinstance(value, dict):
        return True
    if "method" not in value:
        is_reply = bool({"result", "error"} & set(value))
        return not is_reply
    is_notification = value.get("id") is None and str(value["method"]).startswith("notifications/")
    return not is_notification and ("id" in value or not isinstance(value["method"], str))


def _explain(value: Any) -> str:
    """Why a value is not a valid request."""
    if not isinstance(value, dict):
        return _NO_OBJECT
    faults = [
        'jsonrpc must be "2.0"' if value.get("jsonrpc") != "2.0" else "",
        "the id must be a string or an integer" if not _is_id(value.get("id")) else "",
        "the method must be a string" if not isinstance(value.get("method"), str) else "",
        "params must be an object" if not isinstance(value.get("params"), dict | None) else "",
    ]
    reasons = "; ".join(filter(None, faults)) or "a string in it is not valid Unicode"
    return f"not a valid JSON-RPC request: {reasons}"


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _id_of(value: Any) -> str | int | float | None:
    """The id of a message; also a fraction, because the client waits for a reply with it."""
    number = value.get("id") if isinstance(value, dict) else None
    if _is_id(number) or (isinstance(number, float) and math.isfinite(number)):
        return number
    return None
