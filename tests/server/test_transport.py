"""Tests of the stdio transport with clients that misbehave: the server continues or ends, but never hangs."""

import itertools
import json
import os
import select
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import SEATTLE
from tests.polling import until
from tests.stdio_client import HELLO, MODERN_META, StdioClient, server_for
from zava_mcp.postgres.bounded_reader import waiting_bytes

LIST = {"jsonrpc": "2.0", "method": "tools/list", "params": {}}


@pytest.mark.parametrize("number", [[1], {"a": 1}, None, 1.5, True, "x"])
def test_server_survives_any_cancellation(data_dir: Path, number: object) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        params = {"requestId": number}
        server.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})
        assert server.call("get_current_utc_date")[1] is False


def test_invalid_request_with_an_id_is_answered(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        text = '{"jsonrpc": "2.0", "id": 77, "method": "tools/call", "params": {"name": "x", "arguments": "\\ud800"}}'
        server.send(text.encode() + b"\n")
        reply = server.read()
        assert (reply["id"], reply["error"]["code"]) == (77, -32600)
        assert server.call("get_current_utc_date")[1] is False


def test_notification_before_the_handshake_is_accepted(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert server.shake_hands()["protocolVersion"] == "2025-06-18"
        assert server.call("get_current_utc_date")[1] is False


def test_replies_to_valid_and_invalid_lines_are_whole_lines(data_dir: Path) -> None:
    """Replies of the SDK and of the transport wait for the same slow reader."""
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        for number in range(100, 160):
            server.send({**LIST, "id": number})
            server.send(f'{{"jsonrpc": "2.0", "id": {number + 1000}, "method": 7}}\n'.encode())
        ids = sorted(server.read()["id"] for _ in range(120))
        assert ids == [*range(100, 160), *range(1100, 1160)]


def test_client_that_sends_without_reading_may_leave_at_any_time(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        assert server.call("get_current_utc_date")[1] is False  # the SDK is imported
        for number in range(600):
            server.send({**LIST, "id": number})
        server.close_stdin()
        assert server.process.wait(5) == 0


def test_server_stops_reading_a_client_that_reads_no_replies(data_dir: Path) -> None:
    """Otherwise requests and replies would fill the server's memory."""
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        assert server.call("get_current_utc_date")[1] is False  # the SDK is imported
        assert server.process.stdin is not None
        pipe = server.process.stdin.fileno()
        os.set_blocking(pipe, False)
        taken = 0
        while taken < 20_000_000 and select.select([], [pipe], [], 3)[1]:
            line = json.dumps({**LIST, "id": taken, "params": {"cursor": "x" * 3000}}).encode() + b"\n"
            with suppress(BlockingIOError):
                taken += os.write(pipe, line)
        assert 100_000 < taken < 5_000_000


def at_rest(server: StdioClient) -> bool:
    """Whether the server waits: it has read all requests or stopped reading."""
    assert server.process.stdin is not None
    waits = psutil.Process(server.process.pid).status() == psutil.STATUS_SLEEPING
    return waits and waiting_bytes(server.process.stdin.fileno()) == 0


@pytest.mark.parametrize("then", ["initialize", "notifications/cancelled", "SIGTERM"])
def test_reply_that_waits_to_be_read_stays_whole(data_dir: Path, then: str) -> None:
    """Half a line would corrupt all later ones."""
    sql = "SELECT repeat('x', 7000) AS long FROM generate_series(1, 60)"
    params = {"name": "execute_sales_query", "arguments": {"postgresql_query": sql}, "_meta": MODERN_META}
    call = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
    with server_for(data_dir, SEATTLE, ZAVA_MAX_BYTES="1000000") as server:
        assert server.request("server/discover", _meta=MODERN_META)["result"]
        assert server.process.stdout is not None
        pipe = server.process.stdout.fileno()
        server.send(call)
        until(lambda: waiting_bytes(pipe) > 32_000)
        if then == "SIGTERM":
            server.signal(signal.SIGTERM)
            assert server.process.wait(10) == 143
            return
        if then == "notifications/cancelled":
            server.send({"jsonrpc": "2.0", "method": then, "params": {"requestId": 7}})
        else:
            server.send({"jsonrpc": "2.0", "id": 8, "method": then, "params": HELLO})
        server.send({**LIST, "id": 9, "params": {"_meta": MODERN_META} if then != "initialize" else {}})
        until(lambda: at_rest(server))
        replies = {(reply := server.read())["id"]: reply for _ in range(3 if then == "initialize" else 2)}
        assert len(replies[7]["result"]["content"][0]["text"]) > 400_000
        assert replies[9]["result"]["tools"]


#: Valid and invalid messages of both versions of the protocol; those with a placeholder for an id get a reply.
SAID = [
    b'{"jsonrpc":"2.0","id":%d,"method":"initialize","params":' + json.dumps(HELLO).encode() + b"}",
    b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99999999}}',
    b'{"jsonrpc":"2.0","id":%d,"method":"ping"}',
    b'{"jsonrpc":"2.0","id":%d,"method":"tools/list"}',
    b'{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"get_current_utc_date","arguments":{}}}',
    b'{"jsonrpc":"2.0","id":%d,"method":"server/discover","params":{"_meta":'
    + json.dumps(MODERN_META).encode()
    + b"}}",
    b'{"jsonrpc":"2.0","id":%d,"method":"prompts/list","params":{"_meta":' + json.dumps(MODERN_META).encode() + b"}}",
    b'{"jsonrpc":"2.0","id":%d,"method":7}',
    b"no message",
    b"",
]
NO_ID = b'"id": null'


def answered(server: StdioClient, count: int) -> list[int]:
    """The ids of this many replies, without those that have no id; fails if fewer arrive."""
    assert server.process.stdout is not None
    pipe, came = server.process.stdout.fileno(), b""
    while came[-1:] not in (b"", b"\n") or came.count(b"\n") - came.count(NO_ID) < count:
        assert select.select([pipe], [], [], 30)[0], f"only {came!r}"
        came += os.read(pipe, 65_536)
    return sorted(json.loads(line)["id"] for line in came.splitlines() if NO_ID not in line)


def test_every_request_is_answered_once_in_any_order_of_messages(data_dir: Path) -> None:
    """This holds for both versions of the protocol, changes between them, other messages, and any split of writes."""
    numbers = itertools.count(1)
    with server_for(data_dir, SEATTLE) as server:

        @settings(max_examples=60, deadline=None)
        @given(st.lists(st.sampled_from(SAID), min_size=1, max_size=8), st.lists(st.integers(1, 900), max_size=4))
        def converse(said: list[bytes], cuts: list[int]) -> None:
            asked = [next(numbers) for text in said if b"%d" in text]
            ids = iter(asked)
            sent = b"".join((text % next(ids) if b"%d" in text else text) + b"\n" for text in said)
            for begin, end in itertools.pairwise([0, *sorted(cuts), len(sent)]):
                server.send(sent[begin:end])
            assert answered(server, len(asked)) == asked

        converse()


def test_lines_are_found_in_any_split_of_writes(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        lines = b"".join(json.dumps({**LIST, "id": number}).encode() + b"\r\n" for number in (1, 2))
        server.send(lines)
        assert [server.read()["id"], server.read()["id"]] == [1, 2]
        for byte in json.dumps({**LIST, "id": 3}).encode() + b"\n":
            server.send(bytes([byte]))
        assert server.read()["id"] == 3


def test_line_without_end_is_dropped(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        before = psutil.Process(server.process.pid).memory_info().rss
        for _ in range(100):
            server.send(b"x" * 1_000_000)
        server.send(b"\n")
        assert server.call("get_current_utc_date")[1] is False
        assert psutil.Process(server.process.pid).memory_info().rss - before < 80_000_000
        assert "dropped a message" in server.stderr()


def test_unknown_argument_is_rejected_with_the_similar_name(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        text, failed = server.call("execute_sales_query", postgresql_query="SELECT 1", maxrows=3)
        assert failed
        assert "did you mean max_rows?" in text
        text, failed = server.call("execute_sales_query", sql="SELECT 1")
        assert failed
        assert "the argument 'postgresql_query' is missing" in text
        assert "pydantic" not in text


def test_tools_list_is_small_and_says_read_only(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE) as server:
        hello = server.shake_hands()
        tools = server.request("tools/list")["result"]["tools"]
    assert len(json.dumps(tools)) < 8 * 1024
    assert len(hello["instructions"]) < 1500
    for tool in tools:
        hints = tool["annotations"]
        assert (hints["readOnlyHint"], hints["destructiveHint"], hints["openWorldHint"]) == (True, False, False)
        assert isinstance(hints["idempotentHint"], bool)
        assert tool["inputSchema"]["additionalProperties"] is False
        assert tool["description"]
