"""Zava databases on PostgreSQL servers that the fault tests share; each test repairs what it breaks."""

from collections.abc import Iterator

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import SEATTLE
from tests.faults.network import Network
from tests.faults.postgres import Postgres
from zava_mcp.cli.commands import app


def set_up_zava(postgres: Postgres) -> None:
    """A very small sample on a new server; every identity's password is `identity`."""
    with postgres.admin("postgres") as admin:
        admin.execute("CREATE DATABASE zava")
    command = ["init", "--scale", "0.002", "--admin-database-url", postgres.url()]
    CliRunner().invoke(app, command, catch_exceptions=False)
    with postgres.admin() as admin:
        for (login,) in admin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE '%-%-%-%-%'").fetchall():
            admin.execute(f"ALTER ROLE \"{login}\" PASSWORD 'identity'".encode())


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory, clean_environment: None) -> Iterator[Postgres]:
    postgres = Postgres(tmp_path_factory.mktemp("elsewhere"))
    postgres.create()
    postgres.start()
    set_up_zava(postgres)
    yield postgres
    postgres.stop()


@pytest.fixture(scope="session")
def older(tmp_path_factory: pytest.TempPathFactory, clean_environment: None) -> Iterator[Postgres]:
    """The same on PostgreSQL 16."""
    postgres = Postgres(tmp_path_factory.mktemp("older"), major=16)
    postgres.create()
    postgres.start()
    set_up_zava(postgres)
    yield postgres
    postgres.stop()


@pytest.fixture(params=["embedded", "elsewhere", "older"])
def anywhere(request: pytest.FixtureRequest) -> dict[str, str]:
    """Environment variables for the embedded database and for one on each of the servers."""
    place = request.getfixturevalue(request.param)
    if isinstance(place, Postgres):
        return {"ZAVA_DATABASE_URL": place.url(SEATTLE, "identity"), "ZAVA_USER_ID": SEATTLE}
    return {"ZAVA_DATA_DIR": str(place.folder), "ZAVA_USER_ID": SEATTLE}


@pytest.fixture
def owner(elsewhere: Postgres) -> Iterator[psycopg.Connection]:
    """The administrator's connection to that server."""
    with elsewhere.admin() as admin:
        yield admin


@pytest.fixture
def network(elsewhere: Postgres) -> Iterator[Network]:
    """A network in front of that server."""
    with Network(elsewhere.port) as between:
        yield between
