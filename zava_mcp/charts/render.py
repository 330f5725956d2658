"""Renders a Vega-Lite specification as PNG in a child process, which runs this module.

The renderer vl-convert contains a JavaScript runtime. In a child process it can be killed when it hangs or when the
call is cancelled, its 120 MB are freed after each image, and running out of memory does not end the server. The price
is half a second for each image. vl-convert is imported only in that process.
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
from zava_mcp.errors import ZavaError, install_extra
from zava_mcp.python_process import child_command, child_environment

HOW_TO_GET_IT = f"For pictures: {install_extra('charts')}"

_SECONDS = 20.0
_SCALE = 2.0  # pixels for each point, for screens with high resolution
_MAX_BYTES = 1_000_000
#: The environment variables that Python needs to start; none of them is a setting, so none is a secret.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


def can_draw() -> bool:
    """Whether the extra `charts` is installed."""
    return importlib.util.find_spec("vl_convert") is not None


class Drawing:
    """One image, rendered once in a worker thread; any other thread can cancel it."""

    def __init__(self, spec: dict[str, Any], seconds: float = _SECONDS) -> None:
        """Raises ValueError if the specification has a URL, because the renderer would fetch some of them."""
        if _keys(spec) & {"url", "href"}:
            raise ValueError("a specification must not have URLs; put the data into it")
        self._seconds = seconds
        self._spec = json.dumps(spec).encode()
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False
        #: {new name: name} of names that were replaced because no font of this machine has their letters.
        self.renamed: dict[str, str] = {}

    def run(self) -> bytes:
        """The PNG. Raises ZavaError if rendering fails or takes too long."""
        with subprocess.Popen(
            child_command("-m", __name__),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=sys.prefix,  # a folder without the user's files, which the renderer must not read
            env={name: text for name, text in child_environment().items() if name in _ENVIRONMENT} | {"TZ": "UTC"},
        ) as process:
            self._process = process
            if self._cancelled:
                process.kill()
            try:
                image, _ = process.communicate(self._spec, self._seconds)
            except subprocess.TimeoutExpired:
                raise ZavaError(f"drawing took longer than {self._seconds:g} s") from None
            finally:
                process.kill()
        renamed, _, image = image.partition(b"\n")
        if process.returncode or len(image) > _MAX_BYTES:
            raise ZavaError("the chart could not be drawn")
        self.renamed = json.loads(renamed)
        return image

    def cancel(self) -> None:
        """Kills the child process."""
        self._cancelled = True
        if self._process is not None:
            self._process.kill()


def _keys(part: Any) -> set[str]:
    """All keys of a specification except those of its rows."""
    if isinstance(part, dict):
        return set(part).union(*(_keys(inner) for name, inner in part.items() if name != "values"))
    return set().union(*map(_keys, part)) if isinstance(part, list) else set()


def _draw() -> None:
    """In the child process: reads a specification from stdin, writes renamed names and the PNG to stdout."""
    faulthandler.dump_traceback_later(_SECONDS, exit=True)  # the child ends even if the server was killed
    import vl_convert

    spec = json.loads(sys.stdin.buffer.read())
    renamed = rename(spec, vl_convert.svg_to_png) if "title" in spec else {}
    image = vl_convert.vegalite_to_png(json.dumps(spec), scale=_SCALE, allowed_base_urls=[])
    sys.stdout.buffer.write(json.dumps(renamed).encode() + b"\n" + _recompress(image))


def _recompress(image: bytes) -> bytes:
    """The same PNG in a quarter of the bytes, because vl-convert compresses little."""
    chunks, position = [], 8
    while position < len(image):
        (length,) = struct.unpack_from(">I", image, position)
        chunks.append((image[position + 4 : position + 8], image[position + 8 : position + 8 + length]))
        position += 12 + length
    pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    chunks = [chunk for chunk in chunks if chunk[0] == b"IHDR"] + [(b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return image[:8] + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


if __name__ == "__main__":
    _draw()
