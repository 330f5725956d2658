"""Replies to a client's first requests while the MCP SDK is imported, which takes most of a start.

The replies were recorded from the SDK (recording.py). A thread reads the client's lines from the start on and answers a
request if the recording has its reply: `initialize`, `server/discover`, `ping`, and the lists. It stops at the first
line with another content. The SDK then reads the same lines again, and its replies to the answered requests are
compared with those and dropped (transport.py). So a client gets the same bytes in the same order as from the SDK alone.
"""

import json
import os
import re
import select
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from zava_mcp.server.recorded_replies import NO_REPLIES, Replies

LISTS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
_META = "io.modelcontextprotocol/"
_MAX_BYTES = 64_000  # received bytes that wait for the SDK; further input stays in the pipe
_MAX_REPLY_BYTES = 500_000  # Replies are kept until the SDK has processed their requests.
_WRITE_BYTES = getattr(select, "PIPE_BUF", 512)  # a pipe that is writable takes this much without blocking
_TEXT_ID = re.compile(r"[\w./:-]{1,200}", re.ASCII)
_MAX_ID = 2**53

#: The client capabilities that are answered, each with its members; {} has none. A recorded reply is the same for all.
_CAPABILITIES: dict[str, Any] = {
    "sampling": {"context": {}, "tools": {}},
    "elicitation": {"form": {}, "url": {}},
    "roots": {"listChanged": bool},
    "tasks": {
        "list": {},
        "cancel": {},
        "requests": {"sampling": {"createMessage": {}}, "elicitation": {"create": {}}},
    },
}
_ANY_MEMBERS = ("experimental", "extensions")  # capabilities with objects of any content


class FirstReplies:
    """Answers the first requests on a client's pipes, in a thread of its own between its creation and `stop`.

    Without a recording, it reads nothing. After `stop`, `received` has all bytes that were read, `unsent` those that
    are still to be written, and `sent` the replies by the number of their request's line, blank lines not counted.
    """

    def __init__(self, replies: Replies, source: int, target: int) -> None:
        self.has_recording = replies != NO_REPLIES
        self._conversation = Conversation(replies)
        self.source = source
        self.target = target
        self._wake, self._waker = os.pipe()
        self._thread = threading.Thread(target=self._run, name="first-replies", daemon=True)
        self._is_reading = True
        self._processed = 0  # bytes of `received` whose lines were processed
        self._lines = 0
        self._reply_bytes = 0
        self.received = bytearray()
        self.unsent = bytearray()
        self.sent: dict[int, bytes] = {}
        if self.has_recording:
            self._thread.start()

    def stop(self) -> None:
        """Stops answering; returns when the thread has ended."""
        if self.has_recording:
            os.write(self._waker, b"\0")
            self._thread.join()
        os.close(self._wake)
        os.close(self._waker)

    def _run(self) -> None:
        while self._is_reading or self.unsent:
            readable = [self._wake, *[self.source] * self._is_reading]
            readable, writable, _ = select.select(readable, [self.target] if self.unsent else [], [])
            if self._wake in readable:
                return
            if writable and not self._write():
                return
            if self.source in readable:
                self._read()

    def _write(self) -> bool:
        """Writes what the pipe takes; False if that fails, which the SDK's transport reports."""
        try:
            del self.unsent[: os.write(self.target, self.unsent[:_WRITE_BYTES])]
        except OSError:
            return False
        return True

    def _read(self) -> None:
        try:
            chunk = os.read(self.source, _MAX_BYTES - len(self.received))
        except OSError:
            chunk = b""
        self.received += chunk
        self._is_reading = bool(chunk) and self._answer_lines() and len(self.received) < _MAX_BYTES

    def _answer_lines(self) -> bool:
        """Answers the complete lines; False at the first one that is left to the SDK."""
        while (end := self.received.find(b"\n", self._processed)) >= 0:
            line, self._processed = bytes(self.received[self._processed : end]), end + 1
            if not line.strip():
                continue
            reply = self._conversation.reply(line)
            if reply is None:
                return False
            if reply:
                self.sent[self._lines] = reply
                self.unsent += reply
                self._reply_bytes += len(reply)
            self._lines += 1
        return self._reply_bytes < _MAX_REPLY_BYTES


