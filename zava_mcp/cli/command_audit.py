"""Writes the audit record of a command before its output is shown.

With an audit log, output is held back until the record is written, so that no unrecorded output is shown. A command
whose output is too long to hold, or goes to a pager, is recorded as "started" before the output, and again at its end.
So is a command whose output could not be delivered. Both lines have the same `call`.
"""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import typer

from zava_mcp.call_context import Call, record_call
from zava_mcp.errors import AuditError, IdentityError, Outcome, ZavaError
from zava_mcp.settings import Settings
from zava_mcp.telemetry import Observer

_MAX_HELD_BYTES = 8 << 20


@contextmanager
def audit_command(ctx: typer.Context, settings: Settings) -> Iterator[None]:
    """Record the command that runs in this context, and export the record at its end.

    Raises AuditError, SettingsError.
    """
    observer = Observer(settings.telemetry)
    call = _new_call(ctx)
    output = _Output(observer, call)
    with record_call(call):
        try:
            with output.captured():
                yield
        except BaseException as error:
            _record_error(call, error)
            if "ZAVA_USER_ID" in (getattr(param, "envvar", None) for param in ctx.command.params):
                _record_identity(call, error, settings)
            raise
        finally:
            output.finish()


def after_output(show: Callable[[], None]) -> None:
    """Show a remark, which may quote data: now, or together with the command's held output."""
    output = getattr(sys.stdout, "buffer", None)
    if isinstance(output, _Output):
        output.add_remark(show)
    else:
        show()


def flush_output(size: int = 0) -> None:
    """Show the held output, and all later output at once; `size` bytes more will bypass stdout, to a pager."""
    if isinstance(output := getattr(sys.stdout, "buffer", None), _Output):
        sys.stdout.flush()
        output.show(size)


class _Output(io.BufferedIOBase):
    """Replaces stdout: counts the bytes, and holds them back until the record is written."""

    def __init__(self, observer: Observer, call: Call) -> None:
        self._observer = observer
        self._call = call
        self._target = sys.stdout
        self._held: list[bytes] | None = [] if observer.writes else None
        self._size = 0
        self._remarks: list[Callable[[], None]] = []
        self._written: Call | None = None  # the last record written to the audit log
        self._fault = ""  # class name of the error that writing to stdout raised

    @contextmanager
    def captured(self) -> Iterator[None]:
        """Redirect stdout to this object inside the context. Raises OSError if stdout cannot be written."""
        out = self._target
        if out is None:  # Stdout was closed before the command began.
            yield
            return
        encoding, errors = getattr(out, "encoding", None) or "utf-8", getattr(out, "errors", None) or "strict"
        buffer: Any = self
        text = io.TextIOWrapper(buffer, encoding, errors, line_buffering=getattr(out, "line_buffering", False))
        sys.stdout = text
        try:
            yield
            text.flush()
        finally:
            sys.stdout = out
            with suppress(OSError):
                text.detach()

    def write(self, data: Any) -> int:
        """Hold bytes back, and show them once there are too many to hold."""
        self._size += len(data)
        if self._held is None:
            self._deliver([bytes(data)])
        else:
            self._held.append(bytes(data))
            if self._size > _MAX_HELD_BYTES:
                self.show()
        return len(data)

    def add_remark(self, show: Callable[[], None]) -> None:
        """Keep a remark until the output is shown."""
        if self._held is None:
            show()
        else:
            self._remarks.append(show)

    def show(self, extra_bytes: int = 0, outcome: Outcome = "started") -> None:
        """Write the record, then show the held output. Raises AuditError, OSError."""
        self._size += extra_bytes
        if self._held is not None:
            self._write_record(outcome)
            held, self._held = self._held, None
            self._deliver(held)
            for remark in self._remarks:
                remark()

    def finish(self) -> None:
        """Record how the command ended. Raises AuditError if the record, OSError if stdout cannot be written."""
        try:
            self.show(outcome=self._call.outcome)
        except AuditError as error:
            self._call.record_error(error)
            self._held = None
            raise
        except OSError:
            self._record_end()
            raise
        else:
            self._record_end()
        finally:
            self._export()

    def flush(self) -> None:
        """Flush stdout, unless output is held."""
        if self._held is None:
            self._deliver([])

    def _deliver(self, parts: list[bytes]) -> None:
        try:
            target = getattr(self._target, "buffer", None)
            for part in parts:
                if target is not None:
                    target.write(part)
                elif self._target is not None:
                    self._target.write(part.decode(self._target.encoding or "utf-8"))
            if self._target is not None:
                self._target.flush()
        except OSError as error:
            self._fault = type(error).__name__
            raise

    def _record_end(self) -> None:
        if self._fault:
            self._call.record_undelivered(self._fault)
        self._write_record(self._call.outcome)

    def _write_record(self, outcome: Outcome) -> None:
        """Write the record, unless the audit log already has the same."""
        self._call.bytes = self._size
        record = replace(self._call, outcome=outcome, seconds=0)
        if record != self._written:
            self._call.record_duration()
            self._observer.write(replace(record, seconds=self._call.seconds))
            self._written = record

    def _export(self) -> None:
        """Export the record to traces and metrics, after the output, because loading the exporters takes a second."""
        self._call.record_duration()
        self._observer.user_id = self._call.user_id
        self._observer.export(dict)
        self._observer.trace(self._call)
        self._observer.count(self._call)
        self._observer.close()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._target.isatty()

    def fileno(self) -> int:
        return self._target.fileno()


def _new_call(ctx: typer.Context) -> Call:
    """Return the record of a command: its name, its SQL, and its arguments except settings, which have variables."""
    names = [param.name for param in ctx.command.params if param.name and not getattr(param, "envvar", None)]
    sources = {name: ctx.get_parameter_source(name) for name in names}
    arguments = {name: ctx.params[name] for name, source in sources.items() if source and source.name == "COMMANDLINE"}
    sql = str(arguments.pop("sql", ""))
    return Call(" ".join(ctx.command_path.split()[1:]), "" if sql == "-" else sql, arguments)


def _record_identity(call: Call, error: BaseException, settings: Settings) -> None:
    """Record the user id of an identity's command that failed before it resolved its identity, or the unknown name."""
    if call.user_id or not settings.identity:
        return
    from zava_mcp.admin.embedded_database import embedded_postgres
    from zava_mcp.postgres.user_ids import require_identity

    with suppress(ZavaError, OSError):
        require_identity(settings, None if settings.database else embedded_postgres(settings, lambda *_: None))
    if isinstance(error, IdentityError) and not call.user_id:
        call.arguments = {**call.arguments, "user_name": settings.identity}


def _record_error(call: Call, error: BaseException) -> None:
    if isinstance(error, typer.Exit):  # The command has succeeded, with an exit code of its own.
        return
    if isinstance(error, typer.Abort):
        call.outcome = "cancelled"
    elif isinstance(error, typer.BadParameter):
        call.outcome, call.fault = "refused", type(error).__name__
    else:
        call.record_error(error)
