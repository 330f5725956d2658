"""What a change by an administrator did, and PostgreSQL's errors as errors of that change."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from zava_mcp.errors import DatabaseUnavailable
from zava_mcp.postgres.connection_errors import connection_error
from zava_mcp.postgres.location import ADMIN_URL, Location


@dataclass
class Report:
    """What was done, what the administrator's rights did not allow (`gaps`), and what to review (`warnings`).

    `new_logins` are the logins that were created. `sql` lists the statements of an adoption's dry run; `next_steps` are
    lines with commands.
    """

    actions: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    new_logins: list[str] = field(default_factory=list)
    sql: list[str] = field(default_factory=list)
    next_steps: list[str] = field(default_factory=list)


@contextmanager
def translate_errors(embedded: bool, change: str = "set-up") -> Iterator[None]:
    """Raises PostgreSQL's errors as DatabaseUnavailable or another ZavaError that names the change."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise connection_error(error, None if embedded else Location(source=ADMIN_URL)) from error
    except psycopg.Error as error:
        raise DatabaseUnavailable(
            f"{change} failed and was undone: {error.diag.message_primary or type(error).__name__}",
            "The database is as it was before; the server's log says more.",
        ) from error
