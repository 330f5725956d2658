"""`init --adopt` with obstacles, failures and manual steps."""

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.admin.older import adopted, fingerprint, rows_of
from tests.conftest import HEAD_OFFICE, REDMOND, SEATTLE
from zava_mcp import sql
from zava_mcp.cli.commands import app
from zava_mcp.errors import DatabaseUnavailable, InputError


def test_adopt_names_all_obstacles_before_it_changes_anything(
    older: psycopg.Connection, server: str, database: str
) -> None:
    older.execute("DROP TABLE retail.inventory; ALTER TABLE retail.customers DROP COLUMN phone")
    older.execute("ALTER TABLE retail.order_items ALTER COLUMN quantity TYPE text")
    older.execute(
        "ALTER TABLE retail.product_description_embeddings DROP CONSTRAINT product_description_embeddings_pkey"
    )
    older.execute(
        "DROP TABLE retail.orders CASCADE; CREATE VIEW retail.orders AS SELECT 1 AS order_id; CREATE SCHEMA zava"
    )
    older.execute("CREATE ROLE zava_owner NOLOGIN; CREATE ROLE weak LOGIN PASSWORD 'weak'")
    before, grant = fingerprint(older), "GRANT store_manager TO weak"
    with pytest.raises(DatabaseUnavailable, match="cannot be adopted as it is") as caught:
        adopted(f"postgresql://weak:weak@/{database}?host={server}")
    output = caught.value.message.splitlines()[1:]
    assert [line.strip() for line in output] == [
        "retail.inventory is missing",
        "retail.orders is not a table",
        "retail.customers.phone is missing",
        "retail.order_items.quantity is text, not integer",
        "retail.product_description_embeddings has no key of product_id alone",
        "there is a schema zava that zava-mcp did not create",
        "the schema retail belongs to store_manager, whose rights weak does not have: GRANT store_manager TO weak",
        "the schema zava belongs to postgres, whose rights weak does not have: GRANT postgres TO weak",
        *(
            f"the table retail.{table} belongs to store_manager, whose rights weak does not have: {grant}"
            for table in (
                '"Old ""Orders"""', "categories", "customers", "order_items", "product_description_embeddings",
                "product_types", "products", "stores",
            )
        ),
        "weak may not create logins: ALTER ROLE weak CREATEROLE",
        "weak is not a member of the existing role zava_owner: GRANT zava_owner TO weak",
    ]  # fmt: skip
    assert fingerprint(older) == before


def test_adopt_refuses_and_does_not_read_foreign_views(older: psycopg.Connection, superuser_url: str) -> None:
    older.execute(
        "CREATE FUNCTION reports.planted() RETURNS boolean LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'planted code ran'; END $$;"
        "CREATE SCHEMA zava AUTHORIZATION store_manager; SET ROLE store_manager;"
        "CREATE TABLE zava.about (schema_version integer); CREATE TABLE zava.customers_by_store (visible_in integer);"
        "ALTER TABLE retail.stores RENAME TO real; ALTER TABLE retail.real DISABLE ROW LEVEL SECURITY;"
        "CREATE VIEW retail.stores AS SELECT * FROM retail.real WHERE reports.planted(); RESET ROLE"
    )
    with pytest.raises(DatabaseUnavailable, match="cannot be adopted as it is") as caught:
        adopted(superuser_url)
    assert [line.strip() for line in caught.value.message.splitlines()[1:]] == [
        "retail.stores is not a table",
        "there is a schema zava that zava-mcp did not create",
    ]


def test_embed_refuses_to_run_other_roles_code(older: psycopg.Connection, superuser_url: str) -> None:
    adopted(superuser_url)
    older.execute(
        "CREATE FUNCTION reports.planted() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'planted code ran'; END $$; ALTER FUNCTION reports.planted() OWNER TO store_manager;"
        "CREATE TRIGGER planted BEFORE INSERT OR UPDATE OR DELETE ON retail.product_description_embeddings"
        " FOR EACH ROW EXECUTE FUNCTION reports.planted()"
    )
    with pytest.raises(DatabaseUnavailable, match=r"runs the function reports\.planted\(\), which store_manager can"):
        CliRunner().invoke(app, ["embed", "--admin-database-url", superuser_url], catch_exceptions=False)


