"""The exercises on the protocol: a conversation in lines of JSON, and a client that cancels."""

import json
import os
import subprocess
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from zava_mcp import sql
from zava_mcp.exercises.exercise import Exercise, Wrong, read_answer
from zava_mcp.exercises.lab import Lab
from zava_mcp.exercises.sql_answer import run_answer
from zava_mcp.exercises.tool_answer import load_function
from zava_mcp.python_process import child_command, child_environment
from zava_mcp.settings import CONCURRENT_QUERIES

_SQL = sql.named("exercises/05.sql")
_OLD, _NEW = "2025-11-25", "2026-07-28"
_META = "io.modelcontextprotocol/"
_METHODS = ["tools/call", "initialize", "notifications/initialized", "tools/list", "tools/call"]
_REPLY_SECONDS = 60.0
_TEXT_CHARACTERS = 200

Message = dict[str, Any]
Ask = Callable[[Any, str, float], Awaitable[str | None]]  # the first argument is an SDK client


def _check_lines(file: Path, lab: Lab) -> None:
    messages = [_message(number, line) for number, line in enumerate(read_answer(file).splitlines(), 1) if line.strip()]
    methods = [str(message.get("method")) for message in messages]
    if methods != _METHODS:
        place = next(
            (place for place, pair in enumerate(zip(methods, _METHODS, strict=False)) if pair[0] != pair[1]),
            min(len(methods), len(_METHODS)),
        )
        found = methods[place] if place < len(methods) else "missing"
        raise Wrong(f"line {place + 1} is {found}, and another method belongs there; it has {len(methods)} lines")
    _check_ids(messages)
    _check_versions(messages)
    queries = [_query(messages[place]) for place in (0, -1)]
    if queries[0] != queries[1]:
        raise Wrong("the two calls run different queries")
    for identity in ("seattle", "head-office"):
        if run_answer(lab, identity, queries[0]).rows != lab.query(identity, _SQL["orders_of_2024"]).rows:
            raise Wrong(f"as {identity}, the query does not return the number of orders of 2024")
    for message, reply in _conversation(messages, lab):
        if "error" in reply or reply["result"].get("isError"):
            raise Wrong(f"the server refuses {message['method']}: {json.dumps(reply)[:_TEXT_CHARACTERS]}")


def _message(number: int, line: str) -> Message:
    try:
        message = json.loads(line)
    except ValueError:
        raise Wrong(f"line {number} is not JSON") from None
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise Wrong(f'line {number} is no message of JSON-RPC: it has no "jsonrpc": "2.0"')
    return message


def _check_ids(messages: list[Message]) -> None:
    for message in messages:
        if ("id" in message) == message["method"].startswith("notifications/"):
            raise Wrong(f"{message['method']} has {'an' if 'id' in message else 'no'} id")
    ids = [str(message["id"]) for message in messages if "id" in message]
    if len(set(ids)) < len(ids):
        raise Wrong("two requests have the same id")


def _check_versions(messages: list[Message]) -> None:
    """Checks what each era requires of its messages."""
    params = [message.get("params") or {} for message in messages]
    meta = params[0].get("_meta") or {}
    if meta.get(f"{_META}protocolVersion") != _NEW:
        raise Wrong(f"the first call does not say that its version is {_NEW}")
    if not isinstance(meta.get(f"{_META}clientCapabilities"), dict):
        raise Wrong("the first call does not say the capabilities of its client")
    if any("_meta" in other for other in params[1:]):
        raise Wrong(f"a message of {_OLD} has the _meta of {_NEW}")
    if params[1].get("protocolVersion") != _OLD:
        raise Wrong(f"initialize asks for the version {params[1].get('protocolVersion')}")
    for name in ("capabilities", "clientInfo"):
        if not isinstance(params[1].get(name), dict):
            raise Wrong(f"initialize has no {name}")


def _query(message: Message) -> str:
    params = message["params"]
    arguments = params.get("arguments")
    if params.get("name") != "execute_sales_query" or not isinstance(arguments, dict):
        raise Wrong("a call is not one of execute_sales_query with arguments")
    return str(arguments.get("postgresql_query", ""))


