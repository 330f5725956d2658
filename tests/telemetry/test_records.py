"""Tests of the record of a call for every tool, resource, prompt, completion and command."""

import json
import shlex
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import typer
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp.types import PromptReference
from typer.testing import CliRunner

from tests.conftest import SEATTLE, ToolClient
from zava_mcp.cli.app import load_settings
from zava_mcp.cli.commands import app
from zava_mcp.errors import AuditError
from zava_mcp.server.mcp_server import build_server
from zava_mcp.server.startup import Startup
from zava_mcp.settings import load

SQL = "SELECT order_id, order_date FROM retail.orders ORDER BY 1 LIMIT 3"
LONG = "SELECT count(*) FROM generate_series(1, 100000000) AS a, generate_series(1, 1000) AS b"
#: Each tool with valid arguments, and the number of rows of its result.
TOOLS: dict[str, tuple[dict[str, Any], int | None]] = {
    "execute_sales_query": ({"postgresql_query": SQL}, 3),
    "chart_sales_query": ({"postgresql_query": "SELECT * FROM (VALUES ('a', 1), ('b', 2)) AS v(category, sales)"}, 2),
    "explain_sales_query": ({"postgresql_query": SQL}, None),
    "semantic_search_products": ({"query_description": "paint", "max_rows": 2}, 2),
    "get_multiple_table_schemas": ({"table_names": ["orders"]}, None),
    "get_current_utc_date": ({}, None),
}
#: Arguments that each tool rejects; get_current_utc_date has none.
REFUSED: dict[str, dict[str, Any]] = {
    "execute_sales_query": {"postgresql_query": SQL, "max_rows": 0},
    "chart_sales_query": {"postgresql_query": SQL, "chart": "pie"},
    "explain_sales_query": {"postgresql_query": "SELECT FROM FROM"},
    "semantic_search_products": {"query_description": "paint", "max_rows": 0},
    "get_multiple_table_schemas": {"table_names": ["nope"]},
    "no_such_tool": {},
}
RESOURCES = ("zava://about", "zava://schema", "zava://schema/orders", "zava://products/search?query=paint")
#: The forms in which settings name Seattle: flags, environment, lines of an env file.
IDENTITIES: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "uuid": ({"ZAVA_USER_ID": SEATTLE}, {}, ""),
    "upper case": ({"ZAVA_USER_ID": SEATTLE.upper()}, {}, ""),
    "name": ({"ZAVA_USER_ID": "Zava Retail Seattle"}, {}, ""),
    "environment": ({}, {"ZAVA_USER_ID": "seattle"}, ""),
    "env file": ({}, {}, "ZAVA_USER_ID=seattle\n"),
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def records(log: Path) -> list[dict[str, Any]]:
    """The last line of each call, in the order of their first lines."""
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return list({line["call"]: line for line in lines}.values())


@asynccontextmanager
async def recording(data_dir: Path, log: Path, **settings: str) -> AsyncIterator[ToolClient]:
    """A client of a server that also has a tool, a resource and a prompt with an unexpected error."""
    named = {"ZAVA_USER_ID": "seattle", **settings}
    loaded = load({"ZAVA_DATA_DIR": str(data_dir), "ZAVA_AUDIT_LOG": str(log), **named}, {})
    startup = Startup(loaded)
    server = build_server(startup, loaded, startup.observer)

    async def broken() -> str:
        raise RuntimeError("the data")

    server.tool()(broken)
    server.prompt()(broken)
    server.resource("zava://broken")(broken)
    startup.start()
    try:
        async with Client(server) as client:
            yield ToolClient(client)
    finally:
        startup.close()


async def entries(asker: ToolClient) -> list[tuple[str, int | None]]:
    """Calls everything with valid arguments; returns the names and rows that the records must have."""
    assert {tool.name for tool in (await asker.client.list_tools()).tools} == {*TOOLS, "broken"}
    for tool, (arguments, _) in TOOLS.items():
        text, failed = await asker.call(tool, **arguments)
        assert not failed, text
    for uri in RESOURCES:
        await asker.client.read_resource(uri)
    prompts = [prompt.name for prompt in (await asker.client.list_prompts()).prompts if prompt.name != "broken"]
    for prompt in prompts:
        await asker.client.get_prompt(prompt, {"description": "paint"} if prompt == "find_product" else None)
    found = await asker.client.complete(
        PromptReference(type="ref/prompt", name="compare_stores"), {"name": "category", "value": "pa"}
    )
    searched = ("resource", 8)
    return [
        *((tool, rows) for tool, (_, rows) in TOOLS.items()),
        *[*[("resource", None)] * 3, searched],
        *[("prompt", None)] * len(prompts),
        ("completion", len(found.completion.values)),
    ]


