"""A real terminal of some width, and what a command shows on it."""

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
class Shown:
    """What reached the terminal, as it was sent, how the command ended, and its standard error."""

    text: str
    code: int
    errors: str

    @property
    def lines(self) -> list[str]:
        return self.text.replace("\r\n", "\n").split("\n")


#: What the tests' own surroundings say of a terminal.
_OF_OTHERS = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PAGER", "MANPAGER")


def _have_a_terminal() -> None:
    """In the child: Ctrl-C is a signal there, also where the tests themselves were started to ignore it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def on_terminal(
    *arguments: str,
    columns: int = 80,
    rows: int = 400,
    until: Callable[[], None] | None = None,
    with_errors: bool = False,
    **environment: str,
) -> Shown:
    """Runs zava-mcp on a pseudo-terminal, standard error beside it or on it; Ctrl-C is typed once `until` returns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    plain = {name: value for name, value in os.environ.items() if name not in _OF_OTHERS}
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "zava_mcp", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs if with_errors else errors,
            start_new_session=True,
            preexec_fn=_have_a_terminal,
            env={**plain, "TERM": "xterm-256color", **environment},
        ) as process,
    ):
        os.close(theirs)
        if until:
            until()
            os.write(ours, b"\x03")
        sent = b""
        try:
            while piece := os.read(ours, 65_536):
                sent += piece
        except OSError:  # the terminal's other end is closed
            pass
        code = process.wait(30)
        errors.seek(0)
        said = errors.read().decode()
    os.close(ours)
    return Shown(sent.decode(), code, said)
