"""Existing roles with zava-mcp's names are refused with the cure, or taken over: PostgreSQL 15 and 18."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import SEATTLE
from tests.servers import Postgres, debian_over_tls, postgres_18
from zava_mcp.cli.commands import app
from zava_mcp.errors import DatabaseUnavailable, ZavaError

#: What was made before us, statement by statement, and what is said of it.
UNTRUSTED = [
    ("CREATE ROLE zava_owner LOGIN PASSWORD 'known'", "zava_owner can log in"),
    ("CREATE ROLE zava_owner CREATEROLE", "zava_owner is more than an owner of tables (CREATEROLE)"),
    ("CREATE ROLE zava_owner BYPASSRLS CREATEDB", "zava_owner is more than an owner of tables (BYPASSRLS)"),
    ("CREATE ROLE zava_owner; GRANT pg_monitor TO zava_owner", "zava_owner is a member of pg_monitor"),
    ("SET ROLE mallory; CREATE ROLE zava_owner ROLE mallory; RESET ROLE", "mallory is a member of zava_owner or may"),
    (
        "CREATE ROLE zava_owner; ALTER DEFAULT PRIVILEGES FOR ROLE zava_owner GRANT SELECT ON TABLES TO mallory",
        "objects that zava_owner creates will be open to mallory",
    ),
    (f'CREATE ROLE "{SEATTLE}" LOGIN SUPERUSER', "is more than an identity may be (SUPERUSER)"),
    (f'CREATE ROLE "{SEATTLE}" LOGIN IN ROLE pg_monitor', "is a member of pg_monitor"),
    (f"SET ROLE mallory; CREATE ROLE \"{SEATTLE}\" LOGIN PASSWORD 'known'; RESET ROLE", "mallory"),
    (f'CREATE ROLE "{SEATTLE}" LOGIN; GRANT "{SEATTLE}" TO guest WITH ADMIN OPTION', "guest is a member of"),
    (f'CREATE ROLE "{SEATTLE}" LOGIN; CREATE SCHEMA s AUTHORIZATION "{SEATTLE}"', "owns objects in this database"),
]


@pytest.fixture(scope="module", params=[15, 18])
def postgres(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with (debian_over_tls if request.param == 15 else postgres_18)(tmp_path_factory.mktemp("roles")) as postgres:
        yield postgres


@pytest.fixture
def admin(postgres: Postgres) -> Iterator[psycopg.Connection]:
    """A superuser's connection to an empty database `zava`, on a server where mallory may create roles."""
    with postgres.as_superuser() as connection:
        connection.execute("CREATE ROLE mallory LOGIN CREATEROLE CREATEDB PASSWORD 'mallory'; CREATE ROLE guest")
        connection.execute("CREATE DATABASE zava")
    with postgres.as_superuser("zava") as connection:
        yield connection
    with postgres.as_superuser() as connection:
        for (name,) in connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^zava'").fetchall():
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        roles = "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^(pg_|postgres)'"
        for (role,) in connection.execute(roles.encode()).fetchall():
            connection.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}".encode())


def run(url: str, *command: str) -> str:
    return CliRunner().invoke(app, [*command, "--admin-database-url", url], catch_exceptions=False).stdout


def init(postgres: Postgres, *more: str) -> str:
    return run(postgres.url("postgres", "admin", "zava"), "init", "--scale", "0.002", *more)


def warnings_of(output: str) -> list[str]:
    """The warnings, up to the first comma."""
    return [
        line.removeprefix("warning: ").split(",")[0] for line in output.splitlines() if line.startswith("warning: ")
    ]


@pytest.mark.parametrize(("made", "found"), UNTRUSTED)
def test_untrusted_role_is_refused_and_taken_over_on_request(
    postgres: Postgres, admin: psycopg.Connection, made: str, found: str
) -> None:
    for statement in made.split("; "):
        admin.execute(statement.encode())
    with pytest.raises(DatabaseUnavailable, match="cannot be trusted") as caught:
        init(postgres)
    assert found in caught.value.message
    assert "--take-over-roles" in caught.value.hint
    assert admin.execute("SELECT to_regnamespace('retail'), to_regnamespace('zava')").fetchone() == (None, None)
    output = init(postgres, "--take-over-roles")
    assert "took roles over: ALTER ROLE" in output
    assert warnings_of(output) == [
        "the new logins have no passwords yet; `zava-mcp init --passwords-file PATH` sets them"
    ]
    left = (
        "SELECT count(*) FILTER (WHERE rolpassword <> '' OR rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls),"
        " (SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid IN (m.roleid, m.member)"
        "   WHERE r.rolname = ANY(%(ours)s) AND m.member <> 10) FROM pg_authid WHERE rolname = ANY(%(ours)s)"
    )
    assert admin.execute(left.encode(), {"ours": ["zava_owner", SEATTLE]}).fetchone() == (0, 0)


def test_untrusted_role_is_accepted_after_the_named_cures(postgres: Postgres, admin: psycopg.Connection) -> None:
    for statement in ("SET ROLE mallory", "CREATE ROLE zava_owner LOGIN ROLE mallory, guest", "RESET ROLE"):
        admin.execute(statement.encode())
    with pytest.raises(DatabaseUnavailable) as caught:
        init(postgres)
    for line in caught.value.message.splitlines()[1:]:
        admin.execute(line.rpartition(": ")[2].encode())
    assert "schema version" in init(postgres)


