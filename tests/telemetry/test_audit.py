"""Tests of the audit log: each call has a line before its reply, or fails."""

import json
import os
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_commands import zava
from tests.conftest import SEATTLE, Ask
from tests.polling import until
from tests.stdio_client import server_for
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import SettingsError


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


@pytest.mark.anyio
async def test_audit_log_has_one_line_with_identity_and_outcome_for_each_call(ask: Ask, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    async with ask(SEATTLE, ZAVA_AUDIT_LOG=str(log)) as seattle:
        await seattle.query("SELECT order_id FROM retail.orders", max_rows=3)
        await seattle.refusal("SELECT nothing")
        await seattle.call("get_multiple_table_schemas", table_names=["orders"])
        await seattle.call("no_such_tool")
        await seattle.client.read_resource("zava://products/search?query=paint")
    query, refused, schemas, unknown, resource = lines(log)
    assert {line["user_id"] for line in lines(log)} == {SEATTLE}
    assert (query["tool"], query["sql"]) == ("execute_sales_query", "SELECT order_id FROM retail.orders")
    assert (query["outcome"], query["rows"], query["truncated"], query["process"]) == ("ok", 3, True, os.getpid())
    assert query["arguments"] == {"max_rows": 3}
    assert query["bytes"] > 50
    assert 0 < query["seconds"] < 60
    assert query["time"].startswith("20")
    assert (refused["outcome"], refused["sqlstate"], refused["fault"]) == ("refused", "42703", "QueryError")
    assert schemas["arguments"] == {"table_names": ["orders"]}
    assert (unknown["tool"], unknown["arguments"], unknown["outcome"]) == (
        "unknown",
        {"requested": "no_such_tool"},
        "refused",
    )
    assert resource["tool"] == "resource"
    assert resource["arguments"] == {"requested": "zava://products/search?query=paint"}
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_audit_log_with_nan_and_infinity_is_strict_json(data_dir: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    sent = {"ratio": float("nan"), "bounds": [float("inf"), {"low": float("-inf")}]}
    with server_for(data_dir, SEATTLE, ZAVA_AUDIT_LOG=str(log)) as server:
        server.shake_hands()
        server.call("execute_sales_query", postgresql_query="SELECT 1", **sent)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    (line,) = [json.loads(line, parse_constant=refuse) for line in log.read_text().splitlines()]
    assert line["arguments"] == {"ratio": "nan", "bounds": ["inf", {"low": "-inf"}]}


@pytest.mark.anyio
async def test_audit_log_escapes_text_that_looks_like_a_line(ask: Ask, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    forged = 'SELECT 1 AS a --"}\n{"user_id": "somebody else"}\r\n\u2028'
    async with ask(SEATTLE, ZAVA_AUDIT_LOG=str(log)) as seattle:
        assert await seattle.refusal(forged)
    assert [line["sql"] for line in lines(log)] == [forged]


def test_call_fails_if_its_audit_record_cannot_be_written(data_dir: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    with server_for(data_dir, SEATTLE, "--env-file", str(env_file(tmp_path, ZAVA_AUDIT_LOG=str(log)))) as server:
        server.shake_hands()
        assert server.call("execute_sales_query", postgresql_query="SELECT 4711") == (
            '{"columns":["?column?"],"rows":[[4711]],"row_count":1,"truncated":false}',
            False,
        )
        log.rename(tmp_path / "audit.jsonl.1")  # logrotate does the same
        log.symlink_to("/dev/full")  # writing to it fails like on a full disk
        text, failed = server.call("execute_sales_query", postgresql_query="SELECT 4711")
        assert failed
        assert "4711" not in text
        assert "the audit log cannot be written" in text
        reply = server.request("resources/read", uri="zava://products/search?query=paint")
        assert "the audit log cannot be written" in reply["error"]["message"]
        for method, asked in (("resources/read", {"uri": "zava://schema/4711"}), ("prompts/get", {"name": "4711"})):
            reply = server.request(method, **asked)
            assert "4711" not in reply["error"]["message"], "nor what was wrong with it"
            assert "the audit log cannot be written" in reply["error"]["message"]
        log.unlink()
        assert not server.call("execute_sales_query", postgresql_query="SELECT 4712")[1]
    assert [line["sql"] for line in lines(log)] == ["SELECT 4712"]
    assert [line["sql"] for line in lines(tmp_path / "audit.jsonl.1")] == ["SELECT 4711"]


def test_audit_log_has_cancelled_calls(data_dir: Path, tmp_path: Path, embedded: EmbeddedPostgres) -> None:
    log = tmp_path / "audit.jsonl"
    with server_for(data_dir, SEATTLE, "--env-file", str(env_file(tmp_path, ZAVA_AUDIT_LOG=str(log)))) as server:
        server.shake_hands()
        server.call("execute_sales_query", postgresql_query="SELECT 1")
        sql = "SELECT count(*) FROM generate_series(1, 100000000000)"
        params = {"name": "execute_sales_query", "arguments": {"postgresql_query": sql}}
        server.send({"jsonrpc": "2.0", "id": 99, "method": "tools/call", "params": params})
        server.call("get_current_utc_date")
        server.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 99}})
        until(lambda: "cancelled" in log.read_text())
    assert {line["sql"]: line["outcome"] for line in lines(log) if "sql" in line}[sql] == "cancelled"


def test_audit_log_of_several_servers_loses_no_line(data_dir: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    settings = str(env_file(tmp_path, ZAVA_AUDIT_LOG=str(log)))
    with server_for(data_dir, SEATTLE, "--env-file", settings) as one:
        with server_for(data_dir, SEATTLE, "--env-file", settings) as other:
            for server in (one, other):
                server.shake_hands()
            for number in range(20):
                for server in (one, other):
                    params = {"name": "execute_sales_query", "arguments": {"postgresql_query": f"SELECT {number}"}}
                    server.send({"jsonrpc": "2.0", "id": 100 + number, "method": "tools/call", "params": params})
            for server in (one, other):
                assert {server.read()["id"] for _ in range(20)} == set(range(100, 120))
            other.signal(signal.SIGKILL)
    assert len(lines(log)) == 40


def test_audit_log_that_cannot_be_written_prevents_the_start(data_dir: Path, tmp_path: Path) -> None:
    common = ["--user-id", SEATTLE, "--data-dir", str(data_dir)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZAVA_AUDIT_LOG", str(tmp_path / "no" / "such" / "folder"))
        with pytest.raises(SettingsError, match="cannot be written: No such file or directory"):
            zava("query", "SELECT 1", *common)
    with server_for(data_dir, SEATTLE, "--env-file", str(env_file(tmp_path, ZAVA_AUDIT_LOG=str(tmp_path)))) as server:
        assert "the audit log" in server.shake_hands()["instructions"]
        server.close_stdin()
        assert server.process.wait(20) == 2
        assert "the audit log" in server.stderr()


def test_audit_log_has_queries_of_the_command_line(data_dir: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    common = ["--user-id", SEATTLE, "--data-dir", str(data_dir)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZAVA_AUDIT_LOG", str(log))
        zava("query", "SELECT 1", *common)
        zava("search", "paint", *common)
    query, search = lines(log)
    assert (query["tool"], query["sql"], query["rows"]) == ("query", "SELECT 1", 1)
    assert (search["tool"], search["arguments"]["query_description"]) == ("search", "paint")
    assert search["rows"] > 0


def env_file(folder: Path, **settings: str) -> Path:
    """A file for --env-file, because servers of tests get no ZAVA_ variables."""
    file = folder / "settings"
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return file
