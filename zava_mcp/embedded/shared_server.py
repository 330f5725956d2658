"""One embedded database for all processes of a user: who sets it up, who starts it, who stops it.

    <data folder>/            0700
    ├── start.lock            held while somebody sets up, starts or stops
    ├── users/*.lock          one for each process that uses the database, held while it lives
    └── postgres-18/          appears whole, by one rename
        ├── data/             PostgreSQL's own folder
        ├── logins.json       0600: admin and identities with their passwords
        ├── schema_version    of what was built into it
        └── server.log

Locks belong to the kernel, so those of killed processes are gone with them: the last one out is the
one whose lock is the only one held, and a stale file keeps nothing alive and stops nothing.
"""

import secrets
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from zava_mcp.embedded.cluster import Address, Cluster
from zava_mcp.embedded.folders import USE_LOCK, contents_fault, default_data_dir, is_ours, remove_folder, take_folder
from zava_mcp.embedded.host import POSTGRES_MAJOR, give_to_runner, make_reachable
from zava_mcp.embedded.lock_files import is_held, read_version
from zava_mcp.embedded.login_file import Login, read_logins, write_logins, write_private
from zava_mcp.errors import EmbeddedError
from zava_mcp.trusted_files import UntrustedPath

_SET_UP_SECONDS = 3600.0
_LOOK_SECONDS = 0.2
_STOP_SECONDS = 1.5  # hosts wait two seconds after closing stdin before they kill


@dataclass(frozen=True)
class Content:
    """What belongs into the database: a version, how to build it anew, how to upgrade an older one.

    Both are given where the cluster listens and its admin; `build` returns the identities' logins,
    `upgrade` is given those that exist.
    """

    version: int
    build: Callable[[Address, Login], list[Login]]
    upgrade: Callable[[Address, Login, list[Login]], None]


