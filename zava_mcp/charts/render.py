"""A Vega-Lite specification drawn as PNG, in a process of its own: this very file, run by another Python.

The engine inside is a whole JavaScript runtime. In a process of its own it can be ended when it hangs or when
nobody waits any more, its 120 MB go when the picture is there, and running out of memory there is no end of
the server. The price is half a second for each picture.
"""

import faulthandler
import importlib.util
import json
import struct
import subprocess
import sys
import zlib
from typing import Any

from zava_mcp.charts.missing_glyphs import rename
from zava_mcp.errors import ZavaError
from zava_mcp.python_process import child_command, child_environment

HOW_TO_GET_IT = "Pictures need the extra charts: uvx 'zava-mcp[charts]', or pip install 'zava-mcp[charts]'."

_SECONDS = 20.0
_SCALE = 2.0  # pixels for each point: sharp on today's screens
_MOST_BYTES = 1_000_000
#: What a Python needs to start; no setting of ours, and so no secret.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


def can_draw() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("vl_convert") is not None


class Drawing:
    """One picture, to be drawn once in a worker thread and cancellable from any other."""

    def __init__(self, spec: dict[str, Any], seconds: float = _SECONDS) -> None:
        """Raises ValueError if there is an address in it: the engine would fetch some of them, whatever it is told."""
        if _names(spec) & {"url", "href"}:
            raise ValueError("a picture is drawn from what is in it; it has no address")
        self._seconds = seconds
        self._spec = json.dumps(spec).encode()
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False
        #: What was drawn under another name, {new name: name}, because no font here has its letters.
        self.renamed: dict[str, str] = {}

    def run(self) -> bytes:
        """The PNG. Raises ZavaError if it cannot be drawn, in time or at all."""
        with subprocess.Popen(
            child_command("-m", __name__),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=sys.prefix,  # the engine finds no file of the folder that somebody opened
            env={name: text for name, text in child_environment().items() if name in _ENVIRONMENT} | {"TZ": "UTC"},
        ) as process:
            self._process = process
            if self._cancelled:
                process.kill()
            try:
                picture, _ = process.communicate(self._spec, self._seconds)
            except subprocess.TimeoutExpired:
                raise ZavaError(f"the picture took longer than {self._seconds:g} s") from None
            finally:
                process.kill()
        renamed, _, picture = picture.partition(b"\n")
        if process.returncode or len(picture) > _MOST_BYTES:
            raise ZavaError("the picture could not be drawn")
        self.renamed = json.loads(renamed)
        return picture

    def cancel(self) -> None:
        """Ends the process."""
        self._cancelled = True
        if self._process is not None:
            self._process.kill()


def _names(part: Any) -> set[str]:
    """The names of everything in a specification but its rows."""
    if isinstance(part, dict):
        return set(part).union(*(_names(inner) for name, inner in part.items() if name != "values"))
    return set().union(*map(_names, part)) if isinstance(part, list) else set()


def _draw() -> None:
    """In the process of its own: the specification from stdin, to stdout what was renamed and the picture."""
    faulthandler.dump_traceback_later(_SECONDS, exit=True)  # should the server be killed meanwhile
    import vl_convert

    spec = json.loads(sys.stdin.buffer.read())
    renamed = rename(spec, vl_convert.svg_to_png) if "title" in spec else {}
    picture = vl_convert.vegalite_to_png(json.dumps(spec), scale=_SCALE, allowed_base_urls=[])
    sys.stdout.buffer.write(json.dumps(renamed).encode() + b"\n" + _deflated(picture))


def _deflated(picture: bytes) -> bytes:
    """The same PNG in a quarter of the bytes: it was packed in haste."""
    chunks, place = [], 8
    while place < len(picture):
        (length,) = struct.unpack_from(">I", picture, place)
        chunks.append((picture[place + 4 : place + 8], picture[place + 8 : place + 8 + length]))
        place += 12 + length
    pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    chunks = [chunk for chunk in chunks if chunk[0] == b"IHDR"] + [(b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return picture[:8] + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


if __name__ == "__main__":
    _draw()
