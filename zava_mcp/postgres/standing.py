"""Whether a login is still what it was when its connection was verified: asked with each call, in its round trip.

An administrator can make a login a superuser, or a member of a role, while its sessions are open.
"""

import secrets
from typing import Any, NamedTuple

import psycopg

from zava_mcp import sql

_BELOW = "t"  # a login that meets the policies and is a member of no role
VERIFY_SECONDS = 60.0  # after which a connection is verified again, whatever it has heard


class Names(NamedTuple):
    """Names of prepared statements: random, because a pooler may hand on a session with another client's."""

    whole: bytes
    quick: bytes
    begin: bytes
    end: bytes


class LoginRights:
    """What a connection's login may do beyond its policies; `doubtful` once that may have changed.

    Two statements ask for it: `whole` as a text, and `quick` for a login that is a member of no role. `unprepared` are
    the texts of statements, by name, that have to be prepared before the next query, which asks with `statement`.
    """

    def __init__(self) -> None:
        self.names = Names(*[f"zava_{secrets.token_hex(6)}".encode() for _ in range(4)])
        self.unprepared = {self.names.begin: b"BEGIN READ ONLY", self.names.end: b"ROLLBACK"}
        self.statement = self.names.whole
        self.doubtful = False
        self._expected: dict[bytes, bytes] = {}
        self._asked: psycopg.Cursor[Any] | None = None

    def ask(self, connection: psycopg.Connection) -> None:
        """Asks for the whole, to be called within a pipeline."""
        if not self._expected:
            text = sql.named("standing.sql")["standing"]
            connection.execute(b"PREPARE %b AS %b" % (self.names.whole, text.encode()))
        self._asked = connection.execute(b"EXECUTE " + self.names.whole)

    def keep(self) -> None:
        """Keeps what was asked for as what calls are compared with, to be called after the pipeline."""
        assert self._asked is not None
        text, orders, login = self._asked.fetchone() or ("", None, None)
        is_below = text == _BELOW
        if is_below and self.names.quick not in self._expected:
            quick = sql.named("standing.sql")["standing_quick"]
            self.unprepared[self.names.quick] = quick.format(orders=orders, login=login).encode()
            self._expected[self.names.quick] = b""
        self._expected[self.names.whole] = text.encode()
        self.statement = self.names.quick if is_below else self.names.whole
        self._asked, self.doubtful = None, False

    def compare(self, statement: bytes, told: bytes | None) -> None:
        """Takes what a statement told: b"" is no row, None is an error."""
        self.doubtful |= told != self._expected.get(statement)
