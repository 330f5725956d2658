"""The record of a command: begun when its settings are known, written before its output is shown.

With an audit log, output is held until the record is written, so that nothing is shown that is not recorded. A command
whose output is too long to be held, or goes to a pager, is recorded before that as started, and once more when it has
ended; so is one whose output could not be delivered. Both lines have the same `call`.
"""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import typer

from zava_mcp.call_context import Call, record_call
from zava_mcp.errors import AuditError, IdentityError, Outcome
from zava_mcp.settings import Settings
from zava_mcp.telemetry import Observer

_HELD_BYTES = 8 << 20


@contextmanager
def audit_command(ctx: typer.Context, settings: Settings) -> Iterator[None]:
    """Records what a command does inside, and reports it at the end. Raises AuditError, SettingsError."""
    observer = Observer(settings.telemetry)
    call = _call(ctx)
    output = _Output(observer, call)
    with record_call(call):
        try:
            with output.captured():
                yield
        except BaseException as error:
            _record_error(call, error, settings)
            raise
        finally:
            output.finish()


def after_output(show: Callable[[], None]) -> None:
    """Shows a remark, which may quote the data: now, or when the command's output is shown."""
    held = getattr(sys.stdout, "buffer", None)
    if isinstance(held, _Output):
        held.remark(show)
    else:
        show()


def flush_output(size: int = 0) -> None:
    """From here on output is shown as it comes: `size` bytes of it are about to go past stdout, to a pager."""
    if isinstance(held := getattr(sys.stdout, "buffer", None), _Output):
        sys.stdout.flush()
        held.show(size)


class _Output(io.BufferedIOBase):
    """Stands in stdout's place: counts its bytes, and holds them back while they may not be shown."""

    def __init__(self, observer: Observer, call: Call) -> None:
        self._observer = observer
        self._call = call
        self._target = sys.stdout
        self._held: list[bytes] | None = [] if observer.writes else None
        self._size = 0
        self._remarks: list[Callable[[], None]] = []
        self._written: Call | None = None  # the record as it stands in the audit log
        self._fault = ""  # of stdout

    @contextmanager
    def captured(self) -> Iterator[None]:
        """While this lasts, what is printed comes here. Raises OSError if stdout does not take it."""
        out = self._target
        if out is None:  # closed before we began
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
        """Takes bytes; shows what it holds once that is too much to hold."""
        self._size += len(data)
        if self._held is None:
            self._deliver([bytes(data)])
        else:
            self._held.append(bytes(data))
            if self._size > _HELD_BYTES:
                self.show()
        return len(data)

    def remark(self, show: Callable[[], None]) -> None:
        """Keeps a remark until output is shown."""
        if self._held is None:
            show()
        else:
            self._remarks.append(show)

    def show(self, more: int = 0, outcome: Outcome = "started") -> None:
        """Writes the record, then shows what was held. Raises AuditError, OSError."""
        self._size += more
        if self._held is not None:
            self._write_record(outcome)
            held, self._held = self._held, None
            self._deliver(held)
            for remark in self._remarks:
                remark()

    def finish(self) -> None:
        """Reports the command as it ended. Raises AuditError if that cannot be written, OSError if stdout is gone."""
        try:
            self.show(outcome=self._call.outcome)
        except AuditError as error:
            self._call.failed(error)
            self._held = None
            raise
        except OSError:
            self._record_end()
            raise
        else:
            self._record_end()
        finally:
            self._report()

    def flush(self) -> None:
        """Passes it on, unless output is held."""
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
            self._call.undelivered(self._fault)
        self._write_record(self._call.outcome)

    def _write_record(self, outcome: Outcome) -> None:
        """Writes the record, unless it stands there as it is."""
        self._call.bytes = self._size
        record = replace(self._call, outcome=outcome, seconds=0)
        if record != self._written:
            self._call.take_time()
            self._observer.write(replace(record, seconds=self._call.seconds))
            self._written = record

    def _report(self) -> None:
        """Sends the record where traces and metrics go, after the output: to load what sends it takes a second."""
        self._call.take_time()
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


def _call(ctx: typer.Context) -> Call:
    """The record of a command: its name, its SQL, and its arguments but for the settings, which have variables."""
    names = [param.name for param in ctx.command.params if param.name and not getattr(param, "envvar", None)]
    sources = {name: ctx.get_parameter_source(name) for name in names}
    given = {name: ctx.params[name] for name, source in sources.items() if source and source.name == "COMMANDLINE"}
    sql = str(given.pop("sql", ""))
    return Call(" ".join(ctx.command_path.split()[1:]), "" if sql == "-" else sql, given)


def _record_error(call: Call, error: BaseException, settings: Settings) -> None:
    if isinstance(error, typer.Exit):  # with an exit code of its own: the command has done its work
        return
    if isinstance(error, typer.Abort):
        call.outcome = "cancelled"
    elif isinstance(error, typer.BadParameter):
        call.outcome, call.fault = "refused", type(error).__name__
    else:
        call.failed(error)
    if isinstance(error, IdentityError) and not call.user_id and settings.user_name:
        call.arguments = {**call.arguments, "user_name": settings.user_name}
