"""Exposed tables beside the sample's: rows follow their orders, and each change of protection is found and fixed."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import SEATTLE, login_keywords
from tests.installation import Doctor, not_passed
from zava_mcp import sql
from zava_mcp.embedded import EmbeddedPostgres

CHECK = sql.named("checks.sql")["exposed_tables_are_protected"]
#: A change, and a part of what the check finds.
FAULTS = (
    ("DROP POLICY isolation ON own.visit", "isolation on own.visit is missing or changed"),
    ("DROP POLICY own_stores ON own.visit", "own_stores on own.visit is missing or changed"),
    ("ALTER POLICY isolation ON own.visit USING (store_id = ANY (zava.visible_stores()))", "isolation on own.visit"),
    ("ALTER POLICY own_stores ON own.returned USING (zava.is_known())", "own_stores on own.returned"),
    (
        "CREATE POLICY first ON own.visit AS RESTRICTIVE USING (true)",
        "first on own.visit is evaluated before isolation",
    ),
    ('ALTER TABLE own.returned DISABLE TRIGGER "~zava_store"', "nothing fills zava_store of own.returned"),
    ('DROP TRIGGER "~zava_store" ON own.returned', "nothing fills zava_store of own.returned"),
    (
        "DROP TRIGGER zava_parent_moved ON retail.orders",
        "rows of own.returned do not follow their parent retail.orders",
    ),
    (
        "CREATE FUNCTION own.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        ' CREATE TRIGGER "~~" BEFORE INSERT ON own.returned FOR EACH ROW EXECUTE FUNCTION own.f()',
        'the trigger "~~" on own.returned could change a row',
    ),
    ("ALTER POLICY every_identity ON own.holiday USING (true)", "every_identity on own.holiday"),
    (
        "CREATE ROLE own_stranger; ALTER TABLE own.visit OWNER TO own_stranger",
        "own.visit belongs to own_stranger",
    ),
)


@pytest.fixture
def exposed(superuser: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A superuser's connection to a database of shops with three exposed tables."""
    superuser.execute(
        "CREATE SCHEMA own; CREATE TABLE own.visit (store_id integer, visitors integer);"
        " CREATE TABLE own.returned (returned_id integer PRIMARY KEY, order_id integer);"
        " CREATE TABLE own.holiday (day date);"
        " CREATE INDEX ON own.returned (order_id); INSERT INTO own.visit VALUES (1, 10), (2, 20), (NULL, 30), (77, 40);"
        " INSERT INTO own.returned SELECT order_id, order_id FROM retail.orders;"
        " SELECT zava.expose_table('own.visit', 'store', '{store_id,visitors}', 'store_id');"
        " SELECT zava.expose_table('own.returned', 'through', '{returned_id,order_id}', 'order_id', 'retail.orders',"
        " 'order_id');"
        " SELECT zava.expose_table('own.holiday', 'shared', '{day}')"
    )
    try:
        yield superuser
    finally:
        superuser.execute(
            "SELECT zava.hide_table(t) FROM unnest('{own.returned,own.visit,own.holiday}'::regclass[]) AS t;"
            " DROP SCHEMA own CASCADE; DROP ROLE IF EXISTS own_stranger"
        )
        superuser.execute("SELECT zava.set_bitmap_scans(login) FROM zava.access")


def findings(installation: EmbeddedPostgres) -> list[tuple[str, str, str]]:
    with psycopg.connect(**login_keywords(installation, SEATTLE), autocommit=True) as seattle:
        seattle.execute("SET search_path = pg_catalog, pg_temp")
        return seattle.execute(CHECK.encode()).fetchall()


def test_each_change_of_exposed_tables_is_found_and_fixed(
    exposed: psycopg.Connection, installation: EmbeddedPostgres, doctor: Doctor
) -> None:
    checks = doctor()
    assert not_passed(checks) == set()
    assert {"attack: a condition on other stores' own.returned", "attack: a condition on other stores' orders"} < set(
        checks
    )
    exposed.execute("SET event_triggers = off")
    for fault, found in FAULTS:
        exposed.execute(fault.encode())
        rows = findings(installation)
        assert any(found in row[1] for row in rows), (fault, rows)
        for row in rows:
            exposed.execute(row[2].encode())
        assert findings(installation) == [], fault
    exposed.execute("ALTER TABLE own.visit NO FORCE ROW LEVEL SECURITY")
    with psycopg.connect(**login_keywords(installation, SEATTLE), autocommit=True) as seattle:
        forced = sql.named("checks.sql")["row_level_security_is_on"]
        assert "own.visit: not forced" in str(seattle.execute(forced.encode()).fetchall())


def test_rows_of_exposed_table_follow_their_orders(exposed: psycopg.Connection, installation: EmbeddedPostgres) -> None:
    with psycopg.connect(**login_keywords(installation, SEATTLE), autocommit=True) as seattle:

        def agrees() -> int:
            own, orders, visits = seattle.execute(
                "SELECT (SELECT count(*) FROM own.returned),"
                " (SELECT count(*) FROM retail.orders JOIN own.returned USING (order_id)),"
                " (SELECT sum(visitors) FROM own.visit)"
            ).fetchall()[0]
            assert (own, visits) == (orders, 10)
            return int(own)

        before = agrees()
        exposed.execute("INSERT INTO own.returned VALUES (-1, -1), (-2, -2)")
        assert agrees() == before
        exposed.execute(
            "INSERT INTO retail.orders SELECT n, max(customer_id), 3 + n, '2026-01-01'"
            " FROM retail.customers, unnest('{-1,-2}'::int[]) AS n GROUP BY n"
        )
        assert agrees() == before + 1  # -2 is in store 1
        exposed.execute("UPDATE retail.orders SET store_id = 1 WHERE order_id = -1")
        assert agrees() == before + 2
        exposed.execute("UPDATE retail.orders SET store_id = 2 WHERE order_id = -1")
        assert agrees() == before + 1
        exposed.execute("DELETE FROM retail.orders WHERE order_id IN (-1, -2)")
        assert agrees() == before
        assert exposed.execute(
            "SELECT count(*) FROM own.returned WHERE order_id < 0 AND zava_store IS NULL"
        ).fetchone() == (2,)
        exposed.execute("DELETE FROM own.returned WHERE order_id < 0")
