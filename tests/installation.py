"""Fixtures of the doctor's tests: an empty home directory, an installation, and the results of its checks."""

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
    """An empty home directory as working directory, so that no real configuration of a client is checked."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(folder))
    for name in ("APPDATA", "XDG_CONFIG_HOME", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory, clean_environment: None) -> Iterator[EmbeddedPostgres]:
    """An embedded database in which tests create and repair faults."""
    folder = tmp_path_factory.mktemp("installation")
    with small_embedded(folder) as postgres:
        yield postgres


@pytest.fixture
def superuser(installation: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """A connection as superuser to that database."""
    with psycopg.connect(**admin_keywords(installation), autocommit=True) as connection:
        yield connection


@pytest.fixture
def doctor(installation: EmbeddedPostgres, home: Path) -> Doctor:
    """`doctor()` checks the installation as Seattle and returns {check name: check}."""

    def examine(*more: str) -> Checks:
        return run_doctor("--data-dir", str(installation.folder), *more)

    return examine


def run_doctor(*flags: str) -> Checks:
    """Run the doctor and return its checks by name; the exit code must be 1 exactly if a check failed."""
    user = [] if "--user-id" in flags else ["--user-id", SEATTLE]
    result = CliRunner().invoke(app, ["doctor", "--json", *user, *flags], catch_exceptions=False)
    checks = objects(result.stdout)
    assert result.exit_code == int(any(check["state"] == "fail" for check in checks))
    assert len({check["name"] for check in checks}) == len(checks)
    return {check["name"]: check for check in checks}


def not_passed(checks: Checks) -> set[str]:
    """Returns the names of checks with warnings or failures; each must have a fix."""
    names = {name for name, check in checks.items() if check["state"] != "ok"}
    assert all(checks[name]["fix"] for name in names)
    return names
