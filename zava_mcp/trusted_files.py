"""Files and folders that other users of this machine cannot exchange for something else.

In a folder that others may write, a name can be a symbolic link, a hard link or a pipe that leads us to a file of
their choice. So each folder on the way to ours must be changeable only by users we trust: us, root, and the user that
PostgreSQL runs as. What is opened is looked at by its descriptor, because a name can change after a look.
"""

import errno
import os
import stat
import sys
from collections.abc import Collection
from functools import cache
from pathlib import Path

_MOST_LINKS = 40  # as the kernel's
_PATH_ONLY = getattr(os, "O_PATH", os.O_RDONLY)  # needs no right to list the folder


class UntrustedPath(PermissionError):
    """A file or folder that somebody else owns or can exchange; `fix` says what to do."""

    def __init__(self, path: Path, reason: str, fix: str = "") -> None:
        super().__init__(errno.EPERM, reason, str(path))
        self.path = path
        self.fix = fix or f"check {path}, or choose a folder that only you may write"


def trusted_owners() -> frozenset[int]:
    """The users who may own what we use: us, and root, who can do everything anyway."""
    return frozenset() if sys.platform == "win32" else frozenset({os.geteuid()}) | _roots()


def resolve_trusted(path: Path, owners: Collection[int], private: bool = True) -> Path:
    """The real path of a folder, each part of which only `owners` can change; its last parts may not exist yet.

    A part that was looked at cannot be exchanged by others afterwards, so the parts below it can be looked at by
    name. With `private` False folders of others are accepted, but none of their symbolic links. Raises UntrustedPath.
    """
    if sys.platform == "win32":  # the user's profile is the user's alone, and links need a privilege
        return path.resolve()
    here = Path("/")
    todo = [*reversed((path if path.is_absolute() else Path.cwd() / path).parts[1:])]
    links = 0
    while todo:
        folder = here.lstat()
        if private:
            _check_folder(here, folder, owners)
        name = todo.pop()
        there = here.parent if name == ".." else here / name
        try:
            status = there.lstat()
        except FileNotFoundError:
            return there.joinpath(*reversed(todo))
        if not stat.S_ISLNK(status.st_mode):
            here = there
            continue
        _check_link(there, status, folder, owners)
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        target = there.readlink()
        here = Path("/") if target.is_absolute() else here
        todo += reversed(target.parts[1:] if target.is_absolute() else target.parts)
    return here


def make_folders(path: Path) -> None:
    """Makes a folder and those on the way to it, each for its owner alone. Raises OSError."""
    if not path.is_dir():
        make_folders(path.parent)
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:  # another process of ours was quicker; if it was not ours, its owner tells
            if path.is_symlink() or not path.is_dir():
                raise


def open_own(path: Path, flags: int, owners: Collection[int], mode: int = 0o600) -> int:
    """Opens a file of `owners`, not by a link of any kind and not a pipe. Raises UntrustedPath, OSError."""
    if sys.platform == "win32":
        return os.open(path, flags | os.O_BINARY, mode)
    try:
        file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UntrustedPath(path, "it is a symbolic link", f"remove {path}, which is not zava-mcp's") from None
        raise
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise UntrustedPath(path, "it is not a regular file", f"remove {path}, which is not zava-mcp's")
        check_owner(path, status, owners)
        if status.st_nlink > 1:
            raise UntrustedPath(path, "it has a second name (a hard link)", f"remove {path}, which is not zava-mcp's")
        os.set_blocking(file, True)
    except BaseException:
        os.close(file)
        raise
    return file


def open_trusted(path: Path, flags: int, mode: int = 0o600) -> int:
    """Opens a file that the settings name: where others may write, only one that they did not put there.

    In other folders it may be a link, a pipe or a device, as the operator likes. Raises UntrustedPath, OSError.
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
    name = folder / path.name
    if name.is_symlink():  # as in a volume of Kubernetes' secrets, where all are root's
        _check_link(name, name.lstat(), status, owners)
        return open_trusted(folder / name.readlink(), flags, mode)
    return open_own(name, flags, {*owners, status.st_uid}, mode)


def read_trusted(path: Path) -> str:
    """The text of a file that the settings name. Raises UntrustedPath, OSError, UnicodeDecodeError."""
    return read_trusted_bytes(path).decode().replace("\r\n", "\n")


def read_trusted_bytes(path: Path) -> bytes:
    """The content of a file that the settings name. Raises UntrustedPath, OSError."""
    with open(open_trusted(path, os.O_RDONLY), "rb") as file:
        return file.read()


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Writes a file that is there whole or not at all; a link of its name is replaced, not followed. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    draft.replace(path)


def check_owner(path: Path, status: os.stat_result, owners: Collection[int]) -> None:
    """Raises UntrustedPath if a file or folder belongs to somebody else."""
    if sys.platform != "win32" and status.st_uid not in owners:
        raise UntrustedPath(path, f"it belongs to the user with the number {status.st_uid}")


def _check_folder(path: Path, status: os.stat_result, owners: Collection[int]) -> None:
    """In a sticky folder, such as /tmp, entries can be exchanged by their owners only: the next part is looked at."""
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    if status.st_uid not in owners:
        raise UntrustedPath(path, f"the folder {path} belongs to the user with the number {status.st_uid}")
    if not status.st_mode & stat.S_ISVTX and _others_may_write(status, owners):
        raise UntrustedPath(path, f"others may write to the folder {path}", f"chmod go-w {path}, or choose another")


def _check_link(path: Path, status: os.stat_result, folder: os.stat_result, owners: Collection[int]) -> None:
    """Raises UntrustedPath for a symbolic link that others made, or can exchange."""
    exchangeable = not folder.st_mode & stat.S_ISVTX and _others_may_write(folder, owners)
    if status.st_uid not in owners or exchangeable:
        raise UntrustedPath(path, f"{path} is a symbolic link that others can change", f"name the folder behind {path}")


def _others_may_write(status: os.stat_result, owners: Collection[int]) -> bool:
    """Whether anybody but the owner of a folder and `owners` may write to it; a group of one's own is no other."""
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and bool(_members(status.st_gid) - {*owners, status.st_uid})


def _members(group: int) -> set[int]:
    """The users of a group."""
    import grp
    import pwd

    try:
        named = set(grp.getgrgid(group).gr_mem)
    except KeyError:
        named = set()
    return {user.pw_uid for user in pwd.getpwall() if user.pw_gid == group or user.pw_name in named}


@cache
def _roots() -> frozenset[int]:
    """root's number, and the one that files of root have in a user namespace in which there is no root."""
    try:
        ranges = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
        if ranges and all(inside > 0 for inside, _, _ in ranges):
            return frozenset({0, int(Path("/proc/sys/kernel/overflowuid").read_text())})
    except (OSError, ValueError):  # not Linux
        pass
    return frozenset({0})
