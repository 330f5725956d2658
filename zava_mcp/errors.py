"""Defines the errors that a reader can act on: what happened, what to do next, the exit code.

Every layer may raise them. `server/tool_errors.py` turns them into tool errors, and `cli/__init__.py` prints them.
"""

import errno
from typing import Literal

#: How a call ended. "ok": with a result. "refused": its input, settings or identity were invalid. "timeout": its
#: deadline passed. "unavailable": something it needs is missing. "cancelled": its caller cancelled it.
#: "internal_error": an unexpected error occurred. "undelivered": its result could not be delivered. "started": a
#: command that shows output while it runs has not ended yet.
Outcome = Literal["ok", "refused", "timeout", "unavailable", "cancelled", "internal_error", "undelivered", "started"]

_QUERY_CANCELED, _LOCK_NOT_AVAILABLE = "57014", "55P03"  # A timeout also has the SQLSTATE 57014.
CALL_CANCELLED = "the call was cancelled"
_CANCELLATION_MESSAGES = (CALL_CANCELLED, "canceling statement due to user request")


def install_extra(extra: str) -> str:
    """A sentence on how to install an extra of the package, for each kind of installation."""
    package = f"'zava-mcp[{extra}]'"
    return f"Install the extra {extra}: uv tool install {package}, or pip install {package}; or start uvx {package}."


class ZavaError(Exception):
    """A failure with a message for its reader and a hint on what to do next.

    `str(error)` is the message alone. `exit_code` is the exit code of the command line. `outcome` is the outcome in
    the record of a call that ends with this error. `listing` has more lines of the hint, shown only on a terminal.
    `server_hint` is one more sentence of the hint, shown only to users of a running server.
    """

    exit_code = 1
    outcome: Outcome = "internal_error"
    listing = ""
    server_hint = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def full_message(self) -> str:
        """Return the message with codes and positions, if there are any."""
        return self.message


class SettingsError(ZavaError):
    """A setting on the command line, in the environment or in an env file is invalid."""

    outcome = "refused"
    exit_code = 2


class IdentityError(ZavaError):
    """There is no identity, it is unknown, or the login does not belong to it."""

    outcome = "refused"
    exit_code = 2


class QueryError(ZavaError):
    """PostgreSQL refused or could not finish the SQL text.

    `sqlstate` is PostgreSQL's five-letter code. `position` counts characters from 1 in the SQL text, and is None if
    PostgreSQL reports none. `sql` is the SQL text that the reader wrote, or "" if the reader wrote none.
    """

    sql = ""
    outcome: Outcome = "refused"

    def __init__(self, message: str, hint: str = "", sqlstate: str = "", position: int | None = None) -> None:
        super().__init__(message, hint)
        self.sqlstate = sqlstate
        self.position = position
        if sqlstate in (_QUERY_CANCELED, _LOCK_NOT_AVAILABLE):
            self.outcome = "cancelled" if message in _CANCELLATION_MESSAGES else "timeout"

    def full_message(self) -> str:
        text = f"{self.sqlstate}: {self.message}" if self.sqlstate else self.message
        return f"{text} (at character {self.position})" if self.position else text


class InputError(ZavaError):
    """An argument is out of range or names something that does not exist."""

    outcome = "refused"
    exit_code = 2


class DatabaseUnavailable(ZavaError):
    """The database cannot be reached, or is not (yet) a Zava database."""

    outcome = "unavailable"


class EmbeddedError(DatabaseUnavailable):
    """The bundled PostgreSQL could not be set up, started or shared."""


class EmbeddingError(ZavaError):
    """A text could not be embedded, or there are no embeddings to compare it with."""

    outcome = "unavailable"


class OutputError(ZavaError):
    """Not all of the output could be written to stdout."""

    outcome = "undelivered"

    def __init__(self, error: OSError) -> None:
        closed = error.errno == errno.EBADF
        reason = "it is closed" if closed else error.strerror or type(error).__name__
        super().__init__(
            f"standard output cannot be written: {reason}",
            "Start the command with an open stdout, or redirect it to a file."
            if closed
            else "Free some disk space, or redirect the output.",
        )


class AuditError(ZavaError):
    """The audit record could not be written, so the call fails."""

    outcome = "unavailable"


class ServerBusy(ZavaError):
    """Too many calls run at the same time."""

    outcome = "unavailable"
