"""The identities' logins: how they are created, and given passwords that cross no wire and stand in no log."""

import os
import re
import secrets
from pathlib import Path
from types import TracebackType

import psycopg
from psycopg import sql as compose

from zava_mcp.admin.locking import serialised
from zava_mcp.errors import InputError
from zava_mcp.settings import DESCRIPTIONS_AT_ONCE, QUESTIONS_AT_ONCE, Secret
from zava_mcp.trusted_files import read_trusted

ADMIT = "SELECT zava.admit(%s, %s, %s, %s, %s)"

#: Two servers of one identity with all of their connections. More servers share them: each needs one at least, and
#: gives back the others after a minute.
_CONNECTION_LIMIT = 2 * (QUESTIONS_AT_ONCE + DESCRIPTIONS_AT_ONCE)
_FIELD = re.compile(r"((?:[^:\\]|\\.)*)(?::|$)")


def login_created(login: str) -> compose.Composed:
    """The statement that creates a login which can do nothing yet."""
    return compose.SQL(
        "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT {}"
    ).format(compose.Identifier(login), compose.Literal(_CONNECTION_LIMIT))


def has_login(connection: psycopg.Connection, login: str) -> bool:
    return bool(connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [login]).rowcount)


def set_password(connection: psycopg.Connection, login: str, password: Secret) -> None:
    """Sets a password by its scram verifier, which is made on this side."""
    verifier = connection.pgconn.encrypt_password(password.reveal().encode(), login.encode(), b"scram-sha-256")
    connection.execute(
        compose.SQL("ALTER ROLE {} PASSWORD {}").format(compose.Identifier(login), compose.Literal(verifier.decode()))
    )


class Passfile:
    """Generated passwords in a file of libpq's format, mode 0600, of the database of one connection.

    It encloses the transaction that sets them: the file changes when that has been committed. Before the end of the
    transaction `draft` writes them beside it, so that no password that is in force can be lost. Whoever makes one is
    `in_turn`: the file is read here, and what others write there until the end would be lost.
    """

    def __init__(self, file: Path, connection: psycopg.Connection) -> None:
        """Raises InputError if the file cannot be there or cannot be read."""
        if not file.parent.is_dir():
            raise InputError(f"there is no folder {file.parent} for the passwords file")
        info = connection.info
        host = info.host if not info.host.startswith("/") else "localhost"
        self.file = file
        self._connection = connection
        self._place = [host, str(info.port), info.dbname]
        self._draft: Path | None = None
        try:
            self._lines = read_trusted(file).splitlines() if file.exists() else []
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the passwords file {file} cannot be read: {error}") from None

    def knows(self, login: str) -> bool:
        """Whether the file has a password of a login, for whatever place."""
        return any(_fields(line)[3:4] == [login] for line in self._lines)

    def give(self, login: str) -> None:
        """Sets a new password of a login, in place of what the file has for it at this place."""
        password = secrets.token_urlsafe(24)
        set_password(self._connection, login, Secret(password))
        self.forget(login)
        fields = [field.replace("\\", "\\\\").replace(":", "\\:") for field in (*self._place, login)]
        self._lines.append(":".join([*fields, password]))

    def forget(self, login: str) -> None:
        self._lines = [line for line in self._lines if _fields(line)[:4] != [*self._place, login]]

    def draft(self) -> None:
        """Writes what the file will be. Raises InputError if that cannot be."""
        if self._draft is not None:
            self._draft.unlink()
        self._draft = self.file.with_name(f".{self.file.name}.{secrets.token_hex(4)}")
        try:
            with open(os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
                out.write("".join(f"{line}\n" for line in self._lines))
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise InputError(f"the passwords file {self.file} cannot be written: {error.strerror}") from None

    def __enter__(self) -> "Passfile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._draft is None:
            return
        if kind is None:
            self._draft.replace(self.file)
        else:
            self._draft.unlink(missing_ok=True)


def give_passwords(connection: psycopg.Connection, file: Path) -> str:
    """Writes a new password for each login that is ours and has none in the file yet; says what it did."""
    with serialised(connection), Passfile(file, connection) as passfile, connection.transaction():
        logins = connection.execute("SELECT login::text FROM zava.access WHERE NOT mapped ORDER BY 1").fetchall()
        added = [login for (login,) in logins if not passfile.knows(login)]
        for login in added:
            passfile.give(login)
        passfile.draft()
    if added:
        return f"wrote passwords of {len(added)} logins to {file}"
    return f"{file} has every login's password already: none was changed; another file gets new ones"


def _fields(line: str) -> list[str]:
    """Host, port, database, login and password of a passfile's line; [] of a comment."""
    if line.startswith("#"):
        return []
    return [re.sub(r"\\(.)", r"\1", field) for field in _FIELD.findall(line)]