@pytest.mark.anyio
@pytest.mark.parametrize("form", IDENTITIES)
async def test_server_records_the_user_id_of_every_form_of_identity(
    form: str, data_dir: Path, tmp_path: Path, log: Path
) -> None:
    flags, environment, lines = IDENTITIES[form]
    (tmp_path / "settings").write_text(f"ZAVA_AUDIT_LOG={log}\n{lines}")
    settings = load(
        {"ZAVA_DATA_DIR": str(data_dir), **flags}, {"ZAVA_ENV_FILE": str(tmp_path / "settings"), **environment}
    )
    startup = Startup(settings)
    try:
        async with Client(build_server(startup, settings, startup.observer)) as client:
            await client.call_tool("get_current_utc_date", {})
    finally:
        startup.close()
    assert [record["user_id"] for record in records(log)] == [SEATTLE]


@pytest.mark.parametrize("form", IDENTITIES)
def test_command_records_the_user_id_of_every_form_of_identity(
    form: str, data_dir: Path, tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags, environment, lines = IDENTITIES[form]
    (tmp_path / "settings").write_text(f"ZAVA_AUDIT_LOG={log}\n{lines}")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    user = ["--user-id", flags["ZAVA_USER_ID"]] if flags else []
    run("query", SQL, "--data-dir", str(data_dir), "--env-file", str(tmp_path / "settings"), *user)
    assert [record["user_id"] for record in records(log)] == [SEATTLE]


@pytest.mark.anyio
async def test_record_of_every_kind_of_call_has_time_rows_and_bytes(data_dir: Path, log: Path) -> None:
    began = time.monotonic()
    async with recording(data_dir, log) as asker:
        expected = await entries(asker)
        answer = await asker.query("SELECT 'ü' AS letter")
    elapsed = time.monotonic() - began
    *found, last = records(log)
    assert [(record["tool"], record["rows"]) for record in found] == expected
    assert {(record["user_id"], record["outcome"], record["fault"]) for record in found} == {(SEATTLE, "ok", "")}
    assert all(record["bytes"] > 0 for record in found)
    assert all(record["seconds"] > 0 for record in found)
    assert sum(record["seconds"] for record in found) < elapsed
    assert last["bytes"] == len(json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode())


@pytest.mark.anyio
async def test_record_of_a_failed_call_has_its_outcome(data_dir: Path, log: Path) -> None:
    async with recording(data_dir, log) as asker:
        for tool, arguments in REFUSED.items():
            assert (await asker.call(tool, **arguments))[1]
        assert (await asker.call("execute_sales_query", postgresql_query="SELECT nope"))[1]
        for uri in ("zava://schema/nope", "zava://nope", "zava://results/nope.csv"):
            with pytest.raises(MCPError):
                await asker.client.read_resource(uri)
        for prompt in ("compare_stores", "nope"):
            with pytest.raises(MCPError):
                await asker.client.get_prompt(prompt, {"month": "nope"})
        refused = len(records(log))
        assert (await asker.call("broken"))[1]
        with pytest.raises(MCPError):
            await asker.client.read_resource("zava://broken")
        with pytest.raises(MCPError):
            await asker.client.get_prompt("broken")
    found = records(log)
    assert refused == len(REFUSED) + 6
    assert {record["outcome"] for record in found[:refused]} == {"refused"}
    assert found[len(REFUSED)]["sqlstate"] == "42703"
    assert all(record["bytes"] > 0 and record["rows"] is None for record in found[:refused])
    assert [(record["outcome"], record["fault"]) for record in found[refused:]] == [
        ("internal_error", "RuntimeError")
    ] * 3
    assert "the data" not in log.read_text()


@pytest.mark.anyio
async def test_record_of_a_timeout_or_cancellation_has_that_outcome(data_dir: Path, log: Path) -> None:
    async with recording(data_dir, log, ZAVA_QUERY_TIMEOUT="1") as asker:
        await asker.refusal(LONG)
        with anyio.move_on_after(0.5):
            await asker.query(LONG)
        await asker.query("SELECT 1")
    timeout, cancelled, _ = records(log)
    assert (timeout["outcome"], timeout["sqlstate"]) == ("timeout", "57014")
    assert 1 <= timeout["seconds"] < 30
    assert cancelled["outcome"] == "cancelled"
    assert 0.4 < cancelled["seconds"] < 30


@pytest.mark.anyio
async def test_record_without_a_database_has_the_outcome_unavailable(data_dir: Path, log: Path) -> None:
    async with recording(
        data_dir, log, ZAVA_DATABASE_URL="postgresql://127.0.0.1:1/zava", ZAVA_USER_ID=SEATTLE
    ) as asker:
        await asker.refusal("SELECT 1")
        with pytest.raises(MCPError):
            await asker.client.read_resource("zava://about")
    assert [record["outcome"] for record in records(log)] == ["unavailable"] * 2


def run(*arguments: str) -> tuple[bytes, int]:
    """The output of a command, and its exit code; 1 for errors, because the runner does not print them."""
    result = CliRunner().invoke(app, arguments)
    return result.stdout_bytes, result.exit_code


def commands() -> dict[str, str]:
    """The commands by name, each with the arguments of the example in its help."""
    found = {"identities": "identities"}  # `help` is not recorded, because it reads no settings
    groups = [("", app), *((f"{group.name} ", group.typer_instance) for group in app.registered_groups)]
    for before, group in groups:
        assert group is not None
        for command in group.registered_commands:
            assert command.callback is not None
            name = f"{before}{command.name or command.callback.__name__}"
            found[name] = (command.callback.__doc__ or "").split("Example: zava-mcp ")[1].splitlines()[0].strip()
    return {name: typed for name, typed in found.items() if name not in ("help", "guide")}


@pytest.mark.parametrize("name", commands())
def test_record_of_every_command_has_time_bytes_and_user_id(
    name: str, data_dir: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in {"USER_ID": "seattle", "DATA_DIR": str(data_dir), "AUDIT_LOG": str(log)}.items():
        monkeypatch.setenv(f"ZAVA_{variable}", value)
    monkeypatch.chdir(tmp_path)
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    if name == "demo":  # its servers' calls are theirs: that it cannot start any is enough to see that it is recorded
        monkeypatch.setenv("ZAVA_DATA_DIR", "/dev/null")
    dry = ["--dry-run"] if name in ("identities add", "company set") else []
    began = time.monotonic()
    printed, _ = run(*shlex.split(commands()[name]), *dry)
    (record,) = records(log)
    assert record["tool"] == name
    assert record["user_id"] in (SEATTLE, "")
    assert (record["user_id"] == SEATTLE) == ("ZAVA_USER_ID" in run(*name.split(), "--help")[0].decode())
    assert record["bytes"] == len(printed)
    assert 0 < record["seconds"] < time.monotonic() - began
    assert record["outcome"] in ("ok", "refused", "internal_error")


def test_record_of_a_command_has_its_outcome(data_dir: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAVA_AUDIT_LOG", str(log))
    monkeypatch.setenv("ZAVA_DATA_DIR", str(data_dir))
    broken = typer.Typer()

    @broken.callback()
    def keep(ctx: typer.Context) -> None:
        ctx.obj = {}

    @broken.command()
    def fail(ctx: typer.Context) -> None:
        load_settings(ctx)
        raise RuntimeError("the data")

    run("query", SQL, "--user-id", "seattle")
    run("search", "paint", "--max-rows", "2", "--user-id", "seattle")
    run("query", "SELECT nope", "--user-id", "seattle")
    run("query", "SELECT 1", "--user-id", "nobody")
    run("query", "SELECT 1", "--user-id", SEATTLE, "--database-url", "postgresql://127.0.0.1:1/zava")
    monkeypatch.setenv("ZAVA_USER_ID", "seattle")
    for refused in (
        ["--file", "/no/such/file"],
        ["SELECT 1", "--chart", "--format", "json"],
        ["SELECT 1", "--no-formulas"],
    ):
        run("query", *refused)
        last = records(log)[-1]
        assert (last["outcome"], last["user_id"]) == ("refused", SEATTLE)
    monkeypatch.setenv("ZAVA_QUERY_TIMEOUT", "1")
    run("query", LONG, "--user-id", "seattle")
    CliRunner().invoke(broken, ["fail"])
    outcomes = [(record["outcome"], record["fault"], record["rows"]) for record in records(log)]
    assert outcomes == [
        ("ok", "", 3),
        ("ok", "", 2),
        ("refused", "QueryError", None),
        ("refused", "IdentityError", None),
        ("unavailable", "NotListening", None),
        *[("refused", "InputError", None)] * 3,
        ("timeout", "QueryError", None),
        ("internal_error", "RuntimeError", None),
    ]
    assert records(log)[3]["arguments"] == {"user_name": "nobody"}
    assert records(log)[8]["seconds"] >= 1


def test_command_shows_no_output_if_its_record_cannot_be_written(data_dir: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    environment = {"ZAVA_AUDIT_LOG": str(full), "ZAVA_DATA_DIR": str(data_dir), "ZAVA_USER_ID": "seattle"}
    for command in (["query", "SELECT 4711"], ["search", "paint"], ["identities"], ["query", "SELECT '4711'::int / 0"]):
        result = CliRunner().invoke(app, command, env=environment)
        assert isinstance(result.exception, AuditError)
        assert (result.stdout, result.stderr) == ("", "")
