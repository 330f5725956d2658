"""Repairs this process's standard streams and removes inherited variables that would change results.

A process inherits closed descriptors, full disks, encodings and variables from its parent. None of them may change a
value, replace one file by another, or end a command with a traceback.
"""

import errno
import io
import os
import sys
import warnings
from collections.abc import Mapping

from zava_mcp.errors import OutputError

#: libpq and psycopg read a session's settings, or the choice of their own implementation, from these variables.
#: Variables that name a server, or say how a connection to it is secured, stay in force.
_SESSION_VARIABLES = ("PGDATESTYLE", "PGTZ", "PGGEQO", "PGOPTIONS", "PGCLIENTENCODING", "PSYCOPG_IMPL")
#: Error numbers of writes to a closed stream, or to a full or broken disk.
CANNOT_WRITE = (errno.EBADF, errno.ENOSPC, errno.EFBIG, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC))


def repair_streams() -> None:
    """Make stdin, stdout and stderr usable.

    Writing to a stdout that was closed stays an error, and no file that is opened later gets its descriptor.
    """
    for descriptor, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            # open() returns the lowest free descriptor. Stdout is opened read-only, so that writing to it still fails.
            os.open(os.devnull, flags)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    _escape_unencodable(sys.stdout)
    if os.name != "nt":  # A Windows console is not a file.
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(_StandardError(2, "w", closefd=False)),
            getattr(sys.stderr, "encoding", None) or "utf-8",
            "backslashreplace",
            write_through=True,
            line_buffering=True,
        )


def take_standard_streams() -> tuple[int, int]:
    """Return descriptors of the client's ends of stdin and stdout.

    From then on, descriptor 0 reads nothing and descriptor 1 writes to stderr, so printed text cannot break a protocol.
    """
    source, target = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return source, target


def reset_interpreter() -> None:
    """Undo what variables such as PYTHONWARNINGS and PYTHONINTMAXSTRDIGITS changed in the interpreter."""
    warnings.resetwarnings()
    warnings.simplefilter("ignore")  # Warnings of libraries are not for users, and "error" would turn them into faults.
    sys.set_int_max_str_digits(sys.int_info.default_max_str_digits)
    sys.argv[1:] = map(_as_utf8, sys.argv[1:])


def remove_session_variables() -> None:
    """Remove the variables that would change a session's results, and libpq's variables that are empty."""
    for name in [name for name, text in os.environ.items() if _changes_session(name, text)]:
        del os.environ[name]


def ignored_variables(environment: Mapping[str, str]) -> list[str]:
    """Return the names of removed variables that a user may rely on."""
    return [name for name in ("PGOPTIONS",) if environment.get(name)]


def write_exactly(text: str) -> None:
    """Write text for programs to stdout: in UTF-8 whatever the locale is, unless stdout is a terminal.

    Raises OutputError, and BrokenPipeError if the reader has closed the pipe.
    """
    try:
        sys.stdout.flush()
        if sys.stdout.isatty():
            sys.stdout.write(text)
        else:
            sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(error) from None


def flush_stdout() -> None:
    """Flush stdout. Raises the same errors as `write_exactly`."""
    if sys.stdout is not None and not sys.stdout.closed:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(error) from None


class _StandardError(io.FileIO):
    """File descriptor 2, without errors: a message that cannot be written must not fail the work it is about."""

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError:
            return len(data)  # type: ignore[arg-type]


def _escape_unencodable(stream: object) -> None:
    """Make a stream write characters that its encoding lacks as escapes."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def _changes_session(name: str, text: str) -> bool:
    return name in _SESSION_VARIABLES or (name.startswith("PG") and not text)


def _as_utf8(argument: str) -> str:
    """Decode an argument as UTF-8 that the locale could not decode."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return os.fsencode(argument).decode("utf-8", "surrogateescape")
    return argument
