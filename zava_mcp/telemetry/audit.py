"""The audit log: one JSON line for each call, written before its reply is sent."""

import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path

from zava_mcp.call_context import Call
from zava_mcp.errors import AuditError, SettingsError
from zava_mcp.trusted_files import open_trusted

_HINT = "Make the folder of ZAVA_AUDIT_LOG writable, or free its disk; without an audit record, every call fails."


class AuditLog:
    """Appends to a file that belongs to the operator.

    The file is opened for each line, so that logrotate may move it away at any time. Each line is one write at the end
    of the file, so that several servers may share it.
    """

    def __init__(self, path: Path) -> None:
        """Raises SettingsError if the file cannot be written."""
        self._path = path
        try:
            os.close(self._open())
        except OSError as error:
            raise SettingsError(f"the audit log {path} cannot be written: {error.strerror}", _HINT) from None

    def write(self, call: Call, user_id: str) -> None:
        """Appends the record of a call. Raises AuditError if the whole line could not be written."""
        line = _json(_entry(call, user_id)).encode() + b"\n"
        try:
            file = self._open()
            try:
                written = os.write(file, line)
                if written < len(line):
                    # A full disk took a part of the line. The line end separates that part from the next record.
                    os.write(file, b"\n")
                    raise OSError(0, "no space left")
            finally:
                os.close(file)
        except OSError as error:
            raise AuditError(f"the audit log cannot be written: {error.strerror}", _HINT) from None

    def _open(self) -> int:
        return open_trusted(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def _json(entry: dict[str, object]) -> str:
    try:
        return json.dumps(entry, default=str, allow_nan=False)
    except ValueError:  # the arguments hold NaN or an infinity, which Python parses although JSON has none
        return json.dumps(_finite(entry), default=str, allow_nan=False)


def _finite(value: object) -> object:
    """The value with NaN and the infinities as texts."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _entry(call: Call, user_id: str) -> dict[str, object]:
    sql: dict[str, object] = {"sql": call.sql} if call.sql else {}
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "user_id": user_id,
        "process": os.getpid(),
        "call": call.id,
        "tool": call.tool,
        **({"saved_query": call.saved_query} if call.saved_query else {}),
        **sql,
        "arguments": call.arguments,
        "outcome": call.outcome,
        "fault": call.fault,
        "sqlstate": call.sqlstate,
        "rows": call.rows,
        "bytes": call.bytes,
        "truncated": call.truncated,
        "seconds": round(call.seconds, 6),
    }
