"""Records the SDK's replies to the requests that a client begins with, for the next start (first_replies.py)."""

import contextvars
import json
import logging
from typing import Any

import anyio
from anyio.abc import ObjectStream
from mcp.server.mcpserver import MCPServer
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from zava_mcp.errors import ZavaError
from zava_mcp.server.first_replies import recorded_methods
from zava_mcp.server.mcp_server import build_server
from zava_mcp.server.recorded_replies import PACKAGED, cache_file, recording_key
from zava_mcp.server.sdk_internals import lifespan, serve_session
from zava_mcp.server.service_source import NoService
from zava_mcp.settings import Settings, load
from zava_mcp.trusted_files import make_folders, resolve_trusted, trusted_owners, write_atomically

_CLIENT = {"name": "recording", "version": "1"}
_META = "io.modelcontextprotocol/"

_log = logging.getLogger(__name__)


class _Script(ObjectStream[SessionMessage]):
    """The stream of a client that sends lines and collects the results by their id."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = iter(lines)
        self._expected = sum('"id"' in line for line in lines)
        self._is_complete = anyio.Event()
        self.last_context = contextvars.copy_context()  # the SDK handles the last received message in it
        self.results: dict[Any, str] = {}

    async def receive(self) -> SessionMessage:
        """The next line; waits for all replies before the end. Raises EndOfStream."""
        if (line := next(self._lines, None)) is None:
            await self._is_complete.wait()
            raise anyio.EndOfStream
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))

    async def send(self, item: SessionMessage) -> None:
        """Collects a reply."""
        text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
        method = str(json.loads(text)["id"])
        prefix = f'{{"jsonrpc":"2.0","id":{json.dumps(method)},"result":'
        if text.startswith(prefix):
            self.results[method] = text.removeprefix(prefix).removesuffix("}")
        self._expected -= 1
        if not self._expected:
            self._is_complete.set()

    async def send_eof(self) -> None:
        """Does nothing."""

    async def aclose(self) -> None:
        """Does nothing."""


def unopened_server(settings: Settings) -> MCPServer[Any]:
    """A server in the state before its database is open, in which it stays."""
    return build_server(NoService(ZavaError("this server opens no database"), None), settings, None)


async def record(settings: Settings) -> bytes:
    """The recording for this installation and these settings, as the content of a file; b"" if it has no key."""
    if (key := recording_key(settings)) is None:
        return b""
    server = unopened_server(settings)
    results: dict[str, dict[str, int]] = {}
    texts: dict[str, int] = {}
    for version in (*HANDSHAKE_PROTOCOL_VERSIONS, *MODERN_PROTOCOL_VERSIONS):
        for method, text in (await _results(server, version)).items():
            results.setdefault(method, {})[version] = texts.setdefault(text, len(texts))
    recorded = {"key": key, "handshakes": HANDSHAKE_PROTOCOL_VERSIONS, "results": results, "texts": list(texts)}
    return (json.dumps(recorded, indent=1, ensure_ascii=False) + "\n").encode()


async def _results(server: MCPServer[Any], version: str) -> dict[str, str]:
    """The results of the recorded methods in one protocol version, as JSON texts."""
    is_handshake = version in HANDSHAKE_PROTOCOL_VERSIONS
    script = _Script(
        [
            json.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": _params(method, version)})
            for method in recorded_methods(is_handshake)
        ]
    )
    async with lifespan(server) as state:
        await serve_session(server, script, state)
    return script.results


def _params(method: str, version: str) -> dict[str, Any]:
    if method == "initialize":
        return {"protocolVersion": version, "capabilities": {}, "clientInfo": _CLIENT}
    if version in HANDSHAKE_PROTOCOL_VERSIONS:
        return {}
    meta = {"protocolVersion": version, "clientInfo": _CLIENT, "clientCapabilities": {}}
    return {"_meta": {f"{_META}{name}": value for name, value in meta.items()}}


def record_to_cache(settings: Settings) -> None:
    """Writes the recording into the user's cache; a cache that cannot be written only makes the next start slower."""
    if (key := recording_key(settings)) is None or (path := cache_file(key)) is None:
        return
    try:
        make_folders(path.parent)
        write_atomically(resolve_trusted(path, trusted_owners()), anyio.run(record, settings))
    except OSError as error:
        _log.info("the first replies were not recorded: %s", error)


def renew_packaged() -> None:
    """Writes the recording that the package contains."""
    PACKAGED.write_bytes(anyio.run(record, load({}, {})))


if __name__ == "__main__":
    renew_packaged()
