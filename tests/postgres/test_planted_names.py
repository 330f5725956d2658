"""Code planted under the names of zava-mcp's SQL runs only as its owner: PostgreSQL 18 and Debian's 15."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.admin.older import OLDER
from tests.conftest import ADMIN, HEAD_OFFICE, SEATTLE, asking, keep_products, settings_for
from tests.postgres.planting import database_of_mallory, plant, ran_as_others
from tests.servers import Postgres, debian_over_tls, postgres_18
from zava_mcp.cli.commands import app


@pytest.fixture(scope="module", params=[15, 18])
def planted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server on which mallory planted code in the database `zava`."""
    folder = tmp_path_factory.mktemp(f"planted{request.param}")
    with (debian_over_tls if request.param == 15 else postgres_18)(folder) as postgres:
        database_of_mallory(postgres, "zava")
        plant(postgres, "zava")
        yield postgres


def run(*command: str) -> str:
    ran = CliRunner().invoke(app, list(command), catch_exceptions=False)
    return ran.stdout


@pytest.mark.anyio
async def test_planted_code_does_not_run_as_another_role(planted: Postgres, tmp_path: Path) -> None:
    url, passwords = planted.url("postgres", "admin", "zava"), tmp_path / "passwords"
    admin, file = ("--admin-database-url", url), ("--passwords-file", str(passwords))
    assert run("init", "--scale", "0.002", *admin, *file).count("a login for ") == 9
    assert ran_as_others(planted.log) == set(), "init"
    run("identities", "add", "Ann Lee", "--store", "Seattle", *admin, *file)
    run("identities", "password", "Ann Lee", *admin, *file)
    run("identities", *admin)
    run("identities", "remove", "Ann Lee", *admin, *file)
    assert ran_as_others(planted.log) == set(), "identities"
    if planted.version >= 18:  # pgvector is installed
        with planted.as_superuser("zava") as superuser:
            keep_products(superuser, 10)
        run("embed", "--all", *admin)
    run("init", "--adopt", *admin)
    run("init", *admin)
    assert ran_as_others(planted.log) == set(), "embed and adopt"
    by_login = {line.split(":")[3]: line.split(":")[4] for line in passwords.read_text().splitlines()}
    place = planted.url("", "", "zava").replace(":@", "")
    for user_id in (HEAD_OFFICE, SEATTLE):
        settings = settings_for(tmp_path, user_id, ZAVA_DATABASE_URL=place, POSTGRES_PASSWORD=by_login[user_id])
        async with asking(settings) as asker:
            assert await asker.value("SELECT count(*) FROM retail.orders WHERE order_date > date '2020-01-01'")
            await asker.query("SELECT store_name, is_online FROM retail.stores ORDER BY store_name")
            # For these types, operators of mallory's would fit better than PostgreSQL's own.
            assert await asker.value("SELECT count(*) FROM stores WHERE store_name::varchar = 'x'::varchar") == 0
            for tool, arguments in (
                ("explain_sales_query", {"postgresql_query": "SELECT store_name FROM retail.stores"}),
                ("get_multiple_table_schemas", {"table_names": ["retail.orders"]}),
                ("semantic_search_products", {"query_description": "paint brush", "in_stock_only": True}),
            ):
                text, failed = await asker.call(tool, **arguments)
                assert not failed, text
        command = ["--user-id", user_id, "--database-url", place.replace("//", f"//{user_id}:{by_login[user_id]}@")]
        run("doctor", "--json", *command)
    assert ran_as_others(planted.log) == set(), "identities' queries"


def test_adoption_does_not_run_planted_code(tmp_path: Path) -> None:
    with postgres_18(tmp_path) as postgres:
        database_of_mallory(postgres, "older")
        with postgres.as_superuser("older") as admin:
            admin.execute(OLDER.replace("{orders}", "60").encode())
        plant(postgres, "older")
        start = postgres.log.stat().st_size
        url = postgres.url("postgres", "admin", "older")
        assert "rows compared" in run("init", "--adopt", "--admin-database-url", url)
        assert ran_as_others(postgres.log, start) == set()


@pytest.mark.anyio
async def test_internal_statements_ignore_the_identitys_search_path(server: str, database: str, tmp_path: Path) -> None:
    """The search path leads to objects that an administrator created."""
    url = ADMIN.format(database=database, host=server)
    run("init", "--scale", "0.002", "--admin-database-url", url)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"ALTER ROLE \"{SEATTLE}\" PASSWORD 'x'".encode())
        for name in ("pg_column_size(record)", "json_object_agg(text, integer)", "json_agg(name)"):
            body = "LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted'; END $$"
            admin.execute(f"CREATE FUNCTION retail.{name} RETURNS integer {body}".encode())
    place = url.replace("postgres:admin@", "")
    async with asking(settings_for(tmp_path, SEATTLE, ZAVA_DATABASE_URL=place, POSTGRES_PASSWORD="x")) as seattle:
        assert await seattle.value("SELECT current_setting('search_path')") == "retail, public"
        for tool, arguments in (
            ("semantic_search_products", {"query_description": "paint brush"}),
            ("get_multiple_table_schemas", {"table_names": ["retail.orders"]}),
        ):
            text, failed = await seattle.call(tool, **arguments)
            assert not failed, text
