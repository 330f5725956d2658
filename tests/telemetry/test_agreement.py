"""Tests that audit log, traces and metrics agree on each call of servers and commands."""

import fcntl
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.conftest import SEATTLE
from tests.fakes.collector import Collector
from tests.polling import until
from tests.stdio_client import StdioClient
from tests.telemetry.test_audit import env_file
from zava_mcp.telemetry import label

WIDE = "SELECT repeat('x', 7000) AS x FROM generate_series(1, 120)"  # more than a pipe holds
LONG = "SELECT count(*) FROM generate_series(1, 100000000) AS a, generate_series(1, 1000) AS b"


def serve(settings: Path, log: Path) -> None:
    """A server gets calls of every outcome; the client leaves before it reads the last reply."""
    with StdioClient("--env-file", str(settings), environment={"ZAVA_USER_ID": "seattle"}) as server:
        assert server.process.stdout is not None
        if hasattr(fcntl, "F_SETPIPE_SZ"):  # some systems' pipes hold a whole reply
            fcntl.fcntl(server.process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        server.shake_hands()
        server.call("get_current_utc_date")  # before OpenTelemetry is loaded
        server.call("execute_sales_query", postgresql_query="SELECT 1")
        server.call("execute_sales_query", postgresql_query="SELECT nope")
        server.call("execute_sales_query", postgresql_query=LONG)
        server.request("prompts/get", name="compare_stores", arguments={})
        reference = {"type": "ref/prompt", "name": "compare_stores"}
        server.request("completion/complete", ref=reference, argument={"name": "category", "value": "pa"})
        call(server, 98, LONG)
        server.call("get_current_utc_date")
        server.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 98}})
        until(lambda: "cancelled" in log.read_text())
        call(server, 99, WIDE)
        until(lambda: log.read_text().count("repeat(") == 1)
        server.process.stdout.close()
        server.process.wait(20)


def call(server: StdioClient, number: int, sql: str) -> None:
    params = {"name": "execute_sales_query", "arguments": {"postgresql_query": sql, "max_rows": 120}}
    server.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})


def run_commands(settings: Path) -> None:
    """Commands run at the same time: some end well, and the output of others is not read."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZAVA_")}
    command = [sys.executable, "-P", "-m", "zava_mcp", "--env-file", str(settings), "--user-id", "seattle"]
    read, unread = (
        subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=kept)
        for more in (["query", "SELECT 1"], ["query", WIDE, "--max-rows", "120"])
    )
    assert unread.stdout is not None
    unread.stdout.close()
    read.communicate()
    unread.wait(60)


def test_audit_traces_and_metrics_agree_on_each_call(data_dir: Path, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    with Collector() as collector:
        settings = env_file(
            tmp_path,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            ZAVA_AUDIT_LOG=str(log),
            ZAVA_DATA_DIR=str(data_dir),
            ZAVA_MAX_BYTES="1000000",
            ZAVA_QUERY_TIMEOUT="1",
        )
        serve(settings, log)
        run_commands(settings)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        spans = [span for span in collector.spans() if "zava.call" in span["attributes"]]
        points = collector.counted("mcp_queries_total")
    audited = {line["call"]: line for line in lines}
    spans.sort(
        key=lambda span: span["attributes"]["zava.outcome"] == "undelivered"
    )  # an undelivered call has two spans, of which the later counts
    traced = {span["attributes"]["zava.call"]: span for span in spans}
    assert {line["user_id"] for line in lines} == {SEATTLE}
    assert Counter(line["outcome"] for line in audited.values()) == {
        "ok": 6,
        "refused": 1,
        "timeout": 1,
        "cancelled": 1,
        "undelivered": 2,
    }
    assert {key: span_fields(span) for key, span in traced.items()} == {
        key: audit_fields(line) for key, line in audited.items()
    }
    assert points == Counter((line["tool"], line["outcome"]) for line in audited.values())


def audit_fields(line: dict[str, Any]) -> tuple[object, ...]:
    """The fields of a line of the audit log."""
    return (
        line["tool"],
        label(line["user_id"]),
        line["outcome"],
        line["rows"],
        line["bytes"],
        line["sqlstate"],
    )


def span_fields(span: dict[str, Any]) -> tuple[object, ...]:
    """The same fields of a span; OTLP writes integers as texts."""
    attributes = span["attributes"]
    rows, size = attributes.get("zava.rows"), attributes.get("zava.bytes")
    return (
        attributes["zava.tool"],
        attributes["zava.identity"],
        attributes["zava.outcome"],
        None if rows is None else int(rows),
        None if size is None else int(size),
        attributes.get("db.response.status_code", ""),
    )
