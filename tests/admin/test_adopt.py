"""`init --adopt` adds zava-mcp's schema to an existing Zava database and changes no row."""

import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.admin.older import OLDER, ORDERS, adopted, fingerprint, rows_of
from tests.conftest import HEAD_OFFICE, REDMOND, SEATTLE, ToolClient, asking, settings_for
from zava_mcp.cli.commands import app


@pytest.mark.parametrize("administrator", ["superuser_url", "owner", "member"])
@pytest.mark.anyio
async def test_adopt_manager_sees_own_rows_despite_a_forged_setting(
    administrator: str,
    request: pytest.FixtureRequest,
    server: str,
    database: str,
    older: psycopg.Connection,
    tmp_path: Path,
) -> None:
    before = rows_of(older)
    output = adopted(request.getfixturevalue(administrator), "--passwords-file", str(tmp_path / "passwords"))
    assert f"rows compared, and the same as before: {60 + 2 + 2 + 20 + 120 + 6 + ORDERS * 2 + 20 + 2:,}" in output
    assert rows_of(older) == before

    def ask(user_id: str) -> AbstractAsyncContextManager[ToolClient]:
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
    async with ask(SEATTLE) as seattle:
        for table, count in (("orders", ORDERS // 6), ("order_items", ORDERS // 6), ("inventory", 20)):
            assert (await seattle.query(counts.format(table)))["rows"] == [[count, 1, 1]]
        # ten who live there, ten others who ordered there
        assert await seattle.value("SELECT count(*) FROM retail.customers") == 20
        assert await seattle.value("SELECT count(*) FROM retail.stores") == 6
        seen = (await seattle.query(forged))["rows"][0][1:]
        assert seen == [ORDERS // 6, ORDERS // 6, 20, 20]
        await seattle.refusal("SELECT rls_user_id FROM retail.stores")
        for hidden in (
            'reports."sales by store"',
            "reports.sales_of_all",
            "retail.order_days",
            'retail."Old ""Orders"""',
        ):
            assert "42501" in await seattle.refusal(f"SELECT * FROM {hidden}")
        assert "42501" in await seattle.refusal("SELECT reports.all_orders()")
        assert await seattle.value('SELECT count("Square Feet") FROM retail.stores') == 0
    async with ask(REDMOND) as redmond:
        assert (await redmond.query(counts.format("orders")))["rows"] == [[ORDERS // 3, 2, 3]]
    async with ask(HEAD_OFFICE) as head_office:
        assert (await head_office.query(counts.format("orders")))["rows"] == [[ORDERS, 6, 1]]


def test_adopt_second_run_reports_nothing_to_do(older: psycopg.Connection, member: str, superuser_url: str) -> None:
    adopted(member)
    before = fingerprint(older)
    for url in (member, superuser_url):
        assert adopted(url).startswith("nothing to do: everything is up to date")
        assert fingerprint(older) == before
    assert "INSERT" not in before.replace("PUBLIC", "")


def test_adopt_dry_run_prints_the_sql_and_changes_nothing(older: psycopg.Connection, member: str) -> None:
    before = fingerprint(older)
    with psycopg.connect(member) as writer:  # it does not even wait for who writes
        writer.execute("LOCK TABLE retail.orders IN ROW EXCLUSIVE MODE")
        ran = CliRunner().invoke(app, ["init", "--adopt", "--dry-run", "--admin-database-url", member])
    assert fingerprint(older) == before
    assert ran.stdout.startswith("BEGIN;\n")
    assert ran.stdout.endswith("\nCOMMIT;\n")
    assert "warning: the login store_manager owned" in ran.stderr
    with psycopg.connect(member, autocommit=True) as replayed:
        replayed.execute(ran.stdout.encode())
    after = fingerprint(older)
    assert after != before
    assert "nothing to do" in adopted(member)
    assert fingerprint(older) == after
    assert "nothing to do" in adopted(member, "--dry-run")


@pytest.mark.anyio
async def test_adopt_keeps_older_embeddings_and_searches_ask_for_new_ones(
    older: psycopg.Connection, superuser_url: str, server: str, database: str, tmp_path: Path
) -> None:
    passwords = tmp_path / "passwords"
    adopted(superuser_url, "--passwords-file", str(passwords))
    models = "SELECT model_id, count(*) FROM retail.product_description_embeddings GROUP BY 1"
    assert older.execute(models.encode()).fetchall() == [("unknown", 20)]
    password = next(line.split(":")[4] for line in passwords.read_text().splitlines() if f":{SEATTLE}:" in line)
    url = f"postgresql:///{database}?host={server}"
    async with asking(settings_for(tmp_path, SEATTLE, ZAVA_DATABASE_URL=url, POSTGRES_PASSWORD=password)) as seattle:
        text, failed = await seattle.call("semantic_search_products", query_description="product seven")
        assert failed
        assert "unknown" in text
        assert "zava-mcp embed" in text
        CliRunner().invoke(app, ["embed", "--admin-database-url", superuser_url], catch_exceptions=False)
        text, failed = await seattle.call("semantic_search_products", query_description="product seven")
        assert not failed, text
        assert "Product 7" in text
    assert older.execute(models.encode()).fetchall() == [("local/all-MiniLM-L6-v2-int8", 20)]


def test_adopt_adds_the_indexes_and_comments_of_a_new_database(
    older: psycopg.Connection, superuser_url: str, admin: psycopg.Connection
) -> None:
    older.execute("COMMENT ON TABLE retail.orders IS 'Somebody''s own words'")
    adopted(superuser_url)
    indexes = (
        "SELECT indexname FROM pg_indexes WHERE schemaname = 'retail' AND indexname NOT IN"
        " (SELECT conname FROM pg_constraint)"
    )
    lacking = set(admin.execute(indexes).fetchall()) - set(older.execute(indexes).fetchall())
    assert lacking == {("orders_customer_store",)}  # which is there under another name
    comments = (
        "SELECT format('%s.%s', objoid::regclass, objsubid <> 0), description FROM pg_description"
        " WHERE classoid = 'pg_class'::regclass AND objoid >= 16384"
        " AND objoid::regclass::text NOT IN ('zava.stores', 'zava.customers')"  # of which the views repeat them
    )
    assert older.execute("SELECT name, currency FROM zava.company").fetchall() == [("Zava Retail", "USD")]
    ours, theirs = set(admin.execute(comments).fetchall()), set(older.execute(comments).fetchall())
    assert ours - theirs == {("retail.orders.f", "One row per order; what was bought is in order_items")}
    assert theirs - ours == {("retail.orders.f", "Somebody's own words")}


def test_adopt_of_another_company_names_no_company(older: psycopg.Connection, superuser_url: str) -> None:
    older.execute("UPDATE retail.stores SET store_name = substr(store_name, 13)")
    adopted(superuser_url)
    profile = "SELECT name, currency, time_zone, fiscal_year_start, week_start, is_sample FROM zava.company"
    assert older.execute(profile.encode()).fetchall() == [("", "", "UTC", 1, 1, False)]
    assert older.execute("SELECT display_name FROM zava.access WHERE all_stores").fetchall() == [("Head office",)]


def test_adopt_second_run_corrects_later_changes(older: psycopg.Connection, superuser_url: str) -> None:
    adopted(superuser_url)
    before = fingerprint(older)
    older.execute(
        "CREATE POLICY older ON retail.orders USING (true); ALTER TABLE retail.customers DISABLE ROW LEVEL SECURITY;"
        "ALTER POLICY own_stores ON retail.inventory USING (true); DROP POLICY every_identity ON retail.products;"
        "CREATE POLICY by_setting ON retail.orders USING (current_setting('app.x', true) = 'x');"
        "GRANT SELECT ON retail.orders TO PUBLIC; ALTER TABLE retail.orders OWNER TO store_manager;"
        "DROP INDEX retail.orders_date; COMMENT ON COLUMN retail.orders.order_date IS NULL"
    )
    assert fingerprint(older) != before
    output = adopted(superuser_url)
    assert "policies corrected: 4" in output
    assert fingerprint(older) == before


def test_adopt_rewrites_no_rows_of_a_large_table(server: str, database: str, superuser_url: str) -> None:
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(OLDER.replace("{orders}", "100000").encode())
        files = (
            "SELECT relname, relfilenode FROM pg_class WHERE relnamespace = 'retail'::regnamespace AND relkind = 'r'"
            " ORDER BY 1"
        )
        before = connection.execute(files.encode()).fetchall()
        start = time.monotonic()
        assert "the same as before: 200,232" in adopted(superuser_url)
        assert time.monotonic() - start < 30
        assert connection.execute(files.encode()).fetchall() == before
