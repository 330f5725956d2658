"""Checks of this machine: the embedding model, the data folder, and the disk."""

import os
import shutil
import time
from pathlib import Path

from zava_mcp.doctor.check import Check
from zava_mcp.embedded.folders import folder_fault
from zava_mcp.errors import EmbeddingError, SettingsError
from zava_mcp.sales.service import SalesService

_MIN_FREE_BYTES = 500_000_000  # The sample database and temporary files of queries need this much.
_MIN_FREE_INODES = 5_000  # a new database has fewer files


def check_embedding_model(service: SalesService) -> Check:
    """Computes one embedding with the model that searches use."""
    start = time.monotonic()
    try:
        model, dimensions = service.try_embedding_model()
    except (EmbeddingError, SettingsError) as error:
        return Check("embedding model", "fail", error.message, error.hint)
    if not model:
        fix = "set AZURE_OPENAI_ENDPOINT or OPENAI_API_KEY; until then, search uses full-text search"
        return Check("embedding model", "warn", "none runs on this platform, and none is configured", fix)
    milliseconds = 1000 * (time.monotonic() - start)
    return Check(
        "embedding model", "ok", f"{model} computed an embedding of {dimensions} dimensions in {milliseconds:.0f} ms"
    )


def check_data_folder(data_dir: Path) -> Check:
    """Checks that only its owner can read the data folder and its parents, because it contains every login."""
    try:
        fault = folder_fault(data_dir)
    except OSError as error:
        found = f"{data_dir} cannot be read: {error.strerror}"
        return Check("data folder", "fail", found, "correct its owner, or set ZAVA_DATA_DIR to a folder of your own")
    if fault is not None:
        return Check("data folder", "fail", fault.found, fault.fix)
    if data_dir.exists() and not data_dir.is_dir():
        return Check("data folder", "fail", f"{data_dir} is not a folder", f"remove {data_dir}, or set ZAVA_DATA_DIR")
    if not data_dir.is_dir():
        return Check("data folder", "ok", f"{data_dir}, not created yet")
    return Check("data folder", "ok", f"{data_dir}, readable by its owner alone")


def check_disk_space(data_dir: Path) -> Check:
    """Checks free bytes and inodes on the disk of the data folder."""
    existing = next(folder for folder in (data_dir, *data_dir.parents) if folder.is_dir())
    free = shutil.disk_usage(existing).free
    found = f"{free / 1e9:,.1f} GB free"
    if hasattr(os, "statvfs") and (disk := os.statvfs(existing)).f_files and disk.f_favail < _MIN_FREE_INODES:
        files_left = f"only {disk.f_favail:,} more files can be created"
        return Check(
            "disk", "fail", files_left, f"remove at least {_MIN_FREE_INODES:,} files on the disk of {data_dir}"
        )
    if free < _MIN_FREE_BYTES:
        needed = f"at least {_MIN_FREE_BYTES / 1e9:g} GB"
        return Check("disk", "fail", found, f"free {needed} on the disk of {data_dir}")
    return Check("disk", "ok", found)
