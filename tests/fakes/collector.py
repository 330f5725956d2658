"""A fake collector of telemetry: OTLP over HTTP, and Application Insights."""

import gzip
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KEY = "11111111-2222-3333-4444-555555555555"


class Collector:
    """Stores the bodies of requests with their paths; `everything` is all of them as text."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, bytes]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.bodies.append((self.path, body))
                reply = b""
                if "track" in self.path:
                    count = len(json.loads(body))
                    reply = json.dumps({"itemsReceived": count, "itemsAccepted": count, "errors": []}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.connection_string = f"InstrumentationKey={KEY};IngestionEndpoint={self.url}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> "Collector":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def everything(self) -> str:
        return "\n".join(body.decode("utf-8", "replace") for _, body in self.bodies)

    def spans(self) -> list[dict[str, Any]]:
        """Returns the spans received over OTLP, with their attributes as a dict under "attributes"."""
        found = []
        for path, body in self.bodies:
            if path == "/v1/traces":
                for resource in MessageToDict(ExportTraceServiceRequest.FromString(body))["resourceSpans"]:
                    for scope in resource["scopeSpans"]:
                        found += [{**span, "attributes": _dict(span["attributes"])} for span in scope["spans"]]
        return found

    def counted(self, name: str) -> Counter[tuple[str, str]]:
        """Returns the sum of a counter over all processes as {(query type, status): count}."""
        last: dict[str, dict[tuple[str, str], int]] = {}
        for path, body in self.bodies:
            if path == "/v1/metrics":
                for resource in MessageToDict(ExportMetricsServiceRequest.FromString(body))["resourceMetrics"]:
                    process = str(_dict(resource["resource"]["attributes"])["process.pid"])
                    for metric in (metric for scope in resource["scopeMetrics"] for metric in scope["metrics"]):
                        if metric["name"] == name:
                            last[process] = {
                                (labels["query_type"], labels["status"]): int(point["asInt"])
                                for point in metric["sum"]["dataPoints"]
                                for labels in [_dict(point["attributes"])]
                            }
        return sum(map(Counter, last.values()), Counter())

    def metrics(self) -> dict[str, list[dict[str, Any]]]:
        """Returns the points of the metrics received last over OTLP as {name: points}."""
        found = {}
        for path, body in self.bodies:
            if path == "/v1/metrics":
                for resource in MessageToDict(ExportMetricsServiceRequest.FromString(body))["resourceMetrics"]:
                    for metric in (metric for scope in resource["scopeMetrics"] for metric in scope["metrics"]):
                        kind = next(kind for kind in ("sum", "gauge", "histogram") if kind in metric)
                        points = metric[kind]["dataPoints"]
                        found[metric["name"]] = [
                            {**point, "attributes": _dict(point.get("attributes", []))} for point in points
                        ]
        return found


def _dict(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    return {item["key"]: next(iter(item["value"].values())) for item in attributes}
