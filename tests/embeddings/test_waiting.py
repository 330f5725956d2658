"""A service that is slow or overrun: nobody else waits for it, nobody waits for ever, and it is asked as it asks."""

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

from tests.conftest import REDMOND, SEATTLE, Asker, asking, settings_for
from tests.embeddings.conftest import Embed, Provider
from tests.embeddings.test_providers import made_of
from tests.fakes.openai_api import Answer, Asked, status
from zava_mcp.errors import EmbeddingError
from zava_mcp.settings import CONCURRENT_QUERIES

WISH = {"query_description": "paint roller", "similarity_threshold": 5}


class Held:
    """A behaviour: each request waits until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.came = threading.Semaphore(0)

    def __call__(self, _: Asked, right: Answer) -> Answer:
        self.came.release()
        self.let_go.wait(60)
        return right

    async def until_there(self) -> None:
        assert await anyio.to_thread.run_sync(lambda: self.came.acquire(timeout=30)), "no request came"


@pytest.fixture
def held(azure: Provider) -> Iterator[Held]:
    behaviour = Held()
    azure.fake.always = behaviour
    yield behaviour
    behaviour.let_go.set()


@pytest.fixture
def embedded_here(azure: Provider, embed: Embed) -> None:
    embed(azure.environ)
    azure.fake.asked.clear()


async def search(asker: Asker) -> dict[str, Any]:
    text, failed = await asker.call("semantic_search_products", **WISH)
    assert not failed, text
    found: dict[str, Any] = json.loads(text)
    assert found["search"] == "semantic"
    return found


@pytest.mark.anyio
async def test_other_calls_are_answered_while_searches_wait(
    embedded_here: None, azure: Provider, held: Held, own_dir: Path, era: str
) -> None:
    """More searches than are at work at once; they are answered after the others, and all of them."""
    answered: list[str] = []
    async with asking(settings_for(own_dir, SEATTLE, **azure.environ), era) as seattle:

        async def wait_for_one() -> None:
            await search(seattle)
            answered.append("search")

        async with anyio.create_task_group() as group:
            for _ in range(CONCURRENT_QUERIES + 2):
                group.start_soon(wait_for_one)
            for _ in range(CONCURRENT_QUERIES):
                await held.until_there()
            for number in range(3):
                assert await seattle.value(f"SELECT {number}") == number
            assert (await seattle.call("get_current_utc_date"))[0]
            assert (await seattle.call("semantic_search_products", similar_to="no such product"))[1]
            answered.append("others")
            held.let_go.set()
    assert answered == ["others"] + ["search"] * (CONCURRENT_QUERIES + 2)


@pytest.mark.anyio
async def test_a_search_that_waits_can_be_cancelled(
    embedded_here: None, azure: Provider, held: Held, own_dir: Path, era: str
) -> None:
    """As many as are at work at once, so that one that was not given up would keep the next one waiting."""
    async with asking(settings_for(own_dir, SEATTLE, **azure.environ), era) as seattle:
        async with anyio.create_task_group() as group:
            for _ in range(CONCURRENT_QUERIES):
                group.start_soon(search, seattle)
            for _ in range(CONCURRENT_QUERIES):
                await held.until_there()
            group.cancel_scope.cancel()
        azure.fake.always = None
        assert (await search(seattle))["row_count"] > 0
        assert not held.let_go.is_set()


def test_who_is_not_waited_for_any_more_asks_no_more(azure: Provider) -> None:
    """The service says 20 seconds; whoever stops waiting in between is gone long before."""
    refused, stop = threading.Event(), threading.Event()

    def refuse(asked: Asked, right: Answer) -> Answer:
        refused.set()
        return status(429, Retry_After="20")(asked, right)

    azure.fake.always = refuse
    service = made_of(azure)
    told: list[str] = []

    def ask() -> None:
        try:
            service.embed_query("paint", stop)
        except EmbeddingError as error:
            told.append(error.message)

    thread = threading.Thread(target=ask)
    thread.start()
    assert refused.wait(30)
    stop.set()
    thread.join(15)
    assert told == ["the call was cancelled"]
    assert len(azure.fake.asked) == 1
    service.close()


@pytest.mark.anyio
async def test_a_cancelled_search_asks_no_more(embedded_here: None, azure: Provider, own_dir: Path, era: str) -> None:
    """It was told to come back after a second; two such seconds pass for the next search, and it has not come."""
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
async def test_a_storm_of_refusals_ends_in_an_answer(
    embedded_here: None, azure: Provider, own_dir: Path, era: str
) -> None:
    """Longer than other faults are tried again, and never before the time that was asked for."""
    azure.fake.script.extend([status(429, Retry_After_ms="150")] * 6 + [status(429, Retry_After="1")])
    async with asking(settings_for(own_dir, REDMOND, **azure.environ), era) as redmond:
        assert (await search(redmond))["row_count"] > 0
    pauses = [later.at - asked.at for asked, later in zip(azure.fake.asked, azure.fake.asked[1:], strict=False)]
    assert len(pauses) == 7
    assert min(pauses[:6]) >= 0.15
    assert pauses[6] >= 1


def test_embed_outlasts_a_storm(azure: Provider, embed: Embed) -> None:
    azure.fake.script.extend([status(429, Retry_After_ms="20")] * 10 + [status(500, Retry_After_ms="1")] * 5)
    assert "new embeddings" in embed(azure.environ, "--all")
    assert not azure.fake.script


def test_a_date_to_come_back_at_is_kept(azure: Provider) -> None:
    """Dates have whole seconds."""
    until = time.time() + 2
    azure.fake.script.append(status(429, Retry_After=formatdate(until, usegmt=True)))
    service = made_of(azure)
    assert len(service.embed_query("paint")) == 1536
    service.close()
    assert time.time() >= int(until)


@pytest.mark.parametrize("nonsense", ["soon", "-5", "nan", "inf", "1e999", "0", "", "Thu, 99 Foo 2026"])
def test_nonsense_to_come_back_at_is_not_followed(azure: Provider, nonsense: str) -> None:
    azure.fake.script.append(status(429, Retry_After=nonsense))
    service = made_of(azure)
    assert len(service.embed_query("paint")) == 1536
    service.close()
    assert len(azure.fake.asked) == 2
    assert azure.fake.asked[1].at - azure.fake.asked[0].at >= 0.3, "a pause of our own"


@pytest.mark.anyio
async def test_a_search_ends_with_its_deadline(azure: Provider, own_dir: Path) -> None:
    """Before a pause that would outlast it, not behind it."""
    azure.fake.script.append(status(429, Retry_After_ms="100"))
    azure.fake.always = status(429, Retry_After="10")
    async with asking(settings_for(own_dir, SEATTLE, ZAVA_QUERY_TIMEOUT="5", **azure.environ)) as seattle:
        text, failed = await seattle.call("semantic_search_products", **WISH)
    assert failed
    assert "limit allows (429), each of 2 times; it asks to wait 10 seconds" in text
    assert len(azure.fake.asked) == 2


def test_a_fault_that_passes_is_not_told(azure: Provider) -> None:
    """A 500, and a connection that breaks in the middle of the answer."""

    def break_off(_: Asked, right: Answer) -> Answer:
        return Answer(pieces=[b'{"data":'], headers={"Content-Length": "1000"})

    azure.fake.script.extend([status(500), break_off])
    service = made_of(azure)
    assert len(service.embed_query("paint")) == 1536
    service.close()
    assert len(azure.fake.asked) == 3
