"""The audit log: one JSON line a call, written before its answer leaves."""

import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path

from zava_mcp.call_context import Call
from zava_mcp.errors import AuditError, SettingsError
from zava_mcp.trusted_files import open_trusted

_HINT = "Make the folder of ZAVA_AUDIT_LOG writable, or free its disk; nothing is answered that is not written down."


class AuditLog:
    """Appends to a file that belongs to the operator.

    The file is opened anew for each line, so it may be moved away, as logrotate does, at any time. A line is one
    write at the file's end: several servers may share the file.
    """

    def __init__(self, path: Path) -> None:
        """Raises SettingsError if nothing can be written there."""
        self._path = path
        try:
            os.close(self._open())
        except OSError as error:
            raise SettingsError(f"the audit log {path} cannot be written: {error.strerror}", _HINT) from None

    def write(self, call: Call, user_id: str) -> None:
        """Raises AuditError if the line is not in the file afterwards."""
        line = _json(_entry(call, user_id)).encode() + b"\n"
        try:
            file = self._open()
            try:
                written = os.write(file, line)
                if written < len(line):  # a full disk took a part of it: what follows must not stick to it
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
    except ValueError:  # numbers that JSON does not have, which Python reads and writes all the same
        return json.dumps(_finite(entry), default=str, allow_nan=False)


def _finite(value: object) -> object:
    """The same with NaN and the infinities as texts."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _entry(call: Call, user_id: str) -> dict[str, object]:
    asked: dict[str, object] = {"sql": call.sql} if call.sql else {}
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "user_id": user_id,
        "process": os.getpid(),
        "call": call.id,
        "tool": call.tool,
        **asked,
        "arguments": call.arguments,
        "outcome": call.outcome,
        "fault": call.fault,
        "sqlstate": call.sqlstate,
        "rows": call.rows,
        "bytes": call.bytes,
        "truncated": call.truncated,
        "seconds": round(call.seconds, 6),
    }
