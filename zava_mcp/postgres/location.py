"""Names, for error messages, where a connection leads and which setting says so, without logins and passwords."""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

URL, ADMIN_URL, PARTS, LIBPQ = "ZAVA_DATABASE_URL", "ZAVA_ADMIN_DATABASE_URL", "POSTGRES_DB_HOST", "PGHOST"
_SETTINGS = {
    PARTS: {"host": "POSTGRES_DB_HOST", "port": "POSTGRES_DB_PORT", "database": "POSTGRES_DB", "sslmode": "PGSSLMODE"},
    LIBPQ: {"host": "PGHOST", "port": "PGPORT", "database": "PGDATABASE", "sslmode": "PGSSLMODE"},
}
_SAFE = re.compile(r"[\w.:%,/+ -]{1,120}")  # a name with other characters may be a misplaced password
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Location:
    """Host, port and database of a connection as libpq reads them; `source` is the setting that named the host."""

    host: str = ""
    port: str = ""
    database: str = ""
    source: str = ""
    passfile: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, Any], source: str) -> "Location":
        """The location that connection parameters name, or else the environment."""
        values = {**_defaults(), **{name: str(value) for name, value in parameters.items() if value}}
        host = values.get("host", "") or values.get("hostaddr", "")
        return cls(host, values.get("port", ""), values.get("dbname", ""), source, values.get("passfile", ""))

    def reached(self, error: psycopg.Error) -> "Location":
        """The location that libpq connected to, with its service resolved. Of several hosts, the last one is named."""
        connection = error.pgconn
        if connection is None or not connection.host:
            return self
        passfile = next((option.val for option in connection.info if option.keyword == b"passfile"), b"") or b""
        host, port, database = (part.decode("utf-8", "replace") for part in _address(connection))
        if "," in self.host or "," in self.port:
            host, port = self.host, self.port
        return Location(host, port, database, self.source, passfile.decode())

    def __str__(self) -> str:
        """The text in error messages; unsafe parts are left out."""
        shown = [text if _SAFE.fullmatch(text) else "" for text in (self.host, self.port, self.database)]
        host, port, database = shown
        if host.startswith("/"):
            host = f"socket directory {host}"
        parts = [host, f"port {port}" if port else "", f"database {database}" if database else ""]
        return ", ".join(filter(None, parts))

    def setting(self, part: str) -> str:
        """The name of the setting of `host`, `port`, `database`, `sslmode`, `login` or `password`."""
        if self.source == ADMIN_URL:
            return f"the {part} in ZAVA_ADMIN_DATABASE_URL"
        if part in ("password", "login"):
            return "POSTGRES_PASSWORD" if part == "password" else "POSTGRES_USER"
        if self.source == URL:
            return f"the {part} in ZAVA_DATABASE_URL"
        return _SETTINGS.get(self.source, {}).get(part) or f"the database's {part}"

    def passfile_fault(self) -> str:
        """The reason why the passfile has no password, as the end of a sentence."""
        path = Path(self.passfile) if self.passfile else None
        if path is None or not path.is_file():
            return f"libpq's passfile {path or '~/.pgpass'} does not exist"
        if os.name != "nt" and path.stat().st_mode & _OTHERS:
            return f"libpq ignores the passfile {path} because others can read it: run chmod 600 {path}"
        return f"the passfile {path} has no entry for this host, port, database and login"


def _address(connection: Any) -> tuple[bytes, bytes, bytes]:
    return connection.host, connection.port, connection.db


def _defaults() -> dict[str, str]:
    return {
        option.keyword.decode(): option.val.decode("utf-8", "replace")
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.val and option.keyword in (b"host", b"hostaddr", b"port", b"dbname", b"passfile")
    }
