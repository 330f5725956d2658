"""`init` on a server: as superuser, as a restricted administrator, repeated, and with passwords."""

import stat
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import ADMIN, HEAD_OFFICE, SEATTLE, asking, objects, settings_for
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import DatabaseUnavailable, IdentityError, InputError, SettingsError


def init(url: str, *arguments: str) -> str:
    command = ["init", "--scale", "0.002", "--admin-database-url", url, *arguments]
    return CliRunner().invoke(app, command, catch_exceptions=False).stdout


async def count_as(user_id: str, host: str, database: str, password: str, folder: Path) -> int:
    """The number of orders that an identity sees whose URL has no user name."""
    url = f"postgresql:///{database}?host={host}"
    settings = settings_for(folder, user_id, ZAVA_DATABASE_URL=url, POSTGRES_PASSWORD=password)
    async with asking(settings) as asker:
        return int(await asker.value("SELECT count(*) FROM retail.orders"))


@pytest.mark.anyio
async def test_identities_connect_with_generated_passwords(server: str, database: str, tmp_path: Path) -> None:
    url = ADMIN.format(database=database, host=server)
    passwords = tmp_path / "passwords"
    output = init(url, "--passwords-file", str(passwords))
    assert output.count("a login for ") == 9
    assert "gap" not in output
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    by_login = {line.split(":")[3]: line.split(":")[4] for line in passwords.read_text().splitlines()}
    assert len(by_login) == 9
    all_orders = await count_as(HEAD_OFFICE, server, database, by_login[HEAD_OFFICE], tmp_path)
    own = await count_as(SEATTLE, server, database, by_login[SEATTLE], tmp_path)
    assert 0 < own < all_orders
    command = ["init", "--passwords-file", str(passwords), "--admin-database-url", url]
    again = CliRunner().invoke(app, command, catch_exceptions=False)
    assert "has every login's password already: none was changed" in again.stdout
    assert f"export PGPASSFILE={passwords}\n" in again.stderr
    assert f"export ZAVA_USER_ID={HEAD_OFFICE}\n  zava-mcp doctor\n  zava-mcp client-config" in again.stderr
    assert await count_as(SEATTLE, server, database, by_login[SEATTLE], tmp_path) == own


def test_init_without_a_passwords_file_sets_no_passwords(server: str, database: str) -> None:
    url = ADMIN.format(database=database, host=server)
    init(url)
    assert "nothing to do" in init(url)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*), count(rolpassword) FROM pg_authid WHERE rolname LIKE '%-%-%-%-%'")
        assert found.fetchone() == (9, 0)
        listed = CliRunner().invoke(app, ["identities", "--admin-database-url", url]).stdout
    assert {row["login"] == row["user_id"] for row in objects(listed)} == {True}


def test_init_by_a_restricted_admin_does_not_revoke_functions(server: str, database: str, tmp_path: Path) -> None:
    with psycopg.connect(ADMIN.format(database=database, host=server), autocommit=True) as connection:
        connection.execute("CREATE ROLE cloud_admin LOGIN CREATEROLE PASSWORD 'x'")
        connection.execute(f"ALTER DATABASE {database} OWNER TO cloud_admin".encode())
        connection.execute("CREATE EXTENSION vector")
    url = f"postgresql://cloud_admin:x@/{database}?host={server}"
    output = init(url)
    assert output.count("a login for ") == 9
    assert output.count("gap: ") == 1
    assert "only a superuser" in output
    with psycopg.connect(ADMIN.format(database=database, host=server)) as connection:
        owners = connection.execute(
            "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'retail'::regnamespace"
        )
        assert owners.fetchall() == [("zava_owner",)]
        connection.execute("CREATE TABLE public.of_others (); GRANT SELECT ON public.of_others TO PUBLIC")
    gaps = [line for line in init(url).splitlines() if line.startswith("gap: ")]
    assert [("only a superuser" in gap, "public.of_others" in gap) for gap in gaps] == [(True, False), (False, True)]


def test_init_of_a_second_database_admits_the_same_logins(server: str, database: str) -> None:
    first = ADMIN.format(database=database, host=server)
    assert init(first).count("a login for ") == 9
    with psycopg.connect(first, autocommit=True) as connection:
        connection.execute("CREATE DATABASE another")
        second = ADMIN.format(database="another", host=server)
        try:
            assert init(second).count("a login for ") == 9
            assert len(objects(CliRunner().invoke(app, ["identities", "--admin-database-url", second]).stdout)) == 9
        finally:
            connection.execute("DROP DATABASE another WITH (FORCE)")


