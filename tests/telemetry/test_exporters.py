"""Tests of traces and metrics: they report what a call did, and contain no values of its SQL."""

import json
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.cli.test_commands import zava
from tests.conftest import SEATTLE
from tests.fakes.collector import KEY, Collector
from tests.polling import until
from tests.stdio_client import StdioClient, server_for
from tests.telemetry.test_audit import env_file
from zava_mcp.embedded.processes import free_port
from zava_mcp.errors import Outcome

SECRET = "hunter2-is-not-for-anybody"
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "200", "OTEL_METRIC_EXPORT_INTERVAL": "300"}  # milliseconds
IMPORTS = {"PYTHONPROFILEIMPORTTIME": "1"}  # Python reports each import on stderr
SENDERS = {
    "opentelemetry.sdk.trace",
    "opentelemetry.sdk.metrics",
    "prometheus_client",
    "azure.monitor.opentelemetry.exporter",
}
ASKED = f"SELECT order_id FROM retail.orders WHERE '{SECRET}' <> '' -- {SECRET}"


def ask(server: StdioClient) -> None:
    """A valid query, a refused one, a search, an unknown tool and an unknown table."""
    server.shake_hands()
    assert not server.call("execute_sales_query", postgresql_query=ASKED, max_rows=2)[1]
    assert server.call("execute_sales_query", postgresql_query=f"SELECT 1/0, '{SECRET}'")[1]
    assert not server.call("semantic_search_products", query_description=f"paint {SECRET}")[1]
    assert server.call(SECRET)[1]
    assert "error" in server.request("resources/read", uri=f"zava://schema/{SECRET}")