def test_doctor_sql_for_bigint_ids_works(older: psycopg.Connection, superuser_url: str) -> None:
    adopted(superuser_url)
    check = sql.named("checks.sql")["conditions_see_own_rows_only"].encode()
    fixes = [fix for _, found, fix in older.execute(check).fetchall() if "is bigint" in found]
    for fix in fixes:
        older.execute(fix.encode())
    assert fixes
    assert not [found for _, found, _ in older.execute(check).fetchall() if "is bigint" in found]


def test_partitioning_runs_no_constraint_of_other_roles(older: psycopg.Connection, superuser_url: str) -> None:
    older.execute(
        "CREATE FUNCTION reports.planted() RETURNS boolean LANGUAGE sql AS 'SELECT true';"
        "ALTER FUNCTION reports.planted() OWNER TO store_manager;"
        "ALTER TABLE retail.orders ADD CONSTRAINT planted CHECK (reports.planted())"
    )
    adopted(superuser_url)
    blockers = older.execute("SELECT zava.partition_blockers('retail.orders')").fetchall()
    assert ("the constraint planted runs the function reports.planted(), which store_manager can change",) in blockers


def test_adopt_refuses_empty_and_embedded_databases(superuser_url: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"retail\.stores is missing"):
        adopted(superuser_url)
    with pytest.raises(InputError, match="not for the embedded database"):
        CliRunner().invoke(app, ["init", "--adopt", "--data-dir", str(tmp_path)], catch_exceptions=False)
    with pytest.raises(InputError, match="--dry-run is for --adopt"):
        CliRunner().invoke(app, ["init", "--dry-run", "--data-dir", str(tmp_path)], catch_exceptions=False)


def test_adopt_failure_at_the_end_undoes_everything(older: psycopg.Connection, superuser_url: str) -> None:
    before = fingerprint(older)
    older.execute(
        "CREATE FUNCTION public.no_comments() RETURNS event_trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'no comments, please'; END $$;"
        "CREATE EVENT TRIGGER no_comments ON ddl_command_start WHEN TAG IN ('COMMENT')"
        " EXECUTE FUNCTION public.no_comments()"
    )
    with pytest.raises(DatabaseUnavailable, match=r"undone: no comments, please"):
        adopted(superuser_url)
    older.execute("DROP EVENT TRIGGER no_comments; DROP FUNCTION public.no_comments()")
    assert fingerprint(older) == before


def test_adopt_row_change_undoes_everything(older: psycopg.Connection, superuser_url: str) -> None:
    older.execute(
        "CREATE FUNCTION public.meddle() RETURNS event_trigger LANGUAGE plpgsql AS"
        " $$ BEGIN UPDATE retail.orders SET order_date = order_date + 1 WHERE order_id = 7; END $$;"
        "CREATE EVENT TRIGGER meddle ON ddl_command_end WHEN TAG IN ('COMMENT') EXECUTE FUNCTION public.meddle()"
    )
    before, rows = fingerprint(older), rows_of(older)
    with pytest.raises(DatabaseUnavailable, match="rows would have changed, so everything was undone"):
        adopted(superuser_url)
    assert (fingerprint(older), rows_of(older)) == (before, rows)


def test_adopt_gives_up_if_tables_are_locked(older: psycopg.Connection, superuser_url: str) -> None:
    before = fingerprint(older)
    with psycopg.connect(superuser_url) as writer:
        writer.execute("LOCK TABLE retail.orders IN ROW EXCLUSIVE MODE")
        with pytest.raises(DatabaseUnavailable, match="a table could not be locked"):
            adopted(superuser_url)
    assert fingerprint(older) == before


def test_adopt_lists_manual_steps_with_their_sql(older: psycopg.Connection, superuser_url: str) -> None:
    output = adopted(superuser_url)
    for line in (
        "the login store_manager owned",
        'the login "Legacy ""App""" may DELETE, INSERT, SELECT, UPDATE, USAGE on',
        "the role reporting may SELECT on order_days, orders: REVOKE ALL ON",
        'the view reports."sales by store" reads the retail tables with the rights of store_manager; it is open',
        "the policy for_reports on retail.inventory is for reporting and stays",
        "new objects of store_manager in retail will be open to PUBLIC",
        "Zava Retail Warehouse has no user id",
        'Zava Retail Redmond and Zava Retail Redmond\'s "Annex" share one user id',
        'retail."Old ""Orders""" is not a table of zava-mcp, and no identity sees it',
    ):
        assert f"warning: {line}" in output
    assert older.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'store_manager'").fetchone() == (True,)
    older.execute("UPDATE retail.stores SET rls_user_id = gen_random_uuid() WHERE rls_user_id IS NULL")
    again = adopted(superuser_url)
    assert "logins created: 1" in again
    for line in again.splitlines():
        finding, _, fix = line.removeprefix("warning: ").rpartition(": ")
        if line.startswith("warning: ") and "those who" not in fix:
            older.execute(fix.removesuffix(", then init --adopt").encode())
            assert finding
    older.execute("REVOKE ALL ON retail.order_days FROM reporting; DROP MATERIALIZED VIEW retail.order_days")
    last = adopted(superuser_url)
    assert "warning" not in last
    granted = "SELECT has_column_privilege(%s, c.oid, 'order_id', 'SELECT') FROM pg_class c WHERE relname LIKE 'Old %%'"
    assert older.execute(granted.encode(), [SEATTLE]).fetchone() == (True,)


