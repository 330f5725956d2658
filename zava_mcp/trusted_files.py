"""Opens files and folders that other users of this machine cannot replace.

In a folder that others may write, a name can be a symbolic link, a hard link or a pipe that leads to a file of their
choice. So only trusted users may be able to change the folders of a path: this process's user, root, and the user that
PostgreSQL runs as. An opened file is checked through its descriptor, because its name can change after a check.
"""

import errno
import os
import stat
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

_MAX_LINKS = 40  # as in the Linux kernel


class UntrustedPath(PermissionError):
    """A file or folder that another user owns or can replace; `fix` says what to do."""

    def __init__(self, path: Path, reason: str, fix: str = "") -> None:
        super().__init__(errno.EPERM, reason, str(path))
        self.path = path
        self.fix = fix or f"check {path}, or choose a folder that only you may write"


def trusted_owners() -> frozenset[int]:
    """Return the ids of the users who may own the files that this process uses: its own user and root."""
    return frozenset() if sys.platform == "win32" else frozenset({os.geteuid()}) | _root_ids()


def resolve_trusted(path: Path, owners: Collection[int], private: bool = True) -> Path:
    """Return the real path of a folder, after checking that only `owners` can change each part of it.

    The last parts may not exist yet. Other users cannot replace a part that passed its check, so the parts below can
    be checked by name. If `private` is False, folders of other users are accepted, but none of their symbolic links.
    Raises UntrustedPath.
    """
    if sys.platform == "win32":  # Only the user can write to the user's profile, and making links needs a privilege.
        return path.resolve()
    folder = Path("/")
    names = [*reversed((path if path.is_absolute() else Path.cwd() / path).parts[1:])]
    links = 0
    while names:
        folder_status = folder.lstat()
        if private:
            _check_folder(folder, folder_status, owners)
        name = names.pop()
        entry = folder.parent if name == ".." else folder / name
        try:
            status = entry.lstat()
        except FileNotFoundError:
            return entry.joinpath(*reversed(names))
        if not stat.S_ISLNK(status.st_mode):
            folder = entry
            continue
        _check_link(entry, status, folder_status, owners)
        links += 1
        if links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        target = entry.readlink()
        folder = Path("/") if target.is_absolute() else folder
        names += reversed(target.parts[1:] if target.is_absolute() else target.parts)
    return folder


def make_folders(path: Path) -> None:
    """Create a folder and its missing parents, accessible only to their owner. Raises OSError."""
    if not path.is_dir():
        make_folders(path.parent)
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            # Another process created the folder first. Callers check its owner.
            if path.is_symlink() or not path.is_dir():
                raise


def open_owned(path: Path, flags: int, owners: Collection[int], mode: int = 0o600) -> int:
    """Open a regular file of `owners` that is neither a symbolic nor a hard link. Raises UntrustedPath, OSError."""
    if sys.platform == "win32":
        return os.open(path, flags | os.O_BINARY, mode)
    try:
        file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UntrustedPath(path, "it is a symbolic link", f"remove {path}: zava-mcp did not create it") from None
        raise
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise UntrustedPath(path, "it is not a regular file", f"remove {path}: zava-mcp did not create it")
        check_owner(path, status, owners)
        if status.st_nlink > 1:
            raise UntrustedPath(
                path, "it has a second name (a hard link)", f"remove {path}: zava-mcp did not create it"
            )
        os.set_blocking(file, True)
    except BaseException:
        os.close(file)
        raise
    return file


def open_trusted(path: Path, flags: int, mode: int = 0o600) -> int:
    """Open a file that the settings name; in a folder that others may write, only a file that others did not create.

    In other folders, the operator may use a link, a pipe or a device. Raises UntrustedPath, OSError.
    """
    if sys.platform == "win32":
        return os.open(path, flags, mode)
    owners = trusted_owners()
    folder = resolve_trusted(path.parent, owners, private=False)
    status = folder.lstat()
    if not _others_may_write(status, owners) and status.st_uid in owners:
        file = os.open(folder / path.name, flags | os.O_NONBLOCK | os.O_CLOEXEC, mode)
        os.set_blocking(file, True)
        return file
    file_path = folder / path.name
    if file_path.is_symlink():  # A volume of Kubernetes secrets has links, all of which belong to root.
        _check_link(file_path, file_path.lstat(), status, owners)
        return open_trusted(folder / file_path.readlink(), flags, mode)
    return open_owned(file_path, flags, {*owners, status.st_uid}, mode)


def read_trusted(path: Path) -> str:
    """Return the text of a file that the settings name. Raises UntrustedPath, OSError, UnicodeDecodeError."""
    return read_trusted_bytes(path).decode().replace("\r\n", "\n")


def read_trusted_bytes(path: Path) -> bytes:
    """Return the content of a file that the settings name. Raises UntrustedPath, OSError."""
    with open(open_trusted(path, os.O_RDONLY), "rb") as file:
        return file.read()


def write_atomically(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file atomically; a link of the same name is replaced, not followed. Raises OSError."""
    with replaced_atomically(path, mode) as file:
        file.write(content)


@contextmanager
def replaced_atomically(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Yield a new file that replaces `path`, which may be a link, when the block ends without an error."""
    draft = path.with_name(f".{path.name[:200]}.{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(draft, flags, mode), "wb") as file:
            yield file
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def check_owner(path: Path, status: os.stat_result, owners: Collection[int]) -> None:
    """Raise UntrustedPath if a file or folder belongs to another user."""
    if sys.platform != "win32" and status.st_uid not in owners:
        raise UntrustedPath(path, f"it belongs to the user with the number {status.st_uid}")


def _check_folder(path: Path, status: os.stat_result, owners: Collection[int]) -> None:
    """Raise UntrustedPath if users other than `owners` can replace entries of a folder.

    In a sticky folder such as /tmp, only the owner of an entry can replace it, and the entry is checked next.
    """
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    if status.st_uid not in owners:
        raise UntrustedPath(path, f"the folder {path} belongs to the user with the number {status.st_uid}")
    if not status.st_mode & stat.S_ISVTX and _others_may_write(status, owners):
        raise UntrustedPath(path, f"others may write to the folder {path}", f"chmod go-w {path}, or choose another")


def _check_link(path: Path, status: os.stat_result, folder: os.stat_result, owners: Collection[int]) -> None:
    """Raise UntrustedPath for a symbolic link that other users created or can replace."""
    replaceable = not folder.st_mode & stat.S_ISVTX and _others_may_write(folder, owners)
    if status.st_uid not in owners or replaceable:
        raise UntrustedPath(path, f"{path} is a symbolic link that others can change", f"name the folder behind {path}")


def _others_may_write(status: os.stat_result, owners: Collection[int]) -> bool:
    """Whether users other than the folder's owner and `owners` may write to it, directly or as members of its group."""
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and bool(_members(status.st_gid) - {*owners, status.st_uid})


def _members(group: int) -> set[int]:
    """Return the ids of a group's users."""
    import grp
    import pwd

    try:
        names = set(grp.getgrgid(group).gr_mem)
    except KeyError:
        names = set()
    return {user.pw_uid for user in pwd.getpwall() if user.pw_gid == group or user.pw_name in names}


@cache
def _root_ids() -> frozenset[int]:
    """Return root's user id, or, in a user namespace without root, also the id that root's files have there."""
    try:
        ranges = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
        if ranges and all(inside > 0 for inside, _, _ in ranges):
            return frozenset({0, int(Path("/proc/sys/kernel/overflowuid").read_text())})
    except (OSError, ValueError):  # Other systems have no /proc.
        pass
    return frozenset({0})
