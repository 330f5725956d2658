"""What leaves the process about calls, and where to: nothing, unless a setting says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zava_mcp.settings.paths import path_of
from zava_mcp.settings.secret import Secret

_YES = ("1", "true", "yes", "on")
_NO = ("0", "false", "no", "off")
_PORTS = range(1, 65_536)


@dataclass(frozen=True)
class TelemetrySettings:
    """Where the audit log is written, and where traces and metrics go; `sql` adds the redacted SQL to traces."""

    audit_log: Path | None
    otlp: str | None
    application_insights: Secret | None
    metrics_dir: Path | None
    metrics_port: int | None
    sql: bool

    @property
    def exports(self) -> bool:
        """Whether anything goes out through OpenTelemetry."""
        return bool(self.otlp or self.application_insights or self.metrics_dir or self.metrics_port)


def telemetry_settings(texts: Mapping[str, str], faults: list[str]) -> TelemetrySettings:
    """What the variables say; adds to `faults` what cannot be read."""
    connection = texts.get("APPLICATIONINSIGHTS_CONNECTION_STRING")
    if connection is not None and "InstrumentationKey=" not in connection:
        faults.append("APPLICATIONINSIGHTS_CONNECTION_STRING must contain InstrumentationKey=")
    if "@" in texts.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").partition("?")[0]:
        faults.append(
            "OTEL_EXPORTER_OTLP_ENDPOINT must not contain a user name or a password: OTEL_EXPORTER_OTLP_HEADERS does"
        )
    return TelemetrySettings(
        audit_log=path_of(texts, "ZAVA_AUDIT_LOG", faults),
        otlp=texts.get("OTEL_EXPORTER_OTLP_ENDPOINT"),
        application_insights=Secret(connection) if connection else None,
        metrics_dir=path_of(texts, "ZAVA_METRICS_DIR", faults),
        metrics_port=_port(texts, "ZAVA_METRICS_PORT", faults),
        sql=_switch(texts, "ZAVA_TRACE_SQL", faults),
    )


def _port(texts: Mapping[str, str], name: str, faults: list[str]) -> int | None:
    text = texts.get(name)
    if text is None:
        return None
    if not text.isdecimal() or int(text) not in _PORTS:
        faults.append(f"{name} must be a port, 1 to 65535, not {text[:40]!r}")
        return None
    return int(text)


def _switch(texts: Mapping[str, str], name: str, faults: list[str]) -> bool:
    text = texts.get(name, "false").lower()
    if text not in _YES + _NO:
        faults.append(f"{name} must be true or false, not {text[:40]!r}")
    return text in _YES
