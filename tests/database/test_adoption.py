"""`init --adopt`: a Zava database that somebody else made becomes one of ours, and no row of it is touched."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import ADMIN, HEAD_OFFICE, REDMOND, SEATTLE, Asker, asking, settings_for
from zava_mcp.cli.commands import app
from zava_mcp.errors import DatabaseUnavailable, InputError

OLDER = (Path(__file__).parent / "older_zava.sql").read_text(encoding="utf-8")
ORDERS = 600
SHARED = "postgresql://store_manager:shared@/{database}?host={host}"

FINGERPRINT = """
SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
    SELECT format('%s %s %s %s %s %s %s', oid::regclass, relkind, relowner::regrole, relacl, relrowsecurity, relforcerowsecurity,
                  relfilenode) AS line
      FROM pg_class WHERE relnamespace::regnamespace::text IN ('retail', 'zava', 'reports')
    UNION ALL SELECT format('%s %s %s %s %s', attrelid::regclass, attname, atttypid::regtype, attacl, atthasmissing) FROM pg_attribute a
      JOIN pg_class c ON c.oid = attrelid WHERE relnamespace::regnamespace::text IN ('retail', 'zava') AND attnum > 0
    UNION ALL SELECT format('%s %s %s %s %s', polrelid::regclass, polname, polroles::regrole[], pg_get_expr(polqual, polrelid), polcmd) FROM pg_policy
    UNION ALL SELECT format('%s %s %s %s', objoid, classoid::regclass, objsubid, description) FROM pg_description WHERE objoid >= 16384
    UNION ALL SELECT format('%s %s %s', oid::regprocedure, proowner::regrole, proacl) FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT format('%s %s %s', nspname, nspowner::regrole, nspacl) FROM pg_namespace
    UNION ALL SELECT format('%s %s %s %s', rolname, rolsuper, rolbypassrls, rolconfig) FROM pg_roles
    UNION ALL SELECT format('%s in %s', member::regrole, roleid::regrole) FROM pg_auth_members
    UNION ALL SELECT format('%s %s', datname, datacl) FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT format('%s %s', defaclnamespace, defaclacl) FROM pg_default_acl) AS lines
"""


def rows_of(connection: psycopg.Connection) -> list[object]:
    """What the shop's tables hold, in the columns that they had from the start."""
    tables = {
        "stores": "s", "customers": "c", "categories": "k", "product_types": "t", "products": "p", "inventory": "i",
        "orders": "o", "order_items": "oi", '"Old ""Orders"""': "x",
    }  # fmt: skip
    held: list[object] = []
    for table, name in tables.items():
        held += connection.execute(f"SELECT {name}::text FROM retail.{table} {name} ORDER BY 1".encode()).fetchall()
    vectors = "SELECT product_id, created_at, md5(description_embedding::text) FROM retail.product_description_embeddings"
    return [*held, *connection.execute(f"{vectors} ORDER BY 1".encode()).fetchall()]


def fingerprint(connection: psycopg.Connection) -> str:
    row = connection.execute(FINGERPRINT.encode()).fetchone()
    assert row is not None
    return str(row[0])


def adopted(url: str, *arguments: str) -> str:
    command = ["init", "--adopt", "--admin-database-url", url, *arguments]
    return CliRunner().invoke(app, command, catch_exceptions=False).stdout


@pytest.fixture
def older(server: str, database: str) -> Iterator[psycopg.Connection]:
    """The older database, as a superuser sees it."""
    with psycopg.connect(ADMIN.format(database=database, host=server), autocommit=True) as connection:
        connection.execute(OLDER.replace("{orders}", str(ORDERS)).encode())
        yield connection


@pytest.fixture
def superuser(server: str, database: str) -> str:
    return ADMIN.format(database=database, host=server)


@pytest.fixture
def owner(server: str, database: str, older: psycopg.Connection) -> str:
    """The shared login itself, which may create logins and, on a managed server, owns the database."""
    older.execute("ALTER ROLE store_manager CREATEROLE")
    older.execute(f"ALTER DATABASE {database} OWNER TO store_manager".encode())
    return SHARED.format(database=database, host=server)


@pytest.fixture
def member(server: str, database: str, older: psycopg.Connection) -> str:
    """An admin who is a member of the tables' owner, and may create in a database that is somebody else's."""
    older.execute("CREATE ROLE cloud_admin LOGIN CREATEROLE PASSWORD 'x' IN ROLE store_manager")
    older.execute(f"GRANT CREATE ON DATABASE {database} TO cloud_admin".encode())
    return f"postgresql://cloud_admin:x@/{database}?host={server}"


@pytest.mark.parametrize("who", ["superuser", "owner", "member"])
@pytest.mark.anyio
async def test_managers_see_their_rows_and_a_forged_setting_changes_nothing(
    who: str, request: pytest.FixtureRequest, server: str, database: str, older: psycopg.Connection, tmp_path: Path
) -> None:
    before = rows_of(older)
    told = adopted(request.getfixturevalue(who), "--passwords-file", str(tmp_path / "passwords"))
    assert f"rows compared, and the same as before: {60 + 2 + 2 + 20 + 120 + 6 + ORDERS * 2 + 20 + 2:,}" in told
    assert rows_of(older) == before

    def ask(user_id: str) -> "psycopg.Connection | object":
        url = f"postgresql:///{database}?host={server}"
        password = next(
            line.split(":")[4] for line in (tmp_path / "passwords").read_text().splitlines() if f":{user_id}:" in line
        )
        return asking(settings_for(tmp_path, user_id, ZAVA_DATABASE_URL=url, POSTGRES_PASSWORD=password))

    counts = "SELECT count(*), count(DISTINCT store_id), min(store_id) FROM retail.{}"
    forged = (
        "SELECT set_config('app.current_rls_user_id', '00000000-0000-0000-0000-000000000000', true),"
        " (SELECT count(*) FROM retail.orders), (SELECT count(*) FROM retail.order_items),"
        " (SELECT count(*) FROM retail.inventory), (SELECT count(*) FROM retail.customers)"
    )
    async with ask(SEATTLE) as seattle:  # type: ignore[attr-defined]
        for table, count in (("orders", ORDERS // 6), ("order_items", ORDERS // 6), ("inventory", 20)):
            assert (await seattle.query(counts.format(table)))["rows"] == [[count, 1, 1]]
        # ten who live there, ten others who ordered there
        assert await seattle.value("SELECT count(*) FROM retail.customers") == 20
        assert await seattle.value("SELECT count(*) FROM retail.stores") == 6
        seen = (await seattle.query(forged))["rows"][0][1:]
        assert seen == [ORDERS // 6, ORDERS // 6, 20, 20]
        await seattle.refusal("SELECT rls_user_id FROM retail.stores")
        for hidden in ('reports."sales by store"', "reports.sales_of_all", "retail.order_days", 'retail."Old ""Orders"""'):
            assert "42501" in await seattle.refusal(f"SELECT * FROM {hidden}")
        assert "42501" in await seattle.refusal("SELECT reports.all_orders()")
        assert await seattle.value('SELECT count("Square Feet") FROM retail.stores') == 0
    async with ask(REDMOND) as redmond:  # type: ignore[attr-defined]
        assert (await redmond.query(counts.format("orders")))["rows"] == [[ORDERS // 3, 2, 3]]
    async with ask(HEAD_OFFICE) as head_office:  # type: ignore[attr-defined]
        assert (await head_office.query(counts.format("orders")))["rows"] == [[ORDERS, 6, 1]]
