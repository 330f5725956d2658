"""Serves the calls of tests/fakes/az: records each, and returns the output of the real Azure CLI."""

import json
import socketserver
import threading
from collections.abc import Mapping
from io import BufferedIOBase
from types import TracebackType
from typing import Any

import jmespath  # type: ignore[import-untyped]

#: A response of Azure as {"data": …}, an output of az, an exit code of a failure, or a list of outputs, one per call.
Answer = dict[str, Any] | str | int | list[str]


class AzureCli:
    """Listens while it is open. `answers` is {command: answer}; a command is its words before the first option."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = answers
        self.calls: list[dict[str, Any]] = []
        cli = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                arguments, variables = _fields(self.rfile), _fields(self.rfile)
                code, text = cli.answer(arguments, variables)
                self.wfile.write(f"{code}\n{text}".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]

    def answer(self, arguments: list[str], variables: list[str]) -> tuple[int, str]:
        """Returns the exit code, and the text for stdout, or for stderr after a failure."""
        options = next((index for index, word in enumerate(arguments) if word.startswith("-")), len(arguments))
        command = " ".join(arguments[:options])
        environment = dict(variable.split("=", 1) for variable in variables)
        earlier = sum(call["command"] == command for call in self.calls)
        self.calls.append({"command": command, "arguments": arguments, "environment": environment})
        if command not in self.answers:
            return 2, f"ERROR: '{command}' is misspelled or not recognized by the system.\n"
        answer = self.answers[command]
        if isinstance(answer, list):
            answer = answer[min(earlier, len(answer) - 1)]
        if isinstance(answer, int):
            return answer, f"ERROR: {command} was refused\n"
        text = printed(answer["data"], arguments) if isinstance(answer, dict) else answer
        return 0, text and f"{text}\n"

    def __enter__(self) -> "AzureCli":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


def _fields(stream: BufferedIOBase) -> list[str]:
    """Reads a number, and as many strings, each terminated by NUL."""
    return [_text(stream) for _ in range(int(_text(stream)))]


def _text(stream: BufferedIOBase) -> str:
    read = bytearray()
    while (byte := stream.read(1)) not in (b"\0", b""):
        read += byte
    return read.decode()


def printed(data: Any, arguments: list[str]) -> str:
    """Applies --query and --output to an answer. Returns "" if the query finds nothing."""
    options = dict(zip(arguments, [*arguments[1:], ""], strict=True))
    found = jmespath.search(options["--query"], data) if "--query" in options else data
    if found is None or options.get("--output") == "none":
        return ""
    if options.get("--output") != "tsv":
        return json.dumps(found, indent=2)
    return "\n".join(map(_row, found if isinstance(found, list) else [found]))


def _row(value: Any) -> str:
    """Returns one line of `--output tsv` in the format of knack: a missing value in a list is None."""
    if isinstance(value, (list, dict)):
        values = value if isinstance(value, list) else [one for _, one in sorted(value.items())]
        return "\t".join(map(_cell, values))
    return str(value).lower() if isinstance(value, bool) else _cell(value)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return str(len(value))
    return "" if isinstance(value, dict) else str(value)
