"""The standard streams and the environment of this process, settled before anything uses them.

A process inherits closed descriptors, full disks, encodings and variables from whatever started it. None of them may
change a value, put one file in the place of another, or end a command with a traceback.
"""

import errno
import io
import os
import sys
import warnings
from collections.abc import Mapping

from zava_mcp.errors import OutputError

#: libpq and psycopg take a session's settings, or their own make, from these. Settings that say where a server is, and
#: how a connection to it is secured, stay in force.
_SESSION_VARIABLES = ("PGDATESTYLE", "PGTZ", "PGGEQO", "PGOPTIONS", "PGCLIENTENCODING", "PSYCOPG_IMPL")
#: How writing to a stream that is closed, or to a disk that is full or broken, fails.
CANNOT_WRITE = (errno.EBADF, errno.ENOSPC, errno.EFBIG, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC))


def settle_streams() -> None:
    """Makes stdin, stdout and stderr usable: a closed one stays an error of its own, and no file takes its number."""
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # the lowest free number; on 1 it refuses to be written, as a closed one does
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    _write_out_what_is_lacking(sys.stdout)
    if os.name != "nt":  # whose consoles are no files
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(_StandardError(2, "w", closefd=False)),
            getattr(sys.stderr, "encoding", None) or "utf-8",
            "backslashreplace",
            write_through=True,
            line_buffering=True,
        )


def settle_interpreter() -> None:
    """Takes back what variables such as PYTHONWARNINGS and PYTHONINTMAXSTRDIGITS change in the interpreter."""
    warnings.resetwarnings()
    warnings.simplefilter("ignore")  # a library's are not for the user, and "error" would make failures of them
    sys.set_int_max_str_digits(sys.int_info.default_max_str_digits)
    sys.argv[1:] = map(_as_utf8, sys.argv[1:])


def settle_environment() -> None:
    """Removes the variables that would change what a session answers, and libpq's empty ones, which are no values."""
    for name in [name for name, text in os.environ.items() if _bends(name, text)]:
        del os.environ[name]


def ignored_variables(environment: Mapping[str, str]) -> list[str]:
    """Those of them that somebody may rely on."""
    return [name for name in ("PGOPTIONS",) if environment.get(name)]


def write_exactly(text: str) -> None:
    """Writes to stdout what programs read: UTF-8 whatever the locale, unless stdout is a terminal.

    Raises OutputError; BrokenPipeError if the reader has gone.
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
    """Writes what is still buffered. Raises as `write_exactly`."""
    if sys.stdout is not None and not sys.stdout.closed:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(error) from None


class _StandardError(io.FileIO):
    """fd 2. A message that cannot be written there must not fail the work that it is about."""

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError:
            return len(data)  # type: ignore[arg-type]


def _write_out_what_is_lacking(stream: object) -> None:
    """Has letters that the stream's encoding lacks written as escapes."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def _bends(name: str, text: str) -> bool:
    return name in _SESSION_VARIABLES or (name.startswith("PG") and not text)


def _as_utf8(word: str) -> str:
    """An argument that the locale could not decode, which people mean as UTF-8."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return os.fsencode(word).decode("utf-8", "surrogateescape")
    return word
