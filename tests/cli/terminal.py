"""Runs a command on a pseudo-terminal and returns what it shows."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class TerminalRun:
    """The bytes that reached the terminal as text, the exit code, and the text on stderr."""

    text: str
    code: int
    errors: str

    @property
    def lines(self) -> list[str]:
        return self.text.replace("\r\n", "\n").split("\n")


#: Variables about terminals that the tests must not inherit.
_TERMINAL_VARIABLES = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PAGER", "MANPAGER")


def _attach_terminal() -> None:
    """Attach the child process to its terminal, and handle Ctrl-C even if the tests ignore it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def on_terminal(
    *arguments: str,
    columns: int = 80,
    rows: int = 400,
    until: Callable[[], None] | None = None,
    with_errors: bool = False,
    typed: bytes = b"",
    **environment: str,
) -> TerminalRun:
    """Run zava-mcp on a pseudo-terminal, with stderr in a file or on the terminal.

    With `until`, Ctrl-C is sent after `until` returns. `typed` is what a person types.
    """
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if name not in _TERMINAL_VARIABLES}
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "zava_mcp", *arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal if with_errors else errors,
            start_new_session=True,
            preexec_fn=_attach_terminal,
            env={**inherited, "TERM": "xterm-256color", **environment},
        ) as process,
    ):
        os.close(terminal)
        os.write(controller, typed)
        if until:
            until()
            os.write(controller, b"\x03")
        output = b""
        try:
            while chunk := os.read(controller, 65_536):
                output += chunk
        except OSError:  # The command closed its end of the terminal.
            pass
        code = process.wait(30)
        errors.seek(0)
        stderr = errors.read().decode()
    os.close(controller)
    return TerminalRun(output.decode(), code, stderr)
