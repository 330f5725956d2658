"""Creates a PostgreSQL data folder, and starts, finds and stops the server on it."""

import os
import signal
import subprocess
import threading
import time
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from zava_mcp.embedded import windows
from zava_mcp.embedded.folders import make_socket_folder, remove_socket_folder
from zava_mcp.embedded.host import change_owner_to_runner, make_reachable, program, programs, trusted
from zava_mcp.embedded.login_file import write_private
from zava_mcp.embedded.processes import (
    end_orphans,
    free_port,
    is_server_on,
    run_program,
    spawn,
    start_failure,
    with_limited_memory,
)
from zava_mcp.embedded.server_parameters import PARAMETERS, SET_UP_PARAMETERS
from zava_mcp.errors import EmbeddedError
from zava_mcp.trusted_files import open_owned

_START_SECONDS = 60.0
_SPAWN_SECONDS = 2.0
_POLL_SECONDS = 0.01
_STOPPING_SECONDS = 0.3  # a healthy shutdown takes less
_QUIT_SECONDS = 6.0  # PostgreSQL itself kills what does not quit after five
_MAX_SOCKET_PATH = 100  # the kernel's limit is 107 bytes (103 on macOS)
_MAX_LOG_BYTES = 5_000_000
_MAX_PID_FILE = 4_096


@dataclass(frozen=True)
class Address:
    """The address of a running cluster: a socket folder or 127.0.0.1, and the port."""

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
        self._child: Future[subprocess.Popen[bytes]] | None = None  # the server, if this process started it

    def create(self, admin_password: str) -> None:
        """Runs initdb: the collation is C.UTF-8 on every platform, and every login needs a password."""
        self._make_reachable()
        password_file = self.folder.with_name("admin-password")
        write_private(password_file, admin_password)
        change_owner_to_runner(password_file)
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
        """Writes the data folder to disk, because set-up runs without fsync."""
        run_program("initdb", "-D", str(self.folder), "--sync-only")

    def running(self) -> Address | None:
        """The address of the server on this folder, None if none runs. Waits for a server that is stopping."""
        postmaster = self._postmaster()
        if postmaster is None or not is_server_on(postmaster.pid, self.folder):
            return None
        if postmaster.status == "stopping":
            self._end(postmaster)
            return None
        return postmaster.address

    def start(self, during_set_up: bool = False) -> Address:
        """Starts the server and waits until it accepts connections.

        Raises EmbeddedError with the server's error.
        """
        try:
            return self._start(during_set_up)
        except EmbeddedError as error:
            # The processes of a killed server may still run, if they do not check for interrupts.
            if "shared memory block" not in error.message or not end_orphans(self.folder):
                raise
            return self._start(during_set_up)

    def _start(self, during_set_up: bool) -> Address:
        self._make_reachable()
        parameters = {**PARAMETERS, **(SET_UP_PARAMETERS if during_set_up else {}), **self._listening()}
        if self._log.exists() and self._log.stat().st_size > _MAX_LOG_BYTES:
            self._log.unlink()
        log_start = self._log.stat().st_size if self._log.exists() else 0
        started = self._child = Future()
        command = self._command(parameters, during_set_up)
        threading.Thread(target=self._run, args=(command, started), name="postgres", daemon=True).start()
        process = started.result()
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            has_ended = process.poll() is not None
            postmaster = self._postmaster()
            if postmaster and postmaster.status == "ready" and (os.name == "nt" or postmaster.pid == process.pid):
                return postmaster.address
            if has_ended:
                break
            time.sleep(_POLL_SECONDS)
        else:
            process.kill()
        raise start_failure(self._log, log_start)

    def _command(self, parameters: dict[str, str], during_set_up: bool) -> list[str]:
        if os.name == "nt":
            return windows.start_command(program("pg_ctl"), self.folder, self._log, parameters)
        command = [program("postgres"), "-D", str(self.folder)]
        command += [word for name, value in parameters.items() for word in ("-c", f"{name}={value}")]
        return command if during_set_up else with_limited_memory(command)

    def _run(self, command: list[str], started: Future[subprocess.Popen[bytes]]) -> None:
        """Runs the server to its end, in a thread of its own.

        In the main thread, a signal's exception could occur right after the process was created and lose it. The thread
        also waits for the child, so that it does not become a zombie when another process stops it.
        """
        try:
            process = spawn(command, self.folder, self._log)
        except BaseException as error:  # The waiting thread would otherwise never return.
            started.set_exception(error)
            return
        started.set_result(process)
        process.wait()

    def stop(self, wait_seconds: float) -> None:
        """Ends all connections and shuts down; after the given time, quits without a shutdown."""
        child = self._started_child()
        postmaster = self._postmaster()
        if postmaster is None and child is not None and child.poll() is None:
            if os.name != "nt":
                child.kill()  # it has not written postmaster.pid yet
            child.wait()  # On Windows, the child is pg_ctl.
            postmaster = self._postmaster()
        if postmaster is None or not is_server_on(postmaster.pid, self.folder):
            return
        if os.name == "nt":
            run_program("pg_ctl", "stop", "-D", str(self.folder), "-m", "fast", "-w")
        else:
            with suppress(ProcessLookupError):  # another thread may be stopping it too
                os.kill(postmaster.pid, signal.SIGINT)
        if not self.await_end(wait_seconds):
            self._end(postmaster)
        remove_socket_folder(Path(postmaster.address.host))

    def _started_child(self) -> subprocess.Popen[bytes] | None:
        """The server that this process started, if it did; waits for one that is being spawned."""
        child = self._child
        if child is None or wait([child], _SPAWN_SECONDS).not_done or child.exception() is not None:
            return None
        return child.result()

    def await_end(self, seconds: float) -> bool:
        """Waits, at most the given time, until no server runs on this folder; returns whether none does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            postmaster = self._postmaster()
            if postmaster is None or not is_server_on(postmaster.pid, self.folder):
                return True
            time.sleep(_POLL_SECONDS)
        return False

    def _end(self, postmaster: _Postmaster) -> None:
        """Ends a server whose shutdown waits for a query that ignores interrupts; the next start recovers."""
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
            with open(open_owned(self.folder / "postmaster.pid", os.O_RDONLY, trusted()), encoding="utf-8") as file:
                lines = file.read(_MAX_PID_FILE).splitlines()
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
            folder = make_socket_folder()
            change_owner_to_runner(folder)
        return {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": str(folder),
            "unix_socket_permissions": "0700",
        }
