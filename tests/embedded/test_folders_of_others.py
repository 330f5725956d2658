"""Links, pipes and files that other users plant in the data folder are not followed or changed."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import settings_for
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.sample import Sample
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.embedded.folders import default_data_dir, folder_fault, remove_socket_folder
from zava_mcp.embedded.host import change_owner_to_runner, trusted
from zava_mcp.errors import EmbeddedError, SettingsError
from zava_mcp.settings import load
from zava_mcp.telemetry.audit import AuditLog
from zava_mcp.trusted_files import UntrustedPath, open_owned, read_trusted, resolve_trusted, write_atomically

LOCK = "0123456789abcdef.lock"
OTHER = 54321


def postgres_in(folder: Path) -> EmbeddedPostgres:
    return embedded_postgres(settings_for(folder), lambda *_: None, Sample(scale=0.002))


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes another user the owner: root changes the owner, other users pretend another uid."""
    if os.geteuid() == 0:
        os.chown(path, OTHER, OTHER, follow_symlinks=False)
    else:
        own = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: own + 1)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder with files that must not change, some with the names of zava-mcp's files."""
    folder = tmp_path / "victim"
    folder.mkdir()
    for name in (LOCK, "precious.lock", "letter"):
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder like /tmp."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


PLANTED: dict[str, Callable[[Path, Path], object]] = {
    "users is a link": lambda data, victim: (data / "users").symlink_to(victim),
    "start.lock is a link": lambda data, victim: (data / "start.lock").symlink_to(victim / "letter"),
    "start.lock is a hard link": lambda data, victim: (data / "start.lock").hardlink_to(victim / "letter"),
    "start.lock is a pipe": lambda data, _: os.mkfifo(data / "start.lock"),
    "a set-up is a link": lambda data, victim: (data / "setup-01234567").symlink_to(victim),
    "the database is a link": lambda data, victim: (data / "postgres-18").symlink_to(victim),
    "the log is a link": lambda data, victim: (data / "postgres-18" / "server.log").symlink_to(victim / "letter"),
    "the logins are a pipe": lambda data, _: os.mkfifo(data / "postgres-18" / "logins.json"),
    "PostgreSQL's folder is a link": lambda data, victim: (data / "postgres-18" / "data").symlink_to(victim),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_data_folder_with_a_planted_entry_is_refused(tmp_path: Path, victim: Path, planted: str) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    if "log" in planted or "PostgreSQL" in planted:
        (data / "postgres-18").mkdir()
    PLANTED[planted](data, victim)
    before = {path.name: (path.read_text(), path.stat().st_mode, path.stat().st_uid) for path in victim.iterdir()}
    postgres = postgres_in(data)
    with pytest.raises(EmbeddedError, match=r"link|not a regular file") as refused:
        postgres.open()
    postgres.close()
    assert {
        path.name: (path.read_text(), path.stat().st_mode, path.stat().st_uid) for path in victim.iterdir()
    } == before
    fault = folder_fault(data)
    assert fault is not None
    assert fault.found == refused.value.message
    assert "ZAVA_DATA_DIR" in refused.value.hint


@pytest.mark.parametrize("place", ["data", "data/users", "data/start.lock", "."])
def test_entries_of_another_user_are_refused_also_by_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    folder = tmp_path / "parent"
    (folder / "data" / "users").mkdir(parents=True)
    (folder / "data").chmod(0o700)
    (folder / "data" / "start.lock").touch()
    give_away(folder / place, monkeypatch)
    with pytest.raises(EmbeddedError, match=r"belongs to (another user|the user)"):
        postgres_in(folder / "data").open()
    fault = folder_fault(folder / "data")
    assert fault is not None
    assert "belongs to " in fault.found
    assert list((folder / "data" / "users").iterdir()) == []


def test_folder_in_a_world_writable_one_is_refused_unless_sticky(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(EmbeddedError, match="others may write"):
        postgres_in(tmp_path / "open" / "data").open()
    assert not (tmp_path / "open" / "data").exists()
    (tmp_path / "open").chmod(0o1777)
    assert resolve_trusted(tmp_path / "open" / "data", trusted()) == tmp_path / "open" / "data"


def test_link_of_another_user_is_not_followed(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = shared.parent / "own"
    own.mkdir(mode=0o700)
    (shared / "data").symlink_to(own)
    assert resolve_trusted(shared / "data", trusted()) == own
    give_away(shared / "data", monkeypatch)
    with pytest.raises(EmbeddedError, match=r"symbolic link that others can change|belongs to"):
        postgres_in(shared / "data").open()
    assert not list(own.iterdir())


def test_only_lock_files_with_valid_names_are_removed(tmp_path: Path, victim: Path) -> None:
    postgres = postgres_in(tmp_path / "data")
    postgres.open()
    users = tmp_path / "data" / "users"
    (users / "letter").write_text("mine")
    (users / "fedcba9876543210.lock").symlink_to(victim / LOCK)
    postgres.close()
    assert sorted(path.name for path in users.iterdir()) == ["fedcba9876543210.lock", "letter"]
    assert (victim / LOCK).read_text() == LOCK


@pytest.mark.parametrize("planted", ["link", "hard link", "pipe", "another user's"])
def test_planted_file_in_a_shared_folder_is_not_used(
    shared: Path, victim: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    file = shared / "file"
    if planted == "link":
        file.symlink_to(victim / "letter")
        os.chown(file, OTHER if os.geteuid() == 0 else -1, -1, follow_symlinks=False)
    elif planted == "hard link":
        file.hardlink_to(victim / "letter")
    elif planted == "pipe":
        os.mkfifo(file)
    else:
        file.write_text("ZAVA_MAX_ROWS=7\n")
    if planted == "another user's" or os.geteuid():
        give_away(file, monkeypatch)
    with pytest.raises(SettingsError, match="audit log"):
        AuditLog(file)
    with pytest.raises(SettingsError, match="env file"):
        load({"ZAVA_ENV_FILE": str(file)}, {})
    with pytest.raises(OSError, match=r"link|pipe|regular|belongs"):
        read_trusted(file)
    assert (victim / "letter").read_text() == "letter"


def test_own_file_in_a_shared_folder_is_used(shared: Path) -> None:
    AuditLog(shared / "audit.jsonl")
    assert stat.S_IMODE((shared / "audit.jsonl").stat().st_mode) == 0o600
    (shared / "zava.env").write_text("ZAVA_MAX_ROWS=7\n")
    assert load({"ZAVA_ENV_FILE": str(shared / "zava.env")}, {}).max_rows == 7


def test_own_link_in_an_own_folder_is_followed(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "link").symlink_to(victim / "letter")
    assert read_trusted(tmp_path / "link") == "letter"


def test_private_file_replaces_a_link_with_its_name(shared: Path, victim: Path) -> None:
    (shared / "zava.prom").symlink_to(victim / "letter")
    write_atomically(shared / "zava.prom", b"metrics", 0o644)
    assert (shared / "zava.prom").read_text() == "metrics"
    assert (victim / "letter").read_text() == "letter"


def test_log_and_pid_file_are_not_opened_through_links(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "server.log").symlink_to(victim / "letter")
    with pytest.raises(UntrustedPath, match="symbolic link"):
        open_owned(tmp_path / "server.log", os.O_WRONLY | os.O_APPEND, trusted())


def test_ownership_of_links_and_foreign_files_is_not_changed(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "link").symlink_to(victim / "letter")
    (tmp_path / "second").hardlink_to(victim / "letter")
    before = (victim / "letter").stat().st_uid
    for name in ("link", "second") if os.geteuid() == 0 else ():
        with pytest.raises(UntrustedPath):
            change_owner_to_runner(tmp_path / name)
    assert (victim / "letter").stat().st_uid == before


def test_only_socket_folders_are_removed(tmp_path: Path, victim: Path) -> None:
    (victim / ".s.PGSQL.5432").touch()
    (tmp_path / "zava-socket-abcdefgh").symlink_to(victim)
    remove_socket_folder(tmp_path / "zava-socket-abcdefgh")
    remove_socket_folder(victim)
    assert (victim / ".s.PGSQL.5432").exists()


def test_relative_data_folder_in_the_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: Path("data"))
    with pytest.raises(EmbeddedError, match="not an absolute path"):
        default_data_dir()
