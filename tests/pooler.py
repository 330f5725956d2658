"""Debian's PgBouncer in front of a PostgreSQL server."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from scripts.debian import libraries_of, pgbouncer
from tests.servers import ZavaServer
from zava_mcp.embedded.host import change_owner_to_runner, make_reachable, popen_user
from zava_mcp.embedded.processes import free_port

_START_SECONDS = 20.0


@contextmanager
def pooled(zava: ZavaServer, folder: Path, mode: str, as_login: str = "", **more: str) -> Iterator[str]:
    """A pooler that knows every login's SCRAM verifier; yields the URL of client machines.

    With `as_login`, it connects all clients as that login. `more` are lines of its configuration.
    """
    port, program = free_port(), pgbouncer()
    with zava.as_superuser() as admin:
        logins = admin.execute("SELECT rolname, rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL").fetchall()
    users = folder / "users.txt"
    users.write_text("".join(f'"{name}" "{zava.passwords.get(name, verifier)}"\n' for name, verifier in logins))
    forced = f" user={as_login}" if as_login else ""
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": str(port),
        "unix_socket_dir": "",
        "auth_type": "scram-sha-256",
        "auth_file": str(users),
        "pool_mode": mode,
        "ignore_startup_parameters": "options",
        **more,
    }
    file = folder / "pgbouncer.ini"
    lines = [f"{name} = {value}" for name, value in settings.items()]
    place = f"zava = host=127.0.0.1 port={zava.postgres.port} dbname=zava{forced}"
    file.write_text("\n".join(["[databases]", place, "[pgbouncer]", *lines, ""]))
    for path in (folder, users, file):
        change_owner_to_runner(path)
    for path in (program, file):
        make_reachable(path)
    log = folder / "pgbouncer.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [program, str(file)],
            stdout=out,
            stderr=out,
            cwd="/",
            env={"LD_LIBRARY_PATH": libraries_of(program)},
            **popen_user(),
        )
    try:
        _wait_until_ready(port, process, log)
        yield f"postgresql://127.0.0.1:{port}/zava?sslmode=disable"
    finally:
        process.send_signal(signal.SIGINT if process.poll() is None else 0)
        process.wait(20)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until the pooler replies, also with a refusal."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(f"postgresql://nobody:x@127.0.0.1:{port}/zava?sslmode=disable")
        except psycopg.OperationalError as error:
            if "refused" not in str(error).lower():
                return
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"PgBouncer did not start: {log.read_text()[-2000:]}")
