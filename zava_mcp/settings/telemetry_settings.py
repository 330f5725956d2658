"""Parses the settings of the audit log, traces and metrics, all of which are off by default."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zava_mcp.settings.paths import parse_path
from zava_mcp.settings.secret import Secret
from zava_mcp.settings.table import switch, whole_number


@dataclass(frozen=True)
class TelemetrySettings:
    """The audit log's file and the receivers of traces and metrics; `sql` adds the redacted SQL to traces."""

    audit_log: Path | None
    otlp: str | None
    application_insights: Secret | None
    metrics_dir: Path | None
    metrics_port: int | None
    sql: bool

    @property
    def exports(self) -> bool:
        """Whether OpenTelemetry exports traces or metrics."""
        return bool(self.otlp or self.application_insights or self.metrics_dir or self.metrics_port)


def parse_telemetry_settings(texts: Mapping[str, str], faults: list[str]) -> TelemetrySettings:
    """Return the settings from variables; adds every fault to `faults`."""
    connection = texts.get("APPLICATIONINSIGHTS_CONNECTION_STRING")
    if connection is not None and "InstrumentationKey=" not in connection:
        faults.append("APPLICATIONINSIGHTS_CONNECTION_STRING must contain InstrumentationKey=")
    if "@" in texts.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").partition("?")[0]:
        faults.append(
            "OTEL_EXPORTER_OTLP_ENDPOINT must not contain a user name or a password: "
            "put them into OTEL_EXPORTER_OTLP_HEADERS"
        )
    return TelemetrySettings(
        audit_log=parse_path(texts, "ZAVA_AUDIT_LOG", faults),
        otlp=texts.get("OTEL_EXPORTER_OTLP_ENDPOINT"),
        application_insights=Secret(connection) if connection else None,
        metrics_dir=parse_path(texts, "ZAVA_METRICS_DIR", faults),
        metrics_port=whole_number(texts, "ZAVA_METRICS_PORT", faults) if "ZAVA_METRICS_PORT" in texts else None,
        sql=switch(texts, "ZAVA_TRACE_SQL", faults),
    )
