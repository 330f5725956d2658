"""Rows without ids and derived values get both, and the counters of ids are hidden from identities."""

from pathlib import Path

import psycopg
from typer.testing import CliRunner

from tests.admin.bakery import write_bakery
from tests.conftest import SEATTLE, login_keywords
from tests.installation import Doctor
from tests.servers import ZavaServer
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres

_INSERTS = [  # a statement, and the values that follow
    (
        "INSERT INTO retail.stores (store_name) VALUES ('New') RETURNING store_id, rls_user_id IS NOT NULL, is_online",
        (9, True, False),
    ),
    ("INSERT INTO retail.categories (category_name) VALUES ('NEW') RETURNING category_id", (10,)),
    ("INSERT INTO retail.product_types (category_id, type_name) VALUES (10, 'New') RETURNING type_id > 80", (True,)),
    (
        "INSERT INTO retail.products (sku, product_name, category_id, type_id, cost, base_price)"
        " SELECT 'NEW', 'New', 10, max(type_id), 3, 4 FROM retail.product_types"
        " RETURNING product_id, gross_margin_percent::text, product_description",
        (425, "25.00", ""),
    ),
    ("UPDATE retail.products SET cost = 5 WHERE sku = 'NEW' RETURNING gross_margin_percent::text", ("-25.00",)),
    (
        "UPDATE retail.products SET gross_margin_percent = 7 WHERE sku = 'NEW' RETURNING gross_margin_percent::text",
        ("7.00",),
    ),
    ("UPDATE retail.products SET cost = 1 WHERE sku = 'NEW' RETURNING gross_margin_percent::text", ("7.00",)),
    (
        "INSERT INTO retail.customers (first_name, last_name, email) VALUES ('A', 'B', 'new@example.com')"
        " RETURNING customer_id",
        (1,),
    ),
    (
        "INSERT INTO retail.orders (customer_id, store_id, order_date) VALUES (1, 9, '2024-01-01') RETURNING order_id",
        (900_000_001,),
    ),
    (
        "INSERT INTO retail.order_items (order_id, store_id, product_id, quantity, unit_price, discount_percent)"
        " VALUES (900000001, 9, 425, 3, 1.99, 10) RETURNING order_item_id, discount_amount::text, total_amount::text",
        (900_000_001, "0.60", "5.37"),
    ),
    ("SELECT count(*) FROM zava.customers_9", (1,)),
]
_LOOKS = [
    "SELECT last_value FROM {}",
    "SELECT pg_sequence_last_value('{}')",
    "SELECT currval('{}')",
    "SELECT nextval('{}')",
    "SELECT setval('{}', 1)",
]


def test_rows_without_ids_and_derived_values_get_both(superuser: psycopg.Connection) -> None:
    with superuser.transaction(force_rollback=True):
        for statement, expected in _INSERTS:
            assert superuser.execute(statement.encode()).fetchone() == expected, statement


def test_counters_of_ids_are_hidden_from_identities(
    installation: EmbeddedPostgres, superuser: psycopg.Connection
) -> None:
    names = (
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S'"
        " AND relnamespace IN ('retail'::regnamespace, 'zava'::regnamespace)"
    )
    sequences = [name for (name,) in superuser.execute(names.encode()).fetchall()]
    assert len(sequences) == 7
    with psycopg.connect(**login_keywords(installation, SEATTLE), autocommit=True) as seattle:
        for look in _LOOKS:
            for sequence in sequences:
                try:
                    seen = seattle.execute(look.format(sequence).encode()).fetchone()
                except psycopg.errors.InsufficientPrivilege:
                    continue
                assert seen == (None,), look
        counts = "SELECT last_value FROM pg_sequences WHERE last_value IS NOT NULL"
        for view in (counts, "SELECT FROM information_schema.sequences"):
            try:
                assert seattle.execute(view.encode()).fetchall() == []
            except psycopg.errors.InsufficientPrivilege:
                continue


def test_doctor_finds_a_counter_that_an_identity_can_read(superuser: psycopg.Connection, doctor: Doctor) -> None:
    superuser.execute("SET event_triggers = off")
    superuser.execute("GRANT USAGE, SELECT ON SEQUENCE retail.orders_order_id_seq TO zava_seattle")
    try:
        found = [check for check in doctor().values() if "retail.orders_order_id_seq" in check["found"]]
        assert {"login is read only", "nothing bypasses policies"} <= {check["name"] for check in found}
        for check in found:
            if check["fix"].startswith("REVOKE"):
                superuser.execute(check["fix"].encode())
        assert not [check for check in doctor().values() if "retail.orders_order_id_seq" in check["found"]]
    finally:
        superuser.execute("REVOKE ALL ON SEQUENCE retail.orders_order_id_seq FROM zava_seattle")


def test_files_are_loaded_on_postgresql_15_without_superuser_rights(debian_15: ZavaServer, tmp_path: Path) -> None:
    write_bakery(tmp_path)
    command = ["load", *map(str, tmp_path.glob("*.csv")), "--dry-run", "--admin-database-url", debian_15.admin_url]
    output = CliRunner().invoke(app, command, catch_exceptions=False).stdout
    assert "order_items: 6,000 added, 0 changed, 0 unchanged" in output, output
    assert "dry run: everything was undone" in output
