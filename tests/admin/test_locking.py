"""Files of passwords are read and written while their database is locked against other administrators."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from typer.testing import CliRunner

from tests.servers import ZavaServer
from zava_mcp.admin.locking import SET_UP_LOCK
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres

_HELD = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s"
_watching: list[Callable[[str, str], None]] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    """Python's audit hook for file operations, which cannot be removed again."""
    if _watching and event in ("open", "os.rename"):
        watcher = _watching.pop()  # what it does itself is not reported
        path = arguments[1 if event == "os.rename" else 0]
        watcher(event, os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else "")
        _watching.append(watcher)


sys.addaudithook(_watch)


@contextmanager
def held_at(file: Path, connection: psycopg.Connection) -> Iterator[list[tuple[str, bool]]]:
    """For each time that a file is opened or replaced: whether the lock was held."""
    seen: list[tuple[str, bool]] = []

    def look(event: str, path: str) -> None:
        if Path(path).name == file.name:
            row = connection.execute(_HELD, [SET_UP_LOCK]).fetchone()
            seen.append((event, row == (1,)))

    _watching.append(look)
    try:
        yield seen
    finally:
        _watching.clear()


def run(*arguments: str) -> None:
    CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_passwords_file_is_locked_while_it_changes(postgres_18_as_it_comes: ZavaServer, tmp_path: Path) -> None:
    url, file = postgres_18_as_it_comes.admin_url, tmp_path / "people"
    common = ("--passwords-file", str(file), "--admin-database-url", url)
    with psycopg.connect(url, autocommit=True) as connection, held_at(file, connection) as seen:
        run("identities", "add", "Ann Lee", "--all-stores", *common)
        run("identities", "password", "Ann Lee", *common)
        run("init", *common)
        run("identities", "remove", "Ann Lee", *common)
    assert [event for event, _ in seen].count("os.rename") == 4
    assert all(held for _, held in seen), seen


def test_embedded_logins_are_locked_while_they_change(
    installation: EmbeddedPostgres, superuser: psycopg.Connection
) -> None:
    file = installation.folder / "logins.json"
    with held_at(file, superuser) as seen:
        run("identities", "add", "Ann Lee", "--all-stores", "--data-dir", str(installation.folder))
        run("identities", "remove", "Ann Lee", "--data-dir", str(installation.folder))
    assert [held for event, held in seen if event == "os.rename"] == [True, True]
