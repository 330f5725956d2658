"""The folder in the user's cache for what zava-mcp can make again."""

import os
import sys
from pathlib import Path


def cache_folder() -> Path | None:
    """Returns the folder, which may not exist; None if the user has no cache folder with an absolute path."""
    home = os.environ.get("HOME", "")
    if sys.platform == "win32":
        default = os.environ.get("LOCALAPPDATA", "")
    else:
        default = f"{home}/Library/Caches" if sys.platform == "darwin" else f"{home}/.cache"
    folder = Path(os.environ.get("XDG_CACHE_HOME") or default)
    return folder / "zava-mcp" if folder.is_absolute() else None
