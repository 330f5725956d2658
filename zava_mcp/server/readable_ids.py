"""Reads the id of a message that cannot be parsed, or of which only the beginning and the end were kept."""

import json
import re
from collections.abc import Iterator

from zava_mcp.server.stdio_lines import EDGE_BYTES, TooLong

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+|"', re.DOTALL)
_VALUE = rb'"(?:[^"\\]|\\.){1,100}"|-?(?:0|[1-9][0-9]{0,14})'
#: The last member of an object whose end is the end of the line.
_LAST = re.compile(rb'[,{]\s*"id"\s*:\s*(' + _VALUE + rb")\s*\}\s*$", re.DOTALL)


def readable_id(line: bytes) -> str | int | None:
    """The id in the outermost object of a line; None if there is none, or if there are several different ones.

    In a line that was too long, the id is found only near the beginning or the end.
    """
    text = line.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text.startswith(b"{"):
        return None
    values = list(_outermost_ids(text[:EDGE_BYTES] if isinstance(line, TooLong) else text))
    if isinstance(line, TooLong) and (last := _LAST.search(line[-EDGE_BYTES:])):
        values.append(last[1])
    ids = {_parse_id(value) for value in values}
    return ids.pop() if len(ids) == 1 else None


def _outermost_ids(text: bytes) -> Iterator[bytes]:
    """The values of all members "id" of the object that a text begins with, up to the first that cannot be read."""
    depth, name, value = 0, b"", None
    for match in _TOKEN.finditer(text):
        token = match[0]
        if depth == 1 and token in (b",", b"}"):
            if value is not None and _is_id_name(name):
                yield value
            name, value = b"", None
        elif depth == 1 and token == b":" and value is None:
            value = b""
        elif depth == 1:
            name, value = (token, None) if value is None else (name, b" ".join([value, token]).lstrip())
        depth += (token in (b"{", b"[")) - (token in (b"}", b"]"))
        if depth < 1 or token == b'"':  # the end of the object, or a string without one
            return


def _is_id_name(name: bytes) -> bool:
    return name.startswith(b'"') and _parse_json(name) == "id"


def _parse_id(value: bytes) -> str | int | None:
    """The value of an id; None if it is not a valid id."""
    return _parse_json(value) if re.fullmatch(_VALUE, value, re.DOTALL) else None


def _parse_json(text: bytes) -> str | int | None:
    try:
        value: str | int = json.loads(text.decode("utf-8", "replace"), strict=False)
    except ValueError:
        return None
    return value