def test_adopt_gives_existing_logins_no_additional_rights(older: psycopg.Connection, superuser_url: str) -> None:
    older.execute(
        f'CREATE ROLE "{SEATTLE}" LOGIN SUPERUSER; CREATE ROLE "{HEAD_OFFICE}" LOGIN IN ROLE reporting'.encode()
    )
    older.execute(f'CREATE ROLE "{REDMOND}" LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA retail TO "{REDMOND}"'.encode())
    for output in (adopted(superuser_url), adopted(superuser_url)):
        for identity in (f"{SEATTLE} of Zava Retail Seattle", f"{HEAD_OFFICE} of Zava Retail head office"):
            assert f"gap: the login {identity} could do more than an identity may" in output
    admitted = {row[0] for row in older.execute("SELECT login::text FROM zava.access")}
    assert not admitted & {SEATTLE, HEAD_OFFICE}
    assert REDMOND in admitted
    held = (
        "SELECT has_table_privilege(%(login)s, 'retail.orders', 'SELECT, DELETE'),"
        " has_column_privilege(%(login)s, 'retail.stores', 'rls_user_id', 'SELECT'),"
        " has_column_privilege(%(login)s, 'retail.orders', 'order_id', 'SELECT')"
    )
    assert older.execute(held.encode(), {"login": REDMOND}).fetchone() == (False, False, True)


def test_adopt_protects_partitions_in_other_schemas(older: psycopg.Connection, superuser_url: str) -> None:
    older.execute(
        "CREATE SCHEMA archive; GRANT USAGE ON SCHEMA archive TO PUBLIC;"
        "CREATE TABLE archive.old_orders () INHERITS (retail.orders); GRANT SELECT ON archive.old_orders TO PUBLIC"
    )
    adopted(superuser_url)
    held = "SELECT has_table_privilege(%s, 'archive.old_orders', 'SELECT')"
    assert older.execute(held, [SEATTLE]).fetchone() == (False,)


def test_restricted_admin_can_administer_a_hardened_database(
    older: psycopg.Connection, member: str, superuser_url: str
) -> None:
    assert "set_config" in adopted(member)
    CliRunner().invoke(app, ["init", "--no-sample", "--admin-database-url", superuser_url], catch_exceptions=False)
    older.execute("ALTER TABLE retail.stores ADD COLUMN manager text")
    assert "the column manager of retail.stores is hidden from identities" in adopted(member)
    may = f"has_column_privilege('{SEATTLE}', 'retail.stores', 'manager', 'SELECT')"
    assert older.execute(f"SELECT {may}".encode()).fetchone() == (False,)
    (logins,) = older.execute("SELECT string_agg(quote_ident(login), ', ') FROM zava.access").fetchone() or ("",)
    older.execute(f"REVOKE SELECT (store_name) ON retail.stores FROM {logins}".encode())
    output = adopted(member)
    assert "set_config" not in output
    assert "temporary" not in output
    assert "logins admitted: 5" in output
    assert "nothing to do" in adopted(member)
    again = CliRunner().invoke(app, ["init", "--no-sample", "--admin-database-url", member], catch_exceptions=False)
    assert "nothing to do" in again.stdout


def test_adopt_has_nothing_to_do_in_a_new_database(server: str, database: str, superuser_url: str) -> None:
    CliRunner().invoke(app, ["init", "--scale", "0.002", "--admin-database-url", superuser_url], catch_exceptions=False)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        before = fingerprint(connection)
        assert adopted(superuser_url).splitlines()[0] == "nothing to do: everything is up to date"
        assert fingerprint(connection) == before
        connection.execute("UPDATE zava.about SET schema_version = 5")
        with pytest.raises(DatabaseUnavailable, match="schema version 5"):
            adopted(superuser_url)
