"""Migrations apply each file once, all or nothing; neither side uses a schema version that it does not know."""

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.admin.older import set_back
from tests.conftest import ADMIN, SEATTLE, asking, settings_for
from tests.polling import until
from zava_mcp import sql
from zava_mcp.cli.commands import app
from zava_mcp.errors import DatabaseUnavailable

APPLIED = "SELECT file, applied_at IS NOT NULL FROM zava.migrations ORDER BY file"
OF_THE_SAMPLE = """
SELECT description FROM pg_description WHERE description ~ 'dollar|department|Washington|DIY|seven shops|POWER TOOLS'
   AND objoid >= 16384
"""
FILES = [file for _, file in sql.migrations()]


def init(url: str) -> str:
    command = ["init", "--scale", "0.002", "--admin-database-url", url]
    return CliRunner().invoke(app, command, catch_exceptions=False).stdout


@pytest.fixture
def url(server: str, database: str) -> str:
    url = ADMIN.format(database=database, host=server)
    init(url)
    return url


def test_each_migration_is_applied_once_and_recorded(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        assert admin.execute(APPLIED.encode()).fetchall() == [(file, True) for file in FILES]
        first = admin.execute("SELECT array_agg(xmin::text) FROM zava.migrations").fetchone()
        assert "nothing to do" in init(url)
        assert admin.execute("SELECT array_agg(xmin::text) FROM zava.migrations").fetchone() == first


def test_older_schema_gets_only_the_missing_migrations(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        set_back(admin)
        admin.execute("COMMENT ON COLUMN retail.products.cost IS 'an administrator''s own words, US dollars'")
        assert f"schema version {sql.schema_version()}, upgraded from 6" in init(url)
        assert admin.execute("SELECT name, currency, is_sample FROM zava.company").fetchall() == [
            ("Zava Retail", "USD", True)
        ]
        assert admin.execute(OF_THE_SAMPLE.encode()).fetchall() == [("an administrator's own words, US dollars",)]
        assert admin.execute(APPLIED.encode()).fetchall() == [
            (file, number > 6) for number, file in sql.migrations()
        ], "of the older ones it is not known when"


def test_killed_upgrade_changes_nothing(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        set_back(admin)
        with psycopg.connect(url) as busy:
            busy.execute("LOCK TABLE retail.stores")  # which it needs behind the files, before it commits
            upgrade = subprocess.Popen(
                [sys.executable, "-m", "zava_mcp", "init", "--admin-database-url", url],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            waits = "SELECT FROM pg_stat_activity WHERE application_name = 'zava-mcp init' AND wait_event_type = 'Lock'"
            until(lambda: admin.execute(waits.encode()).rowcount == 1)
            upgrade.send_signal(signal.SIGKILL)
            upgrade.wait()
        still = "SELECT FROM pg_stat_activity WHERE application_name = 'zava-mcp init'"
        until(lambda: admin.execute(still.encode()).rowcount == 0)
        assert admin.execute("SELECT schema_version, to_regclass('zava.migrations') FROM zava.about").fetchone() == (
            6,
            None,
        )
        assert "upgraded from 6" in init(url)
        assert [file for file, _ in admin.execute(APPLIED.encode()).fetchall()] == FILES


def test_older_version_refuses_a_newer_schema(url: str) -> None:
    newer = sql.schema_version() + 1
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("UPDATE zava.about SET schema_version = %s", [newer])
        for command in (["init"], ["identities", "add", "Ann", "--store", "1"], ["identities", "remove", SEATTLE]):
            with pytest.raises(DatabaseUnavailable, match=f"schema version {newer}") as caught:
                CliRunner().invoke(app, [*command, "--admin-database-url", url], catch_exceptions=False)
            assert "Upgrade zava-mcp" in caught.value.hint
        assert admin.execute("SELECT count(*) FROM zava.access").fetchone() == (9,)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("off", "hint"), [(1, "Upgrade zava-mcp: a newer version"), (-1, "An administrator runs `zava-mcp init`")]
)
async def test_server_names_the_older_side_of_a_schema_mismatch(url: str, tmp_path: Path, off: int, hint: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("UPDATE zava.about SET schema_version = schema_version + %s", [off])
        admin.execute(f"ALTER ROLE \"{SEATTLE}\" PASSWORD 'x'".encode())
        place = url.replace("postgres:admin@", "")
        settings = settings_for(tmp_path, SEATTLE, ZAVA_DATABASE_URL=place, POSTGRES_PASSWORD="x")
        async with asking(settings) as seattle:
            text = await seattle.refusal("SELECT 1")
            assert f"schema version {sql.schema_version() + off}, this program needs {sql.schema_version()}" in text
            assert hint in text


@pytest.mark.parametrize("adopt", [[], ["--adopt"]])
def test_missing_indexes_and_comments_are_made_again_and_existing_ones_stay(url: str, adopt: list[str]) -> None:
    command = ["init", *adopt, "--admin-database-url", url]
    existing = (
        "SELECT (SELECT array_agg(indexdef ORDER BY indexdef) FROM pg_indexes WHERE schemaname IN ('retail', 'zava')),"
        " (SELECT array_agg(description ORDER BY description) FROM pg_description WHERE objoid >= 16384)"
    )
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            "COMMENT ON COLUMN retail.customers.email IS 'own words'; ALTER INDEX retail.orders_date RENAME TO x"
        )
        before = admin.execute(existing).fetchone()
        admin.execute("DROP INDEX retail.inventory_product_store, zava.customers_primary_store")
        admin.execute("COMMENT ON VIEW retail.stores IS NULL; COMMENT ON COLUMN retail.orders.order_date IS NULL")
        output = CliRunner().invoke(app, command, catch_exceptions=False).stdout
        assert "indexes built: 2\n" in output
        assert "comments written: 2\n" in output
        assert admin.execute(existing).fetchone() == before
    assert "nothing to do" in CliRunner().invoke(app, command, catch_exceptions=False).stdout
