"""Identities and their assistants run saved queries: parameters are bound, and everything else is as for other SQL."""

import csv
import json
import re
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.conftest import HEAD_OFFICE, SEATTLE, ToolClient, asking, settings_for
from tests.documents import GUIDE, table
from tests.documents import text as document_text
from tests.server.test_first_replies import INITIALIZED, converse, message
from tests.stdio_client import HELLO, MODERN_META, server_for
from zava_mcp.admin.saved_query_file import parse_file
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import InputError
from zava_mcp.postgres.saved_query import TYPES
from zava_mcp.sales.saved_query_list import MAX_BRIEF_BYTES
from zava_mcp.server.mcp_server import build_server
from zava_mcp.server.recorded_replies import find_replies
from zava_mcp.server.startup import Startup
from zava_mcp.server.tool_list import RUN_SAVED_QUERY

TYPED = "".join(f"-- parameter: {kind} {kind} = null\n" for kind in TYPES)
FILES = [
    "-- name: revenue\n-- description: Revenue since a day, by store.\n-- parameter: since date = 2000-01-01\n"
    "-- parameter: store store = null -- only this store\n"
    "SELECT s.store_name, sum(i.total_amount) AS revenue FROM order_items i JOIN orders o USING (order_id, store_id)\n"
    "  JOIN stores s USING (store_id) WHERE o.order_date >= :since AND (:store IS NULL OR store_id = :store)\n"
    " GROUP BY store_name ORDER BY store_name;\n",
    f"-- name: echo\n-- description: The values.\n{TYPED}SELECT " + ", ".join(f":{kind} AS {kind}" for kind in TYPES),
    "-- name: numbers\n-- description: Many rows.\n-- parameter: n integer\nSELECT g FROM generate_series(1, :n) AS g",
    "-- name: fails\n-- description: Fails.\n-- parameter: n integer\nSELECT 1 / :n AS one",
]
#: Type, what a caller writes, and the value in the result.
VALUES: list[tuple[str, Any, Any]] = [
    ("text", "O'Brien; DROP TABLE x --", "O'Brien; DROP TABLE x --"),
    ("text", ' $1 :x \\ " ', ' $1 :x \\ " '),
    ("text", 7, "7"),
    ("integer", -5, -5),
    ("integer", " 12 ", 12),
    ("number", "9.50", 9.5),
    ("number", 1e3, 1000),
    ("date", "2024-02-29", "2024-02-29"),
    ("month", "2026-11", "2026-11-01"),
    ("month", "2026-11-01", "2026-11-01"),
    ("boolean", True, True),
    ("boolean", "no", False),
    ("store", "seattle", 1),
    ("store", "Zava Retail Seattle", 1),
    ("store", 1, 1),
]
REFUSED: list[tuple[str, Any]] = [
    ("text", "x" * 1_001),
    ("text", "a\0b"),
    ("integer", "1; SELECT 2"),
    ("integer", "2147483648"),
    ("integer", 1.5),
    ("integer", "١"),
    ("number", "NaN"),
    ("number", "1,5"),
    ("date", "2026-02-30"),
    ("date", "01/02/2026"),
    ("date", "20260102"),
    ("month", "2026-13"),
    ("month", "November"),
    ("boolean", "perhaps"),
]


