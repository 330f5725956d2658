"""Keeps the local model in the user's cache in a form that processes map into memory and share.

The packaged weights are bytes, which ONNX Runtime turns into floats at each load: 91 MB for each process. The
prepared model has the floats in a file of its own. Pages of that file are read when they are needed, and all processes
share them.
"""

import logging
import os
import shutil
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from zava_mcp.cache_folder import cache_folder
from zava_mcp.trusted_files import make_folders, open_owned, resolve_trusted, trusted_owners, write_atomically

NETWORK, WEIGHTS = "model.onnx", "weights.bin"
_PREFIX = "minilm"  # The names in the cache begin with it.
_CHECKSUMS = "checksums"
_LOCK_SECONDS = 10  # Preparing the model takes one or two seconds.
_ABANDONED_SECONDS = 3600
_log = logging.getLogger(__name__)


def prepared_model(version: str, write: Callable[[Path], None]) -> Path | None:
    """Returns the folder of a version's prepared model; None if it is neither in the cache nor can be kept there.

    `write` writes NETWORK and WEIGHTS to a folder. Any of its errors means that the model is used as it is packaged.
    """
    cache = cache_folder()
    if cache is None:
        return None
    try:
        make_folders(cache)
        folder = resolve_trusted(cache, trusted_owners()) / f"{_PREFIX}-{version}"
        if _is_complete(folder):
            return folder
        from filelock import FileLock

        with FileLock(cache / f"{_PREFIX}.lock", timeout=_LOCK_SECONDS, mode=0o600):
            if not _is_complete(folder):  # No other process has prepared it meanwhile.
                _make(folder, write)
        return folder
    except Exception as error:  # ONNX Runtime's errors have no common class below this one
        _log.debug("the embedding model cannot be kept in %s: %s", cache, error)
        return None


def _is_complete(folder: Path) -> bool:
    """Whether another user could not have written the files, and they are as they were written."""
    try:
        with open(open_owned(folder / _CHECKSUMS, os.O_RDONLY, trusted_owners()), encoding="ascii") as file:
            return file.read() == _checksums(folder)
    except FileNotFoundError:
        return False


def _checksums(folder: Path) -> str:
    """The checksum of each file, which a damaged file does not have."""
    lines = []
    for name in (NETWORK, WEIGHTS):
        checksum = 0
        with open(open_owned(folder / name, os.O_RDONLY, trusted_owners()), "rb") as file:
            while chunk := file.read(1 << 20):
                checksum = zlib.crc32(chunk, checksum)
        lines.append(f"{checksum:08x} {name}\n")
    return "".join(lines)


def _make(folder: Path, write: Callable[[Path], None]) -> None:
    """Make the model in a folder of its own, and rename that: another process sees all of it or nothing."""
    draft = folder.with_name(f".{folder.name}.{os.urandom(8).hex()}")
    draft.mkdir(mode=0o700)
    try:
        write(draft)
        for name in (NETWORK, WEIGHTS):
            (draft / name).chmod(0o600)
        write_atomically(draft / _CHECKSUMS, _checksums(draft).encode())
        shutil.rmtree(folder, ignore_errors=True)  # it is damaged, if it is there
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _remove_others(folder)


def _remove_others(folder: Path) -> None:
    """Remove models of other versions, and what killed processes left."""
    for other in [*folder.parent.glob(f"{_PREFIX}-*"), *folder.parent.glob(f".{_PREFIX}-*")]:
        if other != folder and other.lstat().st_mtime < time.time() - _ABANDONED_SECONDS:
            shutil.rmtree(other, ignore_errors=True)
