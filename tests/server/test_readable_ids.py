"""Tests of ids in lines that cannot be parsed or are too long."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from zava_mcp.server.readable_ids import readable_id
from zava_mcp.server.stdio_lines import EDGE_BYTES, TooLong

IDS = st.integers(-(10**14), 10**14) | st.text(min_size=1, max_size=8)
TEXTS = st.text(max_size=20) | st.sampled_from(['"id":7,', '{"id":7}', ',"id":"x"}', "\\", '\\"id\\":7}', "}", "{"])
NESTED = st.recursive(
    TEXTS | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("id") | TEXTS, inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.dictionaries(st.sampled_from(["jsonrpc", "method", "params", "meta"]), NESTED, max_size=4)
FILLER = "x" * (2 * EDGE_BYTES)


def line(members: dict[str, Any], place: int, number: Any, ascii_only: bool) -> bytes:
    """A JSON object with its id at any position among its members."""
    entries = list(members.items())
    entries.insert(place, ("id", number))
    return json.dumps(dict(entries), ensure_ascii=ascii_only).encode()


def kept(text: bytes) -> TooLong:
    """The beginning and the end of a line that is too long."""
    return TooLong(text[:EDGE_BYTES] + text[-EDGE_BYTES:])


@given(MEMBERS, st.integers(0, 4), IDS, st.booleans(), st.sampled_from([b"", b"}", b"]", b" x", b'{"id":8}']))
def test_readable_id_is_that_of_the_outermost_object(
    members: dict[str, Any], place: int, number: Any, ascii_only: bool, behind: bytes
) -> None:
    assert readable_id(line(members, place, number, ascii_only) + behind) == number


@given(MEMBERS)
def test_readable_id_ignores_nested_objects(members: dict[str, Any]) -> None:
    text = json.dumps(members).encode()
    assert readable_id(text) is None
    assert readable_id(text[:-1]) is None
    assert readable_id(kept(text[:-1] + (b"," if members else b"") + b'"big":"' + FILLER.encode() + b'"}')) is None


@given(MEMBERS, IDS, st.booleans())
def test_readable_id_of_a_long_line_is_found_at_its_ends_only(
    members: dict[str, Any], number: Any, ascii_only: bool
) -> None:
    first = line({"params": [members, FILLER]}, 0, number, ascii_only)
    last = line({"params": [FILLER, members]}, 1, number, ascii_only)
    between = json.dumps({"a": FILLER, "id": number, "params": [members, FILLER]}).encode()
    assert (readable_id(kept(first)), readable_id(kept(last)), readable_id(kept(between))) == (number, number, None)


@given(IDS, IDS)
def test_readable_id_is_none_for_several_different_ids(one: Any, other: Any) -> None:
    text = f'{{"id":{json.dumps(one)},"x":"{FILLER}","id":{json.dumps(other)}}}'.encode()
    expected = one if one == other and type(one) is type(other) else None
    assert readable_id(kept(text)) == expected
    assert readable_id(text + b"}") == expected


def test_readable_id_is_none_for_truncated_or_invalid_ids() -> None:
    digits = b'{"id":' + b"1" * 20
    for text in (
        digits + b"}", b'{"id":12', b'{"id":"a', b'{"id":"a"', b'{"id":{"id":1},', b'{"id":[1],', b'{"id":true,',
        b'{"id":1 2,', b'{"id"7:8,', b'[{"id":1}', b'"id":1}', b'{"params":{"id":5}', b'{"id":01,', b"", b"{",
        b'{"id":,',
    ):  # fmt: skip
        assert readable_id(text) is None, text
        assert readable_id(kept(text + b'"' + FILLER.encode())) is None, text
    assert readable_id(b'{"\\u0069d":7,') == 7
