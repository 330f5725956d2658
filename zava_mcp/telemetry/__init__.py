"""Reports calls to an audit log, to traces and to metrics, as far as the settings turn them on.

The server and the command line report the same record of a call through the same Observer, so audit log, traces and
metrics agree. OpenTelemetry is imported inside functions, because its SDK takes more than a second to load and most
servers send no telemetry.
"""

import hashlib
import logging
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from zava_mcp.call_context import Call
from zava_mcp.errors import ZavaError
from zava_mcp.settings import TelemetrySettings
from zava_mcp.telemetry.audit import AuditLog
from zava_mcp.telemetry.redaction import redact_values

if TYPE_CHECKING:
    from zava_mcp.telemetry.exporters import Exporters, Statistics

_MAX_EARLY_CALLS = 1_000  # calls that are kept until OpenTelemetry is loaded
_LOADING_SECONDS = 1.0  # how long the end of a short session waits until OpenTelemetry is loaded

_log = logging.getLogger(__name__)


class Observer:
    """Reports the calls of one identity; a call with a user id of its own is reported under that one."""

    def __init__(self, settings: TelemetrySettings, user_id: UUID | None = None) -> None:
        """Raises SettingsError if the audit log cannot be written."""
        self._settings = settings
        self.user_id = str(user_id or "")
        self._audit = AuditLog(settings.audit_log) if settings.audit_log else None
        self._exporters: Exporters | None = None
        self._early: list[tuple[bool, Call]] | None = [] if settings.exports else None  # (whether a span, call)
        self._lock = threading.Lock()
        self._loaded = threading.Event()
        self._kinds: tuple[str, ...] = ()

    def expect(self, kinds: Iterable[str]) -> None:
        """Starts counters of these kinds of calls at 0, so that backends that compute increases see the first call."""
        self._kinds = tuple(kinds)
        if self._exporters is not None:
            self._exporters.count_from_zero(self._kinds)

    @property
    def writes(self) -> bool:
        """Whether there is an audit log; if so, call `write` outside of the event loop's thread."""
        return self._audit is not None

    def export(self, statistics: "Statistics") -> None:
        """Begins to send traces and metrics if the settings turn them on; a failure is logged and fails no call.

        Call this outside of the event loop's thread, because loading OpenTelemetry takes more than a second.
        """
        if not self._settings.exports:
            return
        try:
            from importlib.metadata import version

            from zava_mcp.telemetry.exporters import Exporters

            exporters = Exporters(self._settings, label(self.user_id), version("zava-mcp"), statistics)
            exporters.count_from_zero(self._kinds)
            with self._lock:
                early, self._early, self._exporters = self._early or [], None, exporters
            for is_span, call in early:
                (self._add_span if is_span else self._count)(exporters, call)
            exporters.show()
        except ZavaError as error:
            _log.error("%s. %s", error.message, error.hint)
        except Exception as error:  # exporters raise errors of their own for settings that they do not accept
            _log.error("no telemetry can be sent (%s)", type(error).__name__)
        finally:
            with self._lock:
                self._early = None
            self._loaded.set()

    def trace(self, call: Call) -> None:
        """Reports a call to traces: as attributes of the current span of the MCP SDK, or else as a new span."""
        if self._keep_early(True, call) or self._exporters is None:
            return
        from opentelemetry import trace

        span = trace.get_current_span()
        if span.is_recording():
            span.set_attributes(self._attributes(call))
        else:
            self._add_span(self._exporters, call)

    def count(self, call: Call) -> None:
        """Reports a call to metrics."""
        if not self._keep_early(False, call) and self._exporters is not None:
            self._count(self._exporters, call)

    def write(self, call: Call) -> None:
        """Writes a call into the audit log. Raises AuditError."""
        if self._audit is not None:
            self._audit.write(call, call.user_id or self.user_id)

    def close(self) -> None:
        """Sends what is left; if calls are kept, waits up to a second until OpenTelemetry is loaded."""
        if self._early:
            self._loaded.wait(_LOADING_SECONDS)
        if self._exporters is not None:
            self._exporters.close()

    def _keep_early(self, is_span: bool, call: Call) -> bool:
        """Keeps a call that ended before OpenTelemetry is loaded; False if it is loaded or not used."""
        with self._lock:
            if self._early is None:
                return False
            if len(self._early) < _MAX_EARLY_CALLS:
                self._early.append((is_span, replace(call)))
            return True

    def _count(self, exporters: "Exporters", call: Call) -> None:
        labels = {"query_type": call.tool, "status": call.outcome}
        exporters.queries.add(1, labels)
        exporters.duration.record(call.seconds, labels)

    def _add_span(self, exporters: "Exporters", call: Call) -> None:
        from opentelemetry.trace import SpanKind, StatusCode

        span = exporters.tracer.start_span(
            call.tool, kind=SpanKind.SERVER, attributes=self._attributes(call), start_time=call.began
        )
        if call.outcome != "ok":
            span.set_status(StatusCode.ERROR)
        span.end(call.began + round(call.seconds * 1e9))

    def _attributes(self, call: Call) -> dict[str, str | int | float | bool]:
        attributes: dict[str, str | int | float | bool | None] = {
            "zava.call": call.id,
            "zava.tool": call.tool,
            "zava.identity": label(call.user_id or self.user_id),
            "zava.outcome": call.outcome,
            "zava.rows": call.rows,
            "zava.bytes": call.bytes,
            "zava.truncated": call.truncated,
            "zava.round_trips": call.round_trips,
            "zava.queued_seconds": call.queued,
            "zava.seconds": call.seconds,
            "error.type": call.fault or None,
            "zava.saved_query": call.saved_query or None,
            "db.response.status_code": call.sqlstate or None,
            "db.query.text": redact_values(call.sql) if self._settings.sql and call.sql else None,
        }
        return {name: value for name, value in attributes.items() if value is not None}


def label(user_id: str) -> str:
    """A short name for a user id that does not disclose it; "none" for an empty user id."""
    return hashlib.sha256(user_id.encode()).hexdigest()[:12] if user_id else "none"
