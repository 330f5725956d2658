"""Replies that are sent before the SDK is imported are the SDK's own, byte for byte, whatever the client sends."""

import asyncio
import itertools
import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mcp.server.mcpserver import MCPServer
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from tests.conftest import SEATTLE
from tests.polling import until
from tests.stdio_client import HELLO, MODERN_META, OLD_VERSION, StdioClient, server_for
from zava_mcp.server.first_replies import LISTS, Conversation, FirstReplies
from zava_mcp.server.recorded_replies import NO_REPLIES, PACKAGED, Replies, cache_file, find_replies, recording_key
from zava_mcp.server.recording import record, record_to_cache, unopened_server
from zava_mcp.server.transport import serve
from zava_mcp.settings import load

EXAMPLES = int(os.environ.get("ZAVA_TEST_EXAMPLES", "60"))
SETTINGS = load({}, {})
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
METHODS = ("ping", *LISTS)

ENDLESS_IMPORTS = """
import sys, threading

class Endless:
    def find_spec(self, name, *_):
        if name in ("pydantic", "anyio", "psycopg", "numpy", "openai", "typer", "rich", "onnxruntime"):
            threading.Event().wait()

sys.meta_path.insert(0, Endless())
"""

#: Values at every place of a message: those of usual clients, and others, some of which the SDK rejects.
CAPABILITIES: st.SearchStrategy[Any] = st.sampled_from(
    [
        {},
        {"roots": {"listChanged": True}, "sampling": {}, "elicitation": {"form": {}, "url": {}}},
        {"extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html;profile=mcp-app"]}}},
        {"tasks": {"list": {}, "requests": {"sampling": {"createMessage": {}}}}},
        {"experimental": {"x": {"y": [1, None]}}},
        {"roots": []},
        {"roots": {"listChanged": "yes"}},
        {"sampling": None},
        {"unknown": 1},
        {"extensions": {"x": 1}},
        None,
    ]
)
CLIENTS: st.SearchStrategy[Any] = st.sampled_from(
    [
        {"name": "test", "version": "1"},
        {"name": "Gerät", "version": "1.0", "title": "T", "websiteUrl": "https://example.com"},
        {"name": "test"},
        {"name": 1, "version": "1"},
        {"name": "test", "version": "1", "icons": []},
        {"name": "test", "version": "1", "icons": 1},
        "test",
    ]
)
IDS = st.one_of(st.integers(0, 5), st.sampled_from(["a", "é", "", 'q"', -1, 2**53, 2**70, 1.0, 1.5, True, None, [1]]))
VERSIONS: st.SearchStrategy[Any] = st.sampled_from([*HANDSHAKE_PROTOCOL_VERSIONS, "2026-07-28", "2020-01-01", 5])
LIST_PARAMS: st.SearchStrategy[Any] = st.sampled_from(
    [{}, {"_meta": {}}, {"_meta": {"progressToken": 1}}, {"cursor": "x"}, {"cursor": None}, {"x": 1}, None, [], "x"]
)
LINES = st.sampled_from(
    [
        b"",
        b" \t",
        b"x",
        b"[]",
        b"{}",
        b"\xff",
        b"\xef\xbb\xbf" + json.dumps({"jsonrpc": "2.0", "id": 90, "method": "ping"}).encode(),
        b'{"jsonrpc": "2.0", "id": 91, "id": 92, "method": "ping"}',
        b'{"jsonrpc": "2.0", "id": 93, "method": "ping", "params": {"x": NaN}}',
        b'{"jsonrpc": "2.0", "id": 94, "method": "ping", "params": {"_meta": {"progressToken": "\\ud800"}}}',
        b'{"jsonrpc": "1.0", "id": 95, "method": "ping"}',
        b'{"jsonrpc": "2.0", "id": 96, "method": "tools/call", "params": {"name": "none", "arguments": {}}}',
        b'{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}',
        b'{"jsonrpc": "2.0", "id": 97, "result": {}}',
        json.dumps({**INITIALIZED, "params": {"_meta": {}}}).encode(),
    ]
)


