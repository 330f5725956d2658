"""Objects that an administrator adds block no query, and are hidden from identities until they are shown."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.conftest import HEAD_OFFICE, REDMOND, SEATTLE, asking, login_keywords, settings_for
from tests.installation import Doctor, not_passed
from zava_mcp.admin.own_objects import exposures, hidden_objects, revoke_exposures
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import DatabaseUnavailable
from zava_mcp.postgres.connection_parameters import embedded_parameters
from zava_mcp.postgres.identity import for_identity, verify_identity
from zava_mcp.postgres.user_ids import RequestedIdentity

_ADDED = re.findall(
    r"^-- (.+?) \| (.+?) \| (.+)\n((?:[^-\n].*\n?)+)",
    (Path(__file__).parent / "own_tables.sql").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)


def refusal(installation: EmbeddedPostgres) -> str:
    """The reason why the server refuses Seattle's queries; empty if it does not."""
    target = embedded_parameters(installation.open(), installation.logins()[SEATTLE])
    keywords = for_identity(target, UUID(SEATTLE), settings_for(installation.folder, SEATTLE)).keywords()
    with psycopg.connect(**keywords, autocommit=True) as connection:
        try:
            verify_identity(connection, RequestedIdentity(UUID(SEATTLE)))
        except DatabaseUnavailable as error:
            return error.message
    return ""


def read(installation: EmbeddedPostgres, query: str, user_id: str = SEATTLE) -> list[Any] | str:
    """The rows that an identity reads, or the name of the error."""
    with psycopg.connect(**login_keywords(installation, user_id), autocommit=True) as connection:
        try:
            return connection.execute(query.encode()).fetchall()
        except psycopg.Error as error:
            return type(error).__name__


@pytest.mark.parametrize(("what", "query", "undo", "added"), _ADDED, ids=[row[0] for row in _ADDED])
def test_added_objects_are_hidden_and_block_no_query(
    installation: EmbeddedPostgres, superuser: psycopg.Connection, what: str, query: str, undo: str, added: str
) -> None:
    try:
        superuser.execute(added.encode())
        assert (refusal(installation), read(installation, query)) == ("", "InsufficientPrivilege")
        superuser.execute(undo.encode())
        superuser.execute("SET event_triggers = off")
        superuser.execute(added.encode())
        if what.startswith("open"):  # as in a database that no superuser set up: refused, until init revokes it
            assert "can read objects that no policy of zava-mcp protects" in refusal(installation)
            assert exposures(superuser)
            assert any("own" in statement for statement in revoke_exposures(superuser))
        assert (refusal(installation), read(installation, query)) == ("", "InsufficientPrivilege")
        assert exposures(superuser) == []
    finally:
        superuser.execute("SET event_triggers = off")
        superuser.execute(undo.encode())


@pytest.mark.anyio
async def test_shown_table_has_the_stores_rows_and_a_description(
    installation: EmbeddedPostgres, superuser: psycopg.Connection, doctor: Doctor
) -> None:
    superuser.execute("CREATE TABLE retail.loyal (store_id integer, points integer)")
    superuser.execute("INSERT INTO retail.loyal VALUES (1, 10), (1, 11), (6, 60)")
    try:
        async with asking(settings_for(installation.folder, SEATTLE)) as seattle:
            assert await seattle.value("SELECT count(*) > 0 FROM retail.orders") is True
            text, _ = await seattle.call("get_multiple_table_schemas", table_names=["retail.loyal"])
            assert "points" not in text
            assert "may read these tables" in await seattle.refusal("SELECT * FROM retail.loyal")
            check = doctor()["added tables are visible"]
            assert (check["state"], check["fix"]) == ("warn", "SELECT zava.show_table('retail.loyal')")
            assert hidden_objects(superuser) == [f"{check['found']}: {check['fix']}"]
            superuser.execute(check["fix"].encode())
            assert (await seattle.query("SELECT points FROM retail.loyal ORDER BY 1"))["rows"] == [[10], [11]]
            text, _ = await seattle.call("get_multiple_table_schemas", table_names=["retail.loyal"])
            assert "points" in text
        assert read(installation, "SELECT sum(points) FROM retail.loyal", HEAD_OFFICE) == [(81,)]
        assert read(installation, "SELECT points FROM retail.loyal", REDMOND) == [(60,)]
        fails = (
            "SELECT count(*) FROM retail.loyal WHERE CASE WHEN store_id = 1 THEN false ELSE 1 / (points - 60) > 0 END"
        )
        assert read(installation, fails) == [(0,)]
        assert not_passed(doctor()) == set()
    finally:
        superuser.execute("DROP TABLE retail.loyal")