def test_sessions_of_the_owner_are_named_and_ended(postgres: Postgres, admin: psycopg.Connection) -> None:
    admin.execute("CREATE ROLE zava_owner LOGIN PASSWORD 'known'")
    with psycopg.connect(postgres.url("zava_owner", "known", "postgres"), autocommit=True) as inside:
        admin.execute("ALTER ROLE zava_owner NOLOGIN")
        with pytest.raises(DatabaseUnavailable, match="a session is connected as zava_owner"):
            init(postgres)
        init(postgres, "--take-over-roles")
        with pytest.raises(psycopg.OperationalError):
            inside.execute("SELECT 1")


def test_second_database_of_the_same_admin_needs_no_take_over(postgres: Postgres, admin: psycopg.Connection) -> None:
    with psycopg.connect(postgres.url("mallory", "mallory", "postgres"), autocommit=True) as mallory:
        mallory.execute("CREATE DATABASE zava_one")
        mallory.execute("CREATE DATABASE zava_two")
    for name in ("zava_one", "zava_two"):
        output = run(postgres.url("mallory", "mallory", name), "init", "--scale", "0.002")
        assert output.count("a login for ") == 9
        assert warnings_of(output) == [
            "the new logins have no passwords yet; `zava-mcp init --passwords-file PATH` sets them"
        ]
    with pytest.raises(DatabaseUnavailable, match="mallory is a member of zava_owner"):
        init(postgres)  # of a superuser, who did not choose mallory
    if postgres.version < 16:  # which keeps one grant of a role, and the first who gave it
        admin.execute("REVOKE zava_owner FROM mallory; GRANT zava_owner TO mallory")
    else:  # which has granted mallory, who made the role, to alter it and no more
        admin.execute("GRANT zava_owner TO mallory WITH INHERIT TRUE, SET TRUE")
    assert init(postgres).count("a login for ") == 9


def test_roles_of_another_administrator_are_administered_after_the_named_grants(
    postgres: Postgres, admin: psycopg.Connection, tmp_path: Path
) -> None:
    """From PostgreSQL 16 on, CREATEROLE does not cover the roles of others."""
    init(postgres)
    url, command = postgres.url("mallory", "mallory", "zava_second"), ("init", "--scale", "0.002")
    passwords = ("--passwords-file", str(tmp_path / "passwords"))
    if postgres.version >= 16:
        with pytest.raises(DatabaseUnavailable, match='"mallory" may not administer: zava_owner, "0') as caught:
            run(url, *command, *passwords)
        assert databases(admin) == ["zava"]
        grants = re.search("A superuser can run: (.+?)[.] ", caught.value.hint)
        assert grants is not None
        admin.execute(grants[1].encode())
    output = run(url, *command, *passwords)
    assert output.count("a login for ") == 9
    assert "wrote passwords of 9 logins" in output


def test_refused_init_drops_the_database_it_created(postgres: Postgres, admin: psycopg.Connection) -> None:
    admin.execute("CREATE ROLE zava_owner LOGIN")
    with pytest.raises(DatabaseUnavailable, match="cannot be trusted"):
        run(postgres.url("postgres", "admin", "zava_second"), "init", "--no-sample")
    assert databases(admin) == ["zava"]


def test_init_that_fails_after_set_up_names_the_database_it_created(
    postgres: Postgres, admin: psycopg.Connection, tmp_path: Path
) -> None:
    url = postgres.url("postgres", "admin", "zava_second")
    with pytest.raises(ZavaError) as caught:
        run(url, "init", "--no-sample", "--passwords-file", str(tmp_path))
    assert caught.value.hint.endswith("The database zava_second, which this command created, was not dropped.")
    assert databases(admin) == ["zava", "zava_second"]


def databases(admin: psycopg.Connection) -> list[str]:
    rows = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'zava%' ORDER BY 1").fetchall()
    return [name for (name,) in rows]


def test_schema_of_another_owner_is_not_read(postgres: Postgres, admin: psycopg.Connection) -> None:
    admin.execute(
        "CREATE SCHEMA zava AUTHORIZATION guest; CREATE FUNCTION zava.planted() RETURNS integer LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'planted code runs'; END $$; CREATE VIEW zava.about AS SELECT zava.planted() AS schema_version"
    )
    url = postgres.url("postgres", "admin", "zava")
    for command in (["init", "--no-sample"], ["init", "--adopt"], ["identities"], ["identities", "remove", "Ann"]):
        with pytest.raises(DatabaseUnavailable) as caught:
            run(url, *command)
        assert "planted" not in caught.value.message


def test_role_setting_of_the_database_does_not_apply_to_administrators(
    postgres: Postgres, admin: psycopg.Connection
) -> None:
    admin.execute("ALTER DATABASE zava SET role = 'mallory'")
    assert "schema version" in init(postgres)
    members = "SELECT count(*) FROM pg_auth_members WHERE roleid = 'zava_owner'::regrole AND member <> 10"
    assert admin.execute(members.encode()).fetchone() == (0,)
    owned = "SELECT count(*) FROM pg_shdepend WHERE refobjid = 'mallory'::regrole AND deptype = 'o'"
    assert admin.execute(owned.encode()).fetchone() == (0,)
