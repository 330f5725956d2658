"""Promise 2: no identity, no rows."""

import sys
from pathlib import Path
from subprocess import run

import psycopg
import pytest

from tests.conftest import (
    HEAD_OFFICE,
    REDMOND,
    SEATTLE,
    ToolClient,
    admin_keywords,
    asking,
    login_keywords,
    settings_for,
)
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.settings import Settings

pytestmark = pytest.mark.anyio


def url(keywords: dict[str, object]) -> str:
    return "postgresql://{user}:{password}@/{dbname}?host={host}&port={port}".format(**keywords)


def as_login(embedded: EmbeddedPostgres, login: dict[str, object], user_id: str) -> Settings:
    """Settings that connect with one login and claim to be an identity."""
    return settings_for(embedded.folder, user_id, ZAVA_DATABASE_URL=url(login))


async def first_error(settings: Settings) -> str:
    async with asking(settings) as asker:
        errors = {await asker.refusal("SELECT 1"), await _schemas_error(asker)}
    assert len(errors) == 1, errors
    return errors.pop()


async def _schemas_error(asker: ToolClient) -> str:
    text, failed = await asker.call("get_multiple_table_schemas", table_names=["orders"])
    assert failed
    return text.replace("get_multiple_table_schemas", "execute_sales_query")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no user id"),
        (["--user-id", "sea"], "neither a uuid nor the name"),
        (["--user-id", ""], "no user id"),
        (["--user-id", SEATTLE + "0"], "neither a uuid nor the name"),
        (["--user-id", SEATTLE.replace("-", "")], "neither a uuid nor the name"),
        (["--user-id", "11111111-1111-1111-1111-111111111111"], "not an identity"),
    ],
)
def test_the_server_does_not_start_without_an_identity_that_exists(
    data_dir: Path, arguments: list[str], said: str
) -> None:
    server = run(
        [sys.executable, "-m", "zava_mcp", "--data-dir", str(data_dir), *arguments],
        stdin=-3,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert server.returncode == 2
    assert server.stdout == ""
    assert said in server.stderr
    assert "--user-id" in server.stderr
    assert f"{SEATTLE}  Zava Retail Seattle" in server.stderr


async def test_upper_case_is_the_same_identity(data_dir: Path) -> None:
    async with asking(settings_for(data_dir, SEATTLE.upper())) as seattle:
        assert await seattle.value("SELECT count(DISTINCT store_id) FROM retail.orders") == 1


async def test_a_superuser_is_refused(embedded: EmbeddedPostgres) -> None:
    error = await first_error(as_login(embedded, admin_keywords(embedded), HEAD_OFFICE))
    assert "row-level security does not apply" in error


@pytest.mark.parametrize(
    ("grant", "revoke"),
    [
        ("ALTER ROLE zava_test_guest BYPASSRLS", "ALTER ROLE zava_test_guest NOBYPASSRLS"),
        ("GRANT zava_owner TO zava_test_guest", "REVOKE zava_owner FROM zava_test_guest"),
        ("GRANT postgres TO zava_test_guest", "REVOKE postgres FROM zava_test_guest"),
        ("ALTER ROLE zava_test_guest SET role = 'zava_test_other'", "ALTER ROLE zava_test_guest RESET role"),
    ],
)
async def test_a_login_that_could_pass_the_policies_is_refused(
    embedded: EmbeddedPostgres, admin: psycopg.Connection, grant: str, revoke: str
) -> None:
    admin.execute("CREATE ROLE zava_test_guest LOGIN PASSWORD 'guest'; CREATE ROLE zava_test_other")
    try:
        admin.execute("GRANT zava_test_other TO zava_test_guest")
        admin.execute("SELECT zava.admit('zava_test_other', gen_random_uuid(), 'x', false, '{6}')")
        admin.execute("SELECT zava.admit('zava_test_guest', %s, 'guest', false, '{6}')", [REDMOND])
        guest = {**login_keywords(embedded, REDMOND), "user": "zava_test_guest", "password": "guest"}
        async with asking(as_login(embedded, guest, REDMOND)) as asker:
            assert await asker.value("SELECT count(DISTINCT store_id) FROM retail.orders") == 1
        admin.execute(grant.encode())
        assert "row-level security does not apply" in await first_error(as_login(embedded, guest, REDMOND))
        admin.execute(revoke.encode())
        async with asking(as_login(embedded, guest, REDMOND)) as asker:
            assert await asker.value("SELECT 1") == 1
    finally:
        admin.execute("DELETE FROM zava.access WHERE login LIKE 'zava\\_test\\_%'")
        admin.execute("DROP OWNED BY zava_test_guest, zava_test_other; DROP ROLE zava_test_guest, zava_test_other")


async def test_a_login_of_another_identity_is_refused(embedded: EmbeddedPostgres) -> None:
    error = await first_error(as_login(embedded, login_keywords(embedded, SEATTLE), REDMOND))
    assert "another identity" in error


async def test_login_without_identity_sees_no_rows(embedded: EmbeddedPostgres, admin: psycopg.Connection) -> None:
    admin.execute("CREATE ROLE zava_test_stranger LOGIN PASSWORD 'stranger'")
    admin.execute("GRANT CONNECT ON DATABASE zava TO zava_test_stranger")
    stranger = {**login_keywords(embedded, REDMOND), "user": "zava_test_stranger", "password": "stranger"}
    try:
        assert "not an identity" in await first_error(as_login(embedded, stranger, REDMOND))
        vector = f"[{','.join(['0'] * 1536)}]"
        insert = (
            "INSERT INTO retail.product_description_embeddings VALUES (1, %s, now(), 'test', '') ON CONFLICT DO NOTHING"
        )
        admin.execute(insert, [vector])
        # Not even with every privilege an identity has: the policies know nobody of that name.
        admin.execute("GRANT USAGE ON SCHEMA retail, zava TO zava_test_stranger")
        admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA retail TO zava_test_stranger")
        admin.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA zava TO zava_test_stranger")
        admin.execute("GRANT SELECT (schema_version) ON zava.about TO zava_test_stranger")
        admin.execute("GRANT SELECT ON zava.company TO zava_test_stranger")
        admin.execute("GRANT SELECT ON zava.customers_by_store TO zava_test_stranger")
        assert "not an identity" in await first_error(as_login(embedded, stranger, REDMOND))
        with psycopg.connect(**stranger) as connection:
            tables = admin.execute(
                "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'retail'::regnamespace"
                " AND relkind IN ('r', 'p', 'v')"
            ).fetchall()
            assert len(tables) == 9
            for (table,) in tables:
                assert connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,), table
    finally:
        admin.execute("DELETE FROM retail.product_description_embeddings WHERE model_id = 'test'")
        admin.execute("DROP OWNED BY zava_test_stranger; DROP ROLE zava_test_stranger")


async def test_a_missing_policy_is_noticed_before_the_first_row(
    embedded: EmbeddedPostgres, admin: psycopg.Connection
) -> None:
    admin.execute("ALTER TABLE retail.orders NO FORCE ROW LEVEL SECURITY")
    try:
        async with asking(settings_for(embedded.folder, SEATTLE)) as asker:
            assert "row-level security is not enabled and forced on: orders" in await asker.refusal("SELECT 1")
    finally:
        admin.execute("ALTER TABLE retail.orders FORCE ROW LEVEL SECURITY")