def test_new_identity_reads_only_shown_tables(installation: EmbeddedPostgres, superuser: psycopg.Connection) -> None:
    superuser.execute(
        "CREATE TABLE retail.shown (store_id integer); SELECT zava.show_table('retail.shown');"
        " CREATE TABLE retail.hidden (store_id integer); CREATE VIEW retail.seen AS TABLE retail.orders;"
        " SELECT zava.show_table('retail.seen');"
        " ALTER TABLE retail.orders ADD COLUMN shown text, ADD COLUMN hidden text;"
        " SELECT zava.show_column('retail.orders', 'shown'); CREATE ROLE newcomer LOGIN;"
        " SELECT zava.admit('newcomer', gen_random_uuid(), 'x', false, '{1}')"
    )
    try:
        names = ("shown", "hidden", "seen", "orders.shown", "orders.hidden", "orders.order_id", "products.sku")
        asked = [
            f"has_column_privilege('newcomer', 'retail.{table}', '{column or 'store_id'}', 'SELECT')"
            for table, _, column in (name.partition(".") for name in names)
        ]
        (may,) = superuser.execute(f"SELECT {', '.join(asked)}".encode()).fetchall()
        assert dict(zip(names, may, strict=True)) == {name: "hidden" not in name for name in names}
        with pytest.raises(psycopg.Error, match="has no integer column store_id"):
            superuser.execute("CREATE TABLE retail.whole (day date); SELECT zava.show_table('retail.whole')")
        with pytest.raises(psycopg.Error, match="names other identities"):
            superuser.execute("SELECT zava.show_column('zava.stores', 'rls_user_id')")
    finally:
        superuser.execute(
            "DELETE FROM zava.access WHERE login = 'newcomer'; DROP OWNED BY newcomer; DROP ROLE newcomer"
        )
        superuser.execute("DROP TABLE retail.shown, retail.hidden; DROP VIEW retail.seen")
        superuser.execute("ALTER TABLE retail.orders DROP COLUMN shown, DROP COLUMN hidden")


def test_administrator_revokes_own_exposures_and_names_the_rest(
    installation: EmbeddedPostgres, superuser: psycopg.Connection
) -> None:
    superuser.execute("SET event_triggers = off; CREATE ROLE cloud_admin LOGIN PASSWORD 'x' IN ROLE zava_owner")
    superuser.execute(
        "CREATE TABLE public.own (); CREATE TABLE public.foreign_table (); GRANT SELECT ON own, foreign_table TO PUBLIC"
    )
    superuser.execute("ALTER TABLE public.own OWNER TO cloud_admin; GRANT CONNECT ON DATABASE zava TO cloud_admin")
    cloud_admin = {**login_keywords(installation, SEATTLE), "user": "cloud_admin", "password": "x"}
    try:
        with psycopg.connect(**cloud_admin, autocommit=True) as connection:
            connection.execute("SET search_path = pg_catalog, pg_temp")
            assert revoke_exposures(connection) == ["REVOKE SELECT ON public.own FROM PUBLIC CASCADE"]
            (left,) = exposures(connection)
            assert left.endswith("runs REVOKE SELECT ON public.foreign_table FROM PUBLIC CASCADE")
    finally:
        superuser.execute(
            "DROP TABLE public.own, public.foreign_table; DROP OWNED BY cloud_admin; DROP ROLE cloud_admin"
        )
