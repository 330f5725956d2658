"""PostgreSQL servers with a Zava database: the bundled 16 and 18, and Debian's 15 with its defaults."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from scripts.servers import ADMIN_PASSWORD, restricted_admin, running
from scripts.servers import Postgres as Postgres
from scripts.servers import debian_over_tls as debian_over_tls
from scripts.servers import postgres_18 as postgres_18
from zava_mcp.cli.commands import app
from zava_mcp.embedded.host import programs

SCALE = "0.05"


@dataclass(frozen=True)
class ZavaServer:
    """A server that `zava-mcp init` has set up: the administrator's URL, the output, and each login's password."""

    postgres: Postgres
    admin_url: str
    output: str
    passwords: dict[str, str]
    folder: Path

    def as_superuser(self) -> psycopg.Connection:
        """A connection that no policy applies to."""
        return self.postgres.as_superuser("zava")

    @property
    def place(self) -> str:
        """The URL of every client machine, without login and password."""
        return f"postgresql://127.0.0.1:{self.postgres.port}/zava?{self.postgres.query}"


@pytest.fixture(scope="session")
def postgres_16_hardened(tmp_path_factory: pytest.TempPathFactory, clean_environment: None) -> Iterator[ZavaServer]:
    """PostgreSQL 16 with pgvector, set up by its superuser: functions are revoked from PUBLIC."""
    bundled = programs().parent.with_name("pginstall") / "bin"
    for postgres in running(16, bundled, tmp_path_factory.mktemp("postgres16"), tls=False):
        with postgres.as_superuser() as connection:
            connection.execute("CREATE DATABASE zava")
        yield _set_up(postgres, postgres.url("postgres", ADMIN_PASSWORD, "zava"), tmp_path_factory.mktemp("given16"))


@pytest.fixture(scope="session")
def postgres_16_as_it_comes(tmp_path_factory: pytest.TempPathFactory, clean_environment: None) -> Iterator[ZavaServer]:
    """PostgreSQL 16, set up by an administrator without superuser rights."""
    bundled = programs().parent.with_name("pginstall") / "bin"
    for postgres in running(16, bundled, tmp_path_factory.mktemp("postgres16r"), tls=False):
        yield _set_up(postgres, restricted_admin(postgres), tmp_path_factory.mktemp("given16r"))


@pytest.fixture(scope="session")
def debian_15(tmp_path_factory: pytest.TempPathFactory, clean_environment: None) -> Iterator[ZavaServer]:
    """Debian's PostgreSQL 15 over TLS, without pgvector, set up by an administrator without superuser rights."""
    with debian_over_tls(tmp_path_factory.mktemp("postgres15")) as postgres:
        yield _set_up(postgres, restricted_admin(postgres), tmp_path_factory.mktemp("given15"))


@pytest.fixture(scope="session")
def postgres_18_as_it_comes(tmp_path_factory: pytest.TempPathFactory, clean_environment: None) -> Iterator[ZavaServer]:
    """PostgreSQL 18, set up by an administrator without superuser rights."""
    for postgres in running(18, programs(), tmp_path_factory.mktemp("postgres18"), tls=False):
        yield _set_up(postgres, restricted_admin(postgres), tmp_path_factory.mktemp("given18"))


def _set_up(postgres: Postgres, admin_url: str, folder: Path) -> ZavaServer:
    passwords = folder / "passwords"
    command = ["init", "--scale", SCALE, "--admin-database-url", admin_url, "--passwords-file", str(passwords)]
    output = CliRunner().invoke(app, command, catch_exceptions=False).stdout
    entries = [line.split(":") for line in passwords.read_text().splitlines()]
    return ZavaServer(postgres, admin_url, output, {entry[3]: entry[4] for entry in entries}, folder)
