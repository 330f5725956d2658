"""The server's tools as a chat endpoint wants them, and calls of them over the real protocol."""

import json
import sys
from pathlib import Path
from typing import Any

from scripts.evaluation.questions import IDENTITIES
from scripts.measure.processes import Server


class Tools:
    """A server process of one identity on a data folder."""

    def __init__(self, data_dir: Path, identity: str) -> None:
        command = ("-P", "-m", "zava_mcp", "--data-dir", str(data_dir), "--user-id", IDENTITIES[identity])
        self._server = Server(sys.executable, *command)
        listed = self._server.request("tools/list")["result"]["tools"]
        self.instructions: str = self._server.greeting["result"].get("instructions", "")
        self.bytes_at_start = len(json.dumps(listed, ensure_ascii=False).encode()) + len(self.instructions.encode())
        self.listed = [
            {
                "type": "function",
                "function": {
                    "name": tool["name"],
                    "description": tool.get("description", ""),
                    "parameters": tool["inputSchema"],
                },
            }
            for tool in listed
        ]

    def call(self, name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        """What a tool answers, and whether that is an error."""
        reply = self._server.request("tools/call", name=name, arguments=arguments)
        if "error" in reply:
            return str(reply["error"].get("message", "")), True
        result = reply["result"]
        return "".join(part.get("text", "") for part in result["content"]), bool(result.get("isError"))

    def rows(self, sql: str) -> list[list[Any]]:
        """The rows of a query that must succeed."""
        text, failed = self.call("execute_sales_query", {"postgresql_query": sql})
        if failed:
            raise AssertionError(f"{text}: {sql}")
        rows: list[list[Any]] = json.loads(text)["rows"]
        return rows

    def end(self) -> None:
        self._server.end()
