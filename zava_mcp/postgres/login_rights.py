"""Detects that a login's rights changed after its connection was verified, within each call's round trip.

An administrator can make a login a superuser, or a member of a role, while its sessions are open.
"""

import secrets
from typing import Any, NamedTuple

import psycopg

from zava_mcp import sql

_NO_RIGHTS = "t"  # the text for a login that is subject to the policies and a member of no role
VERIFY_SECONDS = 60.0  # A connection is verified again after this time in any case.


class Names(NamedTuple):
    """Names of prepared statements, random because a pooler may reuse a session that has another client's."""

    full: bytes
    quick: bytes
    begin: bytes
    end: bytes


class LoginRights:
    """A login's rights beyond its policies; `may_have_changed` is set when the connection must be verified again.

    Two statements read them: `full` as one text, and `quick` for a login that is a member of no role. `unprepared` maps
    names to the texts of statements to prepare before the next query. `statement` is the one that queries execute.
    """

    def __init__(self) -> None:
        self.names = Names(*[f"zava_{secrets.token_hex(6)}".encode() for _ in range(4)])
        self.unprepared = {self.names.begin: b"BEGIN READ ONLY", self.names.end: b"ROLLBACK"}
        self.statement = self.names.full
        self.may_have_changed = False
        self._expected: dict[bytes, bytes] = {}
        self._cursor: psycopg.Cursor[Any] | None = None

    def request(self, connection: psycopg.Connection) -> None:
        """Executes the full statement; to be called within a pipeline."""
        if not self._expected:
            text = sql.named("login_rights.sql")["login_rights"]
            connection.execute(b"PREPARE %b AS %b" % (self.names.full, text.encode()))
        self._cursor = connection.execute(b"EXECUTE " + self.names.full)

    def accept(self) -> None:
        """Stores the requested rights as the expected ones; to be called after the pipeline."""
        assert self._cursor is not None
        text, orders, login = self._cursor.fetchone() or ("", None, None)
        has_no_rights = text == _NO_RIGHTS
        if has_no_rights and self.names.quick not in self._expected:
            quick = sql.named("login_rights.sql")["login_rights_quick"]
            self.unprepared[self.names.quick] = quick.format(orders=orders, login=login).encode()
            self._expected[self.names.quick] = b""
        self._expected[self.names.full] = text.encode()
        self.statement = self.names.quick if has_no_rights else self.names.full
        self._cursor, self.may_have_changed = None, False

    def compare(self, statement: bytes, reply: bytes | None) -> None:
        """Compares a statement's reply with the expected one: b"" is no row, None is an error."""
        self.may_have_changed |= reply != self._expected.get(statement)
