"""Removes the working directory from the paths where programs, modules and libraries are searched.

A client starts the server in the folder that the user has open, and other people may have written files there. An
empty or relative entry of a search path means the working directory.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress

_VARIABLES = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def exclude_working_directory() -> None:
    """Remove the working directory from this process's search paths and from those that its children inherit."""
    relative = [entry for entry in os.environ.get("PYTHONPATH", "/").split(os.pathsep) if not _is_absolute(entry)]
    with suppress(FileNotFoundError):  # A working directory that was removed contains no modules.
        # Python's `site` makes the entries absolute with links unresolved, as os.path.abspath does.
        excluded = {os.path.abspath(entry) for entry in relative}  # noqa: PTH100
        sys.path[:] = [entry for entry in sys.path if entry not in excluded]
    os.environ.update(absolute_only(os.environ))
    for name in _VARIABLES:
        if name in os.environ and not os.environ[name]:
            del os.environ[name]
    if sys.platform == "win32":
        # Without this variable, Windows searches programs in the working directory first.
        os.environ["NODEFAULTCURRENTDIRECTORYINEXEPATH"] = "1"


def absolute_only(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment's search paths without relative entries; an empty PATH becomes the system's default."""
    paths = {
        name: os.pathsep.join(filter(_is_absolute, environment[name].split(os.pathsep)))
        for name in _VARIABLES
        if name in environment
    }
    if "PATH" in paths and not paths["PATH"]:
        paths["PATH"] = os.pathsep.join(filter(_is_absolute, os.defpath.split(os.pathsep)))
    return paths


def find_program(name: str) -> str | None:
    """Return the absolute path of a program on PATH, or None; the working directory is not searched."""
    import shutil  # Imported here because it takes milliseconds of every start.

    entries = filter(_is_absolute, os.environ.get("PATH", "").split(os.pathsep))
    path = shutil.which(name, path=os.pathsep.join(entries))
    return path if path and _is_absolute(path) else None  # shutil on Windows may search the working directory.


def has_relative_entries() -> bool:
    """Whether a search on PATH would include the working directory."""
    return not all(map(_is_absolute, os.environ.get("PATH", os.defpath).split(os.pathsep)))


def _is_absolute(entry: str) -> bool:
    return os.path.isabs(entry.strip('"'))  # noqa: PTH117  # Windows allows quotes around an entry.
