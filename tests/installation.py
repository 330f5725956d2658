"""What the doctor's tests share: a home of their own, and the doctor's word."""

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
    """An empty home and an empty folder to be in: no client of whoever runs the tests is looked at."""
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
    """An embedded database that tests make ill and cure."""
    folder = tmp_path_factory.mktemp("patient")
    with small_embedded(folder) as postgres:
        yield postgres


@pytest.fixture
def surgeon(patient: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """A superuser's connection to it."""
    with psycopg.connect(**admin_keywords(patient), autocommit=True) as connection:
        yield connection


@pytest.fixture
def doctor(patient: EmbeddedPostgres, home: Path) -> Doctor:
    """`doctor()` examines it as Seattle: the checks by name. The exit code is 1 exactly if one failed."""

    def examine(*more: str) -> Checks:
        return examined("--data-dir", str(patient.folder), *more)

    return examine


def examined(*flags: str) -> Checks:
    user = [] if "--user-id" in flags else ["--user-id", SEATTLE]
    ran = CliRunner().invoke(app, ["doctor", "--json", *user, *flags], catch_exceptions=False)
    checks = objects(ran.stdout)
    assert ran.exit_code == int(any(check["state"] == "fail" for check in checks))
    assert len({check["name"] for check in checks}) == len(checks)
    return {check["name"]: check for check in checks}


def ill(checks: Checks) -> set[str]:
    """The names of those that are not well; each says what to do."""
    found = {name for name, check in checks.items() if check["state"] != "ok"}
    assert all(checks[name]["fix"] for name in found)
    return found
