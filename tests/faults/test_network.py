"""On a broken or silent network every call ends with the reason, and calls succeed again after it has healed."""

import time
from collections.abc import Callable
from typing import Any

import anyio
import psycopg
import pytest

from tests.cli.terminal import on_terminal
from tests.conftest import SEATTLE, ToolClient, asking
from tests.faults.network import Network
from tests.faults.postgres import Postgres, backends
from tests.polling import until
from zava_mcp.sales import descriptions

pytestmark = pytest.mark.anyio

SLOW = "SELECT count(*) AS slow_here FROM generate_series(1, 100000000), generate_series(1, 1000) b"
SILENCES = [("to_server",), ("to_client",), ("to_server", "to_client")]
#: What a model may call that asks the database, and what it then knows.
CALLS: dict[str, dict[str, Any]] = {
    "execute_sales_query": {"postgresql_query": "SELECT 42"},
    "semantic_search_products": {"query_description": "hammer"},
    "get_multiple_table_schemas": {"table_names": ["orders"]},
}


async def recovered(asker: ToolClient, number: int = 7, seconds: float = 15) -> None:
    """Waits until queries succeed again, each with its own result."""
    with anyio.fail_after(seconds):
        while True:
            text, failed = await asker.call("execute_sales_query", postgresql_query=f"SELECT {number}")
            if not failed:
                assert f'"rows":[[{number}]]' in text
                return


def output(text: str) -> bool:
    return "did not answer in time" in text or "did not stop it in time" in text or "57014" in text


@pytest.mark.parametrize("directions", SILENCES)
async def test_silent_network_while_connecting_times_out(
    elsewhere: Postgres, network: Network, directions: tuple[str, ...]
) -> None:
    network.fall_silent(*directions)
    async with asking(elsewhere.settings(SEATTLE, network.port)) as asker:
        with anyio.fail_after(15):
            assert "did not answer in time" in await asker.refusal("SELECT 1")
        network.heal()
        await recovered(asker)


async def test_silent_network_after_login_times_out(elsewhere: Postgres, network: Network) -> None:
    """The server reports that it is ready, but never replies to the identity check."""
    async with asking(elsewhere.settings(SEATTLE, network.port, ZAVA_QUERY_TIMEOUT="1")) as asker:
        silence = _when(network, lambda: network.carried > 300, "to_client")
        with anyio.fail_after(20):
            text, failed = await asker.call("execute_sales_query", postgresql_query="SELECT 1")
        silence()
        assert failed
        assert output(text), text
        network.heal()
        await recovered(asker)


@pytest.mark.parametrize("directions", SILENCES)
def test_interrupt_ends_a_query_also_on_a_silent_network(
    elsewhere: Postgres, network: Network, owner: psycopg.Connection, directions: tuple[str, ...]
) -> None:
    def silence() -> None:
        until(lambda: backends(owner, "%slow_here%") != [])
        network.fall_silent(*directions)

    url = elsewhere.url(SEATTLE, "identity", port=network.port)
    output = on_terminal("query", SLOW, "--user-id", SEATTLE, "--database-url", url, until=silence)
    assert (output.code, output.errors) == (130, "")
    network.heal()
    until(lambda: backends(owner, "%slow_here%") == [])


@pytest.mark.parametrize("directions", SILENCES)
async def test_silent_network_during_a_query_ends_it_at_its_deadline(
    elsewhere: Postgres, network: Network, owner: psycopg.Connection, directions: tuple[str, ...]
) -> None:
    async with asking(elsewhere.settings(SEATTLE, network.port, ZAVA_QUERY_TIMEOUT="2")) as asker:
        await asker.value("SELECT 1")
        async with anyio.create_task_group() as group:

            async def slow() -> None:
                with anyio.fail_after(12):
                    assert output(await asker.refusal(SLOW))

            group.start_soon(slow)
            with anyio.fail_after(10):
                while not backends(owner, "%slow_here%"):
                    await anyio.lowlevel.checkpoint()
            network.fall_silent(*directions)
        with anyio.fail_after(5):
            while backends(owner, "%slow_here%"):
                await anyio.lowlevel.checkpoint()
        network.heal()
        await recovered(asker)


@pytest.mark.parametrize("tool", list(CALLS))
async def test_silent_network_between_calls_is_noticed_by_the_next(
    elsewhere: Postgres, network: Network, tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptions, "_MAX_AGE_SECONDS", -1)  # cached descriptions need no network
    async with asking(elsewhere.settings(SEATTLE, network.port, ZAVA_QUERY_TIMEOUT="1")) as asker:
        await asker.value("SELECT 1")
        network.fall_silent()
        with anyio.fail_after(20):
            text, failed = await asker.call(tool, **CALLS[tool])
        assert failed
        assert output(text), text
        started = time.monotonic()
        assert output(await asker.refusal("SELECT 2"))
        assert time.monotonic() - started < 8, "the other connections are known to be silent too"
        network.heal()
        await recovered(asker)
        text, failed = await asker.call(tool, **CALLS[tool])
        assert not failed, text


async def test_broken_network_is_reported_and_recovered(elsewhere: Postgres, network: Network) -> None:
    async with asking(elsewhere.settings(SEATTLE, network.port)) as asker:
        await asker.value("SELECT 1")
        network.cut()
        for tool, arguments in CALLS.items():
            text, failed = await asker.call(tool, **arguments)
            assert failed
            assert "closed the connection" in text, text
        network.heal()
        await recovered(asker)
        for tool, arguments in CALLS.items():
            text, failed = await asker.call(tool, **arguments)
            assert not failed, text


async def test_broken_results_are_not_mixed_up(elsewhere: Postgres, network: Network) -> None:
    async with asking(elsewhere.settings(SEATTLE, network.port, ZAVA_QUERY_TIMEOUT="2")) as asker:
        replies: dict[int, tuple[str, bool]] = {}

        async def one(number: int) -> None:
            sql = f"SELECT {number}, repeat('x', 3000) FROM generate_series(1, 10)"
            replies[number] = await asker.call("execute_sales_query", postgresql_query=sql)

        for round_ in range(6):
            async with anyio.create_task_group() as group:
                for place in range(6):
                    group.start_soon(one, round_ * 6 + place)
                carried = network.carried
                with anyio.move_on_after(2):
                    while network.carried - carried < 40_000:
                        await anyio.lowlevel.checkpoint()
                if round_ % 2:
                    network.cut()
                else:
                    network.fall_silent("to_client")
            network.heal()
        assert len(replies) == 36
        for number, (text, failed) in replies.items():
            if failed:
                assert output(text) or "closed the connection" in text, text
            else:
                assert text.count(f"[{number},") == 10, text
        await recovered(asker)


def _when(network: Network, condition: Callable[[], bool], *directions: str) -> Callable[[], None]:
    """Drops data as soon as a condition holds."""
    import threading

    ended = threading.Event()

    def watch() -> None:
        while not condition() and not ended.is_set():
            ended.wait(0.0002)
        network.fall_silent(*directions)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()

    def stop() -> None:
        ended.set()
        thread.join(5)

    return stop
