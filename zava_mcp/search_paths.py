"""Where programs, modules and libraries are searched by name: never in the working directory.

A client starts the server in whatever folder is open, and anybody may have written what lies there. An empty or
relative entry of a search path means that folder.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress

_LISTS = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def leave_working_directory_out() -> None:
    """Removes the working directory from what this process searches, and from what its children inherit."""
    relative = [entry for entry in os.environ.get("PYTHONPATH", "/").split(os.pathsep) if not _is_absolute(entry)]
    with suppress(FileNotFoundError):  # a working directory that is gone holds nothing
        unwanted = {os.path.abspath(entry) for entry in relative}  # noqa: PTH100  # as site does, links unresolved
        sys.path[:] = [entry for entry in sys.path if entry not in unwanted]
    os.environ.update(absolute_only(os.environ))
    for name in _LISTS:
        if name in os.environ and not os.environ[name]:
            del os.environ[name]
    if sys.platform == "win32":
        os.environ["NODEFAULTCURRENTDIRECTORYINEXEPATH"] = "1"  # else Windows looks there first


def absolute_only(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment's search paths without their relative entries; PATH is the system's if nothing is left."""
    kept = {
        name: os.pathsep.join(filter(_is_absolute, environment[name].split(os.pathsep)))
        for name in _LISTS
        if name in environment
    }
    if "PATH" in kept and not kept["PATH"]:
        kept["PATH"] = os.pathsep.join(filter(_is_absolute, os.defpath.split(os.pathsep)))
    return kept


def find_program(name: str) -> str | None:
    """The absolute path of a program on PATH, None if there is none; the working directory is not searched."""
    import shutil  # takes milliseconds, which a start need not spend

    entries = filter(_is_absolute, os.environ.get("PATH", "").split(os.pathsep))
    found = shutil.which(name, path=os.pathsep.join(entries))
    return found if found and _is_absolute(found) else None  # Python on Windows may look in the working directory


def has_relative_entries() -> bool:
    """Whether a search on this PATH would look into the working directory."""
    return not all(map(_is_absolute, os.environ.get("PATH", os.defpath).split(os.pathsep)))


def _is_absolute(entry: str) -> bool:
    return os.path.isabs(entry.strip('"'))  # noqa: PTH117  # Windows allows quotes