class EmbeddedPostgres:
    """A share in the embedded database: `open` takes it, `close` gives it back."""

    def __init__(self, data_dir: Path | None, content: Content) -> None:
        self._given = data_dir or default_data_dir()
        self.folder = self._given.resolve()  # one name for it, however it is spelled
        self._content = content
        self._home = self.folder / f"postgres-{POSTGRES_MAJOR}"
        self._cluster = Cluster(self._home / "data", self._home / "server.log")
        self._start_lock = FileLock(self.folder / "start.lock", thread_local=False)
        self._turn = threading.Lock()  # of this process's threads; start.lock is for processes
        self._use: FileLock | None = None
        self._closed = False
        self._filling: Cluster | None = None

    def open(self) -> Address:
        """Makes sure the database is set up and runs, and that it stays so until `close`.

        Can be called again at any time, for instance after the server was stopped by somebody else.
        Raises EmbeddedError.
        """
        try:
            self._prepare_folder()
            with self._turn, self._await_start_lock():
                if self._use is None:
                    self._use = self._take_use()
                if not is_ours(self._home):
                    self._set_up()
                address = self._cluster.running() or self._cluster.start()
                self._upgrade(address)
                return address
        except UntrustedPath as error:
            raise EmbeddedError(f"{error.path} cannot be used: {error.strerror}", f"{error.fix}.") from error
        except OSError as error:
            raise EmbeddedError(
                f"the data folder {self.folder} cannot be used: {error.strerror or error}",
                "Make room or correct its owner, or set ZAVA_DATA_DIR to another folder.",
            ) from error

    def close(self) -> None:
        """Gives the share back, for good; the last one stops the server. Never raises for a folder that is gone."""
        self._closed = True  # whoever waits in open() must not start it again
        if (filling := self._filling) is not None:  # the process ends in the middle of set-up
            filling.stop(0.0)  # which does not wait for an orderly end
            shutil.rmtree(filling.folder.parent, ignore_errors=True)
            return
        if not is_ours(self.folder) or not self._turn.acquire(timeout=_STOP_SECONDS):
            return  # what this process holds goes with it
        try:
            if self._use is not None:
                with self._start_lock.acquire(timeout=_STOP_SECONDS, poll_interval=0.02):
                    self._leave()
        except Timeout:  # somebody is starting it right now, and so will use it
            if self._use is not None:
                self._use.release()
        finally:
            self._turn.release()

    def _await_start_lock(self) -> AbstractContextManager[object]:
        """The lock for setting up, starting and stopping; whoever is closed meanwhile does not get it any more."""
        deadline = time.monotonic() + _SET_UP_SECONDS
        while not self._closed:
            try:
                lock = self._start_lock.acquire(timeout=_LOOK_SECONDS, poll_interval=0.02)
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
        raise EmbeddedError("this process is ending", "Ask the next one.")

    def reset(self) -> None:
        """Removes the database, so that the next `open` builds a new one. Raises EmbeddedError while others use it."""
        self._prepare_folder()
        with self._turn, self._await_start_lock():
            if any(is_held(path) for path in self._use_locks()):
                raise EmbeddedError(
                    f"other processes use the database in {self.folder}",
                    "End them, also in MCP clients; then try again.",
                )
            if is_ours(self._home):
                self._cluster.stop(10.0)
                self._home.rename(self.folder / f"setup-{secrets.token_hex(4)}")  # removed later where this one ends
            self._clear_leftovers()

    def logins(self) -> dict[str, Login]:
        """The identities' logins by user id, and the admin under ''; empty before the first set-up.

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
                f"Restore it, or remove the folder {self._home} to start afresh with a new sample.",
            ) from None

    def keep_login(self, login: Login) -> None:
        """Writes down one more login, so that its user id can ask."""
        write_logins(self._home / "logins.json", {**self.logins(), login.user_id: login}.values())

    def forget_login(self, user_id: str) -> None:
        """Strikes out an identity's login; it may not be there."""
        kept = [login for login in self.logins().values() if login.user_id != user_id]
        write_logins(self._home / "logins.json", kept)

    def _prepare_folder(self) -> None:
        folder = take_folder(self._given)
        if folder != self.folder:
            raise EmbeddedError(f"{self._given} leads to {folder} now, not to {self.folder}", "Start again.")
        if fault := contents_fault(folder):
            raise fault.error()
        make_reachable(folder)
        give_to_runner(folder)
        folder.chmod(0o700)
        (folder / "users").mkdir(exist_ok=True)
        if fault := contents_fault(folder):  # again: until now others may have been able to write there
            raise fault.error()

    def _use_locks(self) -> list[Path]:
        """The lock files of processes that use the database; what else is in their folder is left alone."""
        folder = self.folder / "users"
        paths = [path for path in folder.iterdir() if USE_LOCK.fullmatch(path.name)] if is_ours(folder) else []
        return [path for path in paths if is_ours(path, is_folder=False)]

    def _take_use(self) -> FileLock:
        use = FileLock(self.folder / "users" / f"{secrets.token_hex(8)}.lock", thread_local=False)
        use.acquire(timeout=0)
        return use

    def _leave(self) -> None:
        assert self._use is not None
        own = Path(self._use.lock_file)
        self._use.release()
        self._use = None
        if own in self._use_locks():
            own.unlink(missing_ok=True)
        held = [path for path in self._use_locks() if is_held(path)]
        if not held:
            self._cluster.stop(_STOP_SECONDS)

    def _set_up(self) -> None:
        """Builds a whole database beside the place where it will be, then moves it there."""
        self._clear_leftovers()
        home = self.folder / f"setup-{secrets.token_hex(4)}"
        home.mkdir(mode=0o700)
        give_to_runner(home)
        admin = Login("postgres", secrets.token_urlsafe(32))
        self._filling = cluster = Cluster(home / "data", home / "server.log")
        try:
            cluster.create(admin.password)
            logins = self._content.build(cluster.start(filling=True), admin)
            cluster.stop(60.0)
            cluster.sync()
            write_logins(home / "logins.json", [admin, *logins])
            write_private(home / "schema_version", f"{self._content.version}\n")
            home.rename(self._home)
        except BaseException:
            cluster.stop(5.0)
            shutil.rmtree(home, ignore_errors=True)
            raise
        finally:
            self._filling = None

    def _upgrade(self, address: Address) -> None:
        """Brings the content to our version; what a newer program built is left alone."""
        record = self._home / "schema_version"
        version = read_version(record)
        if not version.isdigit() or int(version) < self._content.version:
            logins = self.logins()
            self._content.upgrade(address, logins.pop(""), list(logins.values()))
            write_private(record, f"{self._content.version}\n")

    def _clear_leftovers(self) -> None:
        """Set-ups whose process was killed: their servers are stopped, their folders removed."""
        for leftover in filter(is_ours, self.folder.glob("setup-*")):
            Cluster(leftover / "data", leftover / "server.log").stop(5.0)
            remove_folder(leftover)
