"""Identities managed by an administrator without superuser rights: PostgreSQL 15, 16 and 18."""

import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import ADMIN, HEAD_OFFICE, SEATTLE, ToolClient, asking, objects, settings_for, small_embedded
from tests.polling import until
from tests.servers import ZavaServer
from zava_mcp.cli.commands import app
from zava_mcp.errors import DatabaseUnavailable, IdentityError, InputError
from zava_mcp.sales.service import service_for
from zava_mcp.settings import Settings

COUNT = "SELECT count(*), string_agg(DISTINCT store_id::text, ',' ORDER BY store_id::text) FROM retail.orders"
DAY = (datetime.now(UTC) + timedelta(days=400)).date()


def identities(url: str, *arguments: str) -> str:
    """The output of the command."""
    command = ["identities", *arguments, "--admin-database-url", url]
    return CliRunner().invoke(app, command, catch_exceptions=False).stdout


def listed(url: str) -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in objects(identities(url))}


class Administration:
    """An administrator's commands on a server, with a passfile."""

    def __init__(self, zava: ZavaServer, folder: Path) -> None:
        self.zava, self.file = zava, folder / "people"

    def __call__(self, *arguments: str) -> str:
        return identities(self.zava.admin_url, *arguments)

    def identity(self, name: str) -> dict[str, str]:
        return listed(self.zava.admin_url)[name]

    def password(self, login: str) -> str:
        return {line.split(":")[3]: line.split(":")[4] for line in self.file.read_text().splitlines()}[login]

    def settings(self, name: str, **more: str) -> Settings:
        """The settings of an identity's client machine, with the password that the file has now."""
        who = self.identity(name)
        given = {"POSTGRES_USER": who["login"], "POSTGRES_PASSWORD": self.password(who["login"]), **more}
        return settings_for(self.file.parent, who["user_id"], ZAVA_DATABASE_URL=self.zava.place, **given)

    def close(self) -> None:
        for name in listed(self.zava.admin_url):
            if not name.startswith("Zava Retail "):
                self("remove", name)


