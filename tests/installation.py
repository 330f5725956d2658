"""Fixtures of the doctor's tests: an empty home, a damaged database, and the doctor's checks."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import SEATTLE, admin_keywords, objects, small_embedded
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres

Checks = dict[str, dict[str, str]]
Doctor = Callable[..., Checks]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home as the working directory, without the developer's own MCP clients."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(folder))
    for name in ("APPDATA", "XDG_CONFIG_HOME", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def patient(tmp_path_factory: pytest.TempPathFactory, clean_environment: None) -> Iterator[EmbeddedPostgres]:
    """An embedded database that tests damage and repair."""
    folder = tmp_path_factory.mktemp("patient")
    with small_embedded(folder) as postgres:
        yield postgres


@pytest.fixture
def surgeon(patient: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """A superuser's connection to the database that tests damage."""
    with psycopg.connect(**admin_keywords(patient), autocommit=True) as connection:
        yield connection


@pytest.fixture
def doctor(patient: EmbeddedPostgres, home: Path) -> Doctor:
    """`doctor()` returns the checks of that database as Seattle, by name."""

    def examine(*more: str) -> Checks:
        return examined("--data-dir", str(patient.folder), *more)

    return examine


def examined(*flags: str) -> Checks:
    """Run the doctor and return its checks by name; the exit code must be 1 exactly if a check failed."""
    user = [] if "--user-id" in flags else ["--user-id", SEATTLE]
    result = CliRunner().invoke(app, ["doctor", "--json", *user, *flags], catch_exceptions=False)
    checks = objects(result.stdout)
    assert result.exit_code == int(any(check["state"] == "fail" for check in checks))
    assert len({check["name"] for check in checks}) == len(checks)
    return {check["name"]: check for check in checks}


def ill(checks: Checks) -> set[str]:
    """Return the names of warnings and failures; each must say what to do."""
    names = {name for name, check in checks.items() if check["state"] != "ok"}
    assert all(checks[name]["fix"] for name in names)
    return names
