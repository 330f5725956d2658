"""The exercises on the architecture: which part refuses a request, and a session of a client."""

import json
import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from zava_mcp.errors import InputError, QueryError
from zava_mcp.exercises.data_answer import DataAnswer, require
from zava_mcp.exercises.exercise import Exercise, Wrong, read_answer
from zava_mcp.exercises.lab import Lab

#: The entries of 01-1 and their queries.
REQUESTS = {
    "nothing": "",
    "long_text": f"SELECT '{'x' * 100_000}'",
    "two_statements": "SELECT 1 AS a; SELECT 2 AS b",
    "last_semicolon": "SELECT 1 AS a;",
    "write": "DELETE FROM retail.orders",
    "closed_parenthesis": "SELECT 1) AS a, (SELECT 2",
    "table_of_access": "TABLE zava.access",
    "setting": "SELECT set_config('app.store_id', '2', false)",
}
_REPLY_SECONDS = 60.0
_MAX_MESSAGES = 20


def _check_refusals(answer: Any, lab: Lab) -> None:
    require(answer, "the file", **dict.fromkeys(REQUESTS, dict))
    for name, query in REQUESTS.items():
        require(answer[name], f"the table {name}", refused_by=str, sqlstate=str)
        refused_by, sqlstate = _refusal(lab, query)
        if answer[name]["refused_by"] != refused_by:
            raise Wrong(f"`{name}`: it is not {answer[name]['refused_by']!r} that refuses this first")
        if answer[name]["sqlstate"] != sqlstate:
            raise Wrong(f"{name}: its SQLSTATE is not {answer[name]['sqlstate']!r}")


def _refusal(lab: Lab, query: str) -> tuple[str, str]:
    """Who refuses a query, and with which SQLSTATE."""
    try:
        lab.query("seattle", query)
    except InputError:
        return "server", ""
    except QueryError as error:
        return "database", error.sqlstate
    return "nobody", ""


def _check_session(file: Path, lab: Lab) -> None:
    messages = [_message(number, line) for number, line in enumerate(read_answer(file).splitlines(), 1) if line.strip()]
    if len(messages) > _MAX_MESSAGES:
        raise Wrong(f"it has {len(messages)} messages; {_MAX_MESSAGES} are more than enough")
    if not any("id" in message for message in messages):
        raise Wrong("it has no request: a message without an id gets no reply")
    if messages[-1]["method"] != "ping" or "id" not in messages[-1]:
        raise Wrong("the last message is no ping that wants a reply")
    replies = _replies(messages, lab)
    count = lab.query("seattle", "SELECT count(*) FROM retail.products").rows[0][0]
    texts = [(bool(reply["result"].get("isError")), _text(reply)) for reply in replies if _is_call(reply)]
    if not any(not is_error and f"[[{count}]]" in text for is_error, text in texts):
        raise Wrong("no call of a tool returns the number of products, and nothing else, in one row")
    if not any(is_error and text.startswith("42P01") for is_error, text in texts):
        raise Wrong("no call of a tool has a result that is an error with the SQLSTATE 42P01")
    if not any("error" in reply for reply in replies):
        raise Wrong("the server replies to no request with an error of the protocol")
    if "result" not in replies[-1]:
        raise Wrong("the ping is not answered")


def _message(number: int, line: str) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError as error:
        raise Wrong(f"line {number} is not JSON: {error}") from None
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        raise Wrong(f"line {number} is no message with a method")
    return message


def _replies(messages: list[dict[str, Any]], lab: Lab) -> list[dict[str, Any]]:
    """The replies of a server to the requests, each sent after the reply to the one before."""
    folder = lab.settings_of("seattle").data_dir
    options = ["--user-id", "seattle", *(["--data-dir", str(folder)] if folder else [])]
    command = [sys.executable, "-m", "zava_mcp", *options]
    pipe, own = subprocess.PIPE, ("ZAVA_", "POSTGRES_", "PG")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, encoding="utf-8", env=environment
    ) as server:
        assert server.stdin is not None
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_read, args=(server, lines), daemon=True).start()
        try:
            replies = []
            for message in messages:
                server.stdin.write(f"{json.dumps(message)}\n")
                server.stdin.flush()
                if "id" in message:
                    replies.append(_reply_to(message, lines))
            return replies
        except BrokenPipeError:
            raise Wrong("the server ended before the last message") from None
        finally:
            with suppress(BrokenPipeError):
                server.stdin.close()
            _end(server)


def _read(server: "subprocess.Popen[str]", lines: "queue.Queue[str]") -> None:
    assert server.stdout is not None
    for line in server.stdout:
        lines.put(line)


def _reply_to(message: dict[str, Any], lines: "queue.Queue[str]") -> dict[str, Any]:
    while True:
        try:
            reply: dict[str, Any] = json.loads(lines.get(timeout=_REPLY_SECONDS))
        except queue.Empty:
            raise Wrong(f"the server does not reply to the request {message['id']!r}") from None
        if reply.get("id") == message["id"]:
            return reply


def _end(server: "subprocess.Popen[str]") -> None:
    try:
        server.wait(_REPLY_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()


def _is_call(reply: dict[str, Any]) -> bool:
    return "content" in reply.get("result", {})


def _text(reply: dict[str, Any]) -> str:
    return "".join(part.get("text", "") for part in reply["result"]["content"])


EXERCISES = (
    Exercise("01-1", ".toml", DataAnswer(_check_refusals), "the section Three kinds of errors"),
    Exercise("01-2", ".jsonl", _check_session, "the sections One request and Three kinds of errors"),
)
