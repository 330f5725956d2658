"""A fake of the embeddings API of Azure OpenAI and OpenAI, with failures on request.

A vector is the sum of a vector per word, so texts with common words are similar.
"""

import json
import math
import re
import ssl
import threading
import time
from array import array
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

DIMENSIONS = 1536
MODEL = "text-embedding-3-small"


@dataclass(frozen=True)
class Asked:
    """A received request."""

    path: str
    headers: dict[str, str]
    body: Any
    at: float


@dataclass
class Answer:
    """A response; `pieces` are sent one by one."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Iterable[bytes] | None = None


#: Makes the response to a request from the correct response.
Behaviour = Callable[[Asked, Answer], Answer]


def status(code: int, message: str = "", error_code: str = "", **headers: str) -> Behaviour:
    """Returns an error in the format of the API. Header names have _ instead of -."""
    body = {"error": {"message": message, "code": error_code or str(code)}}
    return lambda *_: Answer(code, body, {name.replace("_", "-"): text for name, text in headers.items()})


def raw(content: bytes, content_type: str = "application/json") -> Behaviour:
    return lambda *_: Answer(200, content, {"Content-Type": content_type})


def changed(change: Callable[[Any], Any]) -> Behaviour:
    """Returns the correct response with a change to its JSON."""

    def behave(_: Asked, right: Answer) -> Answer:
        return Answer(200, change(right.body)) if right.status == 200 else right

    return behave


def vector(text: str) -> list[float]:
    """Returns a vector of length 1, the sum of a vector per word."""
    numbers = [0.0] * DIMENSIONS
    for word in re.findall(r"\w+", text.lower()) or [""]:
        digest = sha256(word.encode()).digest()
        for place in range(0, 16, 2):
            numbers[int.from_bytes(digest[place : place + 2]) % DIMENSIONS] += 1 if digest[16 + place] % 2 else -1
    length = math.sqrt(sum(number * number for number in numbers))
    return [number / length for number in numbers]


class FakeOpenAI:
    """Serves within `with`. `asked` has the requests.

    `script` has behaviours for the next requests, one each; `always` is the behaviour for all others.
    """

    def __init__(self, key: str = "", tokens: "Callable[[str], bool] | None" = None, deployment: str = "") -> None:
        """Accepts the key, or tokens that `tokens` accepts. With a deployment, it serves Azure's API."""
        self.key, self.tokens, self.deployment = key, tokens, deployment
        self.asked: list[Asked] = []
        self.script: deque[Behaviour] = deque()
        self.always: Behaviour | None = None
        self._server = Server(self._answer)

    @property
    def url(self) -> str:
        """The value of AZURE_OPENAI_ENDPOINT; OPENAI_BASE_URL is this and /v1."""
        return self._server.url

    def __enter__(self) -> "FakeOpenAI":
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.stop()

    def _answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        behave = self.script.popleft() if self.script else self.always
        right = self._right(asked)
        return behave(asked, right) if behave else right

    def _right(self, asked: Asked) -> Answer:
        path = f"/openai/deployments/{self.deployment}/embeddings?api-version=" if self.deployment else "/v1/embeddings"
        if not asked.path.startswith(path):
            message = "The API deployment for this resource does not exist."
            return Answer(404, {"error": {"code": "DeploymentNotFound", "message": message}})
        if not self._is_authorized(asked.headers):
            shown = asked.headers.get("api-key") or asked.headers.get(
                "authorization"
            )  # repeats the secret, as careless services do
            return Answer(
                401, {"error": {"code": "invalid_api_key", "message": f"Incorrect API key provided: {shown}"}}
            )
        return self._vectors(asked.body)

    def _is_authorized(self, headers: dict[str, str]) -> bool:
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens is not None:
            return self.tokens(bearer)
        return (headers.get("api-key") if self.deployment else bearer) == self.key

    def _vectors(self, body: Any) -> Answer:
        texts = body["input"]
        too_long = any(len(text) > 5 * 8_192 for text in texts)
        if not 1 <= len(texts) <= 2_048 or not all(texts) or too_long or sum(map(len, texts)) > 5 * 300_000:
            return Answer(400, {"error": {"code": "invalid_request", "message": "'$.input' is invalid."}})
        assert (body["dimensions"], body["encoding_format"]) == (DIMENSIONS, "base64")
        data = [
            {"object": "embedding", "index": place, "embedding": b64encode(array("f", vector(text)).tobytes()).decode()}
            for place, text in enumerate(texts)
        ]
        return Answer(200, {"object": "list", "data": data, "model": MODEL, "usage": {"total_tokens": 1}})


class Server:
    """HTTP on a free port of 127.0.0.1, a thread for each connection."""

    def __init__(self, answer: Callable[[Asked], Answer], tls: ssl.SSLContext | None = None) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = json.loads(content) if content.startswith(b"{") else content.decode()
                headers = {name.lower(): text for name, text in self.headers.items()}
                given = answer(Asked(self.path, headers, body, time.monotonic()))
                try:
                    self._send(given)
                except OSError:  # the client closed the connection
                    self.close_connection = True

            do_GET = do_POST

            def _send(self, given: Answer) -> None:
                content = given.body if isinstance(given.body, bytes) else json.dumps(given.body).encode()
                self.send_response(given.status)
                for name, text in {"Content-Type": "application/json", **given.headers}.items():
                    self.send_header(name, text)
                if given.pieces is None:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                for piece in [content] if given.pieces is None else given.pieces:
                    self.wfile.write(piece)
                self.close_connection = self.close_connection or given.pieces is not None

            def log_message(self, *_: Any) -> None: ...

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None: ...  # a client that rejects the certificate, or disconnects

        self._server = Quiet(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
