"""`init` creates a missing database, which then belongs to the administrator."""

from collections.abc import Iterator

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import ADMIN
from tests.servers import ZavaServer
from zava_mcp.cli.commands import app
from zava_mcp.errors import DatabaseUnavailable

NAMES = ("zava_new", 'odd "name"')


@pytest.fixture
def admins(server: str) -> Iterator[psycopg.Connection]:
    """A superuser's connection to a server with administrators who may create databases, and who may not."""
    with psycopg.connect(ADMIN.format(database="postgres", host=server), autocommit=True) as connection:
        connection.execute("CREATE ROLE creator LOGIN CREATEROLE CREATEDB PASSWORD 'x'")
        connection.execute("CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'x'")
        yield connection
        for (name,) in connection.execute("SELECT quote_ident(datname) FROM pg_database WHERE datname ~ ' |zava_'"):
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        connection.execute(
            "ALTER DATABASE postgres ALLOW_CONNECTIONS true; GRANT CONNECT ON DATABASE postgres TO PUBLIC"
        )
        for (role,) in connection.execute(
            "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^(pg_|postgres)'"
        ):
            connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def init(url: str, *arguments: str) -> str:
    command = ["init", "--no-sample", "--admin-database-url", url, *arguments]
    return CliRunner().invoke(app, command, catch_exceptions=False).stdout


def refusal(url: str, *command: str) -> DatabaseUnavailable:
    with pytest.raises(DatabaseUnavailable) as refused:
        CliRunner().invoke(app, [*command, "--admin-database-url", url], catch_exceptions=False)
    return refused.value


def owners(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT datname, pg_get_userbyid(datdba) FROM pg_database").fetchall())


@pytest.mark.parametrize("fixture", ["debian_15", "postgres_16_as_it_comes", "postgres_18_as_it_comes"])
def test_init_creates_the_missing_database_for_its_administrator(fixture: str, request: pytest.FixtureRequest) -> None:
    zava: ZavaServer = request.getfixturevalue(fixture)
    assert zava.output.startswith("created the database zava\n")
    with zava.as_superuser() as admin:
        assert owners(admin)["zava"] == "cloud_admin"


def test_init_creates_a_database_of_any_name_without_database_postgres(server: str, admins: psycopg.Connection) -> None:
    for name, closed in zip(NAMES, ("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC", "SELECT"), strict=True):
        admins.execute(closed.encode())
        url = f"postgresql://creator:x@/{name.replace(' ', '%20').replace(chr(34), '%22')}?host={server}"
        assert f"created the database {name}\n" in init(url)
        assert "nothing to do" in init(url)
        assert owners(admins)[name] == "creator"


def test_init_without_createdb_prints_the_statement(server: str, admins: psycopg.Connection) -> None:
    url = f"postgresql://keeper:x@/zava_new?host={server}"
    refused = refusal(url, "init", "--no-sample")
    assert refused.message == "the database zava_new does not exist, and keeper may not create it"
    assert refused.hint.endswith('CREATE DATABASE "zava_new" OWNER "keeper"')
    admins.execute('CREATE DATABASE "zava_new" OWNER "keeper"')
    assert "created the database" not in init(url)


def test_init_refuses_a_database_of_another_owner(server: str, admins: psycopg.Connection) -> None:
    """Azure's resource manager creates such a database for a local administrator that no person signs in as."""
    admins.execute("CREATE ROLE azure_pg_admin")
    admins.execute("CREATE DATABASE zava_new OWNER azure_pg_admin")
    refused = refusal(f"postgresql://creator:x@/zava_new?host={server}", "init", "--no-sample")
    assert (
        "the database zava_new belongs to azure_pg_admin, and creator may not create schemas in it" in refused.message
    )
    assert 'ALTER DATABASE "zava_new" OWNER TO "creator"' in refused.hint
    admins.execute("GRANT CREATE ON DATABASE zava_new TO creator")
    assert "schema version" in init(f"postgresql://creator:x@/zava_new?host={server}")


@pytest.mark.parametrize("command", [["init", "--adopt"], ["identities"], ["embed"]])
def test_other_commands_create_no_database(server: str, admins: psycopg.Connection, command: list[str]) -> None:
    assert "does not exist" in refusal(f"postgresql://creator:x@/zava_new?host={server}", *command).message
    assert "zava_new" not in owners(admins)


def test_init_refuses_a_url_without_a_database(server: str, admins: psycopg.Connection) -> None:
    refused = refusal(f"postgresql://creator:x@?host={server}", "init", "--no-sample")
    assert refused.message == "the administrator's URL names no database"
    assert "creator" not in owners(admins)