@pytest.fixture(params=["debian_15", "postgres_16_as_it_comes", "postgres_18_as_it_comes"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Administration]:
    office = Administration(request.getfixturevalue(request.param), tmp_path)
    yield office
    office.close()


async def seen(asker: ToolClient) -> str:
    return str((await asker.query(COUNT))["rows"][0][1])


@pytest.mark.anyio
async def test_identity_is_added_changed_and_removed(office: Administration) -> None:
    output = office("add", "Ann Lee", "--store", "Seattle", "--store", "zava retail bellevue", "--expires", str(DAY),
                  "--passwords-file", str(office.file))  # fmt: skip
    ann = office.identity("Ann Lee")
    assert ann["login"] == ann["user_id"]
    assert ann["stores"] == "Zava Retail Seattle, Zava Retail Bellevue"
    assert ann["last_day"] == str(DAY)
    password = office.password(ann["login"])
    assert password not in output
    assert stat.S_IMODE(office.file.stat().st_mode) == 0o600

    async with asking(office.settings("Ann Lee")) as asker:
        assert await seen(asker) == "1,2"
        changed = office("add", "Ann Lee", "--store", "3", "--user-id", ann["user_id"])
        assert "Ann Lee can now query store 3" in changed
        assert await seen(asker) == "3", "the next question already"
        assert "nothing to do" in office("add", "Ann Lee", "--store", "3", "--user-id", ann["user_id"])

        renewed = office("password", "ann lee", "--passwords-file", str(office.file), "--no-expiry")
        assert re.search(r"ended \d connections? of ", renewed)
        assert office.password(ann["login"]) not in (password, renewed)
        assert len(office.file.read_text().splitlines()) == 1
        assert office.identity("Ann Lee")["last_day"] == ""
        refused = await asker.refusal("SELECT 1")
        assert "does not accept this login's password" in refused
        assert "removed or has expired" in refused

    async with asking(office.settings("Ann Lee")) as asker:
        assert await seen(asker) == "3"
        gone = office("remove", "Ann Lee", "--passwords-file", str(office.file))
        assert "is dropped" in gone
        assert re.search(r"ended \d connections? of ", gone)
        assert "gap" not in gone
        assert "the identity was removed" in await asker.refusal("SELECT 1")
    assert office.file.read_text() == ""
    assert "is removed already" in office("remove", "Ann Lee")
    with office.zava.as_superuser() as admin:
        left = "SELECT count(*) FROM pg_roles WHERE rolname = %s"
        assert admin.execute(left, [ann["login"]]).fetchone() == (0,)


@pytest.mark.anyio
async def test_mapped_login_stays_after_its_identity_is_removed(office: Administration) -> None:
    """An Entra user's login exists before and authenticates with a token."""
    login = "bo@example.com"
    with psycopg.connect(office.zava.admin_url, autocommit=True) as cloud:
        cloud.execute(f"CREATE ROLE \"{login}\" LOGIN PASSWORD 'token'".encode())
    try:
        assert "user id" in office("map", login, "Bo Berg", "--store", "Tacoma")
        assert "nothing to do" in office("map", login, "Bo Berg", "--store", "Tacoma")
        who = office.identity("Bo Berg")
        given = {"POSTGRES_USER": login, "POSTGRES_PASSWORD": "token"}
        async with asking(
            settings_for(office.file.parent, who["user_id"], ZAVA_DATABASE_URL=office.zava.place, **given)
        ) as asker:
            assert await seen(asker) == "3"
            assert "the login bo@example.com stays, without access" in office("remove", login)
            text = await asker.refusal("SELECT 1")
            assert "may not connect to that database" in text or "is not an identity of this database" in text
        with office.zava.as_superuser() as admin:
            kept = "SELECT rolcanlogin, rolconfig, shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s"
            assert admin.execute(kept, [login]).fetchone() == (True, None, None)
            held = "SELECT count(*) FROM pg_shdepend WHERE refobjid = %s::regrole"
            assert admin.execute(held, [f'"{login}"']).fetchone() == (0,)
            borrowed = "SELECT count(*) FROM pg_auth_members WHERE roleid = %s::regrole AND inherit_option"
            if office.zava.postgres.version >= 16:
                assert admin.execute(borrowed, [f'"{login}"']).fetchone() == (0,)
    finally:
        with psycopg.connect(office.zava.admin_url, autocommit=True) as cloud:
            cloud.execute(f'DROP ROLE "{login}"'.encode())


@pytest.mark.parametrize(
    ("danger", "expected"),
    [
        ("LOGIN SUPERUSER", "it is a superuser"),
        ("LOGIN BYPASSRLS", "BYPASSRLS"),
        ("LOGIN CREATEROLE", "it may create roles"),
        ("LOGIN REPLICATION", "REPLICATION"),
        ("LOGIN IN ROLE zava_owner", "it is a member of zava_owner: REVOKE zava_owner FROM mallory"),
        ("LOGIN IN ROLE pg_read_all_data", "it is a member of pg_read_all_data"),
        ("NOLOGIN", "it cannot log in"),
    ],
)
def test_map_refuses_a_login_with_more_rights(postgres_18_as_it_comes: ZavaServer, danger: str, expected: str) -> None:
    url = postgres_18_as_it_comes.admin_url
    with postgres_18_as_it_comes.as_superuser() as admin:
        admin.execute(f"CREATE ROLE mallory {danger}".encode())
        try:
            with pytest.raises(IdentityError, match="cannot be an identity") as caught:
                identities(url, "map", "mallory", "Mallory", "--all-stores")
            assert expected in caught.value.message
            assert "Mallory" not in listed(url)
        finally:
            admin.execute("DROP ROLE mallory")


def test_map_revokes_a_logins_earlier_rights(server: str, database: str) -> None:
    superuser = ADMIN.format(database=database, host=server)
    CliRunner().invoke(app, ["init", "--no-sample", "--admin-database-url", superuser], catch_exceptions=False)
    with psycopg.connect(superuser, autocommit=True) as admin:
        admin.execute("CREATE ROLE old LOGIN; GRANT ALL ON retail.orders, zava.access TO old")
        admin.execute("GRANT SELECT ON zava.stores TO old; GRANT EXECUTE ON FUNCTION zava.admit TO old")
        identities(superuser, "map", "old", "Old", "--all-stores")
        may = (
            "SELECT has_table_privilege('old', 'retail.orders', 'DELETE'),"
            " has_table_privilege('old', 'zava.access', 'SELECT'),"
            " has_column_privilege('old', 'zava.stores', 'rls_user_id', 'SELECT'),"
            " has_function_privilege('old', 'zava.admit(name, uuid, text, boolean, integer[])', 'EXECUTE')"
        )
        assert admin.execute(may.encode()).fetchone() == (False, False, False, False)
        assert admin.execute("SELECT has_any_column_privilege('old', 'retail.orders', 'SELECT')").fetchone() == (True,)


def test_identity_commands_report_faults_before_changing_anything(
    postgres_18_as_it_comes: ZavaServer, tmp_path: Path
) -> None:
    url = postgres_18_as_it_comes.admin_url
    before = listed(url)

    def refused(*arguments: str) -> str:
        with pytest.raises(InputError) as caught:
            identities(url, *arguments)
        return f"{caught.value.message} {caught.value.hint}"

    assert "did you mean Seattle?" in refused("add", "Ann", "--store", "Seatle")
    assert "8 Zava Retail Online" in refused("add", "Ann", "--store", "nowhere at all")
    assert "--all-stores" in refused("add", "Ann")
    assert "--all-stores" in refused("add", "Ann", "--store", "1", "--all-stores")
    assert "identities map" in refused("add", "Ann", "--store", "1", "--user-id", SEATTLE, "--login", "ann")
    assert "one line" in refused("add", "Ann\nLee", "--store", "1")
    assert "is in the past" in refused("add", "Ann", "--store", "1", "--expires", "2001-01-01")
    for name in ("zava retail SEATTLE", "seattle", "Zava-Retail_Seattle"):  # which all name Seattle as --user-id
        assert SEATTLE in refused("add", name, "--store", "1")
    assert "identities map" in refused("add", "Ann", "--store", "1", "--login", "cloud_admin")
    assert "1 to 63 printable bytes" in refused("add", "Ann", "--store", "1", "--login", "x" * 64)
    assert "no folder" in refused("add", "Ann", "--store", "1", "--passwords-file", str(tmp_path / "no" / "file"))
    assert "did you mean Zava Retail Seattle?" in refused("remove", "Zava Retail Seatle")
    assert "pgaadauth_create_principal" in refused("map", "nobody@example.com", "Nobody", "--store", "1")
    assert f"Seattle has the user id {SEATTLE}" in refused(
        "map", "anybody", "Zava Retail Seattle", "--user-id", HEAD_OFFICE
    )
    assert "nothing to change" in refused("password", SEATTLE)
    with pytest.raises(DatabaseUnavailable, match='the change failed and was undone: role name "pg_x" is reserved'):
        identities(url, "add", "Ann", "--store", "1", "--login", "pg_x")
    assert listed(url) == before


def test_identity_commands_dry_run_changes_nothing(postgres_18_as_it_comes: ZavaServer, tmp_path: Path) -> None:
    url, file = postgres_18_as_it_comes.admin_url, tmp_path / "file"
    before = listed(url)
    output = identities(url, "add", "Ann", "--store", "1", "--passwords-file", str(file), "--dry-run")
    assert "Ann can query store 1" in output
    assert "Zava Retail Seattle has no access any more" in identities(url, "remove", SEATTLE, "--dry-run")
    assert SEATTLE in identities(url, "password", SEATTLE, "--passwords-file", str(file), "--dry-run")
    assert listed(url) == before
    assert not list(tmp_path.iterdir())
    login = postgres_18_as_it_comes.postgres.url(SEATTLE, postgres_18_as_it_comes.passwords[SEATTLE], "zava")
    psycopg.connect(login).close()


def test_restricted_admin_removes_identities_and_reports_gaps(postgres_16_hardened: ZavaServer, tmp_path: Path) -> None:
    """On a hardened server, the administrator drops own logins, and others' logins lose their access."""
    zava, file = postgres_16_hardened, tmp_path / "people"
    with zava.as_superuser() as superuser:
        superuser.execute("CREATE ROLE second LOGIN CREATEROLE PASSWORD 'x' IN ROLE zava_owner")
        try:
            second = zava.postgres.url("second", "x", "zava")
            with pytest.raises(IdentityError, match="may not grant all") as caught:
                identities(second, "add", "Cy Dee", "--store", "1")
            assert "GRANT CONNECT ON DATABASE zava TO second WITH GRANT OPTION" in caught.value.hint
            superuser.execute("GRANT CONNECT ON DATABASE zava TO second WITH GRANT OPTION")
            identities(second, "add", "Cy Dee", "--store", "1", "--login", "cy", "--passwords-file", str(file))
            with psycopg.connect(zava.postgres.url("cy", _newest(file), "zava")) as cy:
                output = identities(second, "remove", "cy")
                with pytest.raises(psycopg.OperationalError):
                    cy.execute("SELECT 1")
            assert "ended 1 connection of cy" in output
            assert "gap" not in output

            identities(zava.admin_url, "add", "Cy Dee", "--store", "1", "--login", "cy", "--passwords-file", str(file))
            with psycopg.connect(zava.postgres.url("cy", _newest(file), "zava"), autocommit=True) as cy:
                output = identities(second, "remove", "Cy Dee")
                assert "the login cy stays, without access" in output
                assert "gap: this administrator may not run ALTER ROLE" in output
                assert "gap: open connections of cy were not ended" in output
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    cy.execute("SELECT count(*) FROM retail.orders")
        finally:
            superuser.execute("DROP OWNED BY cy; DROP ROLE cy; DROP OWNED BY second CASCADE; DROP ROLE second")


def _newest(file: Path) -> str:
    return file.read_text().splitlines()[-1].rpartition(":")[2]


def test_removed_identity_stays_removed_and_can_be_added_again(server: str, database: str) -> None:
    url = ADMIN.format(database=database, host=server)
    init = ["init", "--scale", "0.002", "--admin-database-url", url]
    CliRunner().invoke(app, init, catch_exceptions=False)
    identities(url, "remove", "Zava Retail Seattle")
    assert "nothing to do" in CliRunner().invoke(app, init, catch_exceptions=False).stdout
    assert "Zava Retail Seattle" not in listed(url)
    identities(url, "add", "Zava Retail Seattle", "--store", "Seattle", "--user-id", SEATTLE)
    assert listed(url)["Zava Retail Seattle"]["login"] == SEATTLE


def test_removed_login_that_owns_objects_stays_without_access(server: str, database: str) -> None:
    url = ADMIN.format(database=database, host=server)
    CliRunner().invoke(app, ["init", "--scale", "0.002", "--admin-database-url", url], catch_exceptions=False)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'CREATE SCHEMA hers AUTHORIZATION "{SEATTLE}"'.encode())
        output = identities(url, "remove", SEATTLE)
        assert "stays, without access: it owns objects" in output
        assert admin.execute("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'hers'").fetchone() == (
            f'"{SEATTLE}"',
        )
        for may in ("has_schema_privilege(%s, 'retail', 'USAGE')", "has_database_privilege(%s, %s, 'CONNECT')"):
            asked = [SEATTLE, database][: may.count("%s")]
            assert admin.execute(f"SELECT {may}".encode(), asked).fetchone() == (False,)