@pytest.fixture(scope="module")
def saved(installation: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data folder of a database with the saved queries of FILES."""
    folder = tmp_path_factory.mktemp("saved")
    names = [folder / f"{number}.sql" for number in range(len(FILES))]
    for name, text in zip(names, FILES, strict=True):
        name.write_text(text)
    common = ["--data-dir", str(installation.folder)]
    CliRunner().invoke(app, ["saved", "add", *map(str, names), *common], catch_exceptions=False)
    yield installation.folder
    queries = [parse_file(text).name for text in FILES]
    CliRunner().invoke(app, ["saved", "remove", *queries, *common], catch_exceptions=False)


def connect(
    folder: Path, user_id: str = SEATTLE, era: str = "auto", **more: str
) -> AbstractAsyncContextManager[ToolClient]:
    return asking(settings_for(folder, user_id, **more), era)


async def run(asker: ToolClient, name: str, **arguments: Any) -> dict[str, Any]:
    text, failed = await asker.call("run_saved_query", name=name, **arguments)
    assert not failed, text
    result: dict[str, Any] = json.loads(text)
    return result


def zava(folder: Path, *arguments: str) -> str:
    common = ["--user-id", SEATTLE, "--data-dir", str(folder)]
    return CliRunner().invoke(app, [*arguments, *common], catch_exceptions=False).stdout


@pytest.mark.anyio
async def test_saved_query_shows_the_rows_of_the_identity_that_runs_it(saved: Path) -> None:
    query = FILES[0].replace(":since", "'2000-01-01'").replace(":store", "NULL::integer")
    stores = {}
    for user_id in (SEATTLE, HEAD_OFFICE):
        async with connect(saved, user_id) as asker:
            result = await run(asker, "revenue")
            direct = await asker.query(query)
            assert result["rows"] == direct["rows"]
            stores[user_id] = len(result["rows"])
            hidden, failed = await asker.call("run_saved_query", name="revenue", parameters={"store": "bellevue"})
            absent, _ = await asker.call("run_saved_query", name="revenue", parameters={"store": "nowhere "})
            assert failed == (user_id == SEATTLE)
            if failed:  # the same for a store that is hidden and one that does not exist
                assert hidden.replace("bellevue", "nowhere ") == absent
                assert "2" not in (await asker.call("run_saved_query", name="echo", parameters={"store": 2}))[
                    0
                ].replace("'2'", "")
    assert stores == {SEATTLE: 1, HEAD_OFFICE: 8}


@pytest.mark.anyio
async def test_values_arrive_as_their_types_and_wrong_ones_are_explained(saved: Path) -> None:
    async with connect(saved) as seattle:
        for kind, given, expected in VALUES:
            result = await run(seattle, "echo", parameters={kind: given})
            assert dict(zip(result["columns"], result["rows"][0], strict=True)) == {
                **dict.fromkeys(TYPES, None),
                kind: expected,
            }
        for kind, given in REFUSED:
            text, failed = await seattle.call("run_saved_query", name="echo", parameters={kind: given})
            assert failed
            assert f"the parameter {kind} must be of type {kind}" in text
            assert f"such as {TYPES[kind].example}" in text


def test_any_text_is_bound_and_comes_back_unchanged(saved: Path) -> None:
    from zava_mcp.sales.saved_query_call import SavedQueryCall
    from zava_mcp.sales.service import service_for

    with service_for(settings_for(saved, SEATTLE), lambda *_: None) as service:
        sent = service.saved_queries.prepare(SavedQueryCall("echo", {"text": ""})).sql

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40))
        def check(text: str) -> None:
            bound = service.saved_queries.prepare(SavedQueryCall("echo", {"text": text}))
            assert bound.sql == sent
            row = json.loads(service.run_query(service.sales_query(bound, 1)).json())["rows"][0]
            assert row[0] == text

        check()


@pytest.mark.anyio
async def test_unknown_and_missing_names_are_explained(saved: Path) -> None:
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"name": "revenu"}, ["did you mean revenue?", "echo, fails, numbers, revenue"]),
        ({"name": "revenue", "parameters": {"sinse": "2026-01-01"}}, ["'sinse' (did you mean since?)", "since date"]),
        ({"name": "numbers"}, ["the parameter n is missing", "n integer", "n=10"]),
        ({"name": "numbers", "parameters": {"n": None}}, ["the parameter n is missing"]),
        ({"name": "numbers", "parameters": "n=3"}, ["must be an object"]),
        ({"name": "numbers", "parameters": {"n": [1]}}, ["must be an object"]),
        ({"name": "numbers", "parameters": {"n": 3}, "max_rows": 0}, ["max_rows must be from 1"]),
        ({"name": "fails", "parameters": {"n": 0}}, ["22012: division by zero"]),
        ({"name": "x'; DROP TABLE zava.saved_queries; --"}, ["there is no saved query"]),
    ]
    async with connect(saved) as seattle:
        for arguments, expected in cases:
            text, failed = await seattle.call("run_saved_query", **arguments)
            assert failed
            assert all(part in text for part in expected), text
            assert "at character" not in text
        listed, failed = await seattle.call("run_saved_query")
        assert not failed
        assert "revenue: Revenue since a day, by store." in listed
        assert "  store store = null -- only this store" in listed


@pytest.mark.anyio
async def test_result_is_bounded_linked_and_charted_as_any_other(saved: Path) -> None:
    async with connect(saved) as seattle:
        answer = await seattle.client.call_tool("run_saved_query", {"name": "numbers", "parameters": {"n": 500}})
        text, link = answer.content
        found = json.loads(text.text)  # type: ignore[union-attr]
        assert (found["row_count"], found["truncated"]) == (100, True)
        assert "the user can export all with `zava-mcp run --output FILE.csv`" in found["hint"]
        content = (await seattle.client.read_resource(link.uri)).contents[0]  # type: ignore[union-attr]
        assert content.text.splitlines()[-1] == "500"  # type: ignore[union-attr]
        other = await run(seattle, "numbers", parameters={"n": 3})
        assert other["result"] != found["result"]
    async with connect(saved, HEAD_OFFICE) as head_office:
        result = await run(head_office, "revenue", parameters={"since": "2020-02-01"})
        chart, failed = await head_office.call("chart_sales_query", result=result["result"])
        assert not failed
        assert json.loads(chart)["rows"] == result["rows"]


@pytest.mark.anyio
async def test_record_names_the_saved_query_and_traces_have_no_value(saved: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    async with connect(saved, ZAVA_AUDIT_LOG=str(log)) as seattle:
        await run(seattle, "echo", parameters={"text": "a secret name"})
    record = json.loads(log.read_text().splitlines()[-1])
    assert (record["tool"], record["saved_query"], record["rows"]) == ("run_saved_query", "echo", 1)
    assert record["arguments"] == {"name": "echo", "parameters": {"text": "a secret name"}}
    assert "$1" in record["sql"]
    assert "secret" not in record["sql"]


@pytest.mark.anyio
async def test_tool_is_listed_once_the_database_is_known_to_have_saved_queries(
    saved: Path, data_dir: Path, era: str
) -> None:
    for folder, expected in ((saved, True), (data_dir, False)):
        async with connect(folder, era=era) as seattle:
            described, _ = await seattle.call("get_multiple_table_schemas", table_names=["stores"])
            names = [tool.name for tool in (await seattle.client.list_tools()).tools]
            assert ("run_saved_query" in names) == expected
            assert ("Saved queries, for the tool run_saved_query" in described) == expected
            listed, failed = await seattle.call("run_saved_query")
            assert (listed == "There are no saved queries.") == (not expected)
            assert not failed
            if not expected:
                text, failed = await seattle.call("run_saved_query", name="revenue")
                assert failed
                assert "there are no saved queries in this database" in text


def test_clients_are_notified_or_must_not_keep_the_list(saved: Path) -> None:
    with server_for(saved, SEATTLE) as wire:
        assert wire.shake_hands()["capabilities"]["tools"] == {"listChanged": True}
        first = wire.request("tools/list")["result"]["tools"]
        if "run_saved_query" not in {tool["name"] for tool in first}:  # else the database was faster
            assert wire.read()["method"] == "notifications/tools/list_changed"
        tools = wire.request("tools/list")["result"]["tools"]
        assert "run_saved_query" in {tool["name"] for tool in tools}
        assert len(json.dumps(tools, separators=(",", ":"))) < 8_000
        wire.call("get_current_utc_date")
    with server_for(saved, SEATTLE) as wire:
        early = wire.request("tools/list", _meta=MODERN_META)["result"]
        wire.request("tools/call", name="get_multiple_table_schemas", arguments={}, _meta=MODERN_META)
        late = wire.request("tools/list", _meta=MODERN_META)["result"]
        assert late["ttlMs"] > 0
        assert late["tools"][-1]["name"] == "run_saved_query"
        assert early["ttlMs"] == 0 or early["tools"] == late["tools"]


@pytest.mark.parametrize("meta", [{}, MODERN_META])
def test_recorded_list_is_completed_where_the_database_opens_before_the_sdk(
    saved: Path, meta: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The recording has no saved queries; only the SDK answers the call and what follows it."""
    settings = settings_for(saved, SEATTLE)
    startup = Startup(settings)
    startup.start()
    assert startup.wait(60) is not None
    params = {"_meta": meta} if meta else {}
    opening = [] if meta else [message("initialize", 0, HELLO), json.dumps(INITIALIZED).encode()]
    call = message("tools/call", 3, {"name": "get_current_utc_date", "arguments": {}, **params})
    chunks = [[*opening, message("tools/list", 1, params), call], [message("tools/list", 2, params)]]
    data = [b"\n".join(lines) + b"\n" for lines in chunks]
    server = build_server(startup, settings, startup.observer)
    received = converse(server, data, find_replies(settings), 1, len(opening[:1]) + 1, startup.close)
    lines = [json.loads(line) for line in received.splitlines()]
    lists = {line["id"]: line["result"] for line in lines if line.get("id") in (1, 2)}
    assert [RUN_SAVED_QUERY in {tool["name"] for tool in lists[number]["tools"]} for number in (1, 2)] == [False, True]
    notified = [line["method"] for line in lines if "method" in line]
    assert notified == ([] if meta else ["notifications/tools/list_changed"])
    assert not meta or lists[1]["ttlMs"] == 0 < lists[2]["ttlMs"]
    assert "a recorded reply differs" not in caplog.text


@pytest.mark.anyio
async def test_open_session_runs_the_version_that_is_saved_now(saved: Path, superuser: psycopg.Connection) -> None:
    async with connect(saved) as seattle:
        assert (await run(seattle, "numbers", parameters={"n": 2}))["rows"] == [[1], [2]]
        superuser.execute("UPDATE zava.saved_queries SET statement = 'SELECT -$1 AS g' WHERE name = 'numbers'")
        try:
            assert (await run(seattle, "numbers", parameters={"n": 2}))["rows"] == [[-2]]
        finally:
            superuser.execute(
                "UPDATE zava.saved_queries SET statement = %s WHERE name = 'numbers'", [parse_file(FILES[2]).statement]
            )


@pytest.mark.anyio
async def test_identity_cannot_change_saved_queries(saved: Path, superuser: psycopg.Connection) -> None:
    columns = "has_table_privilege(a.login, 'zava.saved_queries', 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')"
    assert superuser.execute(f"SELECT bool_or({columns}) FROM zava.access a".encode()).fetchone() == (False,)
    async with connect(saved) as seattle:
        assert await seattle.value("SELECT count(*) FROM zava.saved_queries") == len(FILES)
        await seattle.refusal("WITH d AS (DELETE FROM zava.saved_queries RETURNING 1) SELECT * FROM d")


@pytest.mark.anyio
async def test_many_saved_queries_stay_within_their_bytes(saved: Path, superuser: psycopg.Connection) -> None:
    superuser.execute(
        "INSERT INTO zava.saved_queries SELECT 'many' || n, repeat('ü', 250), '[]', 'SELECT 1', 'x'"
        " FROM generate_series(1, 150) n"
    )
    try:
        async with connect(saved) as seattle:
            described, _ = await seattle.call("get_multiple_table_schemas", table_names=["stores"])
            listed, _ = await seattle.call("run_saved_query")
    finally:
        superuser.execute("DELETE FROM zava.saved_queries WHERE name LIKE 'many%'")
    footer = described[described.index("Saved queries, for") :].split("\n\n", 1)[0]
    assert len(footer.encode()) <= MAX_BRIEF_BYTES
    assert "more: run_saved_query without a name lists them." in footer
    assert len(listed.encode()) <= 40_000


def test_file_and_table_of_types_of_the_guide_are_true(
    installation: EmbeddedPostgres, superuser: psycopg.Connection, tmp_path: Path
) -> None:
    rows = {row[0]: row[1] for row in table(f"{GUIDE}/saved-queries.md", "means nothing")}
    assert rows == {name: kind.example for name, kind in TYPES.items()}
    file = tmp_path / "top_products.sql"
    file.write_text(re.findall(r"```sql\n(.*?)```", document_text(f"{GUIDE}/saved-queries.md"), re.DOTALL)[0])
    try:
        common = ["--data-dir", str(installation.folder)]
        CliRunner().invoke(app, ["saved", "add", str(file), *common], catch_exceptions=False)
        given = ["--param", "since=2020-01-01", "--param", "store=seattle"]
        result = json.loads(zava(installation.folder, "run", "top_products", *given))
        assert (result["columns"], result["row_count"]) == (["product_name", "revenue"], 10)
    finally:
        superuser.execute("DELETE FROM zava.saved_queries WHERE name = 'top_products'")


def test_command_runs_lists_and_exports_saved_queries(saved: Path, tmp_path: Path) -> None:
    assert json.loads(zava(saved, "run", "numbers", "-p", "n=2"))["rows"] == [[1], [2]]
    assert zava(saved, "run", "numbers", "--param", "n=2", "--format", "csv") == "g\n1\n2\n"
    file = tmp_path / "all.csv"
    zava(saved, "run", "numbers", "-p", "n=1500", "--output", str(file))
    assert len(list(csv.reader(file.read_text().splitlines()))) == 1_501
    assert [row[0] for row in json.loads(zava(saved, "run"))["rows"]] == ["echo", "fails", "numbers", "revenue"]
    for arguments, expected in (
        (["run", "numbers", "-p", "n"], "--param 'n' has no value"),
        (["run", "numbers", "-p", "n=1", "-p", "n=2"], "--param n is given twice"),
        (["run", "-p", "n=1"], "there is no name"),
        (["run", "number"], "did you mean numbers"),
        (["run", "numbers", "-p", "n=x"], "the parameter n must be of type integer, such as 10, not 'x'"),
    ):
        with pytest.raises(InputError) as error:
            zava(saved, *arguments)
        assert expected in error.value.message
