"""The sections Backup and Restore of infra/README.md do what they say, for superusers and for other administrators."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from scripts.debian import postgres_15
from scripts.servers import ADMIN_PASSWORD, Postgres, running
from tests.conftest import SEATTLE
from tests.infra.operator import ROOT
from tests.servers import ZavaServer
from zava_mcp.cli.commands import app

README = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
COUNTS = """SELECT 'orders', count(*), sum(store_id) FROM retail.orders UNION ALL
            SELECT 'items', count(*), sum(quantity) FROM retail.order_items UNION ALL
            SELECT 'customers', count(*), count(*) FROM retail.customers UNION ALL
            SELECT 'access', count(*), count(*) FROM zava.access ORDER BY 1"""
POLICIES = "SELECT polrelid::regclass::text, polname, pg_get_expr(polqual, polrelid) FROM pg_policy ORDER BY 1, 2"

LEE = "11111111-1111-4111-8111-111111111111"
APPLICATION = """CREATE ROLE app LOGIN; GRANT CONNECT ON DATABASE zava TO app;
    CREATE SCHEMA shop AUTHORIZATION app; SET ROLE app;
    CREATE TABLE shop.internal AS SELECT 1 AS a; CREATE TABLE shop.job (job_id integer, store_id integer, note text);
    INSERT INTO shop.job VALUES (1, 1, 'of Seattle'), (2, 3, 'of Tacoma'); RESET ROLE"""


def block(marker: str) -> str:
    """The commands that follow a marker in infra/README.md."""
    return README.split(f"<!-- {marker} -->\n```bash\n", 1)[1].split("```", 1)[0]


def carry_out(commands: str, folder: Path, **variables: str) -> None:
    path = f"{postgres_15()}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""), **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def application_table(debian_15: ZavaServer) -> Iterator[None]:
    """A table of an application, whose role the administrator is a member of."""
    with debian_15.as_superuser() as superuser:
        superuser.execute("CREATE ROLE app LOGIN; GRANT app TO cloud_admin; CREATE SCHEMA shop AUTHORIZATION app")
        superuser.execute("SET ROLE app; CREATE TABLE shop.internal AS SELECT 1 AS a; RESET ROLE")
        yield
        superuser.execute("DROP SCHEMA shop CASCADE")


@pytest.mark.usefixtures("application_table")
def test_a_backup_has_every_row_and_comes_back_with_its_policies(debian_15: ZavaServer, tmp_path: Path) -> None:
    postgres = debian_15.postgres
    admin = {name: postgres.url("cloud_admin", "cloud", name) for name in ("zava", "zava_restored", "postgres")}
    with debian_15.as_superuser() as truth:
        wanted = truth.execute(COUNTS).fetchall(), truth.execute(POLICIES).fetchall()
    carry_out(block("backup"), tmp_path, ZAVA_ADMIN_DATABASE_URL=admin["zava"])
    carry_out(
        block("restore")
        .replace("CREATE DATABASE zava", "CREATE DATABASE zava_restored")
        .replace("GRANT zava_owner TO", "GRANT zava_owner, app TO")
        .replace("TO zava_owner'", "TO zava_owner, app'"),
        tmp_path,
        SERVER=admin["postgres"],
        ZAVA_ADMIN_DATABASE_URL=admin["zava_restored"],
    )
    with postgres.as_superuser("zava_restored") as truth:
        assert (truth.execute(COUNTS).fetchall(), truth.execute(POLICIES).fetchall()) == wanted
        owner = truth.execute("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'retail.orders'::regclass")
        assert owner.fetchone() == ("zava_owner",)
        assert truth.execute("SELECT count(*) FROM shop.internal").fetchone() == (1,)
    repaired = CliRunner().invoke(app, ["init", "--no-sample", "--admin-database-url", admin["zava_restored"]])
    assert repaired.exit_code == 0, repaired.output
    assert "revoked the right to create temporary tables from PUBLIC" in repaired.output, (
        "a dump brings no rights on a database"
    )
    assert "revoked the right to create schemas from zava_owner" in repaired.output
    with postgres.as_superuser("zava_restored") as truth:
        may = truth.execute("SELECT has_database_privilege(%s, current_database(), 'TEMPORARY')", [SEATTLE])
        assert may.fetchone() == (False,)
        may = truth.execute("SELECT has_database_privilege('zava_owner', current_database(), 'CREATE')")
        assert may.fetchone() == (False,)
    place = {"ZAVA_DATABASE_URL": debian_15.place.replace("/zava?", "/zava_restored?")}
    asked = CliRunner().invoke(
        app,
        ["query", "SELECT count(DISTINCT store_id) FROM retail.orders", "--user-id", SEATTLE, "--format", "csv"],
        env={**place, "POSTGRES_PASSWORD": debian_15.passwords[SEATTLE]},
    )
    assert asked.output.split() == ["count", "1"]


def test_an_admin_who_is_no_superuser_can_make_the_roles_again(debian_15: ZavaServer, tmp_path: Path) -> None:
    """On another server: here under other names, and undone."""
    admin = debian_15.postgres.url("cloud_admin", "cloud", "zava")
    carry_out(block("backup"), tmp_path, ZAVA_ADMIN_DATABASE_URL=admin)
    roles = (tmp_path / "zava.roles.sql").read_text()
    assert set(debian_15.passwords) == set(re.findall(r'CREATE ROLE "([0-9a-f-]{36})"', roles))
    assert "PASSWORD" not in roles
    roles = re.sub(r"(?m)^.* ROLE (?:app|cloud_admin|postgres)\b.*\n", "", roles)  # which other servers have, too
    elsewhere = re.sub(r'"[0-9a-f]{8}-', '"restored-', roles).replace("zava_", "restored_")
    with psycopg.connect(admin) as connection:
        connection.execute(elsewhere)
        made = connection.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'restored-%' AND rolcanlogin")
        assert made.fetchone() == (len(debian_15.passwords),)
        connection.rollback()


def test_a_superusers_backup_comes_back_on_a_new_server_with_all_roles_and_passwords(tmp_path: Path) -> None:
    """With a login of another name, an application's table and an exposed one; `init` has hardened the database."""
    with new_server(tmp_path / "old") as old, new_server(tmp_path / "new") as new:
        passwords = tmp_path / "passwords"
        administrator = {"ZAVA_ADMIN_DATABASE_URL": old.url("postgres", ADMIN_PASSWORD, "zava")}
        run(administrator, "init", "--scale", "0.002", "--passwords-file", str(passwords))
        add = ("identities", "add", "Lee Fox", "--user-id", LEE, "--login", "lee.fox", "--store", "Seattle")
        run(administrator, *add, "--passwords-file", str(passwords))
        with old.as_superuser("zava") as superuser:
            superuser.execute(APPLICATION)
            run(administrator, "tables", "expose", "shop.job", "--store-column", "store_id")
            expected = superuser.execute(COUNTS).fetchall(), superuser.execute(POLICIES).fetchall()
        carry_out(block("superuser backup"), tmp_path, **administrator)
        carry_out(block("superuser restore"), tmp_path, SERVER=new.url("postgres", ADMIN_PASSWORD, "postgres"))
        restored = {"ZAVA_ADMIN_DATABASE_URL": new.url("postgres", ADMIN_PASSWORD, "zava")}
        assert run(restored, "init", "--no-sample").startswith("nothing to do")
        with new.as_superuser("zava") as superuser:
            assert (superuser.execute(COUNTS).fetchall(), superuser.execute(POLICIES).fetchall()) == expected
            rights = """SELECT has_database_privilege('zava_owner', 'zava', 'CREATE'),
                               has_database_privilege('app', 'zava', 'CONNECT'),
                               has_function_privilege('public', 'set_config(text, text, boolean)', 'EXECUTE'),
                               (SELECT count(*) FROM shop.internal)"""
            assert superuser.execute(rights).fetchone() == (False, True, False, 1)
        (line,) = (line for line in passwords.read_text().splitlines() if ":lee.fox:" in line)
        place = {"ZAVA_DATABASE_URL": f"postgresql://127.0.0.1:{new.port}/zava?{new.query}"}
        login = {"POSTGRES_USER": "lee.fox", "POSTGRES_PASSWORD": line.rpartition(":")[2], "ZAVA_USER_ID": LEE}
        rows = "SELECT count(DISTINCT o.store_id), (SELECT max(note) FROM shop.job) FROM retail.orders o"
        assert run({**place, **login}, "query", rows, "--format", "csv").splitlines()[1] == "1,of Seattle"


@contextmanager
def new_server(folder: Path) -> Iterator[Postgres]:
    folder.mkdir()
    yield from running(15, postgres_15(), folder, tls=False)


def run(environment: dict[str, str], *command: str) -> str:
    return CliRunner().invoke(app, [*command], env=environment, catch_exceptions=False).stdout


@pytest.mark.parametrize("name", ["backup", "restore", "superuser backup", "superuser restore"])
def test_the_chapters_hold_no_password(name: str) -> None:
    assert not re.search(r"(?i)password=|:[^/@\s]+@", block(name))
