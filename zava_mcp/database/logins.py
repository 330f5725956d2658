"""The identities' logins: how they are created, and given passwords that cross no wire and stand in no log."""

import os
import secrets
from pathlib import Path

import psycopg
from psycopg import sql as compose

from zava_mcp.settings import Secret

ADMIT = "SELECT zava.admit(%s, %s, %s, %s, %s)"

_CONNECTION_LIMIT = 40


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


def give_passwords(connection: psycopg.Connection, file: Path) -> str:
    """Writes a new password for each identity's login that has none in the file yet; says what it did.

    The file has the format of libpq's passfile and is created with mode 0600.
    """
    info = connection.info
    place = f"{info.host if not info.host.startswith('/') else 'localhost'}:{info.port}:{info.dbname}"
    known = (
        {line.split(":")[3] for line in file.read_text().splitlines() if line.count(":") >= 4}
        if file.exists()
        else set()
    )
    logins = [row[0] for row in connection.execute("SELECT login::text FROM zava.access ORDER BY 1")]
    added = [login for login in logins if login not in known]
    with connection.transaction(), open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as out:
        file.chmod(0o600)
        for login in added:
            password = secrets.token_urlsafe(24)
            set_password(connection, login, Secret(password))
            out.write(f"{place}:{login}:{password}\n")
    return f"wrote passwords of {len(added)} logins to {file}" if added else f"{file} has every login's password"