@pytest.fixture(scope="module")
def collected(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Collector:
    """Everything that a server sent over OTLP and to Application Insights until its end."""
    folder = tmp_path_factory.mktemp("collected")
    with Collector() as collector:
        settings = env_file(
            folder,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            APPLICATIONINSIGHTS_CONNECTION_STRING=f'"{collector.connection_string}"',
            ZAVA_TRACE_SQL="true",
            ZAVA_LOG_LEVEL="debug",
            ZAVA_METRICS_DIR=str(folder),
        )
        flags = ("--data-dir", str(data_dir), "--user-id", SEATTLE, "--env-file", str(settings))
        (folder / "scratch").mkdir()
        with StdioClient(*flags, environment={**SOON, **IMPORTS, "TMPDIR": str(folder / "scratch")}) as server:
            exporting(server, folder)
            ask(server)
            until(lambda: sum("zava.tool" in span["attributes"] for span in collector.spans()) == 5)
            until(lambda: sum(int(point["asInt"]) for point in collector.metrics().get("mcp_queries_total", [])) == 5)
            until(lambda: "zava.rows" in "".join(str(body) for path, body in collector.bodies if "track" in path))
            server.close_stdin()
            assert server.process.wait(10) == 0
            collector.bodies.append(("stderr", server.stderr().encode()))
        assert not list((folder / "scratch").iterdir()), "what could not be sent stays nowhere"
    return collector


def exporting(server: StdioClient, folder: Path) -> None:
    """Waits until OpenTelemetry is loaded, because the handshake does not wait for it."""
    until(lambda: (folder / f"zava-mcp-{server.process.pid}.prom").exists())


def test_span_has_the_attributes_of_its_call(collected: Collector) -> None:
    calls = [span["attributes"] for span in collected.spans() if span["attributes"]["mcp.method.name"] == "tools/call"]
    query, refused, search, unknown = calls
    assert query["zava.tool"] == "execute_sales_query"
    assert (query["zava.outcome"], query["zava.rows"], query["zava.truncated"]) == ("ok", "2", True)
    assert query["zava.round_trips"] == "1"
    assert int(query["zava.bytes"]) > 50
    assert 0 < query["zava.queued_seconds"] < query["zava.seconds"]
    assert query["db.query.text"] == "SELECT order_id FROM retail.orders WHERE ? <> ?  "
    assert len(query["zava.identity"]) == 12
    assert (refused["zava.outcome"], refused["db.response.status_code"]) == ("refused", "22012")
    assert (search["zava.tool"], search["zava.outcome"]) == ("semantic_search_products", "ok")
    assert unknown["zava.tool"] == "unknown"


def test_metrics_count_calls_by_tool_and_outcome(collected: Collector) -> None:
    metrics = collected.metrics()
    counted = {
        (point["attributes"]["query_type"], point["attributes"]["status"]): point
        for point in metrics["mcp_queries_total"]
    }
    assert counted["execute_sales_query", "ok"]["asInt"] == "1"
    assert counted["execute_sales_query", "refused"]["asInt"] == "1"
    assert counted["semantic_search_products", "ok"]["asInt"] == "1"
    assert counted["unknown", "refused"]["asInt"] == "1"
    assert sum(int(point["count"]) for point in metrics["mcp_query_duration_seconds"]) == 5
    assert int(metrics["mcp_pool_connections_idle"][0]["asInt"]) >= 1


def test_application_insights_gets_the_same_spans_and_metrics(collected: Collector) -> None:
    sent = [item for path, body in collected.bodies if "track" in path for item in json.loads(body)]
    assert {item["iKey"] for item in sent} == {KEY}
    requests = [item["data"]["baseData"] for item in sent if item["data"]["baseType"] == "RequestData"]
    assert "tools/call execute_sales_query" in {request["name"] for request in requests}
    assert any(request["properties"].get("zava.rows") == "2" for request in requests)


def test_telemetry_contains_no_user_id_and_no_values(collected: Collector) -> None:
    sent = "\n".join(body.decode("utf-8", "replace") for path, body in collected.bodies if path != "stderr")
    assert SEATTLE not in sent
    for text in (f"'{SECRET}", f"-- {SECRET}", f"paint {SECRET}", "there is no table"):
        assert text not in sent


def scraped(port: int) -> tuple[str, dict[tuple[str, str | None, str | None], Sample]]:
    """The metrics of a port: as text, and by name, kind of call and outcome."""
    with urlopen(f"http://127.0.0.1:{port}/metrics") as page:
        text = page.read().decode()
    return text, {
        (sample.name, sample.labels.get("query_type"), sample.labels.get("status")): sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_reads_metrics_from_a_port_or_a_file_of_the_process(data_dir: Path, tmp_path: Path) -> None:
    port = free_port()
    settings = env_file(tmp_path, ZAVA_METRICS_DIR=str(tmp_path), ZAVA_METRICS_PORT=str(port))
    with server_for(data_dir, SEATTLE, "--env-file", str(settings)) as server:
        exporting(server, tmp_path)
        text, samples = scraped(port)
        server.shake_hands()
        tools = {tool["name"] for tool in server.request("tools/list")["result"]["tools"]}
        assert {key[1:]: sample.value for key, sample in samples.items() if key[0] == "mcp_queries_total"} == {
            (kind, outcome): 0
            for kind in {*tools, "run_saved_query", "unknown", "prompt", "resource", "completion"}
            for outcome in set(get_args(Outcome)) - {"started"}
        }, "so that the first call is an increase"
        first = set(samples)
        ask(server)
        text, samples = scraped(port)
        assert {key for key in set(samples) - first if key[0] == "mcp_queries_total"} == set()
        query = samples["mcp_queries_total", "execute_sales_query", "ok"]
        assert query.value == 1
        assert query.labels["process_pid"] == str(server.process.pid)
        assert samples["mcp_query_duration_seconds_count", "execute_sales_query", "ok"].value == 1
        assert samples["mcp_pool_requests_waiting", None, None].value == 0
        assert SECRET not in text
        server.close_stdin()
        assert server.process.wait(10) == 0
    assert not list(tmp_path.glob("*.prom*"))


def test_server_with_telemetry_settings_loads_the_exporters(collected: Collector) -> None:
    (stderr,) = (body.decode() for path, body in collected.bodies if path == "stderr")
    assert imported(stderr) == SENDERS


def test_server_without_telemetry_settings_loads_no_exporter(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE, **IMPORTS) as server:
        ask(server)
        stderr = server.stderr()
    assert "zava_mcp.telemetry" in stderr, "what is imported is reported there"
    assert not imported(stderr)
    assert [line for line in stderr.splitlines() if not line.startswith("import time:")] == []


def imported(stderr: str) -> set[str]:
    """The telemetry libraries that a server imported."""
    modules = {line.rpartition("|")[2].strip() for line in stderr.splitlines() if line.startswith("import time:")}
    return modules & SENDERS


@pytest.mark.parametrize(
    "settings",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
        {"ZAVA_METRICS_DIR": "/no/such/folder"},
        {"APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=4711"},
    ],
    ids=str,
)
def test_server_with_broken_telemetry_still_serves(data_dir: Path, tmp_path: Path, settings: dict[str, Any]) -> None:
    with server_for(data_dir, SEATTLE, "--env-file", str(env_file(tmp_path, **settings))) as server:
        ask(server)
        server.close_stdin()
        assert server.process.wait(10) == 0


def test_command_with_broken_telemetry_still_runs(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAVA_METRICS_DIR", "/no/such/folder")
    assert "4711" in zava("query", "SELECT 4711", "--user-id", SEATTLE, "--data-dir", str(data_dir))


def test_telemetry_and_logs_contain_no_secret(data_dir: Path, tmp_path: Path) -> None:
    """Each secret is set where it belongs; then all replies, logs, files and exports are searched for it."""
    planted = {
        name: f"{name.lower()}-{SECRET}"
        for name in ("POSTGRES_PASSWORD", "AZURE_OPENAI_API_KEY", "OPENAI_API_KEY", "AZURE_CLIENT_SECRET")
    }
    in_url = "in/the?url#" + SECRET
    log = tmp_path / "audit.jsonl"
    with Collector() as collector:
        settings = env_file(
            tmp_path,
            **planted,
            ZAVA_DATABASE_URL=f"postgresql://u:{quote(in_url, safe='')}@127.0.0.1:1/zava",
            AZURE_OPENAI_ENDPOINT=collector.url,
            APPLICATIONINSIGHTS_CONNECTION_STRING=f'"{collector.connection_string}"',
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            ZAVA_TRACE_SQL="true",
            ZAVA_AUDIT_LOG=str(log),
            ZAVA_METRICS_DIR=str(tmp_path),
            ZAVA_LOG_LEVEL="debug",
            ZAVA_LOG_FORMAT="json",
        )
        with server_for(data_dir, SEATTLE, "--env-file", str(settings)) as server:
            exporting(server, tmp_path)
            server.shake_hands()
            said = [
                server.call("execute_sales_query", postgresql_query="SELECT 1")[0],
                server.call("semantic_search_products", query_description="paint")[0],
                str(server.request("resources/read", uri="zava://products/search?query=paint")),
            ]
            server.close_stdin()
            assert server.process.wait(10) == 0
            said += [server.stderr(), collector.everything, log.read_text()]
    assert all(said)
    for secret in (*planted.values(), in_url, quote(in_url, safe=""), SECRET):
        assert not [text for text in said if secret in text]
