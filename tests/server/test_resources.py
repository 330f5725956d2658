"""Tests of the MCP resources."""

import csv
import io
import json
from pathlib import Path

import psycopg
import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp.types import CacheableResult, ResourceLink, ResourceTemplateReference, TextContent

from tests.conftest import HEAD_OFFICE, REDMOND, SEATTLE, Ask, ToolClient
from zava_mcp.guide import require_page
from zava_mcp.postgres.bound_sql import BoundSql
from zava_mcp.server import query_handles
from zava_mcp.server.mcp_server import build_server
from zava_mcp.server.result_links import ResultLinks
from zava_mcp.server.startup import Startup
from zava_mcp.settings import load

pytestmark = [pytest.mark.anyio, pytest.mark.portable]

MANY = "SELECT order_id, store_id FROM retail.orders ORDER BY 1"


async def read(asker: ToolClient, uri: str) -> str:
    (content,) = (await asker.client.read_resource(uri)).contents
    text: str = content.text  # type: ignore[union-attr]  # no resource is binary
    return text


async def link(asker: ToolClient, sql: str, **arguments: object) -> ResourceLink | None:
    """The link in a result, after its text."""
    result = await asker.client.call_tool("execute_sales_query", {"postgresql_query": sql, **arguments})
    text, *links = result.content
    assert isinstance(text, TextContent)
    assert len(links) <= 1
    return next((found for found in links if isinstance(found, ResourceLink)), None)


async def test_about_resource_describes_identity_and_data(ask: Ask) -> None:
    async with ask(REDMOND) as redmond, ask(HEAD_OFFICE) as head_office:
        about = json.loads(await read(redmond, "zava://about"))
        assert about["identity"] == {"name": "Zava Retail Redmond", "user_id": REDMOND, "sees_all_stores": False}
        assert about["stores"] == ["Zava Retail Redmond"]
        assert about["orders"]["first_day"] == await redmond.value("SELECT min(order_date) FROM retail.orders")
        assert about["database"] == "embedded PostgreSQL, with the sample company Zava Retail"
        assert about["embedding_model"] == "local/all-MiniLM-L6-v2-int8"
        everything = json.loads(await read(head_office, "zava://about"))
        assert everything["identity"]["sees_all_stores"] is True
        assert len(everything["stores"]) == 8


