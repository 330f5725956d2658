"""The chapters Backup and Restore of infra/README.md do what they say, for an admin who is no superuser."""

import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from scripts.debian import postgres_15
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


def test_a_backup_has_every_row_and_comes_back_with_its_policies(debian_15: ZavaServer, tmp_path: Path) -> None:
    postgres = debian_15.postgres
    admin = {name: postgres.url("cloud_admin", "cloud", name) for name in ("zava", "zava_restored", "postgres")}
    with debian_15.as_superuser() as truth:
        wanted = truth.execute(COUNTS).fetchall(), truth.execute(POLICIES).fetchall()
    carry_out(block("backup"), tmp_path, ZAVA_ADMIN_DATABASE_URL=admin["zava"])
    carry_out(
        block("restore").replace("CREATE DATABASE zava", "CREATE DATABASE zava_restored"),
        tmp_path,
        SERVER=admin["postgres"],
        ZAVA_ADMIN_DATABASE_URL=admin["zava_restored"],
    )
    with postgres.as_superuser("zava_restored") as truth:
        assert (truth.execute(COUNTS).fetchall(), truth.execute(POLICIES).fetchall()) == wanted
        owner = truth.execute("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'retail.orders'::regclass")
        assert owner.fetchone() == ("zava_owner",)
    repaired = CliRunner().invoke(app, ["init", "--no-sample", "--admin-database-url", admin["zava_restored"]])
    assert repaired.exit_code == 0, repaired.output
    assert "revoked the right to create temporary tables from PUBLIC" in repaired.output, (
        "a dump brings no rights on a database"
    )
    with postgres.as_superuser("zava_restored") as truth:
        may = truth.execute("SELECT has_database_privilege(%s, current_database(), 'TEMPORARY')", [SEATTLE])
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
    elsewhere = re.sub(r'"[0-9a-f]{8}-', '"restored-', roles).replace("zava_", "restored_")
    with psycopg.connect(admin) as connection:
        connection.execute(elsewhere)
        made = connection.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'restored-%' AND rolcanlogin")
        assert made.fetchone() == (len(debian_15.passwords),)
        connection.rollback()


@pytest.mark.parametrize("name", ["backup", "restore"])
def test_the_chapters_hold_no_password(name: str) -> None:
    assert not re.search(r"(?i)password=|:[^/@\s]+@", block(name))
