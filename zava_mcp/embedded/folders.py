"""Checks that other users cannot change the data folder, its parents and its contents."""

import os
import re
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from zava_mcp.embedded.host import owners, trusted
from zava_mcp.errors import EmbeddedError
from zava_mcp.trusted_files import UntrustedPath, make_folders, resolve_trusted

#: A lock file of a process that uses the database.
USE_LOCK = re.compile(r"[0-9a-f]{16}\.lock")
_FILES = re.compile(r"start\.lock|\.DS_Store")
_FOLDERS = re.compile(r"users|postgres-\d+|setup-[0-9a-f]{8}")
_HOMES = re.compile(r"postgres-\d+")
_SOCKET_FOLDER = re.compile(r"zava-socket-[a-z0-9_]{8}")  # mkdtemp's pattern
_SHARED = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  # refused as data folders
_REMOVE_SECONDS = 5.0
_ELSEWHERE = "or set ZAVA_DATA_DIR to a folder of your own"


@dataclass(frozen=True)
class Finding:
    """A problem with a data folder, and what to do."""

    found: str
    fix: str

    def error(self) -> EmbeddedError:
        """The fault as an error."""
        return EmbeddedError(self.found, f"{self.fix[:1].upper()}{self.fix[1:]}.")


def claim_folder(path: Path) -> Path:
    """The real path of a data folder that only this user can change, created if it does not exist.

    Does not check its contents. Raises EmbeddedError for a folder that another user owns or can replace, OSError if the
    folder cannot be created.
    """
    folder = _resolved(path)
    if isinstance(folder, Finding):
        raise folder.error()
    make_folders(folder)
    if fault := _folder_fault(folder):
        raise fault.error()
    return folder


def folder_fault(path: Path) -> Finding | None:
    """The fault of a data folder, its parents or its contents, None if there is none. Raises OSError."""
    folder = _resolved(path)
    if isinstance(folder, Finding):
        return folder
    if not folder.is_dir():
        return None
    fault = _folder_fault(folder)
    if fault is None and os.name != "nt" and (mode := stat.S_IMODE(folder.stat().st_mode)) & 0o077:
        fault = Finding(
            f"{folder} has mode {mode:o}: other users have the rights {mode & 0o077:o}", f"chmod 700 {folder}"
        )
    return fault or contents_fault(folder)


def contents_fault(folder: Path) -> Finding | None:
    """The fault of a data folder's contents: foreign files, symbolic links, or entries that another user owns."""
    for entry in sorted(folder.iterdir()):
        is_folder = bool(_FOLDERS.fullmatch(entry.name))
        if not is_folder and not _FILES.fullmatch(entry.name):
            return Finding(
                f"the folder {folder} contains files that do not belong to an embedded database",
                "set ZAVA_DATA_DIR to a new or empty folder",
            )
        with suppress(FileNotFoundError):  # another zava-mcp process renamed or removed it
            fault = _entry_fault(entry, is_folder)
            if fault is None and _HOMES.fullmatch(entry.name):
                fault = _home_fault(entry)
            if fault is not None:
                return fault
    return None


def _home_fault(home: Path) -> Finding | None:
    for entry in sorted(home.iterdir()):
        with suppress(FileNotFoundError):  # a temporary file
            if fault := _entry_fault(entry, entry.name == "data"):
                return fault
    return None


def is_trusted(path: Path, is_folder: bool = True) -> bool:
    """Whether a folder or file exists, is not a link, and belongs to a trusted user."""
    try:
        return _entry_fault(path, is_folder) is None
    except OSError:
        return False


def _resolved(path: Path) -> Path | Finding:
    try:
        return resolve_trusted(path, trusted())
    except UntrustedPath as error:
        return Finding(f"the data folder {path} cannot be used: {error.strerror}", f"{error.fix}, {_ELSEWHERE}")


def _folder_fault(folder: Path) -> Finding | None:
    status = folder.lstat()
    if os.name == "nt":
        return None
    if status.st_uid not in owners():
        return Finding(
            f"the data folder {folder} belongs to another user, with the uid {status.st_uid}",
            f"chown -R {owners()[0]} {folder}, {_ELSEWHERE}",
        )
    if str(folder) in {*_SHARED, tempfile.gettempdir()}:
        return Finding(f"the data folder {folder} is shared by all users", f"create a folder in it, {_ELSEWHERE}")
    return None


def _entry_fault(path: Path, is_folder: bool) -> Finding | None:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return Finding(f"{path} is a symbolic link, which zava-mcp does not create", f"remove {path}, {_ELSEWHERE}")
    if not (stat.S_ISDIR if is_folder else stat.S_ISREG)(status.st_mode):
        return Finding(f"{path} is not a {'folder' if is_folder else 'regular file'}", f"remove {path}, {_ELSEWHERE}")
    if os.name != "nt" and status.st_uid not in trusted():
        return Finding(
            f"{path} belongs to another user, with the uid {status.st_uid}", f"chown {owners()[0]} {path}, {_ELSEWHERE}"
        )
    if not is_folder and status.st_nlink > 1:
        return Finding(f"{path} has a second name (a hard link)", f"remove {path}, {_ELSEWHERE}")
    return None


def remove_folder(folder: Path) -> None:
    """Removes a folder in which killed processes may still be writing while they end."""
    deadline = time.monotonic() + _REMOVE_SECONDS
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() > deadline:
            return
        time.sleep(0.02)


def default_data_dir() -> Path:
    """The user's data folder for this program. Raises EmbeddedError if the environment has a relative path."""
    from platformdirs import user_data_path

    folder = user_data_path("zava-mcp", appauthor=False)
    if not folder.is_absolute():
        raise EmbeddedError(
            f"the user's data folder {folder.parent} is not an absolute path", "Correct HOME or XDG_DATA_HOME."
        )
    return folder


def make_socket_folder() -> Path:
    """Creates a folder with a short path for a socket. Raises UntrustedPath if other users can replace it."""
    return Path(tempfile.mkdtemp(prefix="zava-socket-", dir=resolve_trusted(Path(tempfile.gettempdir()), trusted())))


def remove_socket_folder(folder: Path) -> None:
    """Removes the socket and its folder, if `make_socket_folder` created it."""
    if not _SOCKET_FOLDER.fullmatch(folder.name) or not is_trusted(folder):
        return
    with suppress(OSError):  # the other process that stops the server may have removed it already
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
