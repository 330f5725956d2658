"""A server process and the bare wire to it, for scripts that drive many."""

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

REPLY_SECONDS = 120.0
QUERY_SECONDS = "5"


class Server:
    """A server process and its one client, who waits for each reply."""

    def __init__(self, folder: Path, user_id: str) -> None:
        command = [sys.executable, "-P", "-m", "zava_mcp", "--data-dir", str(folder), "--user-id", user_id]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "ZAVA_QUERY_TIMEOUT": QUERY_SECONDS},
            start_new_session=True,  # Ctrl-C is for the script, which then ends them in order
        )
        self._number = 0
        self._given_up = False
        hello = {"name": "soak", "version": "1"}
        self.request("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=hello)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        """Raises OSError if the server ended, TimeoutError if it did not reply."""
        assert self.process.stdout is not None
        self._number += 1
        late = threading.Timer(REPLY_SECONDS, self._give_up)
        late.start()
        try:
            self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
            while line := self.process.stdout.readline():
                reply: dict[str, Any] = json.loads(line)
                if reply.get("id") == self._number:
                    return reply
        finally:
            late.cancel()
        raise TimeoutError if self._given_up else OSError

    def call(self, tool: str, **arguments: Any) -> tuple[str, bool]:
        result = self.request("tools/call", name=tool, arguments=arguments)["result"]
        return result["content"][0]["text"], result.get("isError", False)

    def end(self) -> None:
        """The client goes; a server that does not follow is killed, which shows in its exit code."""
        with suppress(OSError):
            self.process.stdin.close()  # type: ignore[union-attr]  # it is a pipe
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def resident(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def _give_up(self) -> None:
        self._given_up = True
        self.process.kill()

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()


def processes_on(folder: Path) -> list[psutil.Process]:
    """Everything that was started for this folder: servers, and PostgreSQL's."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if process.pid != os.getpid() and any(str(folder) in word for word in process.info["cmdline"] or []):
            found.append(process)
    return found


def postgres_on(folder: Path) -> list[psutil.Process]:
    """The PostgreSQL servers on it, not their children, which have titles of their own."""
    return [process for process in processes_on(folder) if "-D" in process.cmdline() and process.name() == "postgres"]


def shared_memory() -> set[str]:
    """PostgreSQL's segments that no living process has, on this machine."""
    segments = {str(path) for path in Path("/dev/shm").glob("PostgreSQL.*")}  # noqa: S108  # where the system keeps it
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            segments -= {region.path for region in process.memory_maps()}
    return segments