@pytest.mark.anyio
async def test_expired_identity_gets_an_error_at_its_next_query(postgres_18_as_it_comes: ZavaServer) -> None:
    zava = postgres_18_as_it_comes
    settings = settings_for(
        zava.folder, SEATTLE, ZAVA_DATABASE_URL=zava.place, POSTGRES_PASSWORD=zava.passwords[SEATTLE]
    )
    with zava.as_superuser() as admin:
        soon = admin.execute("SELECT (now() + interval '4 s')::text").fetchone()
        admin.execute(f"ALTER ROLE \"{SEATTLE}\" VALID UNTIL '{soon and soon[0]}'".encode())
        try:
            async with asking(settings) as asker:
                assert await asker.value("SELECT 1") == 1
                over = "SELECT rolvaliduntil < clock_timestamp() FROM pg_roles WHERE rolname = %s"
                until(lambda: admin.execute(over, [SEATTLE]).fetchone() == (True,))
                assert "removed or has expired" in await asker.refusal("SELECT 1")
                admin.execute(f"ALTER ROLE \"{SEATTLE}\" VALID UNTIL 'infinity'".encode())
                assert await asker.value("SELECT 1") == 1
        finally:
            admin.execute(f"ALTER ROLE \"{SEATTLE}\" VALID UNTIL 'infinity'".encode())


