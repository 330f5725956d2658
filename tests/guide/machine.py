"""A reader's machine: a home with a checkout, a shell with zava-mcp on its path, a PostgreSQL 15 on localhost:5432."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from scripts.debian import postgres_15
from scripts.servers import Postgres, running
from tests.documents import ROOT

COLUMNS, ROWS = 100, 1000
HOME = "/home/you"  # stands in chapters for the reader's home
SERVER = "localhost:5432"  # stands in chapters for the reader's PostgreSQL, whose superuser is postgres:admin
_TIMEOUT_SECONDS = 180.0
_ESCAPES = re.compile(r"\x1b\[[\d;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\r")
_SCRIPT = 'eval "$1"; code=$?; env -0 > "$2"; pwd > "$3"; exit $code'
_NOT_KEPT = ("_", "SHLVL", "PWD", "OLDPWD")


@dataclass(frozen=True)
class Ran:
    """The lines that a command showed on the terminal, and its exit code."""

    lines: list[str]
    code: int


@dataclass
class Machine:
    """The reader's files, and the directory and the exported variables of the shell."""

    folder: Path
    servers: ExitStack
    directory: Path = field(init=False)
    environment: dict[str, str] = field(init=False)
    _postgres: Postgres | None = None

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.work = self.home / "learn"
        self.work.mkdir(parents=True, exist_ok=True)
        for path in (self.folder, self.home, self.work):
            path.chmod(0o755)
        checkout = self.home / "zava-mcp"
        if not checkout.exists():
            checkout.symlink_to(ROOT)
        self.open_terminal()
        self.program = str(Path(sys.executable).with_name("zava-mcp"))

    def open_terminal(self) -> None:
        """Starts a chapter: a new shell in the folder of the reader's work; files stay."""
        self.directory = self.work
        programs = str(Path(sys.executable).parent)
        self.environment = {
            "HOME": str(self.home),
            "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin:/usr/sbin",
            "VIRTUAL_ENV": sys.prefix,
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "PAGER": "cat",
            "TMPDIR": str(self.folder),
        }

    def run(self, command: str) -> Ran:
        """Runs a command in bash on a pseudo-terminal, with an empty stdin."""
        state, place = self.folder / "environment", self.folder / "directory"
        code, output = _on_terminal(
            ["bash", "--norc", "--noprofile", "-c", _SCRIPT, "bash", self.to_machine(command), str(state), str(place)],
            self.directory,
            self.environment,
        )
        if state.exists():
            entries = (entry.partition("=") for entry in state.read_text(encoding="utf-8").split("\0") if entry)
            self.environment = {name: value for name, _, value in entries if name not in _NOT_KEPT}
            self.directory = Path(place.read_text().rstrip("\n"))
            state.unlink()
        return Ran(self.to_chapter(output).strip("\n").split("\n"), code)

    def write(self, name: str, text: str) -> None:
        """Writes a file into the shell's directory."""
        file = (self.directory / name).resolve()
        assert file.is_relative_to(self.home.resolve()), name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.to_machine(text), encoding="utf-8")

    def run_sql(self, text: str, identity: str) -> str:
        """Runs SQL as an identity, or as the administrator of ZAVA_ADMIN_DATABASE_URL; returns the error or ""."""
        if identity == "administrator":
            return self._run_as_administrator(text)
        file = self.folder / "block.sql"
        file.write_text(text, encoding="utf-8")
        ran = subprocess.run(
            [self.program, "query", "--file", str(file), "--user-id", identity],
            env=self.environment,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return ran.stderr if ran.returncode else ""

    def to_machine(self, text: str) -> str:
        """A text of a chapter with this machine's server; starts it when it is first named."""
        if SERVER not in text:
            return text
        if self._postgres is None:
            folder = self.folder / "postgres"
            folder.mkdir()
            self._postgres = self.servers.enter_context(_server(folder))
        return text.replace(SERVER, f"127.0.0.1:{self._postgres.port}")

    def to_chapter(self, text: str) -> str:
        """A text of this machine as a chapter writes it."""
        text = _ESCAPES.sub("", text).replace(str(self.home), HOME).replace(sys.prefix, f"{HOME}/zava-mcp/.venv")
        if self._postgres is not None:
            port = self._postgres.port
            text = text.replace(f"127.0.0.1:{port}", SERVER).replace(f"127.0.0.1, port {port}", "localhost, port 5432")
        return text

    def _run_as_administrator(self, text: str) -> str:
        url = self.environment["ZAVA_ADMIN_DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            try:
                connection.execute(text.encode())
            except psycopg.Error as error:
                return f"{error.sqlstate}: {error}"
        return ""


@contextmanager
def new_machine(folder: Path | None = None, keeps_database: bool = True, scale: str | None = None) -> Iterator[Machine]:
    """A machine in a folder, or in a new one that is removed; what it started is stopped at the end.

    Tables on a terminal are wrapped by the length of paths, so a new folder has a short path that is always as long.
    With `keeps_database` an idle server runs, so that no command waits for the embedded PostgreSQL to start. With
    `scale` the embedded database exists before, with a sample of this size.
    """
    with ExitStack() as servers:
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="zg", dir="/tmp"))
            servers.callback(shutil.rmtree, folder, ignore_errors=True)
        machine = Machine(folder, servers)
        if scale is not None:
            assert machine.run(f"zava-mcp init --scale {scale}").code == 0
        if keeps_database:
            servers.enter_context(_idle_server(machine))
        yield machine


@contextmanager
def _idle_server(machine: Machine) -> Iterator[None]:
    """A server of head office that is connected to a client that says nothing."""
    with subprocess.Popen(
        [machine.program, "--user-id", "head-office"],
        env=machine.environment,
        cwd=machine.home,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        yield
        assert process.stdin
        process.stdin.close()
        process.wait(60)


@contextmanager
def _server(folder: Path) -> Iterator[Postgres]:
    yield from running(15, postgres_15(), folder, tls=False)


def _on_terminal(command: list[str], directory: Path, environment: dict[str, str]) -> tuple[int, str]:
    """The exit code of a command, and all that it showed on stdout and stderr."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    with subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as process:
        os.close(terminal)
        output = _read(controller, process, command[6])
    os.close(controller)
    return process.returncode, output


def _read(controller: int, process: "subprocess.Popen[bytes]", command: str) -> str:
    deadline, output = time.monotonic() + _TIMEOUT_SECONDS, b""
    while select.select([controller], [], [], max(0.0, deadline - time.monotonic()))[0]:
        try:
            chunk = os.read(controller, 65_536)
        except OSError:  # every process closed its end
            return output.decode("utf-8", "replace")
        if not chunk:
            return output.decode("utf-8", "replace")
        output += chunk
    os.killpg(process.pid, signal.SIGKILL)
    raise AssertionError(f"{command} did not end within {_TIMEOUT_SECONDS:g} s: {output[-2000:]!r}")
