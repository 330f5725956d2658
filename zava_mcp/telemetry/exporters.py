"""Where traces and metrics go. OpenTelemetry's SDK is heavy: it is loaded only if something is to go out."""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from zava_mcp.errors import Outcome, SettingsError
from zava_mcp.settings import Secret, TelemetrySettings
from zava_mcp.trusted_files import write_whole

if TYPE_CHECKING:
    from opentelemetry.metrics import Observation
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from prometheus_client import CollectorRegistry

Statistics = Callable[[], Mapping[str, float]]

_EVERY_SECONDS = 10.0  # a file of metrics is renewed
_LAST_SECONDS = 1.0  # at the end: clients wait two before they get rude
_NO_STATISTICS = ("APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL", "true")  # which the exporter tells its makers
_LABELS = ("zava.identity", "process.pid")
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_GAUGES = {
    "mcp_pool_connections_busy": "Connections that answer a question.",
    "mcp_pool_connections_idle": "Connections that wait for one.",
    "mcp_pool_requests_waiting": "Questions that wait for a connection.",
    "mcp_schema_cache_age_seconds": "Age of the tables' descriptions; absent before the first.",
}

_log = logging.getLogger(__name__)


class Exporters:
    """OpenTelemetry for this process: a tracer's and a meter's provider with the exporters that the settings name."""

    def __init__(self, settings: TelemetrySettings, identity: str, version: str, statistics: Statistics) -> None:
        """Raises SettingsError if what the settings name is not installed."""
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
            self._ends: list[Callable[[], object]] = []
            self._file: Callable[[], _MetricsFile] | None = None
            self._tracing = self._tracer_provider(settings, TracerProvider(resource=resource))
            self._metering = MeterProvider(self._readers(settings), resource)
        except ImportError as error:
            extra = "azure" if settings.application_insights else "telemetry"
            raise SettingsError(
                f"{error.name} is not installed, so no telemetry can be sent", f"Install `zava-mcp[{extra}]`."
            ) from None
        trace.set_tracer_provider(self._tracing)
        metrics.set_meter_provider(self._metering)
        self.tracer = self._tracing.get_tracer("zava_mcp", version)
        meter = self._metering.get_meter("zava_mcp", version)
        self.queries = meter.create_counter(
            "mcp_queries_total", description="Calls by what was asked and how it ended."
        )
        self.duration = meter.create_histogram(
            "mcp_query_duration_seconds",
            "s",
            "From the call to its answer.",
            explicit_bucket_boundaries_advisory=_BOUNDS,
        )
        for name, meaning in _GAUGES.items():
            meter.create_observable_gauge(name, [_gauge(statistics, name)], description=meaning)

    def count_from_zero(self, kinds: Iterable[str]) -> None:
        """Makes the counters of these kinds of calls, one for each way in which a call ends."""
        for kind in kinds:
            for outcome in set(get_args(Outcome)) - {"started"}:
                self.queries.add(0, {"query_type": kind, "status": outcome})

    def show(self) -> None:
        """Writes the metrics file for the first time, once calls are counted: it says so to whoever waits for it.

        Raises SettingsError if it cannot be written.
        """
        if self._file is not None:
            self._ends.append(self._file().remove)

    def close(self) -> None:
        """Sends what has not been sent, if that takes no longer than a moment: exporters try again for minutes."""
        flushes = (self._tracing.force_flush, self._metering.force_flush)
        sending = [threading.Thread(target=flush, name="send-telemetry", daemon=True) for flush in flushes]
        for thread in sending:
            thread.start()
        for thread in sending:
            thread.join(_LAST_SECONDS / len(sending))
        for end in self._ends:
            end()

    def _tracer_provider(self, settings: TelemetrySettings, provider: "TracerProvider") -> "TracerProvider":
        if settings.otlp:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            provider.add_span_processor(_sending(OTLPSpanExporter(f"{settings.otlp.rstrip('/')}/v1/traces")))
        if settings.application_insights:
            from azure.monitor.opentelemetry.exporter import AzureMonitorTraceExporter

            exporter = AzureMonitorTraceExporter(**_azure(settings.application_insights))
            provider.add_span_processor(_sending(exporter))
        return provider

    def _readers(self, settings: TelemetrySettings) -> "list[MetricReader]":
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

        readers: list[MetricReader] = []
        if settings.otlp:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

            url = f"{settings.otlp.rstrip('/')}/v1/metrics"
            readers.append(PeriodicExportingMetricReader(OTLPMetricExporter(url)))
        if settings.application_insights:
            from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter

            exporter = AzureMonitorMetricExporter(**_azure(settings.application_insights))
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
            resource_attribute_filter=_LABELS.__contains__,  # several servers of one desk are several series
            registry=registry,
        )
        if settings.metrics_port:
            try:
                server, _ = start_http_server(settings.metrics_port, "127.0.0.1", registry)
                self._ends.append(server.shutdown)
            except OSError as error:  # another server of this desk has it
                _log.warning("no metrics on port %s: %s", settings.metrics_port, error.strerror)
        if settings.metrics_dir:
            self._file = partial(_MetricsFile, settings.metrics_dir, registry)
        return reader


def _sending(exporter: "SpanExporter") -> "SpanProcessor":
    """What sends spans without the texts of errors, which the protocol's SDK puts there: they quote SQL and data."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import Status

    class Discreet(BatchSpanProcessor):
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

    return Discreet(exporter)


def _azure(connection_string: Secret) -> dict[str, Any]:
    """What its exporters are made with: what could not be sent is not kept on disk."""
    return {"connection_string": connection_string.reveal(), "disable_offline_storage": True}


class _MetricsFile:
    """A file for node_exporter's textfile collector, renewed while the process lives, and gone with it."""

    def __init__(self, folder: Path, registry: "CollectorRegistry") -> None:
        """Raises SettingsError if it cannot be written."""
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
        while not self._ended.wait(_EVERY_SECONDS):
            try:
                self._write()
            except OSError as error:
                _log.warning("the metrics file was not renewed: %s", error.strerror)

    def _write(self) -> None:
        from prometheus_client import generate_latest

        write_whole(self._path, generate_latest(self._registry), 0o644)  # node_exporter is another user


def _gauge(statistics: Statistics, name: str) -> "Callable[[Any], Iterable[Observation]]":
    """What a reader calls for the present value; nothing while there is none."""

    def observe(_: object) -> "Iterable[Observation]":
        from opentelemetry.metrics import Observation

        value = statistics().get(name)
        return [] if value is None else [Observation(value)]

    return observe
