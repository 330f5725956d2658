"""What is told about calls, and to whom: an audit log, traces, metrics. Nothing, unless the settings say so."""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from zava_mcp.calls import Call, recorded
from zava_mcp.errors import ZavaError
from zava_mcp.settings import Settings
from zava_mcp.telemetry.audit import AuditLog
from zava_mcp.telemetry.redaction import without_values

if TYPE_CHECKING:
    from zava_mcp.telemetry.exporters import Exporters, Statistics

_log = logging.getLogger(__name__)


class Observer:
    """Tells what each call of one identity did."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError if the audit log cannot be written."""
        self._settings = settings.telemetry
        self._user_id = str(settings.user_id or "")
        self._audit = AuditLog(self._settings.audit_log, self._user_id) if self._settings.audit_log else None
        self._exporters: Exporters | None = None
        self._kinds: tuple[str, ...] = ()

    def expect(self, kinds: Iterable[str]) -> None:
        """Counts these kinds of calls from 0, so that a backend that knows increases alone sees the first call too."""
        self._kinds = tuple(kinds)
        if self._exporters is not None:
            self._exporters.count_from_zero(self._kinds)

    @property
    def writes(self) -> bool:
        """Whether telling takes a moment, so that no event loop should wait for it."""
        return self._audit is not None

    def export(self, statistics: "Statistics") -> None:
        """Begins to send traces and metrics if the settings say so; that it cannot be keeps nobody from asking.

        Loads OpenTelemetry's SDK, which takes a second: not for the event loop's thread.
        """
        if self._settings.exports:
            from zava_mcp.telemetry.exporters import Exporters

            try:
                self._exporters = Exporters(self._settings, self.identity, version("zava-mcp"), statistics)
                self._exporters.count_from_zero(self._kinds)
                self._exporters.show()
            except ZavaError as error:
                _log.error("%s. %s", error.message, error.hint)
            except Exception as error:  # exporters look at what they are given in their own ways
                _log.error("no telemetry can be sent (%s)", type(error).__name__)

    @property
    def identity(self) -> str:
        """A short name for the user id that does not tell it."""
        return hashlib.sha256(self._user_id.encode()).hexdigest()[:12]

    @contextmanager
    def watching(self, call: Call) -> Iterator[None]:
        """Records what happens inside as a call, and tells it at the end. Raises AuditError if it cannot be written."""
        with recorded(call):
            try:
                yield
            except ZavaError as error:
                call.failed(error)
                raise
            except BaseException:
                call.outcome = "cancelled"
                raise
            finally:
                self.measure(call)
                self.write(call)

    def measure(self, call: Call) -> None:
        """Tells a call to traces and metrics."""
        if self._exporters is None:
            return
        from opentelemetry import trace

        labels = {"query_type": call.tool, "status": call.outcome}
        self._exporters.queries.add(1, labels)
        self._exporters.duration.record(call.seconds, labels)
        trace.get_current_span().set_attributes(self._attributes(call))

    def write(self, call: Call) -> None:
        """Writes a call into the audit log. Raises AuditError."""
        if self._audit is not None:
            self._audit.write(call)

    def close(self) -> None:
        """Sends what is left."""
        if self._exporters is not None:
            self._exporters.close()

    def _attributes(self, call: Call) -> dict[str, str | int | float | bool]:
        known: dict[str, str | int | float | bool | None] = {
            "zava.tool": call.tool,
            "zava.identity": self.identity,
            "zava.outcome": call.outcome,
            "zava.rows": call.rows,
            "zava.bytes": call.bytes,
            "zava.truncated": call.truncated,
            "zava.round_trips": call.round_trips,
            "zava.queued_seconds": call.queued,
            "zava.seconds": call.seconds,
            "db.response.status_code": call.sqlstate or None,
            "db.query.text": without_values(call.sql) if self._settings.sql and call.sql else None,
        }
        return {name: value for name, value in known.items() if value is not None}
