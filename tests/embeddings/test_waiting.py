"""Tests of slow and rate-limited services: other calls continue, calls end, and Retry-After is respected."""

import json
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from tests.conftest import REDMOND, SEATTLE, ToolClient, asking, settings_for
from tests.embeddings.conftest import Embed, Provider
from tests.embeddings.test_providers import made_of
from tests.fakes.openai_api import Answer, Asked, status
from zava_mcp.errors import EmbeddingError
from zava_mcp.settings import CONCURRENT_QUERIES

REQUEST = {"query_description": "paint roller", "similarity_threshold": 5}


class Held:
    """A behaviour that holds each request until it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.arrived = threading.Semaphore(0)

    def __call__(self, _: Asked, right: Answer) -> Answer:
        self.arrived.release()
        self.released.wait(60)
        return right

    async def wait_for_request(self) -> None:
        assert await anyio.to_thread.run_sync(lambda: self.arrived.acquire(timeout=30)), "no request came"


@pytest.fixture
def held(azure: Provider) -> Iterator[Held]:
    behaviour = Held()
    azure.fake.always = behaviour
    yield behaviour
    behaviour.released.set()


@pytest.fixture
def embedded_here(azure: Provider, embed: Embed) -> None:
    embed(azure.environ)
    azure.fake.asked.clear()


async def search(asker: ToolClient) -> dict[str, Any]:
    text, failed = await asker.call("semantic_search_products", **REQUEST)
    assert not failed, text
    found: dict[str, Any] = json.loads(text)
    assert found["search"] == "semantic"
    return found


@pytest.mark.anyio
async def test_other_calls_return_while_searches_wait(
    embedded_here: None, azure: Provider, held: Held, own_dir: Path, era: str
) -> None:
    """There are more searches than workers. All return after the other calls."""
    answered: list[str] = []
    async with asking(settings_for(own_dir, SEATTLE, **azure.environ), era) as seattle:

        async def wait_for_one() -> None:
            await search(seattle)
            answered.append("search")

        async with anyio.create_task_group() as group:
            for _ in range(CONCURRENT_QUERIES + 2):
                group.start_soon(wait_for_one)
            for _ in range(CONCURRENT_QUERIES):
                await held.wait_for_request()
            for number in range(3):
                assert await seattle.value(f"SELECT {number}") == number
            assert (await seattle.call("get_current_utc_date"))[0]
            assert (await seattle.call("semantic_search_products", similar_to="no such product"))[1]
            answered.append("others")
            held.released.set()
    assert answered == ["others"] + ["search"] * (CONCURRENT_QUERIES + 2)


@pytest.mark.anyio
async def test_waiting_search_can_be_cancelled(
    embedded_here: None, azure: Provider, held: Held, own_dir: Path, era: str
) -> None:
    """There are as many searches as workers, so that one that is not cancelled would block the next."""
    async with asking(settings_for(own_dir, SEATTLE, **azure.environ), era) as seattle:
        async with anyio.create_task_group() as group:
            for _ in range(CONCURRENT_QUERIES):
                group.start_soon(search, seattle)
            for _ in range(CONCURRENT_QUERIES):
                await held.wait_for_request()
            group.cancel_scope.cancel()
        azure.fake.always = None
        assert (await search(seattle))["row_count"] > 0
        assert not held.released.is_set()


def test_stopped_embedding_sends_no_more_requests(azure: Provider) -> None:
    """The service requests a pause of 20 seconds, and the call is stopped before."""
    refused, stop = threading.Event(), threading.Event()

    def refuse(asked: Asked, right: Answer) -> Answer:
        refused.set()
        return status(429, Retry_After="20")(asked, right)

    azure.fake.always = refuse
    service = made_of(azure)
    errors: list[str] = []

    def ask() -> None:
        try:
            service.embed_query("paint", stop)
        except EmbeddingError as error:
            errors.append(error.message)

    thread = threading.Thread(target=ask)
    thread.start()
    assert refused.wait(30)
    stop.set()
    thread.join(15)
    assert errors == ["the call was cancelled"]
    assert len(azure.fake.asked) == 1
    service.close()


@pytest.mark.anyio
async def test_cancelled_search_sends_no_more_requests(
    embedded_here: None, azure: Provider, own_dir: Path, era: str
) -> None:
    """The cancelled search would retry after a second; the next search takes two seconds."""
    refused = threading.Event()

    def refuse(asked: Asked, right: Answer) -> Answer:
        given_up = asked.body["input"] == ["given up"]
        if given_up:
            refused.set()
        others = [earlier for earlier in azure.fake.asked if earlier.body["input"] != ["given up"]]
        return status(429, Retry_After="1")(asked, right) if given_up or len(others) < 3 else right

    azure.fake.always = refuse
    async with asking(settings_for(own_dir, SEATTLE, **azure.environ), era) as seattle:
        async with anyio.create_task_group() as group:

            async def give_up() -> None:
                await seattle.call("semantic_search_products", query_description="given up")

            group.start_soon(give_up)
            assert await anyio.to_thread.run_sync(lambda: refused.wait(30))
            group.cancel_scope.cancel()
        await search(seattle)
    assert [asked.body["input"] for asked in azure.fake.asked].count(["given up"]) == 1
    assert len(azure.fake.asked) == 4


@pytest.mark.anyio
async def test_search_succeeds_after_many_rate_limits(
    embedded_here: None, azure: Provider, own_dir: Path, era: str
) -> None:
    """Rate limits are retried more often than other failures, and never before Retry-After."""
    azure.fake.script.extend([status(429, Retry_After_ms="150")] * 6 + [status(429, Retry_After="1")])
    async with asking(settings_for(own_dir, REDMOND, **azure.environ), era) as redmond:
        assert (await search(redmond))["row_count"] > 0
    pauses = [later.at - asked.at for asked, later in zip(azure.fake.asked, azure.fake.asked[1:], strict=False)]
    assert len(pauses) == 7
    assert min(pauses[:6]) >= 0.15
    assert pauses[6] >= 1


def test_embed_succeeds_after_many_rate_limits(azure: Provider, embed: Embed) -> None:
    azure.fake.script.extend([status(429, Retry_After_ms="20")] * 10 + [status(500, Retry_After_ms="1")] * 5)
    assert "new embeddings" in embed(azure.environ, "--all")
    assert not azure.fake.script


def test_retry_after_date_is_respected(azure: Provider) -> None:
    """Dates have a resolution of one second."""
    until = time.time() + 2
    azure.fake.script.append(status(429, Retry_After=formatdate(until, usegmt=True)))
    service = made_of(azure)
    assert len(service.embed_query("paint")) == 1536
    service.close()
    assert time.time() >= int(until)


@pytest.mark.parametrize("nonsense", ["soon", "-5", "nan", "inf", "1e999", "0", "", "Thu, 99 Foo 2026"])
def test_invalid_retry_after_is_ignored(azure: Provider, nonsense: str) -> None:
    azure.fake.script.append(status(429, Retry_After=nonsense))
    service = made_of(azure)
    assert len(service.embed_query("paint")) == 1536
    service.close()
    assert len(azure.fake.asked) == 2
    assert azure.fake.asked[1].at - azure.fake.asked[0].at >= 0.3, "the default pause"


@pytest.mark.anyio
async def test_search_ends_at_its_deadline(azure: Provider, own_dir: Path) -> None:
    """It ends before a pause that would exceed the deadline."""
    azure.fake.script.append(status(429, Retry_After_ms="100"))
    azure.fake.always = status(429, Retry_After="10")
    async with asking(settings_for(own_dir, SEATTLE, ZAVA_QUERY_TIMEOUT="5", **azure.environ)) as seattle:
        text, failed = await seattle.call("semantic_search_products", **REQUEST)
    assert failed
    assert "limit allows (429), in 2 attempts; it requests a pause of 10 seconds" in text
    assert len(azure.fake.asked) == 2


def test_transient_failure_is_not_reported(azure: Provider) -> None:
    """The failures are a 500, and a connection that breaks during the response."""

    def break_off(_: Asked, right: Answer) -> Answer:
        return Answer(pieces=[b'{"data":'], headers={"Content-Length": "1000"})

    azure.fake.script.extend([status(500), break_off])
    service = made_of(azure)
    assert len(service.embed_query("paint")) == 1536
    service.close()
    assert len(azure.fake.asked) == 3
