"""A PostgreSQL server over TCP, of any bundled version, that tests stop, kill and change."""

import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.conftest import settings_for
from zava_mcp.embedded.host import change_owner_to_runner, make_reachable, popen_user, programs
from zava_mcp.embedded.processes import clean_environment, free_port
from zava_mcp.settings import Settings

#: Quick rather than safe, open to replication, and like any server elsewhere without our limits on memory.
PARAMETERS = {
    "fsync": "off",
    "wal_level": "logical",
    "max_wal_senders": "2",
    "max_connections": "60",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_min_error_statement": "panic",
    "log_min_messages": "fatal",
}


class Postgres:
    """One server in one folder. Its superuser is postgres with the password admin."""

    def __init__(self, folder: Path, major: int = 18) -> None:
        self.folder = folder
        self.port = free_port()
        self._programs = programs() if major == 18 else programs().parents[1] / "pginstall" / "bin"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)
        change_owner_to_runner(folder)
        for path in (self._programs, folder / "data"):
            make_reachable(path)

    def create(self) -> None:
        password_file = self.folder / "admin-password"
        password_file.write_text("admin")
        change_owner_to_runner(password_file)
        self.run(
            "initdb",
            *("-D", str(self.folder / "data"), "-U", "postgres", "--auth=scram-sha-256", "--encoding=UTF8"),
            *("--locale=C", "--pwfile", str(password_file), "--no-sync"),
        )

    def copy(self, folder: Path) -> "Postgres":
        """A hot standby, which follows this server and can only be read."""
        replica = Postgres(folder)
        source = f"host=127.0.0.1 port={self.port} user=postgres password=admin"
        self.run("pg_basebackup", "-D", str(folder / "data"), "-R", "-X", "stream", "-c", "fast", "-d", source)
        return replica

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", env=clean_environment(), **popen_user())
        assert done.returncode == 0, done.stderr

    def start(self, **parameters: str) -> None:
        """Starts the server and waits until the administrator can connect."""
        given = {**PARAMETERS, "port": str(self.port), **parameters}
        words = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=clean_environment(),
                start_new_session=True,
                **popen_user(),
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                self.admin("postgres").close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.folder / "server.log").read_text()[-2000:]
                assert time.monotonic() < deadline
            else:
                return

    def stop(self, signum: signal.Signals = signal.SIGINT) -> None:
        """Stops the server: SIGINT ends connections in order, SIGQUIT without a message."""
        if self._process is not None:
            self._process.send_signal(signum)
            self._process.wait(20)
            self._process = None

    def cut_the_power(self) -> None:
        """Kills all of its processes at once."""
        assert self._process is not None
        parent = psutil.Process(self._process.pid)
        processes = [parent, *parent.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(10)
        psutil.wait_procs(processes, timeout=10)
        self._process = None
        with suppress(FileNotFoundError):
            (self.folder / "data" / "postmaster.pid").unlink()

    def url(self, user: str = "postgres", password: str = "admin", database: str = "zava", port: int = 0) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{port or self.port}/{database}?connect_timeout=2"

    def admin(self, database: str = "zava") -> psycopg.Connection:
        return psycopg.connect(self.url(database=database), autocommit=True)

    def settings(self, user_id: str, port: int = 0, **more: str) -> Settings:
        """Settings of an identity on this server, with the password that the fixtures set for all."""
        url = more.pop("ZAVA_DATABASE_URL", self.url(user_id, "identity", port=port))
        return settings_for(self.folder / "none", user_id, ZAVA_DATABASE_URL=url, **more)


def backends(admin: psycopg.Connection, like: str) -> list[Any]:
    """The process ids of sessions that run a statement like this."""
    found = admin.execute(
        "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s AND pid <> pg_backend_pid()", [like]
    )
    return [pid for (pid,) in found.fetchall()]
