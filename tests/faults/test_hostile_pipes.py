"""Clients that send large, endless or cancelled requests, or read nothing: the server keeps its limits and replies."""

import itertools
import json
import os
import select
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SEATTLE
from tests.faults.test_memory import BOUND, mark, resident
from tests.polling import until
from tests.promises.test_generated_attacks import EXAMPLES
from tests.stdio_client import HELLO, MODERN_META, StdioClient, server_for

Meta = dict[str, Any]
Attack = Callable[[int, Meta], list[dict[str, Any] | bytes]]

SLOW = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r) SELECT count(*) FROM r"
BRIEF = "SELECT count(*) FROM generate_series(1, 2000000)"  # of requests that are many
LARGE = "SELECT repeat(md5(g::text), 3000) FROM generate_series(1, 10) g"
TEXT = "x" * 1_800_000
LISTS = b"[" + b",".join([b"[]"] * 600_000) + b"]"
PADDING = " --" + "y" * 90_000
VIEW = "ui://zava/chart.html"
SENT = 20_000_000  # bytes
LAST = "the last request"


def request(number: object, method: str, meta: Meta, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": {**params, "_meta": meta}}


def notification(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


def query(number: object, sql: str, meta: Meta, **more: Any) -> dict[str, Any]:
    arguments = {"postgresql_query": sql, **more}
    return request(number, "tools/call", meta, name="execute_sales_query", arguments=arguments)


def cancelled(number: object) -> dict[str, Any]:
    return notification("notifications/cancelled", requestId=number)


def with_lists(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode().replace(b'"LISTS"', LISTS) + b"\n"


#: Those whose replies nobody reads.
UNREAD: dict[str, Attack] = {
    "replies": lambda n, m: [request(n, "resources/read", m, uri=VIEW)],
    "replies of one id": lambda n, m: [request(7, "resources/read", m, uri=VIEW)],
    "replies to what is cancelled": lambda n, m: [request(n, "resources/read", m, uri=VIEW), cancelled(n - 100)],
    "refusals": lambda n, m: [request(n, "x" * 900, m, x="y" * 60_000)],
    "refusals of what is no request": lambda n, m: [b'{"jsonrpc": "2.0", "id": %d, "method": 7}\n' % n],
    "progress of long tokens": lambda n, m: [query(n, SLOW, {**m, "progressToken": TEXT})],
}
READ: dict[str, Attack] = {
    "long _meta": lambda n, m: [query(n, SLOW, {**m, "x": TEXT})],
    "_meta of many values": lambda n, m: [with_lists(query(n, SLOW, {**m, "x": "LISTS"}))],
    "_meta of as many values as are taken": lambda n, m: [query(n, SLOW, {**m, "x": [[] for _ in range(115_000)]})],
    "long arguments": lambda n, m: [query(n, "SELECT 1", m, x=TEXT)],
    "arguments of many values": lambda n, m: [with_lists(query(n, "SELECT 1", m, x="LISTS"))],
    "many arguments": lambda n, m: [query(n, "SELECT 1", m, **{f"a{k}": 0 for k in range(50_000)})],
    "long SQL of one id": lambda n, m: [query(7, BRIEF + PADDING, m)],
    "long SQL, cancelled later": lambda n, m: [query(n, BRIEF + PADDING, m), cancelled(n - 20)],
    "long _meta, cancelled at once": lambda n, m: [query(n, SLOW, {**m, "x": TEXT}), cancelled(n)],
    "long progress tokens": lambda n, m: [query(n, SLOW, {**m, "progressToken": TEXT})],
    "long ids": lambda n, m: [request(f"{n}{TEXT}", "tools/list", m)],
    "long names of tools": lambda n, m: [request(n, "tools/call", m, name=TEXT, arguments={})],
    "long methods": lambda n, m: [request(n, TEXT, m)],
    "long addresses": lambda n, m: [request(n, "resources/read", m, uri=f"zava://schema/{TEXT}")],
    "long notifications": lambda n, m: [notification("notifications/cancelled", requestId=n, reason=TEXT)],
    "notifications of many values": lambda n, m: [with_lists(notification("notifications/x", x="LISTS"))],
    "many notifications": lambda n, m: [notification("notifications/x", x="y" * 1000)],
    "replies to nothing": lambda n, m: [with_lists({"jsonrpc": "2.0", "id": n, "result": {"x": "LISTS"}})],
    "batches": lambda n, m: [json.dumps([request(n, "tools/list", m)] * 9000).encode() + b"\n"],
    "no messages": lambda n, m: [LISTS + b"\n"],
    "deep values": lambda n, m: [b"[" * 900_000 + b"]" * 900_000 + b"\n"],
    "empty lines": lambda n, m: [b"\n" * 100_000],
    "a line without an end": lambda n, m: [b"x" * 1_000_000],
    "changes of the era": lambda n, m: [
        *(query(f"{n}-{k}", SLOW, {**MODERN_META, "x": TEXT}) for k in range(4)),
        request(n, "initialize", {}, **HELLO),
    ],  # the last one: it leaves another era behind
}
FIRST: dict[str, Attack] = {
    "notifications of many values": lambda n, m: [with_lists(notification("notifications/x", x="LISTS"))],
    "notifications": lambda n, m: [notification("notifications/x", x=[[] for _ in range(115_000)])],
    "replies to nothing": lambda n, m: [with_lists({"jsonrpc": "2.0", "id": n, "result": {"x": "LISTS"}})],
    "requests": lambda n, m: [query(n, SLOW, {**m, "x": [[] for _ in range(115_000)]})],
}


class Flood:
    """Writes to a server without waiting for replies; with `reads`, it reads them."""

    def __init__(self, server: StdioClient, reads: bool) -> None:
        assert server.process.stdin is not None
        assert server.process.stdout is not None
        self._in, self._out = server.process.stdin.fileno(), server.process.stdout.fileno()
        os.set_blocking(self._in, False)
        self._reads = reads
        self._rest = b""
        self._came = b""

    def send(self, attack: Attack, meta: Meta, most: int = SENT) -> None:
        """Sends so many bytes of an attack, or as many as the server accepts."""
        sent, numbers = 0, itertools.count(1000)
        while sent < most:
            if not self._rest:
                lines = attack(next(numbers), meta)
                self._rest = b"".join(x if isinstance(x, bytes) else json.dumps(x).encode() + b"\n" for x in lines)
                sent += len(self._rest)
            if not self._turn(3):
                return

    def finish(self, meta: Meta) -> None:
        """Reads again, and waits for the reply to a last request. Fails if none comes."""
        last = json.dumps(request(LAST, "tools/list", meta)).encode()
        self._reads, self._rest = True, self._rest.rstrip(b"\n") + b"\n" + last + b"\n"
        while LAST.encode() not in self._came:
            self._came = self._came[-len(LAST) :]
            assert self._turn(60), "no reply comes any more"

    def _turn(self, seconds: float) -> bool:
        """Writes and reads what is possible now; returns whether anything was."""
        ins, outs = [self._out] if self._reads else [], [self._in] if self._rest else []
        ins, outs, _ = select.select(ins, outs, [], seconds)
        if ins:
            self._came = self._came[-len(LAST) :] + os.read(self._out, 1 << 20)
        if outs:
            with suppress(BlockingIOError):
                self._rest = self._rest[os.write(self._in, self._rest[:65_536]) :]
        return bool(ins or outs)


@pytest.fixture(params=["legacy", "modern"])
def meta(request: pytest.FixtureRequest) -> Meta:
    """The metadata of each request in either protocol era."""
    return MODERN_META if request.param == "modern" else {}


def greet(server: StdioClient, meta: Meta) -> None:
    """Opens a session and connects to the database."""
    if meta:
        server.request("server/discover", _meta=meta)
    else:
        server.shake_hands()
    params = {"name": "execute_sales_query", "arguments": {"postgresql_query": "SELECT 1"}, "_meta": meta}
    assert "error" not in server.request("tools/call", **params)


def in_this_era(attacks: dict[str, Attack], meta: Meta) -> dict[str, Attack]:
    """Every other attack in each era, since each takes seconds; all of them in both where many examples are wanted."""
    if EXAMPLES > 300:
        return attacks
    return {name: attacks[name] for name in list(attacks)[bool(meta) :: 2]}


@pytest.mark.parametrize("reads", [False, True])
def test_hostile_client_stays_within_the_memory_limit(data_dir: Path, meta: Meta, reads: bool) -> None:
    with server_for(data_dir, SEATTLE, ZAVA_MAX_BYTES="1000000", ZAVA_QUERY_TIMEOUT="1") as server:
        greet(server, meta)
        idle = mark(server)
        for name, attack in in_this_era(READ if reads else UNREAD, meta).items():
            mark(server)
            flood = Flood(server, reads)
            flood.send(attack, meta)
            flood.finish(meta)
            peak = resident(server, "VmHWM") - idle
            print(f"{name}: {peak >> 20} MB")
            assert peak < BOUND, f"{name}: {peak >> 20} MB"


#: Each attack in one era, since each takes seconds; in both where many examples are wanted.
FIRST_IN_ERAS = [
    (name, era)
    for place, name in enumerate(FIRST)
    for era in ({}, MODERN_META)
    if EXAMPLES > 300 or bool(era) == bool(place % 2)
]


@pytest.mark.parametrize(("name", "meta"), FIRST_IN_ERAS)
def test_hostile_client_before_the_handshake_stays_within_the_limit(data_dir: Path, meta: Meta, name: str) -> None:
    with server_for(data_dir, SEATTLE, ZAVA_QUERY_TIMEOUT="1") as server:
        server.send({"jsonrpc": "2.0", "id": 1, "method": 7})
        assert server.read()["id"] == 1
        idle = mark(server)
        flood = Flood(server, reads=True)
        flood.send(FIRST[name], meta)
        flood.finish(meta)
        assert (peak := resident(server, "VmHWM") - idle) < BOUND, f"{peak >> 20} MB"


@pytest.mark.parametrize("cancels", [False, True])
@pytest.mark.parametrize("ids", [1, 1_000_000])
def test_hostile_client_that_reads_nothing_stays_within_the_limit(
    data_dir: Path, tmp_path: Path, meta: Meta, cancels: bool, ids: int
) -> None:
    """The audit log tells when results are there, so that there are never too many calls at once for the server."""
    audit = tmp_path / "audit.jsonl"
    with server_for(data_dir, SEATTLE, ZAVA_MAX_BYTES="1000000", ZAVA_AUDIT_LOG=str(audit)) as server:
        greet(server, meta)
        idle = mark(server)
        for number in range(100, 200, 20):
            for each in range(number, number + 20):
                server.send(query(each % ids, LARGE, meta))
            with suppress(AssertionError):  # no more results are made
                until(lambda number=number: audit.read_bytes().count(b"\n") > number - 80, 2)  # type: ignore[misc]
            if cancels:
                for each in range(number, number + 20):
                    server.send(cancelled(each % ids))
        Flood(server, reads=False).finish(meta)
        assert (peak := resident(server, "VmHWM") - idle) < BOUND, f"{peak >> 20} MB"