def message(method: str, number: object, params: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()


@st.composite
def handshakes(draw: st.DrawFn) -> list[bytes]:
    params = {"protocolVersion": draw(VERSIONS), "capabilities": draw(CAPABILITIES), "clientInfo": draw(CLIENTS)}
    usual = draw(st.booleans())
    return [
        message("initialize", 0, HELLO | {"protocolVersion": "2025-11-25"} if usual else params),
        *[json.dumps(INITIALIZED).encode()] * draw(st.integers(0, 2)),
    ]


@st.composite
def legacy_requests(draw: st.DrawFn) -> bytes:
    usual = draw(st.booleans())
    number = draw(st.integers(1, 30)) if usual else draw(IDS)
    return message(draw(st.sampled_from(METHODS)), number, {} if usual else draw(LIST_PARAMS))


@st.composite
def modern_requests(draw: st.DrawFn) -> bytes:
    meta: dict[str, Any] = dict(MODERN_META)
    if draw(st.booleans()):
        meta["io.modelcontextprotocol/clientCapabilities"] = draw(CAPABILITIES)
        meta["io.modelcontextprotocol/clientInfo"] = draw(CLIENTS)
        meta["io.modelcontextprotocol/protocolVersion"] = draw(VERSIONS)
    return message(draw(st.sampled_from(["server/discover", *METHODS])), draw(st.integers(1, 30)), {"_meta": meta})


#: Conversations that mostly keep to one era.
CONVERSATIONS = st.one_of(
    st.tuples(handshakes(), st.lists(st.one_of(legacy_requests(), legacy_requests(), LINES), max_size=8)),
    st.tuples(st.just([]), st.lists(st.one_of(modern_requests(), modern_requests(), LINES), max_size=8)),
    st.tuples(
        st.just([]),
        st.lists(st.one_of(handshakes().map(b"\n".join), legacy_requests(), modern_requests(), LINES), max_size=8),
    ),
).map(lambda parts: [*parts[0], *parts[1]])


@pytest.fixture(scope="module")
def server() -> MCPServer[Any]:
    return unopened_server(SETTINGS)


@pytest.fixture(scope="module")
def replies() -> Replies:
    found = find_replies(SETTINGS)
    assert found is not NO_REPLIES
    return found


def converse(
    server: MCPServer[Any],
    chunks: list[bytes],
    replies: Replies,
    early: int,
    answered: int = 0,
    close: Callable[[], None] = lambda: None,
) -> bytes:
    """All that a client gets that sends the chunks and leaves.

    The server begins to read after `early` chunks, and after `answered` requests were answered.
    """
    source, client = os.pipe()
    reader, target = os.pipe()
    received: list[bytes] = []
    listener = threading.Thread(target=lambda: received.extend(iter(lambda: os.read(reader, 65_536), b"")))
    listener.start()
    try:
        first = FirstReplies(replies, source, target)
        for chunk in chunks[:early]:
            os.write(client, chunk)
        until(lambda: len(first.sent) >= answered)
        sender = threading.Thread(target=_send, args=(client, chunks[early:]))
        sender.start()
        assert asyncio.run(serve(server, close, first)) == 0
        sender.join()
    finally:
        os.close(target)
        listener.join()
        for end in (source, reader):
            with suppress(OSError):
                os.close(end)
    return b"".join(received)


def _send(client: int, chunks: list[bytes]) -> None:
    for chunk in chunks:
        os.write(client, chunk)
    os.close(client)


def split(data: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(cuts)]


OLD_META = {**MODERN_META, "io.modelcontextprotocol/protocolVersion": OLD_VERSION}


@settings(max_examples=EXAMPLES, deadline=None)
@example([message("ping", 1, {"_meta": OLD_META})], [], 1, True)  # a version of the handshake without a handshake
@given(CONVERSATIONS, st.lists(st.integers(0, 10_000), max_size=4), st.integers(0, 5), st.booleans())
def test_replies_to_any_conversation_are_those_of_the_sdk_alone(
    server: MCPServer[Any], replies: Replies, lines: list[bytes], places: list[int], early: int, ends: bool
) -> None:
    """The SDK replies to some requests sooner than to others, so the order of its replies depends on its timing."""
    data = b"\n".join(lines) + b"\n" * ends
    alone = converse(server, [data], NO_REPLIES, 0)
    together = converse(server, split(data, places), replies, early)
    assert sorted(together.splitlines(keepends=True)) == sorted(alone.splitlines(keepends=True))


@settings(max_examples=EXAMPLES, deadline=None)
@given(handshakes(), st.lists(legacy_requests(), max_size=8, unique_by=lambda line: str(json.loads(line)["id"])))
def test_recorded_replies_have_the_order_of_their_requests(
    server: MCPServer[Any], replies: Replies, opening: list[bytes], requests: list[bytes]
) -> None:
    conversation = Conversation(replies)
    known = itertools.takewhile(lambda line: conversation.reply(line) is not None, [*opening, *requests])
    answered = [line for line in known if b'"id"' in line]
    data = b"\n".join([*opening, *requests]) + b"\n"
    ids = [json.loads(line)["id"] for line in converse(server, [data], replies, 1, len(answered)).splitlines()]
    assert ids[: len(answered)] == [json.loads(line)["id"] for line in answered]


def test_packaged_recording_is_what_the_sdk_replies_now() -> None:
    """To renew it: .venv/bin/python -m zava_mcp.server.recording"""
    assert PACKAGED.read_bytes() == anyio.run(record, SETTINGS)


def test_usual_handshakes_are_answered_from_the_recording(replies: Replies) -> None:
    for version in HANDSHAKE_PROTOCOL_VERSIONS:
        conversation = Conversation(replies)
        assert conversation.reply(message("initialize", 0, HELLO | {"protocolVersion": version}))
        assert conversation.reply(json.dumps(INITIALIZED).encode()) == b""
        assert all(conversation.reply(message(method, method, {})) for method in METHODS)
    conversation = Conversation(replies)
    assert all(conversation.reply(message(m, m, {"_meta": MODERN_META})) for m in ("server/discover", *LISTS))


def test_heavy_packages_are_imported_after_the_first_replies(tmp_path: Path) -> None:
    """Their imports never end here; the replies come nevertheless."""
    (tmp_path / "sitecustomize.py").write_text(ENDLESS_IMPORTS)
    environment = {"PYTHONPATH": str(tmp_path), "ZAVA_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}
    with StdioClient("--user-id", SEATTLE, environment=environment) as client:
        timer = threading.Timer(60, client.process.kill)
        timer.start()
        client.shake_hands()
        for method in METHODS:
            assert "result" in client.request(method)
        timer.cancel()


def test_client_that_reads_late_gets_every_reply_whole(server: MCPServer[Any], replies: Replies) -> None:
    """The replies exceed what a pipe holds, so the server writes the rest."""
    lines = [message("initialize", 0, HELLO), *(message("tools/list", number, {}) for number in range(1, 60))]
    data = b"\n".join(lines) + b"\n"
    assert converse(server, split(data, [3000]), replies, 2) == converse(server, [data], NO_REPLIES, 0)


def test_missing_recording_is_made_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: MCPServer[Any]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    other = load({}, {"ZAVA_MAX_ROWS": "500"})
    assert find_replies(other) is NO_REPLIES
    record_to_cache(other)
    assert '"maximum":500' in find_replies(other).texts[2] or "1 to 500" in find_replies(other).texts[2]
    path = cache_file(recording_key(other) or "")
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("fault", ["of another user", "damaged", "in an open folder", "other key"])
def test_untrusted_recording_in_the_cache_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    other = load({}, {"ZAVA_MAX_ROWS": "500"})
    record_to_cache(other)
    path = cache_file(recording_key(other) or "")
    assert path is not None
    if fault == "of another user":
        os.chown(path, 65_534, 65_534)
    elif fault == "damaged":
        path.write_bytes(path.read_bytes()[:-100])
    elif fault == "in an open folder":
        path.parent.chmod(0o777)
    else:
        path.write_text(path.read_text().replace("500, []", "400, []"))
    assert find_replies(other) is NO_REPLIES


def test_reply_that_differs_from_the_sdks_is_reported_and_recorded_anew(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    record_to_cache(SETTINGS)
    path = cache_file(recording_key(SETTINGS) or "")
    assert path is not None
    right = path.read_text()
    path.write_text(right.replace("Run one PostgreSQL query", "Run another PostgreSQL query"))
    with server_for(data_dir, SEATTLE, XDG_CACHE_HOME=str(tmp_path)) as running:
        running.shake_hands(OLD_VERSION)
        assert "Run another" in json.dumps(running.request("tools/list"))
        assert running.call("get_current_utc_date")[1] is False
        until(lambda: path.read_text() == right)
        assert "a recorded reply differs" in running.stderr()
