"""Tests of flow control: a client that sends more than the server holds waits or gets an error with a hint."""

import asyncio
import threading
import weakref
from pathlib import Path

import pytest
from mcp.server.mcpserver.exceptions import ToolError

from tests.conftest import SEATTLE
from tests.stdio_client import StdioClient, server_for
from zava_mcp.server.executor import BoundedExecutor
from zava_mcp.server.flow_control import IN_FLIGHT_BYTES, MESSAGE_BYTES, REPLIES_BYTES, FlowControl, estimate_memory

SLOW = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r) SELECT count(*) FROM r"
LONG = "x" * 1_800_000
CALLS = IN_FLIGHT_BYTES // len(LONG) + 5


def send(server: StdioClient, number: object, method: str, **params: object) -> None:
    server.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def send_slow(server: StdioClient, number: object, **meta: object) -> None:
    arguments = {"postgresql_query": SLOW}
    send(server, number, "tools/call", name="execute_sales_query", arguments=arguments, _meta=meta)


def test_requests_beyond_the_bound_are_rejected_and_later_cancellations_handled(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE, ZAVA_QUERY_TIMEOUT="60") as server:
        server.shake_hands()
        server.call("execute_sales_query", postgresql_query="SELECT 1")
        for number in range(100, 100 + CALLS):
            send_slow(server, number, x=LONG)
        refused = {(reply := server.read())["id"]: reply["error"] for _ in range(5)}
        assert sorted(refused) == list(range(100 + CALLS - 5, 100 + CALLS))
        assert all("wait for replies to earlier ones" in error["message"] for error in refused.values())
        assert {error["code"] for error in refused.values()} == {-32000}
        for number in range(100, 100 + CALLS):
            server.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}})
        assert server.call("get_current_utc_date")[1] is False


def test_message_with_too_many_values_is_rejected_with_its_id(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        send(server, 77, "tools/call", name="x", arguments={"x": [[] for _ in range(400_000)]})
        reply = server.read()
        assert (reply["id"], reply["error"]["code"]) == (77, -32600)
        assert "send a shorter one" in reply["error"]["message"]


@pytest.mark.parametrize(
    ("number", "method", "params"),
    [
        ("x" * 2000, "ping", {}),
        (1, "x" * 2000, {}),
        (1, "tools/call", {"name": "x" * 2000, "arguments": {}}),
        (1, "ping", {"_meta": {"progressToken": "x" * 2000}}),
    ],
)
def test_request_with_a_long_name_is_rejected(
    data_dir: Path, number: object, method: str, params: dict[str, object]
) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        send(server, number, method, **params)
        reply = server.read()
        assert (reply["id"], reply["error"]["code"]) == (number, -32600)
        assert "1,000 characters" in reply["error"]["message"]


def test_long_notification_is_dropped(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        server.send({"jsonrpc": "2.0", "method": "notifications/x", "params": {"x": "y" * 100_000}})
        assert server.call("get_current_utc_date")[1] is False
        assert "dropped a notification" in server.stderr()


def test_error_about_thousands_of_wrong_arguments_names_a_few(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        text, failed = server.call(
            "execute_sales_query", postgresql_query="SELECT 1", **{f"a{n}": 0 for n in range(5000)}
        )
        assert not failed
        assert len(text) < 1000
        text, failed = server.call(
            "execute_sales_query", postgresql_query="SELECT 1", **{f"max_rows{n}": 0 for n in range(5000)}
        )
        assert failed
        assert len(text) < 1000


class Payload:
    """The work of a call."""

    def __call__(self) -> None:
        """Does nothing."""


@pytest.mark.anyio
@pytest.mark.parametrize("running_is_cancelled", [False, True])
async def test_executor_forgets_a_call_cancelled_while_it_waits_for_a_thread(running_is_cancelled: bool) -> None:
    executor, go, begun = BoundedExecutor(1), threading.Event(), threading.Event()

    def run() -> None:
        begun.set()
        go.wait()

    running = asyncio.create_task(executor.call(run))
    await asyncio.to_thread(begun.wait)
    try:
        if running_is_cancelled:  # its thread goes on
            running.cancel()
            await asyncio.wait([running])
        payload = Payload()
        remembered = weakref.ref(payload)
        waiting = asyncio.create_task(executor.call(payload))
        del payload
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        del waiting
        assert remembered() is None
    finally:
        go.set()
    assert await executor.call(lambda: 7) == 7


@pytest.mark.anyio
async def test_replies_wait_until_the_client_reads_earlier_ones() -> None:
    unread = REPLIES_BYTES
    flow, executor = FlowControl(lambda: unread), BoundedExecutor()
    call = flow.add(1).context().run(asyncio.create_task, executor.call(lambda: 7))
    done, _ = await asyncio.wait([call], timeout=0.1)
    assert not done
    unread = 0
    flow.notify()
    assert await call == 7


@pytest.mark.anyio
async def test_executor_releases_the_thread_of_a_failed_call() -> None:
    executor = BoundedExecutor(1)
    for _ in range(3):
        with pytest.raises(ToolError):
            await executor.call(lambda: 1 // 0)


@pytest.mark.parametrize("character", [",", "{", "[", ":", "x", "ж", "😀"])
def test_longest_allowed_sql_fits_into_a_message(character: str) -> None:
    for text in (character * 100_000, character.encode("utf-16-be", "surrogatepass").hex() * 25_000):
        assert estimate_memory(text.encode()) <= MESSAGE_BYTES
    escaped = r"\ud83d\ude00" * 100_000
    assert estimate_memory(escaped.encode()) <= MESSAGE_BYTES
