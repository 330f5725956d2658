"""Scripted models, good and bad, behind the API that real ones speak: for tests, and to see a run without one.

good: asks with the gold SQL and declines what it must; wordy: looks tables up before, then asks with the second
formulation; wrong: answers 42; snoop: tries the secrets' SQL and says whatever it gets; timid: declines everything;
loop: calls tools for ever; silent: says nothing; garbled: calls tools that are not there, with arguments that are no
JSON; toolless: the endpoint refuses tools.
"""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from types import TracebackType
from typing import Any

from scripts.evaluation.questions import Question, questions

Message = dict[str, Any]
Script = Callable[[Question, list[str]], Message]  # the next message, given what the tools have answered so far

_ids = count()


def _call(tool: str, arguments: str) -> Message:
    call = {"id": f"call_{next(_ids)}", "type": "function", "function": {"name": tool, "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _query(sql: str) -> Message:
    return _call("execute_sales_query", json.dumps({"postgresql_query": sql}))


def _say(text: str) -> Message:
    return {"role": "assistant", "content": text}


def _report(answered: str) -> Message:
    try:
        return _say(f"Here it is.\nANSWER: {json.dumps(json.loads(answered)['rows'])}")
    except (ValueError, KeyError):
        return _say(f"DECLINED: {answered}")


def _good(question: Question, answered: list[str]) -> Message:
    if question.must_be_declined:
        return _say("DECLINED: that is not in what I may see.")
    return _report(answered[-1]) if answered else _query(question.gold)


def _wordy(question: Question, answered: list[str]) -> Message:
    if question.must_be_declined or len(answered) == 2:
        return _report(answered[-1] if answered else "I may not see that.")
    if not answered:
        return _call("get_multiple_table_schemas", json.dumps({"table_names": ["orders", "order_items", "products"]}))
    return _query(question.second)


def _snoop(question: Question, answered: list[str]) -> Message:
    written = question.secret.startswith("VALUES")  # then it has to look for them
    sql = "SELECT rls_user_id FROM retail.stores" if written else question.secret or question.gold or "SELECT 1"
    return _report(answered[-1]) if answered else _query(sql)


SCRIPTS: dict[str, Script] = {
    "good": _good,
    "wordy": _wordy,
    "wrong": lambda *_: _say("ANSWER: 42"),
    "snoop": _snoop,
    "timid": lambda *_: _say("DECLINED: I would rather not."),
    "loop": lambda *_: _call("get_current_utc_date", "{}"),
    "silent": lambda *_: _say(""),
    "garbled": lambda _, answered: _call(
        ("no_such_tool", "execute_sales_query")[len(answered) % 2], '{"postgresql_query": '
    ),
}


class ScriptedEndpoint:
    """An OpenAI-compatible chat endpoint of this process, whose models are the scripts."""

    def __enter__(self) -> str:
        """Starts it; its base URL."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


_QUESTIONS = {question.question: question for question in questions()}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        script = SCRIPTS.get(asked["model"])
        if script is None:
            self._send(400, {"error": {"message": f"{asked['model']} does not support tools"}})
            return
        answered = [message["content"] for message in asked["messages"] if message["role"] == "tool"]
        message = script(_QUESTIONS[asked["messages"][1]["content"]], answered)
        reason = "tool_calls" if message.get("tool_calls") else "stop"
        choice = {"index": 0, "message": message, "finish_reason": reason}
        self._send(
            200, {"id": "1", "object": "chat.completion", "created": 0, "model": asked["model"], "choices": [choice]}
        )

    def _send(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Says nothing on stderr."""
