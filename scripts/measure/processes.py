"""Server processes, driven over their stdio without any SDK in between."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import psutil

SEATTLE = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
HEAD_OFFICE = "00000000-0000-0000-0000-000000000000"

FLOOR_SERVER = '''
from mcp.server.mcpserver import MCPServer
server = MCPServer("floor", version="1")
@server.tool(structured_output=False)
async def execute_sales_query(postgresql_query: str) -> str:
    """The smallest tool."""
    return "1"
server.run()
'''


#: What the SDK, the driver and a compact JSON text cost together.
ROWS_SERVER = '''
import json, os, psycopg
from mcp.server.mcpserver import MCPServer
server = MCPServer("floor", version="1")
connection = psycopg.connect(os.environ["FLOOR_DATABASE"], autocommit=True)
@server.tool(structured_output=False)
async def execute_sales_query(postgresql_query: str, max_rows: int) -> str:
    """The smallest tool that asks the database."""
    rows = connection.execute(postgresql_query.encode()).fetchmany(max_rows)
    return json.dumps(rows, separators=(",", ":"), default=str)
server.run()
'''


class Server:
    """A server process that has shaken hands."""

    def __init__(self, *command: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )
        self._numbers = count(1)  # a server answers the lists before it imports the SDK only if ids differ
        client = {"name": "bench", "version": "1"}
        self.greeting = self.request("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=client)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        self._send({"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": params})
        return self._read()

    def ask(self, sql: str, **more: Any) -> None:
        self.call("execute_sales_query", postgresql_query=sql, **more)

    def ask_at_once(self, queries: Sequence[str]) -> None:
        """Sends all, then waits for all the answers."""
        for sql in queries:
            params = {"name": "execute_sales_query", "arguments": {"postgresql_query": sql}}
            self._send({"jsonrpc": "2.0", "id": next(self._numbers), "method": "tools/call", "params": params})
        for _ in queries:
            _text(self._read())

    def call(self, tool: str, **arguments: Any) -> str:
        """The text that a tool answers."""
        return _text(self.request("tools/call", name=tool, arguments=arguments))

    def megabytes(self) -> float:
        """The memory it holds."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6

    def end(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        reply: dict[str, Any] = json.loads(self.process.stdout.readline())
        return reply


def _text(reply: dict[str, Any]) -> str:
    text: str = reply["result"]["content"][0]["text"]
    assert not reply["result"].get("isError"), text
    return text


def ours(data_dir: Path, **environment: str) -> Server:
    """Seattle's server on an embedded database."""
    command = ("-P", "-m", "zava_mcp", "--data-dir", str(data_dir), "--user-id", SEATTLE)
    return Server(sys.executable, *command, **environment)


def ours_through(port: int, login: str, password: str) -> Server:
    """Seattle's server on a database that is reached through a port of this machine."""
    url = f"postgresql://{login}@127.0.0.1:{port}/zava?sslmode=disable"
    return Server(
        sys.executable, "-P", "-m", "zava_mcp", "--user-id", SEATTLE, ZAVA_DATABASE_URL=url, POSTGRES_PASSWORD=password
    )


def floor_server() -> Server:
    return Server(sys.executable, "-P", "-c", FLOOR_SERVER)


def rows_floor_server(database: str) -> Server:
    """The smallest server that has a connection, whose libpq string is given."""
    return Server(sys.executable, "-P", "-c", ROWS_SERVER, FLOOR_DATABASE=database)
