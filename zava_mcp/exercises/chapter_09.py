"""The exercises of clients: the correction of an assistant's query, and requests that are sent to a server."""

import json
import subprocess
import threading
from pathlib import Path
from typing import Any

from zava_mcp import sql
from zava_mcp.exercises.exercise import Exercise, Wrong, read_answer
from zava_mcp.exercises.lab import Lab
from zava_mcp.exercises.sql_answer import SqlAnswer
from zava_mcp.python_process import child_command, child_environment

_METHODS = ("completion/complete", "prompts/get", "tools/call", "tools/call")
_SECONDS = 60.0
_INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "zava-mcp-exercise", "version": "1"},
}
#: Variables that would lead the server to another database than the check's.
_PREFIXES = ("ZAVA_", "PG", "POSTGRES_")
#: A call that waits until the server has connected to the database; prompts and completions do not.
_FIRST_QUERY = ("tools/call", {"name": "execute_sales_query", "arguments": {"postgresql_query": "SELECT 1 AS one"}})
_Request = tuple[str, dict[str, Any]]


def _check_requests(file: Path, lab: Lab) -> None:
    requests = [_request(line, place) for place, line in enumerate(read_answer(file).splitlines(), 1) if line.strip()]
    if (methods := tuple(method for method, _ in requests)) != _METHODS:
        raise Wrong(f"its methods are {', '.join(methods)}, not {', '.join(_METHODS)}")
    for _, params in requests[2:]:
        if params.get("name") != "execute_sales_query":
            raise Wrong(f"it calls the tool {params.get('name')}")
    completion, prompt, truncated, refused = _answers(requests, lab)
    _check_completion(requests[0][1], completion)
    _check_prompt(requests[1][1], prompt)
    result = _result(truncated)
    if truncated.get("isError") or '"truncated":true' not in result:
        raise Wrong(f"the result of the third request is not truncated: {result[:200]}")
    if not refused.get("isError") or not (result := _result(refused)).startswith("42501"):
        raise Wrong(
            f"PostgreSQL does not refuse the fourth request for insufficient privilege: {result[:200]}",
            "the section Who sees what of chapter 00",
        )


def _request(line: str, place: int) -> _Request:
    method, _, text = line.strip().partition(" ")
    try:
        params = json.loads(text or "{}")
    except ValueError as error:
        raise Wrong(f"line {place}: what follows {method} is not JSON: {error}") from None
    if not isinstance(params, dict):
        raise Wrong(f"line {place}: the parameters of {method} are no object")
    return method, params


def _check_completion(params: dict[str, Any], answer: dict[str, Any]) -> None:
    reference, argument = params.get("ref"), params.get("argument")
    if reference != {"type": "ref/prompt", "name": "slow_movers"}:
        raise Wrong("the completion is not of the prompt slow_movers")
    if argument != {"name": "category", "value": "PA"}:
        raise Wrong("the completion is not of the argument category for the text PA")
    if not answer.get("completion", {}).get("values"):
        raise Wrong(f"the completion has no values: {json.dumps(answer)[:100]}")


def _check_prompt(params: dict[str, Any], answer: dict[str, Any]) -> None:
    if params.get("name") != "slow_movers":
        raise Wrong("the second request is not for the prompt slow_movers")
    if not answer.get("messages"):
        raise Wrong(f"the prompt is refused: {answer.get('message', '')}")
    if "Zava Retail Seattle" not in answer["messages"][0]["content"]["text"]:
        raise Wrong("the prompt is not for the store Seattle")


def _result(answer: dict[str, Any]) -> str:
    """The text of a tool's result, or the error of the protocol."""
    return "".join(part.get("text", "") for part in answer.get("content", ())) or str(answer.get("message", ""))


def _answers(requests: list[_Request], lab: Lab) -> list[dict[str, Any]]:
    """The answers of a server of Seattle's to requests that are sent one after the other."""
    folder = lab.settings_of("seattle").data_dir
    options = ["--user-id", "seattle", *(["--data-dir", str(folder)] if folder else [])]
    environment = {name: text for name, text in child_environment().items() if not name.startswith(_PREFIXES)}
    with subprocess.Popen(
        child_command("-m", "zava_mcp", *options),
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as server:
        timer = threading.Timer(_SECONDS, server.kill)
        timer.start()
        try:
            sent = [("initialize", _INITIALIZE), _FIRST_QUERY, *requests]
            return [_answer(server, number, *request) for number, request in enumerate(sent)][2:]
        finally:
            timer.cancel()
            if server.stdin:
                server.stdin.close()


def _answer(server: "subprocess.Popen[str]", number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
    assert server.stdin
    assert server.stdout
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    server.stdin.write(json.dumps(message) + "\n")
    server.stdin.flush()
    for line in server.stdout:
        answer = json.loads(line)
        if answer.get("id") == number:
            found: dict[str, Any] = answer.get("result") or answer.get("error") or {}
            return found
    raise Wrong(f"the server ended before it answered {method}")


EXERCISES = (
    Exercise(
        "09-1", ".sql", SqlAnswer(sql.named("exercises/09.sql")["quarters_of_2025"]), "the section Judge an answer"
    ),
    Exercise("09-2", ".txt", _check_requests, "the section What a client reads"),
)
