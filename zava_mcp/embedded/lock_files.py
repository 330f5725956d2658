"""Reads small files in the data folder: locks of processes that use the database, and its schema version."""

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from zava_mcp.embedded.host import trusted
from zava_mcp.trusted_files import open_owned


def read_version(record: Path) -> str:
    """The version in a file, "" without the file."""
    try:
        with open(open_owned(record, os.O_RDONLY, trusted()), encoding="utf-8") as file:
            return file.read(100).strip()
    except FileNotFoundError:
        return ""


def is_held(path: Path) -> bool:
    """Whether a running process holds this lock file; removes the file if none does."""
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    with suppress(OSError):
        path.unlink(missing_ok=True)
    return False
