"""Whether an installation keeps what it promises: looked up, and tried, as the identity itself."""

import time
from dataclasses import dataclass

import psycopg

from zava_mcp import sql
from zava_mcp.database.connecting import Target, connect, prove
from zava_mcp.database.patience import PatientConnection
from zava_mcp.settings import Settings

_CLOCK_SECONDS = 60
_OLDEST = 15


@dataclass(frozen=True)
class Check:
    """One check: `state` is ok, warn or fail; `fix` says what to do if it is not ok."""

    name: str
    state: str
    found: str
    fix: str = ""


def examine(target: Target, settings: Settings) -> list[Check]:
    """Connects as the identity and looks at login, privileges, policies, encryption, versions and clock.

    Raises DatabaseUnavailable or IdentityError if there is no connection, or no identity to examine.
    """
    assert settings.user_id is not None
    with connect(target, PatientConnection) as connection:
        identity = prove(connection, settings.user_id)
        version = connection.info.server_version
        return [
            Check("login", "ok", f"{identity.name}, nothing but this identity"),
            _check(
                "PostgreSQL", version >= _OLDEST * 10_000, f"version {version // 10_000}", f"use {_OLDEST} or newer"
            ),
            _encryption(connection),
            _clock(connection),
            *_looked_up(connection),
        ]


def _check(name: str, good: bool, found: str, fix: str, otherwise: str = "fail") -> Check:
    return Check(name, "ok", found) if good else Check(name, otherwise, found, fix)


def _encryption(connection: psycopg.Connection) -> Check:
    host = connection.info.host
    if host.startswith("/") or host in ("localhost", "127.0.0.1", "::1"):
        return Check("encryption", "ok", "on this machine, none needed")
    encrypted = bool(connection.pgconn.ssl_in_use)
    found = "TLS" if encrypted else "the connection is not encrypted"
    return _check("encryption", encrypted, found, "add sslmode=verify-full to ZAVA_DATABASE_URL")


def _clock(connection: psycopg.Connection) -> Check:
    row = connection.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
    apart = abs(float(row[0]) - time.time()) if row else 0.0
    fix = "correct the clock: relative dates such as last month are asked for by ours and answered by theirs"
    return _check("clock", apart < _CLOCK_SECONDS, f"{apart:.0f} s from the database's", fix)


def _looked_up(connection: psycopg.Connection) -> list[Check]:
    checks = []
    for name, found, fix in connection.execute(sql.query("health").encode()):
        otherwise = "warn" if name.startswith("warn: ") else "fail"
        checks.append(_check(name.removeprefix("warn: "), not found, found or "as it should be", fix, otherwise))
    return checks