class Conversation:
    """The beginning of a conversation, in the protocol version that its first request chooses."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._version = ""
        self._ids: set[int | str] = set()

    def reply(self, line: bytes) -> bytes | None:
        """The line that the SDK replies with, b"" for a notification; None if the SDK has to process this line."""
        message = _parse(line)
        if message is None or message.get("jsonrpc") != "2.0" or message.keys() - {"jsonrpc", "id", "method", "params"}:
            return None
        method, params = message.get("method"), message.get("params", {})
        if "id" not in message:
            begins_session = method == "notifications/initialized" and self._version in self._replies.handshakes
            return b"" if begins_session and params == {} else None
        identifier = message["id"]
        if not _is_plain_id(identifier) or identifier in self._ids or not isinstance(params, dict):
            return None
        result = (
            self._replies.result(self._version, str(method)) if self._chooses_version(str(method), params) else None
        )
        if result is None:
            return None
        self._ids.add(identifier)
        return b'{"jsonrpc":"2.0","id":%b,"result":%b}\n' % (json.dumps(identifier).encode(), result.encode())

    def _chooses_version(self, method: str, params: Mapping[str, Any]) -> bool:
        """Whether the parameters are those of a recorded request; the first request sets the version."""
        if method == "initialize":
            is_first = not self._version
            self._version = str(params.get("protocolVersion"))
            return is_first and self._version in self._replies.handshakes and _is_handshake(params)
        meta = params.get("_meta", {})
        if not isinstance(meta, dict) or params.keys() - {"_meta"}:
            return False
        if self._version in self._replies.handshakes:
            return not meta.keys() - {"progressToken"} and _is_plain_id(meta.get("progressToken", 0))
        version = meta.get(f"{_META}protocolVersion")
        is_same = self._version in ("", version)
        self._version = str(version)
        return is_same and version not in self._replies.handshakes and _is_envelope(meta)


def _parse(line: bytes) -> dict[str, Any] | None:
    """The object in a line of strict JSON without duplicate names; None for anything else."""
    try:
        message = json.loads(
            line.decode(), object_pairs_hook=_unique_names, parse_constant=_reject, parse_float=_reject
        )
        json.dumps(message, ensure_ascii=False).encode()  # unpaired surrogates
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name occurs twice")
    return members


def _reject(text: str) -> None:
    raise ValueError(f"{text} is not processed here")


def _is_plain_id(value: object) -> bool:
    if isinstance(value, str):
        return _TEXT_ID.fullmatch(value) is not None
    return type(value) is int and -_MAX_ID < value < _MAX_ID


def _is_handshake(params: Mapping[str, Any]) -> bool:
    """Whether these are the parameters of `initialize` that the recordings are valid for."""
    return (
        params.keys() == {"protocolVersion", "capabilities", "clientInfo"}
        and _is_implementation(params["clientInfo"])
        and _are_capabilities(params["capabilities"])
    )


def _is_envelope(meta: Mapping[str, Any]) -> bool:
    """Whether a request's `_meta` is one that the recordings are valid for."""
    names = {f"{_META}{name}" for name in ("protocolVersion", "clientInfo", "clientCapabilities")}
    return (
        meta.keys() - {"progressToken"} == names
        and _is_plain_id(meta.get("progressToken", 0))
        and _is_implementation(meta[f"{_META}clientInfo"])
        and _are_capabilities(meta[f"{_META}clientCapabilities"])
    )


def _is_implementation(info: object) -> bool:
    return (
        isinstance(info, dict)
        and {"name", "version"} <= info.keys() <= {"name", "version", "title", "description", "websiteUrl"}
        and all(isinstance(text, str) for text in info.values())
    )


def _are_capabilities(capabilities: object) -> bool:
    return isinstance(capabilities, dict) and all(_is_capability(*member) for member in capabilities.items())


def _is_capability(name: str, value: object) -> bool:
    if name in _ANY_MEMBERS:
        return isinstance(value, dict) and all(isinstance(member, dict) for member in value.values())
    return name in _CAPABILITIES and _has_shape(value, _CAPABILITIES[name])


def _has_shape(value: object, shape: Any) -> bool:
    if shape is bool:
        return isinstance(value, bool)
    return isinstance(value, dict) and all(name in shape and _has_shape(value[name], shape[name]) for name in value)


def recorded_methods(is_handshake: bool) -> Iterator[str]:
    """The methods that a recording has the replies of."""
    yield from ("initialize", "ping") if is_handshake else ("server/discover",)
    yield from LISTS
