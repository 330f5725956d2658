"""One embedded database for all processes of a user: the first sets it up and starts it, the last stops it.

    <data folder>/            0700
    ├── start.lock            held by a process that sets up, starts or stops the server
    ├── users/*.lock          one for each process that uses the database, held while it runs
    └── postgres-18/          created by one rename when set-up is complete
        ├── data/             PostgreSQL's data folder
        ├── logins.json       0600: administrator and identities with their passwords
        ├── schema_version    the version of the schema and sample
        └── server.log

The kernel releases the locks of killed processes. The last process is the one that finds no other lock held, and stale
lock files have no effect.
"""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from zava_mcp.embedded.cluster import Address, Cluster
from zava_mcp.embedded.folders import (
    USE_LOCK,
    claim_folder,
    contents_fault,
    default_data_dir,
    is_trusted,
    remove_folder,
)
from zava_mcp.embedded.host import POSTGRES_MAJOR, change_owner_to_runner, make_reachable
from zava_mcp.embedded.lock_files import is_held, read_version
from zava_mcp.embedded.login_file import Login, read_logins, write_logins, write_private
from zava_mcp.errors import EmbeddedError
from zava_mcp.trusted_files import UntrustedPath

_SET_UP_SECONDS = 3600.0
_POLL_SECONDS = 0.2
_STOP_SECONDS = 1.5  # clients wait two seconds after closing stdin before they kill the server


@dataclass(frozen=True)
class Content:
    """The version of the database's content, and functions that build it and upgrade an older one.

    Both functions get the cluster's address and the administrator's login. `build` returns the identities' logins,
    `upgrade` gets the existing ones.
    """

    version: int
    build: Callable[[Address, Login], list[Login]]
    upgrade: Callable[[Address, Login, list[Login]], None]


