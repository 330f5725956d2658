"""What an administrator runs after passwords of logins were written."""

import shlex
from pathlib import Path
from urllib.parse import quote

import psycopg

_HEAD_OFFICE = "SELECT rls_user_id::text FROM zava.access WHERE all_stores ORDER BY mapped, login LIMIT 1"


def server_url(connection: psycopg.Connection) -> str:
    """The URL that identities use for the database of this connection, without login and password.

    It has the administrator's `sslmode`. Paths of certificates differ between client machines and are left out.
    """
    info = connection.info
    mode = info.get_parameters().get("sslmode")
    return (
        f"postgresql://{quote(info.host, safe='')}:{info.port}/{quote(info.dbname)}{f'?sslmode={mode}' if mode else ''}"
    )


def next_steps(connection: psycopg.Connection, passwords_file: Path) -> list[str]:
    """Commands that try the database as head office, and add it to a client."""
    row = connection.execute(_HEAD_OFFICE).fetchone()
    return [
        f"Passwords are read from the file that PGPASSFILE names. Next, as {'head office' if row else 'an identity'}:",
        f"  export PGPASSFILE={shlex.quote(str(passwords_file.absolute()))}",
        f"  export ZAVA_DATABASE_URL={shlex.quote(server_url(connection))}",
        f"  export ZAVA_USER_ID={row[0] if row else 'UUID'}",
        "  zava-mcp doctor",
        "  zava-mcp client-config claude-desktop",
    ]
