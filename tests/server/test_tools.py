"""Tests of all tools: plans, progress, arguments as models write them, and the size of what a client loads."""

import json
import re
from pathlib import Path

import pytest

from tests.conftest import HEAD_OFFICE, SEATTLE, Ask, ToolClient
from tests.stdio_client import StdioClient, server_for
from zava_mcp.server import progress

pytestmark = [pytest.mark.anyio, pytest.mark.portable]

SLOW = "SELECT count(*) FROM generate_series(1, 4000000) g"


async def plan(asker: ToolClient, sql: str) -> str:
    text, failed = await asker.call("explain_sales_query", postgresql_query=sql)
    assert not failed, text
    assert text.startswith("The query is valid; it was not run.")
    return text.partition("\n")[2]


async def test_plan_names_scans_and_indexes(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        output = await plan(seattle, "SELECT * FROM retail.orders WHERE order_date = '2025-01-01';")
        assert re.match(r"Index (Only )?Scan using orders_1_store_id_order_date|Bitmap Heap Scan on orders_1", output)
        assert "Index Cond: ((store_id = 1) AND (order_date = '2025-01-01'::date))" in output
        assert await plan(seattle, "SELECT 1") == "Result"


async def test_explain_does_not_run_the_query(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        assert "generate_series" in await plan(seattle, "SELECT 1 / (g - g) FROM generate_series(1, 10000000000) g")


async def test_explain_reports_the_error_position_of_the_query(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        await seattle.call("get_multiple_table_schemas")  # hints use the table descriptions
        for sql in ("SELECT nope FROM retail.orders", "SELEC 1", "SELECT 1; SELECT 2", "DELETE FROM retail.orders"):
            output, failed = await seattle.call("explain_sales_query", postgresql_query=sql)
            assert failed
            assert output.rpartition("query: ")[2] == (await seattle.refusal(sql)).rpartition("query: ")[2]
        assert (
            '42703: column "nope" does not exist (at character 8)'
            in (await seattle.call("explain_sales_query", postgresql_query="SELECT nope FROM retail.orders"))[0]
        )


async def test_explain_keeps_texts_that_look_like_a_plan(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        assert "'a\nWorkers\n  ->  b'" in await plan(
            seattle, "SELECT * FROM retail.customers WHERE email = 'a\nWorkers\n  ->  b'"
        )


async def test_progress_of_a_long_query_is_reported(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_INTERVAL_SECONDS", 0.005)
    heard: list[tuple[float, float | None, str | None]] = []

    async def poll_notifications(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    async with ask(SEATTLE) as seattle:
        for tool, arguments in (
            ("execute_sales_query", {"postgresql_query": SLOW}),
            ("semantic_search_products", {"query_description": "stop a door from slamming"}),
        ):
            heard.clear()
            await seattle.client.call_tool(tool, arguments, progress_callback=poll_notifications)
            parts = [part for part, *_ in heard]
            assert parts
            assert parts == sorted(set(parts))
            assert all(total is not None and part < total for part, total, _ in heard)
            assert "s of at most" in str(heard[-1][2])


def test_progress_ends_before_the_result_and_only_on_request(data_dir: Path) -> None:
    """Two queries run into their timeout; only one of them asks for progress."""
    endless = {"postgresql_query": "SELECT count(*) FROM generate_series(1, 10000000000) g"}
    asked = {"name": "execute_sales_query", "arguments": endless}
    flags = ("--data-dir", str(data_dir), "--user-id", SEATTLE)
    with StdioClient(*flags, environment={"ZAVA_QUERY_TIMEOUT": "3"}) as server:
        server.shake_hands()
        for number, meta in ((50, {"_meta": {"progressToken": "t"}}), (51, {})):
            server.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {**asked, **meta}})
        heard = [server.read()]
        while {message.get("id") for message in heard} < {None, 50, 51}:
            heard.append(server.read())
        output = [message["params"] for message in heard if message.get("method") == "notifications/progress"]
        assert {params["progressToken"] for params in output} == {"t"}
        parts = [params["progress"] for params in output]
        assert parts == sorted(set(parts))
        answered = next(place for place, message in enumerate(heard) if message.get("id") == 50)
        assert "method" not in str(heard[answered + 1 :])


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("get_multiple_table_schemas", {"table_names": "orders"}),
        ("get_multiple_table_schemas", {"table_names": "retail.orders, order_items"}),
        ("get_multiple_table_schemas", {"table_names": '["orders"]'}),
        ("execute_sales_query", {"postgresql_query": "SELECT 1", "max_rows": "5"}),
        ("execute_sales_query", {"postgresql_query": "SELECT 1", "max_rows": 5.0}),
        ("execute_sales_query", {"postgresql_query": "SELECT 1", "max_rows": None}),
        ("semantic_search_products", {"query_description": "paint", "max_rows": "1", "in_stock_only": "true"}),
        ("semantic_search_products", {"query_description": "paint", "category": None, "min_price": None}),
    ],
)
async def test_tools_accept_the_calls_of_small_models(ask: Ask, tool: str, arguments: dict[str, object]) -> None:
    async with ask(SEATTLE) as seattle:
        text, failed = await seattle.call(tool, **arguments)
    assert not failed, text


async def test_argument_schemas_have_no_unions_with_null(ask: Ask) -> None:
    """Each argument has one type, because not every client understands a union, and a description."""
    async with ask(SEATTLE) as seattle:
        tools = (await seattle.client.list_tools()).tools
    for tool in tools:
        assert tool.title
        for name, argument in tool.input_schema["properties"].items():
            kinds = argument.get("anyOf", [argument])  # one text or several
            assert all(isinstance(kind["type"], str) and kind["type"] != "null" for kind in kinds), (tool.name, name)
            assert argument["description"], (tool.name, name)
            assert "title" not in argument


def test_everything_a_client_loads_at_start_is_small(data_dir: Path) -> None:
    """Tools take at most 8 KB, of which charts take at most a fifth; everything takes at most 12 KB."""
    methods = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
    with server_for(data_dir, SEATTLE) as server:
        hello = server.shake_hands()
        sizes = {method: _bytes(server.request(method)["result"]) for method in methods}
    assert sizes["tools/list"] <= 8 * 1024
    assert sum(sizes.values()) + _bytes(hello) <= 12 * 1024
    assert len(hello["instructions"].encode()) <= 1500


async def test_descriptions_of_all_tables_take_six_kilobytes(ask: Ask) -> None:
    tables = ["categories", "customers", "inventory", "order_items", "orders", "product_types", "products", "stores"]
    async with ask(HEAD_OFFICE) as head_office:
        text, _ = await head_office.call("get_multiple_table_schemas", table_names=tables)
    assert all(f"retail.{table}: " in text for table in tables)
    assert len(text.encode()) <= 6 * 1024


def _bytes(result: object) -> int:
    return len(json.dumps(result, separators=(",", ":"), ensure_ascii=False).encode())
