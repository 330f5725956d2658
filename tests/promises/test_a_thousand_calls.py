"""Promises 1, 4 and 5 under a flood: a thousand calls at once are each answered, with their own answer or "busy"."""

import json
from collections import Counter
from pathlib import Path

import anyio
import pytest

from tests.conftest import SEATTLE, asking, settings_for
from zava_mcp.server.executor import QUEUE_LENGTH
from zava_mcp.settings import CONCURRENT_QUERIES

pytestmark = pytest.mark.anyio

CALLS = 1_000


async def test_thousand_parallel_calls_succeed_or_ask_to_retry(data_dir: Path) -> None:
    ends: Counter[str] = Counter()
    async with asking(settings_for(data_dir, SEATTLE)) as seattle:
        own = await seattle.value("SELECT count(*) FROM retail.orders")

        async def ask(number: int) -> None:
            sql = f"SELECT {number}, count(*) FROM retail.orders"
            text, failed = await seattle.call("execute_sales_query", postgresql_query=sql)
            if failed:
                assert "too many calls at once" in text
                assert "Wait until some of them" in text
            else:
                assert json.loads(text)["rows"] == [[number, own]]
            ends["busy" if failed else "answered"] += 1

        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                for number in range(CALLS):
                    group.start_soon(ask, number)
        assert sum(ends.values()) == CALLS
        assert ends["answered"] >= CONCURRENT_QUERIES + QUEUE_LENGTH  # whatever comes after them
        assert ends["busy"]
        assert await seattle.value("SELECT count(*) FROM retail.orders") == own


async def test_slow_queries_delay_others_at_most_until_their_deadline(data_dir: Path) -> None:
    """All connections held by queries that would never end: the next one is answered when they are stopped."""
    endless = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r) SELECT count(*) FROM r"
    async with asking(settings_for(data_dir, SEATTLE, ZAVA_QUERY_TIMEOUT="1")) as seattle:
        texts: list[str] = []

        async def hold() -> None:
            texts.append((await seattle.call("execute_sales_query", postgresql_query=endless))[0])

        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                for _ in range(CONCURRENT_QUERIES):
                    group.start_soon(hold)
                await anyio.wait_all_tasks_blocked()
                assert await seattle.value("SELECT 1") == 1
        assert len(texts) == CONCURRENT_QUERIES
        assert all("57014" in text for text in texts)
