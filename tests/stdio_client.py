"""Starts a server process and exchanges lines of JSON with it, without the SDK's client."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any

OLD_VERSION = "2025-06-18"
HELLO = {"protocolVersion": OLD_VERSION, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
MODERN_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}


class StdioClient:
    """A server process and its pipes. Replies are read in order; everything on stdout must be JSON-RPC."""

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed in __exit__
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ZAVA_")}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "zava_mcp", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env={**kept, **(environment or {})},
        )
        self._id = 0

    def __enter__(self) -> "StdioClient":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.log):
            assert stream is not None
            stream.close()

    def send(self, message: dict[str, Any] | bytes) -> None:
        assert self.process.stdin is not None
        line = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the server ended: {self.stderr()}"
        message: dict[str, Any] = json.loads(line)
        assert message["jsonrpc"] == "2.0"
        return message

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        """Sends a request and returns its reply, past notifications."""
        self._id += 1
        self.send({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})
        while True:
            message = self.read()
            if message.get("id") == self._id:
                return message

    def shake_hands(self, version: str = OLD_VERSION) -> dict[str, Any]:
        reply = self.request("initialize", **{**HELLO, "protocolVersion": version})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        result: dict[str, Any] = reply["result"]
        return result

    def call(self, tool: str, **arguments: Any) -> tuple[str, bool]:
        result = self.request("tools/call", name=tool, arguments=arguments)["result"]
        return result["content"][0]["text"], result.get("isError", False)

    def close_stdin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def signal(self, signum: signal.Signals) -> None:
        self.process.send_signal(signum)

    def stderr(self) -> str:
        self.log.seek(0)
        return self.log.read().decode()


def server_for(data_dir: Path, user_id: str, *more: str, **environment: str) -> StdioClient:
    return StdioClient("--data-dir", str(data_dir), "--user-id", user_id, *more, environment=environment)