def test_other_logins_cannot_see_who_is_connected(postgres_18_as_it_comes: ZavaServer) -> None:
    """Every login can read the comments on roles and application_name: neither names a person."""
    zava = postgres_18_as_it_comes
    with (
        psycopg.connect(zava.postgres.url(SEATTLE, zava.passwords[SEATTLE], "zava")) as seattle,
        zava.as_superuser() as admin,
    ):
        names = {row[0] for row in admin.execute("SELECT display_name FROM zava.access").fetchall()}
        for output in ("shobj_description(oid, 'pg_authid') FROM pg_roles", "application_name FROM pg_stat_activity"):
            assert not {row[0] for row in seattle.execute(f"SELECT {output}".encode()).fetchall()} & names


@pytest.mark.anyio
async def test_identities_can_be_added_to_the_embedded_database(tmp_path: Path) -> None:
    def at_home(*arguments: str) -> str:
        command = ["--data-dir", str(tmp_path), "identities", *arguments]
        return CliRunner().invoke(app, command, catch_exceptions=False).stdout

    user_id = "12345678-1234-4234-8234-123456789abc"
    with small_embedded(tmp_path) as postgres:
        output = at_home("add", "Ann Lee", "--store", "Seattle", "--store", "Online", "--user-id", user_id)
        assert "Ann Lee can query stores 1, 8" in output
        rows = {row["name"]: row for row in objects(at_home())}
        assert rows["Ann Lee"]["login"].startswith("zava_person_"), "a name that tells nobody's id"
        assert postgres.logins()[user_id].password not in output
        async with asking(settings_for(tmp_path, user_id)) as asker:
            assert await seen(asker) == "1,8"
            at_home("remove", "Ann Lee")
            await asker.refusal("SELECT 1")
        with pytest.raises(IdentityError, match="is not an identity of this database"):
            service_for(settings_for(tmp_path, user_id), lambda *_: None)
        for refused in (("map", "someone", "Someone", "--store", "1"), ("password", SEATTLE, "--passwords-file", "x")):
            with pytest.raises(InputError, match="keeps the passwords of its own logins"):
                CliRunner().invoke(
                    app, ["identities", *refused], env={"ZAVA_DATA_DIR": str(tmp_path)}, catch_exceptions=False
                )