def _conversation(messages: list[Message], lab: Lab) -> list[tuple[Message, Message]]:
    """The server's reply to each request, sent to a process of its own, one after the other."""
    settings = lab.settings_of("seattle")
    environment = {
        name: value for name, value in child_environment().items() if not name.startswith(("ZAVA_", "POSTGRES_"))
    }
    if settings.data_dir is not None:
        environment["ZAVA_DATA_DIR"] = str(settings.data_dir)
    command = child_command("-m", "zava_mcp", "--user-id", "seattle")
    replies = []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=os.sep
    ) as server:
        deadline = threading.Timer(_REPLY_SECONDS, server.kill)
        deadline.start()
        assert server.stdin
        assert server.stdout
        for message in messages:
            server.stdin.write(json.dumps(message).encode() + b"\n")
            server.stdin.flush()
            if "id" in message:
                replies.append((message, _reply(server.stdout.readline())))
        server.stdin.close()
        server.wait()
        deadline.cancel()
    return replies


def _reply(line: bytes) -> Message:
    if not line:
        raise Wrong("the server ended before it replied")
    reply: Message = json.loads(line)
    return reply


_FAST, _FAILING = "SELECT 1 AS one", "SELECT nothing"
_PATIENT_SECONDS, _SHORT_SECONDS, _LEAST_SECONDS = 40.0, 0.5, 12.0


def _check_client(file: Path, lab: Lab) -> None:
    import anyio

    anyio.run(_call_client, load_function(file, "ask"), lab)


async def _call_client(ask: Ask, lab: Lab) -> None:
    from zava_mcp.server.trial_client import trial_client

    async with trial_client(lambda _: None, lab.settings_of("seattle")) as client:
        wrong = await _first_fault(ask, client.sdk)
    if wrong:  # raised outside of the client's tasks, which would wrap it
        raise wrong


async def _first_fault(ask: Ask, client: Any) -> Wrong | None:
    try:
        await _try_client(ask, client)
    except Wrong as wrong:
        return wrong
    except Exception as error:  # whatever the learner's code raises
        return Wrong(f"ask raises {type(error).__name__}: {str(error)[:_TEXT_CHARACTERS]}")
    return None


async def _try_client(ask: Ask, client: Any) -> None:
    import anyio

    text = await ask(client, _FAST, _PATIENT_SECONDS)
    if not isinstance(text, str) or '"rows":[[1]]' not in text:
        raise Wrong(f"ask does not return the text of the result, but {str(text)[:_TEXT_CHARACTERS]!r}")
    try:
        text = await ask(client, _FAILING, _PATIENT_SECONDS)
    except ValueError as error:
        if "42703" not in str(error):
            raise Wrong(f"the ValueError has not the text of the error, but {str(error)!r}") from None
    else:
        raise Wrong(f"a query that fails raises no ValueError, but returns {str(text)[:_TEXT_CHARACTERS]!r}")
    faults: list[Wrong] = []
    async with anyio.create_task_group() as group:
        for _ in range(CONCURRENT_QUERIES):
            group.start_soon(_give_up, ask, client, faults)
    if faults:
        raise faults[0]
    if await ask(client, _FAST, _LEAST_SECONDS) is None:
        raise Wrong(f"{CONCURRENT_QUERIES} calls that were given up still run on the server: they were not cancelled")


async def _give_up(ask: Ask, client: Any, faults: list[Wrong]) -> None:
    """Calls ask with a query that takes too long; collects what is wrong, because a task group wraps exceptions."""
    import anyio

    try:
        with anyio.move_on_after(_LEAST_SECONDS) as scope:
            if (text := await ask(client, _SQL["slow"], _SHORT_SECONDS)) is not None:
                faults.append(Wrong(f"after {_SHORT_SECONDS} s it returns {str(text)[:_TEXT_CHARACTERS]!r}, not None"))
        if scope.cancelled_caught:
            faults.append(Wrong(f"ask waits {_LEAST_SECONDS:g} seconds, with seconds = {_SHORT_SECONDS}"))
    except Exception as error:  # whatever the learner's code raises
        faults.append(Wrong(f"after {_SHORT_SECONDS} s, ask raises {type(error).__name__}"))


EXERCISES = (
    Exercise("05-1", ".jsonl", _check_lines, "the section The protocol by hand"),
    Exercise("05-2", ".py", _check_client, "the section Cancellation"),
)
