"""Sends traces and metrics with OpenTelemetry, to the exporters that the settings name.

Imports of OpenTelemetry stand inside functions, so that an exporter that is not configured need not be installed. The
parent package imports this module only when the settings turn an exporter on, because OpenTelemetry's SDK takes more
than a second to load.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from zava_mcp.errors import Outcome, SettingsError, install_extra
from zava_mcp.settings import Secret, TelemetrySettings
from zava_mcp.trusted_files import write_atomically

if TYPE_CHECKING:
    from opentelemetry.metrics import Observation
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from prometheus_client import CollectorRegistry

Statistics = Callable[[], Mapping[str, float]]

_INTERVAL_SECONDS = 10.0  # between two writes of the metrics file
_CLOSE_SECONDS = 1.0  # MCP clients kill a server two seconds after they closed its stdin
_NO_STATISTICS = ("APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL", "true")  # the exporter would send them to Microsoft
_LABELS = ("zava.identity", "process.pid")
_DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_GAUGES = {
    "mcp_pool_connections_busy": "Connections that run a query.",
    "mcp_pool_connections_idle": "Connections that run no query.",
    "mcp_pool_requests_waiting": "Queries that wait for a connection.",
    "mcp_schema_cache_age_seconds": "Age of the table descriptions; absent until they are read.",
}

_log = logging.getLogger(__name__)


class Exporters:
    """The tracer and the meter of this process, with the exporters that the settings name."""

    def __init__(self, settings: TelemetrySettings, identity: str, version: str, statistics: Statistics) -> None:
        """Raises SettingsError if an exporter that the settings name is not installed."""
        try:
            from opentelemetry import metrics, trace
            from opentelemetry.sdk.metrics import MeterProvider
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider

            resource = Resource.create(
                {
                    "service.name": "zava-mcp",
                    "service.version": version,
                    "zava.identity": identity,
                    "process.pid": os.getpid(),
                }
            )
            os.environ.setdefault(*_NO_STATISTICS)
            self._closers: list[Callable[[], object]] = []
            self._open_file: Callable[[], _MetricsFile] | None = None
            self._tracing = self._tracer_provider(settings, TracerProvider(resource=resource))
            self._metering = MeterProvider(self._metric_readers(settings), resource)
        except ImportError as error:
            extra = "azure" if settings.application_insights else "telemetry"
            raise SettingsError(
                f"{error.name} is not installed, so no telemetry can be sent", install_extra(extra)
            ) from None
        trace.set_tracer_provider(self._tracing)
        metrics.set_meter_provider(self._metering)
        self._create_instruments(version, statistics)

    def _create_instruments(self, version: str, statistics: Statistics) -> None:
        self.tracer = self._tracing.get_tracer("zava_mcp", version)
        meter = self._metering.get_meter("zava_mcp", version)
        self.queries = meter.create_counter("mcp_queries_total", description="Calls by tool and outcome.")
        self.duration = meter.create_histogram(
            "mcp_query_duration_seconds",
            "s",
            "Time from a call to its reply.",
            explicit_bucket_boundaries_advisory=_DURATION_BUCKETS,
        )
        for name, description in _GAUGES.items():
            meter.create_observable_gauge(name, [_gauge_callback(statistics, name)], description=description)

    def count_from_zero(self, kinds: Iterable[str]) -> None:
        """Starts the counters of these kinds of calls at 0, one for each outcome."""
        for kind in kinds:
            for outcome in set(get_args(Outcome)) - {"started"}:
                self.queries.add(0, {"query_type": kind, "status": outcome})

    def show(self) -> None:
        """Writes the metrics file for the first time; its existence shows that calls are counted.

        Raises SettingsError if it cannot be written.
        """
        if self._open_file is not None:
            self._closers.append(self._open_file().remove)

    def close(self) -> None:
        """Sends what has not been sent, for at most a second, because exporters retry for minutes."""
        flushes = (self._tracing.force_flush, self._metering.force_flush)
        threads = [threading.Thread(target=flush, name="send-telemetry", daemon=True) for flush in flushes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_CLOSE_SECONDS / len(threads))
        for close in self._closers:
            close()

    def _tracer_provider(self, settings: TelemetrySettings, provider: "TracerProvider") -> "TracerProvider":
        if settings.otlp:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            provider.add_span_processor(_span_processor(OTLPSpanExporter(f"{settings.otlp.rstrip('/')}/v1/traces")))
        if settings.application_insights:
            from azure.monitor.opentelemetry.exporter import AzureMonitorTraceExporter

            exporter = AzureMonitorTraceExporter(**_azure_arguments(settings.application_insights))
            provider.add_span_processor(_span_processor(exporter))
        return provider

    def _metric_readers(self, settings: TelemetrySettings) -> "list[MetricReader]":
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

        readers: list[MetricReader] = []
        if settings.otlp:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

            url = f"{settings.otlp.rstrip('/')}/v1/metrics"
            readers.append(PeriodicExportingMetricReader(OTLPMetricExporter(url)))
        if settings.application_insights:
            from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter

            exporter = AzureMonitorMetricExporter(**_azure_arguments(settings.application_insights))
            readers.append(PeriodicExportingMetricReader(exporter))
        if settings.metrics_dir or settings.metrics_port:
            readers.append(self._prometheus(settings))
        return readers

    def _prometheus(self, settings: TelemetrySettings) -> "MetricReader":
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from prometheus_client import CollectorRegistry, start_http_server

        registry = CollectorRegistry()
        reader = PrometheusMetricReader(
            disable_target_info=True,
            scope_info_enabled=False,
            resource_attribute_filter=_LABELS.__contains__,  # servers of one machine are separate series
            registry=registry,
        )
        if settings.metrics_port:
            try:
                server, _ = start_http_server(settings.metrics_port, "127.0.0.1", registry)
                self._closers.append(server.shutdown)
            except OSError as error:  # another server of this machine uses the port
                _log.warning("no metrics on port %s: %s", settings.metrics_port, error.strerror)
        if settings.metrics_dir:
            self._open_file = partial(_MetricsFile, settings.metrics_dir, registry)
        return reader


def _span_processor(exporter: "SpanExporter") -> "SpanProcessor":
    """A processor that removes the texts of errors, which the MCP SDK adds to spans: they quote SQL and data."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import Status

    class RedactingProcessor(BatchSpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            super().on_end(
                ReadableSpan(
                    name=span.name,
                    context=span.context,
                    parent=span.parent,
                    resource=span.resource,
                    attributes=span.attributes,
                    links=span.links,
                    kind=span.kind,
                    status=Status(span.status.status_code),
                    start_time=span.start_time,
                    end_time=span.end_time,
                    instrumentation_scope=span.instrumentation_scope,
                )
            )

    return RedactingProcessor(exporter)


def _azure_arguments(connection_string: Secret) -> dict[str, Any]:
    """The arguments of Azure's exporters; without offline storage, they write nothing to disk."""
    return {"connection_string": connection_string.reveal(), "disable_offline_storage": True}


class _MetricsFile:
    """A file for node_exporter's textfile collector, renewed while the process lives and removed at its end."""

    def __init__(self, folder: Path, registry: "CollectorRegistry") -> None:
        """Raises SettingsError if the file cannot be written."""
        self._path = folder / f"zava-mcp-{os.getpid()}.prom"
        self._registry = registry
        self._ended = threading.Event()
        try:
            self._write()
        except OSError as error:
            raise SettingsError(
                f"no metrics can be written to {folder}: {error.strerror}", "Correct ZAVA_METRICS_DIR."
            ) from None
        threading.Thread(target=self._renew, name="metrics-file", daemon=True).start()

    def remove(self) -> None:
        self._ended.set()
        self._path.unlink(missing_ok=True)

    def _renew(self) -> None:
        while not self._ended.wait(_INTERVAL_SECONDS):
            try:
                self._write()
            except OSError as error:
                _log.warning("the metrics file was not renewed: %s", error.strerror)

    def _write(self) -> None:
        from prometheus_client import generate_latest

        write_atomically(self._path, generate_latest(self._registry), 0o644)  # node_exporter runs as another user


def _gauge_callback(statistics: Statistics, name: str) -> "Callable[[Any], Iterable[Observation]]":
    """The function that a metric reader calls for a gauge's current value; it returns nothing while there is none."""

    def observe(_: object) -> "Iterable[Observation]":
        from opentelemetry.metrics import Observation

        value = statistics().get(name)
        return [] if value is None else [Observation(value)]

    return observe