class EmbeddedPostgres:
    """This process's use of the embedded database, from `open` to `close`."""

    def __init__(self, data_dir: Path | None, content: Content) -> None:
        self._data_dir = data_dir or default_data_dir()
        self.folder = self._data_dir.resolve()
        self._content = content
        self._home = self.folder / f"postgres-{POSTGRES_MAJOR}"
        self._cluster = Cluster(self._home / "data", self._home / "server.log")
        self._start_lock = FileLock(self.folder / "start.lock", thread_local=False)
        self._thread_lock = threading.Lock()  # between threads; start.lock is between processes
        self._use_lock: FileLock | None = None
        self._closed = False
        self._new_cluster: Cluster | None = None

    def open(self) -> Address:
        """Sets the database up if needed, starts the server, and keeps it running until `close`.

        Can be called again at any time, for example after the server was stopped from outside. Raises EmbeddedError.
        """
        try:
            self._prepare_folder()
            with self._thread_lock, self._await_start_lock():
                if self._use_lock is None:
                    use_lock = FileLock(self.folder / "users" / f"{secrets.token_hex(8)}.lock", thread_local=False)
                    use_lock.acquire(timeout=0)
                    self._use_lock = use_lock
                if not is_trusted(self._home):
                    self._set_up()
                address = self._cluster.running() or self._cluster.start()
                self._upgrade(address)
                return address
        except UntrustedPath as error:
            raise EmbeddedError(f"{error.path} cannot be used: {error.strerror}", f"{error.fix}.") from error
        except OSError as error:
            raise EmbeddedError(
                f"the data folder {self.folder} cannot be used: {error.strerror or error}",
                "Free some space or correct its owner, or set ZAVA_DATA_DIR to another folder.",
            ) from error

    def close(self) -> None:
        """Ends this process's use; the last process stops the server. Does not raise if the folder was removed."""
        self._closed = True  # a thread that waits in open() must not start the server again
        if (cluster := self._new_cluster) is not None:  # the process ends during set-up
            cluster.stop(0.0)
            with suppress(OSError):  # Moved, the folder cannot become the database. It is that already if this fails.
                remove_folder(cluster.folder.parent.rename(self.folder / f"setup-{secrets.token_hex(4)}"))
                return
        if not is_trusted(self.folder) or not self._thread_lock.acquire(timeout=_STOP_SECONDS):
            return  # the locks end with the process
        try:
            if self._use_lock is not None:
                with self._start_lock.acquire(timeout=_STOP_SECONDS, poll_interval=0.02):
                    self._stop_if_last()
        except Timeout:  # another process is starting the server, and so will use it
            if self._use_lock is not None:
                self._use_lock.release()
        finally:
            self._thread_lock.release()

    def _await_start_lock(self) -> AbstractContextManager[object]:
        """Acquires the lock for setting up, starting and stopping. Raises EmbeddedError if `close` is called first."""
        deadline = time.monotonic() + _SET_UP_SECONDS
        while not self._closed:
            try:
                lock = self._start_lock.acquire(timeout=_POLL_SECONDS, poll_interval=0.02)
            except Timeout:
                if time.monotonic() > deadline:
                    raise EmbeddedError(
                        "another process has been setting up the embedded database for too long",
                        "End it, then try again.",
                    ) from None
                continue
            if not self._closed:
                return lock
            self._start_lock.release()
        raise EmbeddedError("this process is ending", "Start it again.")

    def reset(self) -> None:
        """Removes the database, so that the next `open` builds a new one. Raises EmbeddedError if others use it."""
        self._prepare_folder()
        with self._thread_lock, self._await_start_lock():
            if any(is_held(path) for path in self._use_locks()):
                raise EmbeddedError(
                    f"other processes use the database in {self.folder}",
                    "End them, also in MCP clients; then try again.",
                )
            if is_trusted(self._home):
                self._cluster.stop(10.0)
                self._home.rename(self.folder / f"setup-{secrets.token_hex(4)}")  # removed later if this process ends
            self._remove_unfinished()

    def logins(self) -> dict[str, Login]:
        """The identities' logins by user id, and the administrator's under ''; empty before the first set-up.

        Raises EmbeddedError if they cannot be read.
        """
        file = self._home / "logins.json"
        try:
            return read_logins(file)
        except FileNotFoundError:
            return {}
        except PermissionError as error:
            raise EmbeddedError(
                f"{file} cannot be read: {error.strerror}", "Set ZAVA_DATA_DIR to a folder of your own."
            ) from None
        except (ValueError, TypeError, KeyError):
            raise EmbeddedError(
                f"{file} cannot be read: it is damaged",
                f"Restore it, or remove the folder {self._home} to start again with a new sample.",
            ) from None

    def add_login(self, login: Login) -> None:
        """Adds a login to the file of logins."""
        write_logins(self._home / "logins.json", {**self.logins(), login.user_id: login}.values())

    def remove_login(self, user_id: str) -> None:
        """Removes an identity's login from the file of logins, if it is there."""
        kept = [login for login in self.logins().values() if login.user_id != user_id]
        write_logins(self._home / "logins.json", kept)

    def _prepare_folder(self) -> None:
        folder = claim_folder(self._data_dir)
        if folder != self.folder:
            raise EmbeddedError(f"{self._data_dir} now resolves to {folder}, not to {self.folder}", "Start again.")
        if fault := contents_fault(folder):
            raise fault.error()
        make_reachable(folder)
        change_owner_to_runner(folder)
        folder.chmod(0o700)
        (folder / "users").mkdir(exist_ok=True)
        if fault := contents_fault(folder):  # checked again, because others may have had write access until now
            raise fault.error()

    def _use_locks(self) -> list[Path]:
        """The lock files of processes that use the database; other files in their folder are ignored."""
        folder = self.folder / "users"
        paths = [path for path in folder.iterdir() if USE_LOCK.fullmatch(path.name)] if is_trusted(folder) else []
        return [path for path in paths if is_trusted(path, is_folder=False)]

    def _stop_if_last(self) -> None:
        assert self._use_lock is not None
        own = Path(self._use_lock.lock_file)
        self._use_lock.release()
        self._use_lock = None
        if own in self._use_locks():
            own.unlink(missing_ok=True)
        if not any(is_held(path) for path in self._use_locks()):
            self._cluster.stop(_STOP_SECONDS)

    def _set_up(self) -> None:
        """Builds a complete database in a temporary folder, then moves it there."""
        self._remove_unfinished()
        home = self.folder / f"setup-{secrets.token_hex(4)}"
        admin = Login("postgres", secrets.token_urlsafe(32))
        self._new_cluster = cluster = Cluster(home / "data", home / "server.log")
        try:
            home.mkdir(mode=0o700)
            change_owner_to_runner(home)
            if self._closed:  # `close` was called before there was a folder that it could remove
                raise EmbeddedError("this process is ending", "Start it again.")
            cluster.create(admin.password)
            logins = self._content.build(cluster.start(during_set_up=True), admin)
            cluster.stop(60.0)
            cluster.sync()
            write_logins(home / "logins.json", [admin, *logins])
            write_private(home / "schema_version", f"{self._content.version}\n")
            home.rename(self._home)
        except BaseException:
            cluster.stop(5.0)
            remove_folder(home)
            raise
        finally:
            self._new_cluster = None

    def schema_version(self) -> str:
        """The schema version that is recorded, "" without a record."""
        return read_version(self._home / "schema_version")

    def _upgrade(self, address: Address) -> None:
        """Upgrades the content to this version; content of a newer version is not changed."""
        version = self.schema_version()
        if not version.isdigit() or int(version) < self._content.version:
            logins = self.logins()
            self._content.upgrade(address, logins.pop(""), list(logins.values()))
            write_private(self._home / "schema_version", f"{self._content.version}\n")

    def _remove_unfinished(self) -> None:
        """Removes set-ups whose process was killed, and stops their servers."""
        for home in filter(is_trusted, self.folder.glob("setup-*")):
            Cluster(home / "data", home / "server.log").stop(5.0)
            remove_folder(home)
