"""Every failure a reader can act on: what happened, what to do next, how the command line exits.

Raised anywhere below; turned into a tool error in one place (`server/tool_errors.py`) and printed in one
place (`cli/__init__.py`).
"""

import errno
from typing import Literal

#: How a call ended: with an answer; with a fault of what was asked, or of who asked; after its deadline; because
#: something it needs was not there; at its caller's wish; with an error that nobody foresaw; or with an answer that
#: could not be handed over. A command that shows its output while it still works has "started" until it ends.
Outcome = Literal["ok", "refused", "timeout", "unavailable", "cancelled", "internal_error", "undelivered", "started"]

_QUERY_CANCELED, _LOCK_NOT_AVAILABLE = "57014", "55P03"  # the first is also the SQLSTATE of a timeout
CALL_CANCELLED = "the call was cancelled"
_ENDED_BY_PEOPLE = (CALL_CANCELLED, "canceling statement due to user request")


class ZavaError(Exception):
    """A failure with a message for its reader and a hint on what to do next.

    `str(error)` is the message alone. `exit_code` is what the command line exits with; `outcome` is what the record of
    a call says that ends with it. `listing` are more lines of the hint, for a person at a terminal only; `server_hint`
    is one more sentence for users of a server that goes on running.
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
        """The message with what identifies it."""
        return self.message


class SettingsError(ZavaError):
    """What was given on the command line, in the environment or in an env file cannot be used."""

    outcome = "refused"
    exit_code = 2


class IdentityError(ZavaError):
    """No identity, an unknown one, or a login that is not (only) the identity asked for."""

    outcome = "refused"
    exit_code = 2


class QueryError(ZavaError):
    """PostgreSQL refused or could not finish the SQL text.

    `sqlstate` is PostgreSQL's five-letter code; `position` counts characters from 1 in the text as it
    was given, None where PostgreSQL names no place. `sql` is that text, "" if it is not the reader's own.
    """

    sql = ""
    outcome: Outcome = "refused"

    def __init__(self, message: str, hint: str = "", sqlstate: str = "", position: int | None = None) -> None:
        super().__init__(message, hint)
        self.sqlstate = sqlstate
        self.position = position
        if sqlstate in (_QUERY_CANCELED, _LOCK_NOT_AVAILABLE):
            self.outcome = "cancelled" if message in _ENDED_BY_PEOPLE else "timeout"

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
    """A text could not be made a vector, or there are no vectors to compare it with."""

    outcome = "unavailable"


class OutputError(ZavaError):
    """Standard output took not all of what was to be printed."""

    outcome = "undelivered"

    def __init__(self, error: OSError) -> None:
        closed = error.errno == errno.EBADF
        reason = "it is closed" if closed else error.strerror or type(error).__name__
        super().__init__(
            f"standard output cannot be written: {reason}",
            "Open it, or send it to a file." if closed else "Make room, or send it elsewhere.",
        )


class AuditError(ZavaError):
    """What was asked could not be written down, so it is not answered."""

    outcome = "unavailable"


class Busy(ZavaError):
    """More questions are being answered than fit at once."""

    outcome = "unavailable"
