"""One PostgreSQL data folder: create it, start it, see whether it runs, stop it."""

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
from zava_mcp.embedded.host import give_to_runner, make_reachable, program, programs, trusted
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
from zava_mcp.embedded.server_parameters import FILLING, PARAMETERS
from zava_mcp.errors import EmbeddedError
from zava_mcp.trusted_files import open_own

_START_SECONDS = 60.0
_SPAWN_SECONDS = 2.0
_POLL_SECONDS = 0.01
_STOPPING_SECONDS = 0.3  # a healthy shutdown takes less
_QUIT_SECONDS = 6.0  # PostgreSQL itself kills what does not quit after five
_MAX_SOCKET_PATH = 100  # the kernel's limit is 107 bytes (103 on macOS), the name in it included
_MAX_LOG_BYTES = 5_000_000
_MAX_PID_FILE = 4_096


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
        self._starting: Future[subprocess.Popen[bytes]] | None = None  # if it was us who started it

    def create(self, admin_password: str) -> None:
        """Runs initdb: sorting as in C.UTF-8 everywhere, passwords asked of everybody."""
        self._make_reachable()
        password_file = self.folder.with_name("admin-password")
        write_private(password_file, admin_password)
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
        try:
            return self._start(filling)
        except EmbeddedError as error:
            # Processes of a server that was killed, which are at something that never looks up.
            if "shared memory block" not in error.message or not end_orphans(self.folder):
                raise
            return self._start(filling)

    def _start(self, filling: bool) -> Address:
        self._make_reachable()
        parameters = {**PARAMETERS, **(FILLING if filling else {}), **self._listening()}
        if self._log.exists() and self._log.stat().st_size > _MAX_LOG_BYTES:
            self._log.unlink()
        log_start = self._log.stat().st_size if self._log.exists() else 0
        started = self._starting = Future()
        command = self._command(parameters, filling)
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

    def _command(self, parameters: dict[str, str], filling: bool) -> list[str]:
        if os.name == "nt":
            return windows.start_command(program("pg_ctl"), self.folder, self._log, parameters)
        command = [program("postgres"), "-D", str(self.folder)]
        command += [word for name, value in parameters.items() for word in ("-c", f"{name}={value}")]
        return command if filling else with_limited_memory(command)

    def _run(self, command: list[str], started: Future[subprocess.Popen[bytes]]) -> None:
        """Runs the server to its end, in a thread of its own.

        A signal's exception can come up in the main thread between any two steps, and would lose a process
        that has just been made. And whoever stops it, our child must not stay behind as a zombie.
        """
        try:
            process = spawn(command, self.folder, self._log)
        except BaseException as error:  # whoever waits is told, whatever it was: else they would wait for ever
            started.set_exception(error)
            return
        started.set_result(process)
        process.wait()

    def stop(self, wait_seconds: float) -> None:
        """Ends all connections and shuts down; waits at most the given time for it."""
        child = self._our_child()
        postmaster = self._postmaster()
        if postmaster is None and child is not None and child.poll() is None:
            if os.name != "nt":
                child.kill()  # just started: it has not written down yet who it is
            child.wait()  # on Windows it is pg_ctl, without which the server would stay
            postmaster = self._postmaster()
        if postmaster is None or not is_server_on(postmaster.pid, self.folder):
            return
        if os.name == "nt":
            run_program("pg_ctl", "stop", "-D", str(self.folder), "-m", "fast", "-w")
        else:
            with suppress(ProcessLookupError):  # the thread that sets up may be stopping it, too
                os.kill(postmaster.pid, signal.SIGINT)
        if not self.await_end(wait_seconds):
            self._end(postmaster)
        remove_socket_folder(Path(postmaster.address.host))

    def _our_child(self) -> subprocess.Popen[bytes] | None:
        """The server that we started, if we did; one that is just being made is waited for."""
        starting = self._starting
        if starting is None or wait([starting], _SPAWN_SECONDS).not_done or starting.exception() is not None:
            return None
        return starting.result()

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
            with open(open_own(self.folder / "postmaster.pid", os.O_RDONLY, trusted()), encoding="utf-8") as file:
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
            give_to_runner(folder)
        return {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": str(folder),
            "unix_socket_permissions": "0700",
        }
