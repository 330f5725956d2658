"""Generated passwords of identities in a file of libpq's passfile format."""

import os
import re
import secrets
from pathlib import Path
from types import TracebackType

import psycopg

from zava_mcp.admin.locking import serialised
from zava_mcp.admin.logins import set_password
from zava_mcp.errors import InputError
from zava_mcp.plurals import counted
from zava_mcp.settings import Secret
from zava_mcp.trusted_files import read_trusted

_FIELD = re.compile(r"((?:[^:\\]|\\.)*)(?::|$)")


class Passfile:
    """A passfile with mode 0600 that gets passwords of one database's logins.

    It encloses the transaction that sets the passwords: the file is replaced after the commit. Before the end of the
    transaction, call `write_draft`, which writes the new content beside the file, so that no password in force can be
    lost. Use it inside `serialised`: the file is read on creation, and later changes by others would be lost.
    """

    def __init__(self, file: Path, connection: psycopg.Connection) -> None:
        """Raises InputError if the file's folder does not exist or the file cannot be read."""
        require_folder(file)
        info = connection.info
        host = info.host if not info.host.startswith("/") else "localhost"
        self.file = file
        self._connection = connection
        self._database = [host, str(info.port), info.dbname]
        self._draft: Path | None = None
        try:
            self._lines = read_trusted(file).splitlines() if file.exists() else []
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the passwords file {file} cannot be read: {error}") from None

    def has_password(self, login: str) -> bool:
        """Whether the file has a password of a login, for this or another database."""
        return any(_fields(line)[3:4] == [login] for line in self._lines)

    def renew_password(self, login: str) -> None:
        """Sets a new password of a login, and replaces the one in the file for this database."""
        password = secrets.token_urlsafe(24)
        set_password(self._connection, login, Secret(password))
        self.remove_password(login)
        fields = [field.replace("\\", "\\\\").replace(":", "\\:") for field in (*self._database, login)]
        self._lines.append(":".join([*fields, password]))

    def remove_password(self, login: str) -> None:
        """Removes a login's password for this database, if the file has one."""
        self._lines = [line for line in self._lines if _fields(line)[:4] != [*self._database, login]]

    def write_draft(self) -> None:
        """Writes the new content beside the file. Raises InputError if it cannot be written."""
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


def require_folder(file: Path | None) -> None:
    """Raises InputError if a passwords file is named whose folder does not exist."""
    if file is not None and not file.parent.is_dir():
        raise InputError(f"there is no folder {file.parent} for the passwords file")


def write_missing_passwords(connection: psycopg.Connection, file: Path) -> str:
    """Gives a password to each login that zava-mcp created and the file has none for; returns what was done."""
    with serialised(connection), Passfile(file, connection) as passfile, connection.transaction():
        logins = connection.execute("SELECT login::text FROM zava.access WHERE NOT mapped ORDER BY 1").fetchall()
        missing = [login for (login,) in logins if not passfile.has_password(login)]
        for login in missing:
            passfile.renew_password(login)
        passfile.write_draft()
    if missing:
        return f"wrote passwords of {counted(len(missing), 'login')} to {file}"
    return f"{file} has every login's password already: none was changed; another file gets new ones"


def _fields(line: str) -> list[str]:
    """Host, port, database, login and password of a passfile's line; [] of a comment."""
    if line.startswith("#"):
        return []
    return [re.sub(r"\\(.)", r"\1", field) for field in _FIELD.findall(line)]