def test_init_without_sample_creates_empty_tables(server: str, database: str) -> None:
    url = ADMIN.format(database=database, host=server)
    assert "sample" not in init(url, "--no-sample")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM retail.orders").fetchone() == (0,)
        assert connection.execute("SELECT array_agg(rls_user_id::text) FROM zava.access").fetchone() == ([HEAD_OFFICE],)
    again = CliRunner().invoke(app, ["init", "--admin-database-url", url], catch_exceptions=False).stdout
    assert "warning: no sample was loaded, because the database is not new" in again
    assert "sample" not in init(url, "--no-sample")
    add = ["identities", "add", "Ann Lee", "--store", "Seattle", "--admin-database-url", url]
    refused = CliRunner().invoke(app, add).exception
    assert isinstance(refused, InputError)
    assert refused.hint == "The database has no stores yet: insert them into retail.stores."


def test_init_says_that_it_upgraded_the_embedded_database(installation: EmbeddedPostgres) -> None:
    (record,) = installation.folder.glob("postgres-*/schema_version")
    current = int(record.read_text(encoding="utf-8"))
    record.write_text(f"{current - 1}\n", encoding="utf-8")
    again = ["init", "--data-dir", str(installation.folder)]
    upgraded = CliRunner().invoke(app, again, catch_exceptions=False).stdout
    assert upgraded == f"upgraded the schema from {current - 1} to {current}\n"
    assert "nothing to do" in CliRunner().invoke(app, again, catch_exceptions=False).stdout


def test_init_refuses_existing_tables(server: str, database: str) -> None:
    url = ADMIN.format(database=database, host=server)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA retail; CREATE TABLE retail.stores (i int)")
        with pytest.raises(DatabaseUnavailable, match="did not create"):
            init(url)
        assert connection.execute("SELECT to_regnamespace('zava')").fetchone() == (None,)


def test_init_failure_leaves_the_database_unchanged(server: str, database: str) -> None:
    url = ADMIN.format(database=database, host=server)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA zava")  # in the way of the third file
        with pytest.raises(DatabaseUnavailable, match="undone"):
            init(url)
        assert connection.execute("SELECT to_regnamespace('retail')").fetchone() == (None,)


def test_init_on_a_server_requires_an_admin_url() -> None:
    with pytest.raises(SettingsError, match="admin"):
        CliRunner().invoke(app, ["--database-url", "postgresql://db/zava", "init"], catch_exceptions=False)


def test_init_keeps_removed_identities_and_changed_stores(server: str, database: str) -> None:
    url = ADMIN.format(database=database, host=server)
    init(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM zava.access WHERE display_name = 'Zava Retail Redmond'")
        connection.execute("UPDATE zava.access SET store_ids = '{1,2}' WHERE rls_user_id = %s", [SEATTLE])
        connection.execute("ALTER TABLE retail.categories ADD COLUMN aisle integer")
        output = init(url)
        assert "nothing to do" in output
        assert "the column aisle of retail.categories is hidden from identities" in output
        access: dict[str, list[int]] = dict(
            connection.execute("SELECT display_name, store_ids FROM zava.access").fetchall()
        )
        assert "Zava Retail Redmond" not in access
        assert access["Zava Retail Seattle"] == [1, 2]
        granted = "SELECT has_column_privilege(%s, 'retail.categories', 'aisle', 'SELECT')"
        assert connection.execute(granted, [SEATTLE]).fetchone() == (False,)


def test_init_reports_administrator_faults_without_a_traceback(server: str, database: str, tmp_path: Path) -> None:
    url = ADMIN.format(database=database, host=server)
    with pytest.raises(DatabaseUnavailable, match="not set up"):
        CliRunner().invoke(app, ["identities", "--admin-database-url", url], catch_exceptions=False)
    with pytest.raises(InputError, match="no folder"):
        init(url, "--passwords-file", str(tmp_path / "nowhere" / "passwords"))
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT to_regnamespace('retail')").fetchone() == (None,)
    with pytest.raises(IdentityError) as caught:
        init(url.replace(":admin@", ":wrong@"))
    assert "ZAVA_ADMIN_DATABASE_URL" in caught.value.hint
