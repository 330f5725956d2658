"""The cluster that is checked: a Zava database that `init` makes on it, and settings of its identities."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo
from typer.testing import CliRunner

from tests.conftest import HEAD_OFFICE, SEATTLE, settings_for
from zava_mcp.cli.commands import app
from zava_mcp.settings import Settings

URL = os.environ.get("ZAVA_TEST_CLUSTER", "")
USER_IDS = {"manager": SEATTLE, "head office": HEAD_OFFICE, "regional manager": "1f0c6a52-0d3b-4b7e-9d0e-3a5c2b7f9e11"}


#: Without a cluster these are not collected: `scripts/cluster-check URL` runs them.
collect_ignore_glob = [] if URL else ["test_*.py"]


@dataclass(frozen=True)
class Cluster:
    """A distributed Zava database. All logins have the password "cluster"."""

    folder: Path

    def as_superuser(self) -> psycopg.Connection:
        return psycopg.connect(URL, autocommit=True)

    def settings(self, who: str, **more: str) -> Settings:
        parts = conninfo.conninfo_to_dict(URL)
        address = f"postgresql://{parts['host']}:{parts.get('port', 5432)}/{parts['dbname']}"
        given = {"ZAVA_DATABASE_URL": address, "POSTGRES_PASSWORD": "cluster", **more}
        return settings_for(self.folder, USER_IDS[who], **given)

    def as_login(self, who: str) -> psycopg.Connection:
        return psycopg.connect(URL, user=USER_IDS[who], password="cluster", autocommit=True)

    def on_workers(self, statement: str) -> list[str]:
        """The first value of each worker."""
        with self.as_superuser() as admin:
            rows = admin.execute("SELECT success, result FROM run_command_on_workers(%s)", [statement]).fetchall()
        assert all(success for success, _ in rows), rows
        return [result for _, result in rows]


def init(*arguments: str, url: str = URL) -> str:
    """Runs `zava-mcp init` on the cluster, and returns what it printed."""
    return CliRunner().invoke(app, ["init", "--admin-database-url", url, *arguments], catch_exceptions=False).output


def url_of(host: str, port: int) -> str:
    """A superuser's URL of one node."""
    parts = conninfo.conninfo_to_dict(URL)
    return f"postgresql://{parts['user']}:{parts.get('password', '')}@{host}:{port}/{parts['dbname']}"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    init("--scale", "0.03", "--as-of", "2026-11-28")
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    with made.as_superuser() as admin:
        row = admin.execute("SELECT to_regprocedure('zava.grant_on_nodes(name)') IS NOT NULL").fetchone()
        if row != (True,):
            pytest.exit("the database of the URL is not on a coordinator with the extension citus and nodes", 2)
        regional = USER_IDS["regional manager"]
        admin.execute(f'CREATE ROLE "{regional}" LOGIN'.encode())
        admin.execute("SELECT zava.admit(%s, %s, 'Tacoma and Everett', false, '{3,5}')", [regional, regional])
        for user_id in USER_IDS.values():
            admin.execute(f"ALTER ROLE \"{user_id}\" PASSWORD 'cluster'".encode())
        yield made
        admin.execute("DELETE FROM zava.access WHERE login = %s", [regional])
        admin.execute(f'DROP OWNED BY "{regional}"; DROP ROLE "{regional}"'.encode())
