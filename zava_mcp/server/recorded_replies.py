"""Finds the recording of the SDK's replies that belongs to this installation and these settings.

A recording is valid for one version of zava-mcp and of the SDK, for the same source files of the server, and for the
settings that show in the replies. The package has the one for the default settings and the SDK's version that it was
tested with; the server records others itself (recording.py) and keeps them in the user's cache.
"""

import json
import os
import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from zava_mcp.cache_folder import cache_folder
from zava_mcp.settings import Settings

_HERE = Path(__file__).parent
PACKAGED = _HERE / "recorded_replies.json"
_SOURCES = ("mcp_server.py", "prompts.py", "resources.py", "result_resources.py", "tool_list.py")
_DISTRIBUTIONS = ("mcp", "mcp_types", "zava_mcp")
_MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Replies:
    """Recorded results as JSON texts: `results[method]` maps protocol versions to indexes of `texts`.

    `handshakes` are the protocol versions that begin with `initialize`.
    """

    handshakes: tuple[str, ...]
    results: Mapping[str, Mapping[str, int]]
    texts: tuple[str, ...]

    def result(self, version: str, method: str) -> str | None:
        """The result of a method in a protocol version; None if it was not recorded."""
        index = self.results.get(method, {}).get(version)
        return None if index is None else self.texts[index]


#: Without a recording, the SDK replies to everything.
NO_REPLIES = Replies((), {}, ())


def find_replies(settings: Settings) -> Replies:
    """The recording for this installation and these settings; NO_REPLIES if there is none that can be trusted."""
    if (key := recording_key(settings)) is None:
        return NO_REPLIES
    return _parse(_read_cache(key), key) or _parse(_read_packaged(), key) or NO_REPLIES


def recording_key(settings: Settings) -> str | None:
    """Everything that the replies depend on; None if the versions of the installed distributions are unknown."""
    versions = _installed_versions()
    if versions is None:
        return None
    return json.dumps([versions, _checksum(), settings.max_rows, settings.misspelt])


def cache_file(key: str) -> Path | None:
    """The file in the user's cache for a key; None if the user has no cache folder with an absolute path."""
    if sys.platform == "win32":  # Windows uses no recorded replies.
        return None
    folder = cache_folder()
    return folder / f"replies-{zlib.crc32(key.encode()):08x}.json" if folder else None


def _read_packaged() -> bytes:
    return PACKAGED.read_bytes() if PACKAGED.is_file() else b""


def _read_cache(key: str) -> bytes:
    """The content of the cache's file, b"" if there is none or another user could have written it."""
    from zava_mcp.trusted_files import open_owned, resolve_trusted, trusted_owners

    if (path := cache_file(key)) is None:
        return b""
    try:
        owners = trusted_owners()
        with open(open_owned(resolve_trusted(path, owners), os.O_RDONLY, owners), "rb") as file:
            return file.read(_MAX_BYTES)
    except OSError:
        return b""


def _parse(content: bytes, key: str) -> Replies | None:
    """The recording in a file's content; None if it belongs to another key or is damaged."""
    try:
        recorded: dict[str, Any] = json.loads(content)
        if recorded["key"] != key:
            return None
        return Replies(tuple(recorded["handshakes"]), recorded["results"], tuple(recorded["texts"]))
    except (ValueError, KeyError, TypeError):
        return None


def _installed_versions() -> list[str] | None:
    """The names of the distributions' metadata folders, such as mcp-2.3.0.dist-info.

    importlib.metadata takes ten times as long.
    """
    spec = find_spec("mcp")
    if spec is None or spec.origin is None:
        return None
    wanted = {f"{name}-": name for name in _DISTRIBUTIONS}
    names = [
        name
        for name in os.listdir(Path(spec.origin).parent.parent)  # noqa: PTH208  # faster than Path.iterdir
        if name.endswith(".dist-info") and f"{name.partition('-')[0]}-" in wanted
    ]
    return sorted(names) if len(names) == len(wanted) else None


def _checksum() -> int:
    """A checksum of the source files that the replies' texts come from."""
    checksum = 0
    for path in (*(_HERE / name for name in _SOURCES), *sorted((_HERE / "tools").glob("*.py"))):
        checksum = zlib.crc32(path.read_bytes().replace(b"\r\n", b"\n"), checksum)
    return checksum
