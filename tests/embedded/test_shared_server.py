"""The embedded database's folder: its ownership, its faults, and their messages."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from tests.conftest import SEATTLE, admin_keywords, asking, settings_for
from tests.polling import until
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.sample import Sample
from zava_mcp.embedded import Content, EmbeddedPostgres, Login
from zava_mcp.embedded.host import change_owner_to_runner
from zava_mcp.errors import EmbeddedError


def small(folder: Path) -> EmbeddedPostgres:
    return embedded_postgres(settings_for(folder), lambda *_: None, Sample(scale=0.002))


def test_data_folder_with_a_long_path_gets_a_socket_folder(tmp_path: Path) -> None:
    postgres = small(tmp_path / ("long" * 25))
    address = postgres.open()
    try:
        assert len(os.fsencode(address.host)) < 60
        assert Path(address.host, ".s.PGSQL.5432").is_socket()
        assert Path(address.host).stat().st_mode & 0o077 == 0
    finally:
        postgres.close()
    assert not Path(address.host).exists()


def test_failed_set_up_is_removed_and_can_be_repeated(tmp_path: Path) -> None:
    def fail(*_: object) -> list[object]:
        raise EmbeddedError("not today")

    postgres = EmbeddedPostgres(tmp_path, Content(1, fail, fail))  # type: ignore[arg-type]  # it always raises
    with pytest.raises(EmbeddedError, match="not today"):
        postgres.open()
    postgres.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["start.lock", "users"]
    again = small(tmp_path)
    again.open()
    again.close()


@pytest.mark.anyio
async def test_damaged_login_file_is_reported(tmp_path: Path) -> None:
    postgres = small(tmp_path)
    postgres.open()
    postgres.close()
    (tmp_path / "postgres-18" / "logins.json").write_text("{")
    command = [sys.executable, "-m", "zava_mcp", "query", "SELECT 1", "--user-id", SEATTLE, "--data-dir", str(tmp_path)]
    output = subprocess.run(command, capture_output=True, text=True, check=False)
    assert output.returncode == 1
    assert "damaged" in output.stderr
    assert "Traceback" not in output.stderr


@pytest.mark.parametrize(
    "place",
    [
        "/proc/nowhere",  # cannot be created
        "/dev/null",  # is not a folder
    ],
)
def test_data_folder_that_cannot_be_created_is_reported(place: str) -> None:
    with pytest.raises(EmbeddedError, match="cannot be used"):
        small(Path(place)).open()


def test_data_folder_with_other_files_is_left_unchanged(tmp_path: Path) -> None:
    """This matters most for root, who could change any folder of the system."""
    (tmp_path / "letters").mkdir()
    tmp_path.chmod(0o755)
    before = tmp_path.stat()
    with pytest.raises(EmbeddedError, match="contains files that do not belong to an embedded database"):
        small(tmp_path).open()
    after = tmp_path.stat()
    assert (after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]


def test_full_disk_during_set_up_is_reported(tmp_path: Path) -> None:
    """A file system of 40 MB: set-up needs more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "none", str(disk)], check=False)
    if mounted.returncode:  # without root or mount rights, a limit on file sizes replaces the full disk
        code = (
            "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000));"
            "from zava_mcp.cli import main; main()"
        )
        command = [sys.executable, "-c", code]
    else:
        command = [sys.executable, "-m", "zava_mcp"]
    try:
        output = subprocess.run(
            [*command, "init", "--data-dir", str(disk)], capture_output=True, text=True, timeout=60, check=False
        )
        assert output.returncode == 1
        assert "Traceback" not in output.stderr
        assert not list(disk.glob("postgres-18"))
        if not mounted.returncode:
            assert "disk is full" in output.stderr
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.anyio
async def test_copied_data_folder_is_a_separate_database(tmp_path_factory: pytest.TempPathFactory) -> None:
    tmp_path = tmp_path_factory.mktemp("two")  # short, or the sockets would have to lie elsewhere
    first = small(tmp_path / "first")
    first.open()
    first.close()
    subprocess.run(["cp", "-a", str(tmp_path / "first"), str(tmp_path / "second")], check=True)
    change_owner_to_runner(tmp_path)
    postgres = small(tmp_path / "second")
    try:
        assert admin_keywords(postgres)["host"].startswith(str(tmp_path / "second"))
        async with asking(settings_for(tmp_path / "second", SEATTLE)) as asker:
            assert await asker.value("SELECT count(*) FROM retail.orders") > 0
    finally:
        postgres.close()


def test_data_folder_with_different_spellings_is_one_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    spellings = [small(tmp_path / "data"), small(Path("data")), small(tmp_path / "link")]
    try:
        assert len({postgres.open() for postgres in spellings}) == 1
    finally:
        for postgres in spellings:
            postgres.close()
    assert not (tmp_path / "data" / "postgres-18" / "data" / "postmaster.pid").exists()


def test_closed_process_does_not_start_the_server(tmp_path: Path) -> None:
    first = small(tmp_path)
    first.open()
    first.close()
    waiting = small(tmp_path)
    errors: list[str] = []

    def open_it() -> None:
        try:
            waiting.open()
        except EmbeddedError as error:
            errors.append(error.message)

    with FileLock(tmp_path / "start.lock", thread_local=False):
        opening = threading.Thread(target=open_it)
        opening.start()
        waiting.close()
        opening.join(5)
    assert errors == ["this process is ending"]
    assert not list((tmp_path / "users").iterdir())
    assert not (tmp_path / "postgres-18" / "data" / "postmaster.pid").exists()


def test_process_closed_while_it_removes_a_killed_set_up_begins_no_new_one(tmp_path: Path) -> None:
    """The server of the killed set-up ignores its signals, so that removing it takes longer than `close` waits."""
    data = tmp_path / "setup-00000000" / "data"
    data.mkdir(parents=True)
    stubborn = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); print(flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", stubborn, data], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (data / "postmaster.pid").write_text(f"{process.pid}\n\n\n5432\n\n127.0.0.1\n\nready\n")
        postgres = small(tmp_path)
        with ThreadPoolExecutor() as executor:
            opening = executor.submit(postgres.open)
            until(lambda: any(tmp_path.glob("users/*.lock")))
            postgres.close()
            process.kill()
            with pytest.raises(EmbeddedError, match="this process is ending"):
                opening.result()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["start.lock", "users"]


def test_process_closed_at_the_end_of_set_up_publishes_no_part_of_it(tmp_path: Path) -> None:
    def build(*_: object) -> Iterator[Login]:
        """Runs when the folder is complete; ends when `close` has begun to remove it."""
        files = list(tmp_path.glob("setup-*/data/**/*"))
        closing.start()
        until(lambda: not all(map(os.path.exists, files)))
        yield from ()

    postgres = EmbeddedPostgres(tmp_path, Content(1, build, build))  # type: ignore[arg-type]  # no list
    closing = threading.Thread(target=postgres.close)
    with pytest.raises(EmbeddedError):
        postgres.open()
    closing.join()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["start.lock", "users"]
