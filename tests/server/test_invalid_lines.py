"""Tests of invalid lines: each request in them gets an error reply, and the server continues."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SEATTLE
from tests.stdio_client import StdioClient, server_for

PARSE, REQUEST = -32700, -32600
Answers = list[tuple[object, int]]  # ids and codes


def ping(number: str, **more: str) -> bytes:
    """A request as JSON text with replaced members."""
    members = {"jsonrpc": '"2.0"', "id": number, "method": '"ping"', **more}
    return ("{" + ",".join(f'"{name}":{text}' for name, text in members.items()) + "}").encode()


TABLE: list[tuple[bytes, Answers, str]] = [
    # no JSON
    (b"no JSON", [(None, PARSE)], "one line of JSON"),
    (b"Content-Length: 40", [(None, PARSE)], "without headers"),
    (ping("18")[:-1], [(18, PARSE)], "not JSON"),
    (ping("19") + b"}", [(19, PARSE)], "not JSON"),
    (ping("-20")[:-1], [(-20, PARSE)], "not JSON"),
    (ping("99999999999999999")[:-1], [(None, PARSE)], "not JSON"),
    (ping("21") + ping('"b"'), [(21, PARSE), ("b", PARSE)], "a line of its own"),
    (ping("37", params="[" * 100_000 + "]" * 100_000), [(37, PARSE)], "not JSON"),
    (b"{'jsonrpc': '2.0', 'id': 1, 'method': 'ping'}", [(None, PARSE)], "not JSON"),
    # another encoding
    (b'{"jsonrpc":"2.0","id":3,"method":"ping","params":{"x":"\xff\xfe"}}', [(3, PARSE)], "not UTF-8"),
    (b'{"jsonrpc":"2.0","id":"Z\xfcrich","method":"ping"}', [("Z\ufffdrich", PARSE)], "not UTF-8"),
    (ping("23").decode().encode("utf-16"), [(23, PARSE)], "not UTF-8"),
    (b"\0" + ping("24").decode().encode("utf-16-le"), [(24, PARSE)], "not UTF-8"),
    (ping("25").decode().encode("utf-32-be") + b"\0\0\0", [(25, PARSE)], "not UTF-8"),
    # no object
    (b"[]", [(None, REQUEST)], "must be a JSON object"),
    (b"null", [(None, REQUEST)], "must be a JSON object"),
    (b"7", [(None, REQUEST)], "must be a JSON object"),
    (b'"x"', [(None, REQUEST)], "must be a JSON object"),
    # batches
    (b"[" + ping("1") + b"," + ping('"2"') + b"]", [(1, REQUEST), ("2", REQUEST)], "batches are not supported"),
    (b'[{"jsonrpc":"2.0","method":"notifications/initialized"}]', [], ""),
    (b"[1,2]", [(None, REQUEST), (None, REQUEST)], "batches are not supported"),
    (b"[" + b",".join([ping("1")] * 5_000) + b"]", [(None, REQUEST)], "none of these 5,000 messages was handled"),
    # shapes
    (b"{}", [(None, REQUEST)], "the method must be a string"),
    (b'{"jsonrpc":"2.0","id":4}', [(4, REQUEST)], "the method must be a string"),
    (ping("5", method="7"), [(5, REQUEST)], "the method must be a string"),
    (ping("31", method="null"), [(31, REQUEST)], "the method must be a string"),
    (b'{"id":6,"method":"ping"}', [(6, REQUEST)], 'jsonrpc must be "2.0"'),
    (ping("7", jsonrpc='"1.0"'), [(7, REQUEST)], 'jsonrpc must be "2.0"'),
    (ping("8", jsonrpc="2.0"), [(8, REQUEST)], 'jsonrpc must be "2.0"'),
    (ping("9", params="[]"), [(9, REQUEST)], "params must be an object"),
    (ping("11", params='"x"'), [(11, REQUEST)], "params must be an object"),
    (ping("12", params="7"), [(12, REQUEST)], "params must be an object"),
    (ping("13", params='{"x":"\\ud800"}'), [(13, REQUEST)], "not valid Unicode"),
    # ids
    (ping("null"), [(None, REQUEST)], "the id must be"),
    (ping("1.5"), [(1.5, REQUEST)], "the id must be"),
    (ping("1e999"), [(None, REQUEST)], "the id must be"),
    (ping("true"), [(None, REQUEST)], "the id must be"),
    (ping("[1]"), [(None, REQUEST)], "the id must be"),
    (ping('{"a":1}'), [(None, REQUEST)], "the id must be"),
    # messages that expect no reply
    (b'{"jsonrpc":"2.0","method":"ping"}', [], ""),
    (b'{"jsonrpc":"2.0","method":"notifications/x","params":[]}', [], ""),
    (b'{"jsonrpc":"2.0","id":null,"method":"notifications/initialized"}', [], ""),
    (b'{"jsonrpc":"2.0","id":27,"result":{}}', [], ""),
    (b'{"jsonrpc":"1.0","id":27,"result":{}}', [], ""),
    (b'{"jsonrpc":"2.0","id":28,"error":7}', [], ""),
    (b"\0", [], ""),
    (b"  \t\r", [], ""),
]


def replies_to(server: StdioClient, line: bytes) -> list[dict[str, Any]]:
    """The replies to a line, without the reply to a ping after it."""
    server.send(line + b"\n" + b'{"jsonrpc":"2.0","id":"last","method":7}\n')
    replies = [server.read()]
    while replies[-1]["id"] != "last":
        replies.append(server.read())
    return replies[:-1]


@pytest.mark.parametrize(("line", "answers", "expected"), TABLE, ids=[str(line[:60]) for line, *_ in TABLE])
def test_invalid_line_gets_an_error_for_each_request(
    seattle: StdioClient, line: bytes, answers: Answers, expected: str
) -> None:
    replies = replies_to(seattle, line)
    assert [(reply["id"], reply["error"]["code"]) for reply in replies] == answers
    assert all(expected in reply["error"]["message"] for reply in replies)
    assert seattle.request("ping")["result"] == {}


def test_line_with_a_byte_order_mark_is_accepted(seattle: StdioClient) -> None:
    seattle.send(b"\xef\xbb\xbf" + ping("20") + b"\n")
    assert seattle.read() == {"jsonrpc": "2.0", "id": 20, "result": {}}


def test_last_line_without_line_end_is_answered(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.send(ping("1") + b"\n" + ping("2"))
        server.close_stdin()
        assert [server.read()["id"], server.read()["id"]] == [1, 2]
        assert server.process.wait(10) == 0
