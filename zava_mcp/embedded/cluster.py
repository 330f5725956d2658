"""One PostgreSQL data folder: create it, start it, see whether it runs, stop it."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from zava_mcp.embedded.host import give_to_runner, make_reachable, popen_user, program, programs
from zava_mcp.embedded.processes import (
    clean_environment,
    free_port,
    is_server_on,
    run_program,
    start_failure,
    with_limited_memory,
)

_START_SECONDS = 60.0
_POLL_SECONDS = 0.01
_STOPPING_SECONDS = 0.3  # a healthy shutdown takes less
_QUIT_SECONDS = 6.0  # PostgreSQL itself kills what does not quit after five
_MAX_SOCKET_PATH = 100  # the kernel's limit is 107 bytes (103 on macOS), the name in it included
_MAX_LOG_BYTES = 5_000_000

#: Given on the command line, so that an upgrade of the package changes them without touching files.
_PARAMETERS = {
    "cluster_name": "zava-mcp",
    "max_connections": "400",  # nine identities with forty connections each, and the admin
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # What a query asks for can be large: neither its errors nor its temporary files may fill the disk.
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "temp_file_limit": "2GB",
}

#: A cluster that is still being filled is thrown away after a crash, so it need not survive one.
_FILLING = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "256MB",
}


@dataclass(frozen=True)
class Address:
    """Where a running cluster listens: a socket folder or 127.0.0.1, and the port."""

    host: str
    port: int


@dataclass(frozen=True)
class _Postmaster:
    pid: int
    address: Address
    status: str


class Cluster:
    """A data folder and the server that may run on it."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder = folder
        self._log = log
        self._child: subprocess.Popen[bytes] | None = None  # if it was us who started it

    def create(self, admin_password: str) -> None:
        """Runs initdb: sorting as in C.UTF-8 everywhere, passwords asked of everybody."""
        self._make_reachable()
        password_file = self.folder.with_name("admin-password")
        password_file.touch(mode=0o600)
        password_file.write_text(admin_password)
        give_to_runner(password_file)
        try:
            run_program(
                "initdb",
                *("-D", str(self.folder), "-U", "postgres", "--auth=scram-sha-256"),
                *("--pwfile", str(password_file), "--encoding=UTF8", "--locale=C"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions"),
            )
        finally:
            password_file.unlink()

    def sync(self) -> None:
        """Writes everything to disk, after set-up ran without waiting for it."""
        run_program("initdb", "-D", str(self.folder), "--sync-only")

    def running(self) -> Address | None:
        """Where the server on this folder listens, None if none runs. One that is stopping is seen off first."""
        postmaster = self._postmaster()
        if postmaster is None or not is_server_on(postmaster.pid, self.folder):
            return None
        if postmaster.status == "stopping":
            self._end(postmaster)
            return None
        return postmaster.address

    def start(self, filling: bool = False) -> Address:
        """Starts the server and waits until it accepts connections.

        Raises EmbeddedError with the reason the server gave.
        """
        self._make_reachable()
        parameters = {**_PARAMETERS, **(_FILLING if filling else {}), **self._listening()}
        command = [program("postgres"), "-D", str(self.folder)]
        command += [word for name, value in parameters.items() for word in ("-c", f"{name}={value}")]
        if self._log.exists() and self._log.stat().st_size > _MAX_LOG_BYTES:
            self._log.unlink()
        with self._log.open("ab") as log:
            log_start = log.tell()
            process = self._child = subprocess.Popen(
                command if filling else with_limited_memory(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=clean_environment(),
                start_new_session=os.name != "nt",  # Ctrl-C in our terminal is not meant for it
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
                | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                **popen_user(),
            )
        # Our child must not stay behind as a zombie when somebody else stops it.
        threading.Thread(target=process.wait, name="postgres", daemon=True).start()
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            postmaster = self._postmaster()
            if postmaster and postmaster.status == "ready" and postmaster.pid == process.pid:
                return postmaster.address
            if process.poll() is not None:
                break
            time.sleep(_POLL_SECONDS)
        else:
            process.kill()
        raise start_failure(self._log, log_start)

    def stop(self, wait_seconds: float) -> None:
        """Ends all connections and shuts down; waits at most the given time for it."""
        postmaster = self._postmaster()
        if postmaster is None and self._child is not None and self._child.poll() is None:
            self._child.kill()  # just started: it has not written down yet who it is
            self._child.wait()
        if postmaster is None or not is_server_on(postmaster.pid, self.folder):
            return
        if os.name == "nt":
            run_program("pg_ctl", "stop", "-D", str(self.folder), "-m", "fast", "-w")
        else:
            os.kill(postmaster.pid, signal.SIGINT)
        if not self.await_end(wait_seconds):
            self._end(postmaster)
        if Path(postmaster.address.host).name.startswith("zava-socket-"):
            Path(postmaster.address.host).rmdir()

    def await_end(self, seconds: float) -> bool:
        """Waits until no server runs on this folder any more, at most the given time; whether that came about."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            postmaster = self._postmaster()
            if postmaster is None or not is_server_on(postmaster.pid, self.folder):
                return True
            time.sleep(_POLL_SECONDS)
        return False

    def _end(self, postmaster: _Postmaster) -> None:
        """Ends a server that cannot shut down, because a query of it does not listen; the next start recovers."""
        if os.name == "nt":
            run_program("pg_ctl", "stop", "-D", str(self.folder), "-m", "immediate", "-w")
        elif not self.await_end(_STOPPING_SECONDS):
            with suppress(ProcessLookupError):
                os.kill(postmaster.pid, signal.SIGQUIT)
            self.await_end(_QUIT_SECONDS)

    def _make_reachable(self) -> None:
        for path in (programs(), self.folder):
            make_reachable(path)

    def _postmaster(self) -> _Postmaster | None:
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, PermissionError):
            return None
        if len(lines) < 8:  # still being written
            return None
        pid, _, _, port, socket_folder, host, _, status = (line.strip() for line in lines[:8])
        return _Postmaster(int(pid), Address(socket_folder or host, int(port)), status)

    def _listening(self) -> dict[str, str]:
        if os.name == "nt":
            return {"listen_addresses": "127.0.0.1", "port": str(free_port())}
        folder = self.folder
        if len(os.fsencode(folder)) + len("/.s.PGSQL.5432") > _MAX_SOCKET_PATH:
            folder = Path(tempfile.mkdtemp(prefix="zava-socket-"))
            give_to_runner(folder)
        return {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": str(folder),
            "unix_socket_permissions": "0700",
        }
