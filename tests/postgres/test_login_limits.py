"""Limits of one login: connections and temporary files, in new and in upgraded databases."""

import psycopg
import pytest
from typer.testing import CliRunner

from tests.admin.older import VERSION_9, VERSION_9_ROWS
from tests.conftest import ADMIN, SEATTLE
from zava_mcp.cli.commands import app

SMALL = ("--scale", "0.002")
LIMITS = "SELECT rolconnlimit, rolconfig FROM pg_roles WHERE rolname = %s"


def init(url: str, *more: str) -> None:
    CliRunner().invoke(app, ["init", *more, "--admin-database-url", url], catch_exceptions=False)


def limits(connection: psycopg.Connection, login: str) -> tuple[int, str | None]:
    """The connection limit of a login and its limit of temporary files."""
    row = connection.execute(LIMITS, [login]).fetchone()
    assert row is not None
    settings = dict(setting.split("=", 1) for setting in row[1])
    return row[0], settings.get("temp_file_limit")


@pytest.fixture
def url(server: str, database: str) -> str:
    found = ADMIN.format(database=database, host=server)
    init(found, *SMALL)
    return found


def test_new_login_has_limits(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        assert limits(admin, SEATTLE) == (20, "512MB")


@pytest.mark.parametrize(("before", "after"), [(40, 20), (7, 7), (60, 60), (-1, -1)])
def test_connection_limit_chosen_by_administrator_stays(url: str, before: int, after: int) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'ALTER ROLE "{SEATTLE}" CONNECTION LIMIT {before}'.encode())
        init(url, *SMALL)
        assert limits(admin, SEATTLE)[0] == after


def test_login_of_upgraded_database_gets_limits(server: str, database: str) -> None:
    """Version 9 limits temporary files to 2 GB and connections to 40."""
    before = ADMIN.format(database=database, host=server)
    with psycopg.connect(before, autocommit=True) as admin:
        admin.execute(f"{VERSION_9}{VERSION_9_ROWS}".encode())
        admin.execute("ALTER ROLE manager_of_one CONNECTION LIMIT 40")
        admin.execute("ALTER ROLE head_office CONNECTION LIMIT 40")
        assert limits(admin, "head_office") == (40, "2GB")
        init(before)
        assert [limits(admin, login) for login in ("manager_of_one", "head_office")] == [(20, "512MB")] * 2


def test_administrator_without_the_right_leaves_temporary_files_alone(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("CREATE ROLE test_admin CREATEROLE IN ROLE zava_owner")
        admin.execute("CREATE ROLE test_login; ALTER ROLE test_login SET work_mem = '4MB'")
        admin.execute("SET ROLE test_admin; SELECT zava.limit_login('test_login')")
        admin.execute("RESET ROLE; GRANT SET ON PARAMETER temp_file_limit TO test_admin")
        assert limits(admin, "test_login") == (-1, None)
        admin.execute("GRANT test_login TO test_admin WITH ADMIN OPTION; SET ROLE test_admin")
        admin.execute("SELECT zava.limit_login('test_login')")
        assert limits(admin, "test_login") == (-1, "512MB")
        admin.execute("RESET ROLE")
        admin.execute("REVOKE SET ON PARAMETER temp_file_limit FROM test_admin")
