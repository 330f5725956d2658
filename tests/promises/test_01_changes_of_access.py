"""Promise 1, over time: what an admin changes about who sees what holds from the next question on, in open sessions."""

import threading
from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import HEAD_OFFICE, REDMOND, SEATTLE, admin_keywords, login_keywords, small_embedded
from tests.polling import until
from zava_mcp.embedded import EmbeddedPostgres

SEEN = "SELECT coalesce(array_agg(DISTINCT store_id ORDER BY store_id), '{}') FROM retail.orders"
KNOWN = "SELECT count(*) FROM retail.categories"
ALL = [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with small_embedded(tmp_path_factory.mktemp("shop")) as postgres:
        yield postgres


@pytest.fixture
def admin(postgres: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """An admin, whose changes of the list of who sees what are undone after the test."""
    with psycopg.connect(**admin_keywords(postgres), autocommit=True) as connection:
        connection.execute("CREATE TABLE public.before AS TABLE zava.access")
        yield connection
        connection.execute(
            "RESET SESSION AUTHORIZATION; DELETE FROM zava.access; INSERT INTO zava.access TABLE public.before"
        )
        connection.execute("DROP TABLE public.before")


@pytest.fixture
def seattle(postgres: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """A session of Seattle's manager that has asked already; what it asks often, it prepares."""
    with psycopg.connect(**login_keywords(postgres, SEATTLE), autocommit=True) as connection:
        assert seen(connection) == [1]
        yield connection


def seen(connection: psycopg.Connection) -> list[int]:
    """The stores whose orders a session sees."""
    row = connection.execute(SEEN.encode()).fetchone()
    assert row is not None
    return list(row[0])


def test_other_stores_a_larger_right_and_none_hold_from_the_next_question(
    admin: psycopg.Connection, seattle: psycopg.Connection
) -> None:
    admin.execute("UPDATE zava.access SET store_ids = '{2}' WHERE login = 'zava_seattle'")
    assert seen(seattle) == [2]
    admin.execute("UPDATE zava.access SET store_ids = '{3,4}' WHERE login = 'zava_seattle'")
    assert seen(seattle) == [3, 4]
    admin.execute("UPDATE zava.access SET store_ids = '{}', all_stores = true WHERE login = 'zava_seattle'")
    assert seen(seattle) == ALL
    admin.execute("UPDATE zava.access SET all_stores = false WHERE login = 'zava_seattle'")
    assert seen(seattle) == []
    assert seattle.execute(KNOWN).fetchone() == (9,)
    admin.execute("DELETE FROM zava.access WHERE login = 'zava_seattle'")
    assert seattle.execute(KNOWN).fetchone() == (0,)
    admin.execute("INSERT INTO zava.access SELECT * FROM public.before WHERE login = 'zava_seattle'")
    assert (seen(seattle), seattle.execute(KNOWN).fetchone()) == ([1], (9,))
    admin.execute("TRUNCATE zava.access")
    assert (seen(seattle), seattle.execute(KNOWN).fetchone()) == ([], (0,))


def test_a_change_that_is_not_committed_holds_for_nobody_else(
    admin: psycopg.Connection, seattle: psycopg.Connection
) -> None:
    with admin.transaction(force_rollback=True):
        admin.execute("UPDATE zava.access SET store_ids = '{2}' WHERE login = 'zava_seattle'")
        assert seen(seattle) == [1]
    assert seen(seattle) == [1]


def test_what_a_session_sees_of_a_change_that_is_then_undone_is_undone_with_it(admin: psycopg.Connection) -> None:
    """Whatever looks while the rows are being changed: here a trigger of somebody else's."""
    admin.execute("SELECT zava.admit('postgres', gen_random_uuid(), 'an admin', false, '{5}')")
    admin.execute(
        "CREATE FUNCTION public.looks() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM zava.visible_stores(); RETURN NULL; END $$;"
        " CREATE TRIGGER aaa AFTER UPDATE ON zava.access FOR EACH ROW EXECUTE FUNCTION public.looks()"
    )
    try:
        with admin.transaction(force_rollback=True):
            admin.execute("UPDATE zava.access SET store_ids = '{6}' WHERE login = 'postgres'")
        assert admin.execute("SELECT zava.visible_stores()").fetchone() == ([5],)
    finally:
        admin.execute("DROP FUNCTION public.looks() CASCADE; ALTER ROLE postgres RESET ALL")


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_that_goes_on_seeing_what_was_keeps_none_of_it_for_later(
    admin: psycopg.Connection, seattle: psycopg.Connection, level: str
) -> None:
    with seattle.transaction():
        seattle.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
        assert seen(seattle) == [1]
        admin.execute("UPDATE zava.access SET store_ids = '{2}' WHERE login = 'zava_seattle'")
        assert seen(seattle) == [1]
    assert seen(seattle) == [2]


def test_a_statement_under_way_keeps_nothing_for_later_ones_that_was_taken_meanwhile(
    admin: psycopg.Connection, seattle: psycopg.Connection
) -> None:
    """It began before the change, and asks for the policies' values after it: the session's next statement is not told
    what was true at the beginning of this one."""
    text_run_late = "ts_stat('SELECT to_tsvector(store_id::text) FROM retail.orders')"
    admin.execute("GRANT EXECUTE ON FUNCTION ts_stat(text) TO PUBLIC")
    try:
        with seattle.transaction():
            seattle.execute(f"DECLARE under_way CURSOR FOR SELECT * FROM {text_run_late}".encode())
            admin.execute("UPDATE zava.access SET store_ids = '{2}' WHERE login = 'zava_seattle'")
            seattle.execute("FETCH under_way")
        assert seen(seattle) == [2]
    finally:
        admin.execute("REVOKE EXECUTE ON FUNCTION ts_stat(text) FROM PUBLIC")


def test_an_admin_who_tries_identities_out_in_one_session_is_shown_what_each_sees(admin: psycopg.Connection) -> None:
    admin.prepare_threshold = None
    sees = {"zava_seattle": [1], "zava_head_office": ALL, "zava_redmond": [6]}
    for login, stores in [*sees.items(), *reversed(sees.items())]:
        admin.execute(f"SET SESSION AUTHORIZATION {login}".encode())
        assert seen(admin) == stores
        assert admin.execute("SELECT zava.only_store()").fetchone() == (stores[0] if len(stores) == 1 else None,)
        assert admin.execute("SELECT zava.is_known(), zava.sees_all_stores()").fetchone() == (True, stores == ALL)
        admin.execute("RESET SESSION AUTHORIZATION")
        assert admin.execute("SELECT zava.is_known(), zava.sees_all_stores()").fetchone() == (False, False)


def test_admins_who_change_it_at_once_wait_for_one_another(
    postgres: EmbeddedPostgres, admin: psycopg.Connection
) -> None:
    change = "UPDATE zava.access SET display_name = 'changed' WHERE login = %s"
    failures: list[Exception] = []

    def other_admin() -> None:
        try:
            with psycopg.connect(**admin_keywords(postgres), application_name="other admin") as connection:
                connection.execute(change, ["zava_redmond"])
        except psycopg.Error as error:
            failures.append(error)

    waits = "SELECT FROM pg_stat_activity WHERE application_name = 'other admin' AND wait_event_type = 'Lock'"
    other = threading.Thread(target=other_admin)
    with psycopg.connect(**admin_keywords(postgres)) as connection:
        connection.execute(change, ["zava_seattle"])
        other.start()
        until(lambda: admin.execute(waits.encode()).rowcount == 1)
        connection.execute(change, ["zava_redmond"])  # which the other one wants to change
    other.join()
    assert failures == []
    assert admin.execute("SELECT count(*) FROM zava.access WHERE display_name = 'changed'").fetchone() == (2,)


@pytest.mark.parametrize("user_id", [SEATTLE, REDMOND, HEAD_OFFICE])
def test_a_session_reads_the_list_as_often_for_twenty_questions_as_for_one(
    postgres: EmbeddedPostgres, admin: psycopg.Connection, user_id: str
) -> None:
    """The policies cost short questions nothing, which reading it for each table would."""

    def times_read(questions: int) -> int:
        before = _scans(admin)
        with psycopg.connect(**login_keywords(postgres, user_id), autocommit=True) as connection:
            process = connection.info.backend_pid
            for _ in range(questions):
                seen(connection)
        until(lambda: admin.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [process]).rowcount == 0)
        return _scans(admin) - before

    # Other processes, such as autovacuum, read it too: the smaller of two counts is this session's.
    assert min(times_read(20), times_read(20)) == min(times_read(1), times_read(1)) > 0


def _scans(admin: psycopg.Connection) -> int:
    both = "pg_stat_get_numscans('zava.access'::regclass) + pg_stat_get_numscans('zava.access_pkey'::regclass)"
    row = admin.execute(f"SELECT {both}".encode()).fetchone()
    assert row is not None
    return int(row[0])
