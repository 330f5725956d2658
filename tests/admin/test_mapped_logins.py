"""Logins that the administrator did not create and may not alter are mapped: PostgreSQL 15, 16 and 18."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import asking, settings_for
from tests.servers import ZavaServer
from zava_mcp.cli.commands import app
from zava_mcp.errors import IdentityError

LOGIN = "bo@example.com"
#: As Azure's function of this name: it runs as the superuser, to whom the login belongs then.
CREATE_PRINCIPAL = """
    CREATE FUNCTION pgaadauth_create_principal(rolename text, is_admin boolean, is_mfa boolean) RETURNS text
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ BEGIN
        EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', rolename, 'token');
        RETURN format('Created role for "%s"', rolename);
    END $$"""


@contextmanager
def created_by_azure(zava: ZavaServer) -> Iterator[None]:
    """The login, created as an administrator does on Azure."""
    with zava.postgres.as_superuser() as superuser:
        superuser.execute(CREATE_PRINCIPAL)
        try:
            with psycopg.connect(zava.postgres.url("cloud_admin", "cloud", "postgres"), autocommit=True) as admin:
                admin.execute("SELECT pgaadauth_create_principal(%s, false, false)", [LOGIN])
            yield
        finally:
            superuser.execute("DROP FUNCTION pgaadauth_create_principal")
            with zava.as_superuser() as superuser:
                superuser.execute(f'DROP OWNED BY "{LOGIN}"; DROP ROLE "{LOGIN}"'.encode())


def identities(zava: ZavaServer, *arguments: str) -> str:
    command = ["identities", *arguments, "--admin-database-url", zava.admin_url]
    return CliRunner().invoke(app, command, catch_exceptions=False).output


def settings_of_login(zava: ZavaServer) -> list[str]:
    with zava.as_superuser() as admin:
        row = admin.execute("SELECT coalesce(rolconfig, '{}') FROM pg_roles WHERE rolname = %s", [LOGIN]).fetchone()
    assert row is not None
    return list(row[0])


@pytest.mark.anyio
@pytest.mark.parametrize("fixture", ["debian_15", "postgres_16_as_it_comes", "postgres_18_as_it_comes"])
async def test_login_created_by_azure_becomes_an_identity(fixture: str, request: pytest.FixtureRequest) -> None:
    zava: ZavaServer = request.getfixturevalue(fixture)
    may_alter = zava.postgres.version < 16
    with created_by_azure(zava):
        output = identities(zava, "map", LOGIN, "Bo Berg", "--store", "Tacoma")
        assert f"the login {LOGIN} is Bo Berg, who can query store 3" in output
        assert "gap" not in output
        assert ("may not alter the login" in output) == (not may_alter)
        assert ("default_transaction_read_only=on" in settings_of_login(zava)) == may_alter
        assert may_alter or f'GRANT "{LOGIN}" TO cloud_admin WITH ADMIN OPTION' in output

        user_id = output.split("user id ")[1].split()[0]
        place = {"ZAVA_DATABASE_URL": zava.place, "POSTGRES_USER": LOGIN, "POSTGRES_PASSWORD": "token"}
        async with asking(settings_for(zava.folder, user_id, **place)) as asker:
            assert await asker.value("SELECT string_agg(DISTINCT store_id::text, ',') FROM retail.orders") == "3"
            assert await asker.value("SELECT current_setting('transaction_read_only')") == "on"

        if not may_alter:
            expiring = ("map", LOGIN, "Bo Berg", "--store", "Spokane", "--expires", "2099-12-31")
            with pytest.raises(IdentityError, match="may not set when the login"):
                identities(zava, *expiring)
            assert "Zava Retail Tacoma" in identities(zava), "nothing of it was done"
            with zava.postgres.as_superuser() as superuser:
                superuser.execute(f'GRANT "{LOGIN}" TO cloud_admin WITH ADMIN OPTION'.encode())
            assert "may not alter" not in identities(zava, "map", LOGIN, "Bo Berg", "--store", "Tacoma")
            assert "default_transaction_read_only=on" in settings_of_login(zava)
        gone = identities(zava, "remove", "Bo Berg")
        assert f"the login {LOGIN} stays, without access" in gone
        assert "gap" not in gone
        assert settings_of_login(zava) == []


def test_removal_does_not_reset_settings_of_the_login(postgres_18_as_it_comes: ZavaServer) -> None:
    with created_by_azure(postgres_18_as_it_comes):
        identities(postgres_18_as_it_comes, "map", LOGIN, "Bo Berg", "--store", "Tacoma")
        assert "gap" not in identities(postgres_18_as_it_comes, "remove", LOGIN)


def test_powerful_login_that_cannot_be_altered_is_refused(postgres_18_as_it_comes: ZavaServer) -> None:
    zava = postgres_18_as_it_comes
    with zava.as_superuser() as superuser:
        superuser.execute("CREATE ROLE mallory LOGIN BYPASSRLS")
        try:
            with (
                psycopg.connect(zava.admin_url) as admin,
                pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"),
            ):
                admin.execute("SELECT zava.admit('mallory', gen_random_uuid(), 'Mallory', true, '{}')")
        finally:
            superuser.execute("DROP OWNED BY mallory; DROP ROLE mallory")