async def test_table_resource_equals_the_tools_description(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        described, _ = await seattle.call("get_multiple_table_schemas", table_names=["orders"])
        assert await read(seattle, "zava://schema/orders") == described
        tables = await read(seattle, "zava://schema")
        assert "retail.orders: One row per order" in tables
        assert "You see the orders of Zava Retail Seattle from" in tables


async def test_pages_of_the_guide_are_resources_without_a_database(ask: Ask, era: str) -> None:
    settings = load({"ZAVA_USER_ID": SEATTLE, "ZAVA_DATABASE_URL": "postgresql://127.0.0.1:1/zava"}, {})
    startup = Startup(settings)
    async with Client(build_server(startup, settings, startup.observer), mode=era) as client:
        unreachable = ToolClient(client)
        for name in ("00-introduction", "00", "settings"):
            assert await read(unreachable, f"zava://guide/{name}") == require_page(name).markdown
        with pytest.raises(MCPError, match="did you mean settings") as refused:
            await read(unreachable, "zava://guide/setings")
        assert refused.value.error.code == -32602
        guide = ResourceTemplateReference(type="ref/resource", uri="zava://guide/{page}")
        found = await client.complete(guide, {"name": "page", "value": "se"})
        assert found.completion.values[:3] == ["search", "settings", "02-security"]


@pytest.mark.parametrize(
    "uri", ["zava://guide/nothing", "zava://schema/order", "zava://nothing", "zava://results/x.csv", "zava://schema/"]
)
async def test_unknown_resource_is_not_found(ask: Ask, uri: str) -> None:
    async with ask(SEATTLE) as seattle:
        with pytest.raises(MCPError) as refused:
            await read(seattle, uri)
    assert refused.value.error.code == -32602


async def test_truncated_result_links_to_all_rows(ask: Ask, admin: psycopg.Connection) -> None:
    async with ask(REDMOND) as redmond:
        found = await link(redmond, f"{MANY} LIMIT 700", max_rows=10)
        assert found is not None
        assert (found.mime_type, found.description) == ("text/csv", "Can be read for 30 minutes.")
        rows = list(csv.reader(io.StringIO(await read(redmond, str(found.uri)))))
    true = admin.execute(
        "SELECT order_id, store_id FROM retail.orders WHERE store_id = 6 ORDER BY 1 LIMIT 700"
    ).fetchall()
    assert rows == [["order_id", "store_id"], *([str(cell) for cell in row] for row in true)]


async def test_only_a_long_result_has_a_link(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        assert await link(seattle, "SELECT 1") is None
        assert await link(seattle, "SELECT repeat('x', 200) FROM generate_series(1, 60)") is not None


async def test_csv_resource_has_the_values_of_the_result(ask: Ask) -> None:
    sql = """SELECT 'a,"b"' AS t, NULL AS n, 1.50 AS m, date '2026-11-22' AS d, true AS b, 'Ä🔩' AS u,
                    '{"a": [1]}'::jsonb AS j FROM generate_series(1, 2)"""
    async with ask(SEATTLE) as seattle:
        found = await link(seattle, sql, max_rows=1)
        assert found is not None
        rows = list(csv.reader(io.StringIO(await read(seattle, str(found.uri)))))
    assert rows[0] == ["t", "n", "m", "d", "b", "u", "j"]
    assert rows[1][:4] == ['a,"b"', "", "1.50", "2026-11-22"]
    assert rows[1][5:] == ["Ä🔩", '{"a":[1]}']


async def test_csv_resource_quotes_line_ends_in_values(ask: Ask) -> None:
    sql = "SELECT E'a\\rb' AS t, E'c\\nd' AS u, E'\\r\\n' AS v FROM generate_series(1, 2)"
    async with ask(SEATTLE) as seattle:
        found = await link(seattle, sql, max_rows=1)
        assert found is not None
        text = await read(seattle, str(found.uri))
    assert text == "t,u,v\n" + '"a\rb","c\nd","\r\n"\n' * 2


async def test_csv_resource_is_bounded_and_says_so(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        found = await link(seattle, "SELECT g FROM generate_series(1, 5000) g")
        assert found is not None
        lines = (await read(seattle, str(found.uri))).splitlines()
        assert len(lines) == 1002
        assert "There are more than 1,000 rows" in lines[-1]
        found = await link(seattle, "SELECT repeat('x', 8000) FROM generate_series(1, 900)")
        assert found is not None
        text = await read(seattle, str(found.uri))
        assert 900_000 < len(text) < 1_000_000
        assert "rows fit into 1,000,000 bytes" in text.splitlines()[-1]


async def test_result_handle_is_unknown_to_another_server(ask: Ask) -> None:
    """A handle names a query, which runs as the identity of the server that reads it."""
    async with ask(HEAD_OFFICE) as head_office, ask(SEATTLE) as seattle:
        found = await link(head_office, MANY, max_rows=1)
        assert found is not None
        with pytest.raises(MCPError, match="there is no such result"):
            await read(seattle, str(found.uri))


async def test_csv_resource_runs_the_query_as_the_current_identity(ask: Ask, admin: psycopg.Connection) -> None:
    """The server keeps no rows: rows that the identity may no longer see are not in the result."""
    async with ask(REDMOND) as redmond:
        found = await link(
            redmond, "SELECT store_name FROM retail.stores WHERE store_id = 6 UNION ALL VALUES (''), ('')", max_rows=1
        )
        assert found is not None
        admin.execute("UPDATE retail.stores SET store_name = 'Elsewhere' WHERE store_id = 6")
        try:
            assert "Elsewhere" in await read(redmond, str(found.uri))
        finally:
            admin.execute("UPDATE retail.stores SET store_name = 'Zava Retail Redmond' WHERE store_id = 6")


async def test_audit_log_has_the_query_of_a_csv_resource(ask: Ask, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    async with ask(SEATTLE, ZAVA_AUDIT_LOG=str(log)) as seattle:
        found = await link(seattle, MANY, max_rows=1)
        assert found is not None
        await read(seattle, str(found.uri))
    _, line = (json.loads(line) for line in log.read_text().splitlines())
    assert (line["tool"], line["sql"], line["rows"], line["truncated"]) == ("resource", MANY, 1000, True)


async def test_expired_result_handle_is_rejected_with_a_hint(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ask(SEATTLE) as seattle:
        found = await link(seattle, MANY)
        assert found is not None
        monkeypatch.setattr(query_handles, "LIFETIME_MINUTES", -1)
        with pytest.raises(MCPError, match="Run execute_sales_query again"):
            await read(seattle, str(found.uri))


def test_result_handles_are_bounded_and_cannot_be_guessed() -> None:
    kept = ResultLinks()
    names = [kept.keep(BoundSql(f"SELECT {number}")) for number in range(200)]
    assert len(set(names)) == 200
    assert all(len(name) == 32 for name in names)
    assert kept.query(names[-1]).sql == "SELECT 199"
    assert kept.query(names[-64]).sql == "SELECT 136"
    for name in names[:-64]:
        with pytest.raises(Exception, match="no such result"):
            kept.query(name)


def test_result_links_bound_the_characters_of_their_queries() -> None:
    kept = ResultLinks()
    names = [kept.keep(BoundSql("x" * 100_000)) for _ in range(20)]
    assert kept.query(names[-10]).sql == "x" * 100_000
    with pytest.raises(Exception, match="no such result"):
        kept.query(names[-11])


async def test_cache_hints_are_public_only_for_lists(ask: Ask, era: str) -> None:
    """Only the newer version of the protocol has cache hints. The list of tools is final once the database was read."""
    async with ask(SEATTLE) as seattle:
        await seattle.call("get_multiple_table_schemas")
        lists: list[CacheableResult] = [
            await seattle.client.list_tools(),
            await seattle.client.list_prompts(),
            await seattle.client.list_resources(),
            await seattle.client.list_resource_templates(),
        ]
        schema = await seattle.client.read_resource("zava://schema/orders")
    if era == "auto":
        assert {(found.ttl_ms, found.cache_scope) for found in lists} == {(3_600_000, "public")}
        assert (schema.ttl_ms, schema.cache_scope) == (60_000, "private")
    else:
        assert all("ttl_ms" not in found.model_fields_set for found in [*lists, schema])


#: The query part of a search URI, and a text of its error; "" for a valid one.
SEARCHED = {
    "max_rows=abc": "'max_rows' must be a whole number",
    "max_rows=1.5": "'max_rows' must be a whole number",
    "max_rows=1e999": "'max_rows' must be a whole number",
    "max_rows=%00": "Unknown resource",
    "max_rows=" + "9" * 400: "'max_rows'",
    "max_rows=0": "max_rows must be from 1",
    "max_rows=-1": "max_rows must be from 1",
    "max_rows=1000000": "max_rows must be from 1",
    "max_rows=": "",
    "max_rows=3&max_rows=4": "'max_rows' appears twice",
    "query=nail&max_rows=3": "'query' appears twice",
    "limit=3": "there is no parameter 'limit' (did you mean max_rows?)",
    "sessionId=3": "there is no parameter 'sessionId'",
    "m%61x_rows=abc": "max_rows",
    "category=NOTHING": "there is no category or type 'NOTHING'",
    "category=": "",
    "category=%ff": "there is no category",
    "category=%zz": "there is no category",
    "similar_to=nothing": "similar_to",
    "&&": "",
}


@pytest.mark.parametrize("path", ["", "x"])
async def test_resource_with_a_wrong_parameter_is_rejected_with_its_name(ask: Ask, path: str) -> None:
    async with ask(SEATTLE) as seattle:
        for query, expected in SEARCHED.items():
            uri = f"zava://products/search{path}?query=hammer&{query}"
            if not (expected or path):
                await read(seattle, uri)
                continue
            with pytest.raises(MCPError) as refused:
                assert not await read(seattle, uri), query
            assert refused.value.error.code == -32602, query
            assert path or expected in refused.value.error.message, query
