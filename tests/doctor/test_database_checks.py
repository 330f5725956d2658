"""The doctor and the database: all well on our own installation, each fault named, and cured by its own SQL."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import ADMIN, HEAD_OFFICE, REDMOND, SEATTLE, admin_keywords
from tests.installation import Doctor, not_passed, run_doctor
from zava_mcp import sql
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres

_BLOCKS = re.findall(
    r"^-- (.+?) \| (.+?) \|(.*)\n((?:[^-\n].*\n?)+)",
    (Path(__file__).parent / "faults.sql").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)
FAULTS = [tuple(part.strip() for part in block) for block in _BLOCKS]


def test_fresh_installation_passes_all_checks(doctor: Doctor) -> None:
    checks = doctor()
    assert not_passed(checks) == set()
    assert len([name for name in checks if name.startswith("attack: ")]) == 14
    assert checks["embeddings"]["found"] == "424 of 424 products have one of local/all-MiniLM-L6-v2-int8"


def test_terminal_output_has_a_table_and_the_fixes(
    installation: EmbeddedPostgres, superuser: psycopg.Connection, doctor: Doctor
) -> None:
    superuser.execute("GRANT INSERT, UPDATE ON retail.orders TO PUBLIC; GRANT DELETE ON retail.stores TO PUBLIC")
    flags = ["doctor", "--user-id", SEATTLE, "--data-dir", str(installation.folder)]
    shown = CliRunner().invoke(app, flags, catch_exceptions=False)
    assert shown.exit_code == 1
    assert "attack: set another role" in shown.stdout
    assert "readable by its owner alone" in shown.stdout
    first, second = "REVOKE DELETE ON retail.stores FROM PUBLIC", "REVOKE INSERT, UPDATE ON retail.orders FROM PUBLIC"
    assert shown.stdout.endswith(f"\nlogin is read only:\n  {second};\n  {first}\n") or shown.stdout.endswith(
        f"\nlogin is read only:\n  {first};\n  {second}\n"
    )
    superuser.execute(doctor()["login is read only"]["fix"].encode())


@pytest.mark.parametrize(("name", "found", "besides", "fault"), FAULTS)
def test_each_fault_is_named_and_fixed_by_its_sql(
    superuser: psycopg.Connection, doctor: Doctor, name: str, found: str, besides: str, fault: str
) -> None:
    superuser.execute(fault.encode())
    checks = doctor()
    expected = {"": set(), "*": {"attacks"}}.get(besides, {f"attack: {besides}"})
    assert not_passed(checks) == {name, *expected}
    warns = (
        name
        in (
            "functions revoked from public",
            "table sizes are hidden",
            "temporary files are limited",
            "code on tables is trusted",
            "added tables are visible",
            *(name.replace("_", " ") for name in sql.named("data_checks.sql")),
        )
        or "may become or alter" in found
    )
    assert checks[name]["state"] == ("warn" if warns else "fail")
    assert found in checks[name]["found"]
    assert ("read it first" in checks[name]["fix"]) == (name == "code on tables is trusted")
    superuser.execute(checks[name]["fix"].encode())
    assert not_passed(doctor()) == set()


@pytest.fixture
def kept_counters(superuser: psycopg.Connection) -> Iterator[None]:
    """Sets the numbers of orders and items back, which other tests of the same database expect."""
    names = ("'retail.orders', 'order_id'", "'retail.order_items', 'order_item_id'")
    sequences = [superuser.execute(f"SELECT pg_get_serial_sequence({name})".encode()).fetchone() for name in names]
    found = [
        (name, superuser.execute(f"SELECT last_value, is_called FROM {name}".encode()).fetchone())
        for (name,) in filter(None, sequences)
    ]
    yield
    for name, state in found:
        assert state is not None
        superuser.execute("SELECT setval(%s, %s, %s)", [name, *state])


@pytest.mark.usefixtures("kept_counters")
def test_order_id_of_two_concurrent_transactions_is_named_and_fixed(
    installation: EmbeddedPostgres, superuser: psycopg.Connection, doctor: Doctor
) -> None:
    with (
        psycopg.connect(**admin_keywords(installation)) as first,
        psycopg.connect(**admin_keywords(installation)) as second,
    ):
        for connection, store in ((first, 1), (second, 2)):
            connection.execute(
                "INSERT INTO retail.orders (order_id, customer_id, store_id, order_date)"
                " SELECT 99000001, customer_id, store_id, '2026-01-01' FROM retail.orders WHERE store_id = %s LIMIT 1",
                [store],
            )
            connection.execute(
                "INSERT INTO retail.order_items (order_id, store_id, product_id, quantity, unit_price, total_amount)"
                " VALUES (99000001, %s, 1, 1, 5, 5)",
                [store],
            )
    assert not_passed(doctor()) == set()  # one store's manager sees one of the two
    check = doctor("--user-id", HEAD_OFFICE)["order ids are unique"]
    assert (check["state"], check["found"]) == ("warn", "1 order id is in several stores, the first is 99000001")
    superuser.execute(check["fix"].encode())
    assert not_passed(doctor("--user-id", HEAD_OFFICE)) == set()
    ids = [99000001, *(superuser.execute("SELECT lastval()").fetchone() or ())]
    for table in ("order_items", "orders"):
        assert superuser.execute(f"DELETE FROM retail.{table} WHERE order_id = ANY (%s)".encode(), [ids]).rowcount == 2


@pytest.mark.parametrize(
    ("fault", "repair", "name", "found", "fix"),
    [
        (
            f'CREATE ROLE "{REDMOND}"',
            f'DROP ROLE "{REDMOND}"',
            "login names",
            "1 login is named by user id",
            "not as secrets",
        ),
        (
            f"UPDATE zava.access SET rls_user_id = '{REDMOND}' WHERE login = 'zava_seattle'",
            f"UPDATE zava.access SET rls_user_id = '{SEATTLE}' WHERE login = 'zava_seattle'",
            "identity",
            "another identity",
            "Use the login of the user id",
        ),
        (
            "UPDATE zava.access SET login = 'nobody' WHERE login = 'zava_seattle'",
            "UPDATE zava.access SET login = 'zava_seattle' WHERE login = 'nobody'",
            "identity",
            "is not an identity of this database",
            "zava-mcp identities",
        ),
        (
            "UPDATE zava.about SET schema_version = 1",
            f"UPDATE zava.about SET schema_version = {sql.schema_version()}",
            "schema",
            "schema version 1, this program needs",
            "zava-mcp init",
        ),
    ],
)
def test_fault_without_sql_fix_has_instructions(
    superuser: psycopg.Connection, doctor: Doctor, fault: str, repair: str, name: str, found: str, fix: str
) -> None:
    superuser.execute(fault.encode())
    checks = doctor()
    assert not_passed(checks) - {"attacks"} == {name}
    assert found in checks[name]["found"]
    assert fix in checks[name]["fix"]
    superuser.execute(repair.encode())
    assert not_passed(doctor()) == set()


@pytest.mark.parametrize(
    ("fault", "missing"),
    [
        ("SELECT ON ALL TABLES IN SCHEMA zava", "SELECT on zava.about"),
        ("SELECT (schema_version) ON zava.about", "SELECT on zava.about"),
        ("SELECT (name) ON zava.company", "SELECT on zava.company"),
        ("USAGE ON SCHEMA zava", "USAGE on the schema zava"),
        ("EXECUTE ON ALL FUNCTIONS IN SCHEMA zava", "EXECUTE on zava.is_known(), "),
    ],
)
def test_missing_privilege_is_named_with_the_grant_that_restores_it(
    superuser: psycopg.Connection, doctor: Doctor, fault: str, missing: str
) -> None:
    superuser.execute(f"REVOKE {fault} FROM zava_seattle".encode())
    checks = doctor()
    assert f"the login zava_seattle lacks a privilege that every identity has: {missing}" in checks["identity"]["found"]
    grants = checks["identity"]["fix"].removeprefix("An administrator runs: ")
    superuser.execute(grants.encode())
    assert doctor()["identity"]["state"] == "ok"
    superuser.execute("SELECT zava.grant_reading()")


@pytest.mark.parametrize(
    ("fault", "state", "found"),
    [
        ("DELETE FROM retail.product_description_embeddings WHERE product_id <= 3", "warn", "421 of 424 products have"),
        (
            "UPDATE retail.products SET product_name = 'New' WHERE product_id <= 2",
            "warn",
            "422 of 424 products have one",
        ),
        (
            "UPDATE retail.product_description_embeddings SET model_id = 'other'",
            "fail",
            "the embeddings were computed with other",
        ),
    ],
)
def test_missing_embeddings_are_counted_and_made_by_embed(
    superuser: psycopg.Connection,
    installation: EmbeddedPostgres,
    doctor: Doctor,
    fault: str,
    state: str,
    found: str,
) -> None:
    superuser.execute(fault.encode())
    checks = doctor()
    assert not_passed(checks) == {"embeddings"}
    assert (checks["embeddings"]["state"], found in checks["embeddings"]["found"]) == (state, True)
    assert "zava-mcp embed" in checks["embeddings"]["fix"]
    made = CliRunner().invoke(app, ["embed", "--data-dir", str(installation.folder)], catch_exceptions=False)
    assert made.exit_code == 0, made.output
    assert not_passed(doctor()) == set()


def test_policy_that_an_attack_passes_is_found(superuser: psycopg.Connection, doctor: Doctor) -> None:
    superuser.execute(
        "GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO PUBLIC; CREATE POLICY older ON retail.orders FOR"
        " SELECT USING (current_setting('app.current_rls_user_id', true) = '00000000-0000-0000-0000-000000000000')"
    )
    forgery, condition = "attack: set the legacy identity setting", "attack: a condition on other stores' orders"
    faults = {"no policy trusts a setting", "functions revoked from public"}
    assert not_passed(doctor()) == faults  # the restrictive policy holds
    superuser.execute("DROP POLICY isolation ON retail.orders")
    checks = doctor()
    assert not_passed(checks) == {*faults, "every table has its policies", forgery, condition}
    assert "more than this identity's rows" in checks[forgery]["found"]
    assert "evaluated on other stores' rows" in checks[condition]["found"]
    for name in ("no policy trusts a setting", "functions revoked from public", "every table has its policies"):
        superuser.execute(checks[name]["fix"].encode())
    assert not_passed(doctor()) == set()


@pytest.mark.usefixtures("home")
def test_unreachable_or_empty_database_fails_with_the_reason(server: str, database: str) -> None:
    down = run_doctor("--database-url", "postgresql://127.0.0.1:1/zava")
    assert not_passed(down) == {"connection"}
    assert "not running" in down["connection"]["found"]
    url = ADMIN.format(database=database, host=server)
    empty = run_doctor("--database-url", url)
    assert not_passed(empty) == {"schema", "attacks"}
    assert "not set up for zava-mcp" in empty["schema"]["found"]
    assert "zava-mcp init" in empty["schema"]["fix"]
    assert "--adopt" in empty["schema"]["fix"]
    missing = run_doctor("--database-url", url.replace(database, "no_such_database"))
    assert "does not exist" in missing["connection"]["found"]


@pytest.mark.usefixtures("home")
def test_missing_pgvector_is_a_warning_with_its_fix(server: str, database: str) -> None:
    url = ADMIN.format(database=database, host=server)
    init = ["init", "--scale", "0.002", "--admin-database-url", url]
    CliRunner().invoke(app, init, catch_exceptions=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE \"{SEATTLE}\" PASSWORD 'x'".encode())
        connection.execute("DROP TABLE retail.product_description_embeddings; DROP EXTENSION vector")
        seattle = ("--database-url", f"postgresql://{SEATTLE}:x@/{database}?host={server}")
        checks = run_doctor(*seattle)
        assert not_passed(checks) == {"extension vector", "login names"}
        assert checks["extension vector"]["state"] == "warn"
        assert "search uses full-text search" in checks["extension vector"]["found"]
        create, _, then = checks["extension vector"]["fix"].partition("; then run zava-mcp ")
        connection.execute(create.encode())
        assert then == "init"
        CliRunner().invoke(app, init, catch_exceptions=False)
    assert not_passed(run_doctor(*seattle)) == {"login names"}
