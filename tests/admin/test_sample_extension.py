"""The embedded sample is extended to today exactly once, also by concurrent and killed processes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import SEATTLE, admin_keywords, asking, settings_for, small_embedded
from tests.polling import until
from zava_mcp.admin.sample_extension import extend_sample
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import EmbeddedError, InputError

TODAY = datetime.now(UTC).date()
LATER = TODAY + timedelta(days=300)
ROWS = (
    "SELECT md5(string_agg(o::text, '|' ORDER BY o::text)), md5(string_agg(i::text, '|' ORDER BY i::text))"
    " FROM retail.orders o JOIN retail.order_items i USING (order_id) WHERE order_date > %s"
)
LAST_DAY = "SELECT max(order_date) FROM retail.orders"


@pytest.fixture(scope="module")
def stale(tmp_path_factory: pytest.TempPathFactory, clean_environment: None) -> Iterator[EmbeddedPostgres]:
    with small_embedded(tmp_path_factory.mktemp("stale")) as postgres:
        yield postgres


@pytest.fixture
def admin(stale: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    with psycopg.connect(**admin_keywords(stale), autocommit=True) as connection:
        yield connection
        take_back(connection, TODAY)


def take_back(admin: psycopg.Connection, day: date) -> None:
    """Makes the sample end on a day again."""
    late = "SELECT order_id FROM retail.orders WHERE order_date > %s"
    admin.execute(f"DELETE FROM retail.order_items WHERE order_id IN ({late})".encode(), [day])
    admin.execute(b"DELETE FROM retail.orders WHERE order_date > %s", [day])
    admin.execute(b"UPDATE zava.sample_extension SET extended_to = %s", [day])


def test_extension_day_by_day_equals_extension_at_once(admin: psycopg.Connection) -> None:
    added = extend_sample(admin, LATER)
    at_once = admin.execute(ROWS, [TODAY]).fetchone()
    assert 40 < added < 140
    assert extend_sample(admin, LATER) == 0
    wrong = (
        "SELECT FROM retail.orders o JOIN zava.customers c USING (customer_id) WHERE o.order_date > %s"
        " AND (o.order_date > %s OR c.created_at > o.order_date)"
        " UNION ALL SELECT FROM retail.order_items WHERE total_amount <> quantity * unit_price - discount_amount"
    )
    assert admin.execute(wrong.encode(), [TODAY, LATER]).rowcount == 0
    take_back(admin, TODAY)
    steps = [extend_sample(admin, TODAY + timedelta(days=days)) for days in (1, 2, 40, 41, 200, 300)]
    assert (sum(steps), admin.execute(ROWS, [TODAY]).fetchone()) == (added, at_once)


def test_extension_keeps_added_rows(admin: psycopg.Connection) -> None:
    admin.execute("CREATE ROLE newcomer LOGIN; SELECT zava.admit('newcomer', gen_random_uuid(), 'x', false, '{1}')")
    admin.execute("INSERT INTO retail.stores VALUES (41, 'New', gen_random_uuid(), false)")
    admin.execute(
        "INSERT INTO retail.orders SELECT 410000001, customer_id, 41, %s FROM zava.customers LIMIT 1", [TODAY]
    )
    kept = "SELECT (SELECT count(*) FROM zava.access), (SELECT count(*) FROM retail.orders WHERE store_id = 41)"
    try:
        before = admin.execute(kept.encode()).fetchone()
        assert extend_sample(admin, LATER) > 0
        assert admin.execute(kept.encode()).fetchone() == before
    finally:
        admin.execute("DELETE FROM retail.orders WHERE store_id = 41; DELETE FROM zava.access WHERE login = 'newcomer'")
        admin.execute("DROP OWNED BY newcomer; DROP ROLE newcomer")


def test_extension_runs_in_one_process_and_is_atomic(stale: EmbeddedPostgres, admin: psycopg.Connection) -> None:
    with psycopg.connect(**admin_keywords(stale), autocommit=True) as other:
        transaction = other.transaction()
        transaction.__enter__()
        assert extend_sample(other, LATER) > 0
        assert extend_sample(admin, LATER) == 0, "the other process is at it"
        other.close()  # during the extension
    until(lambda: extend_sample(admin, LATER) > 0)
    assert extend_sample(admin, LATER) == 0


@pytest.mark.parametrize(
    "changed", ["DELETE FROM zava.sample_extension", "UPDATE zava.about SET sample_seed = NULL"], ids=["chosen", "own"]
)
def test_extension_leaves_other_databases_unchanged(admin: psycopg.Connection, changed: str) -> None:
    with admin.transaction(force_rollback=True):
        admin.execute(changed.encode())
        assert extend_sample(admin, LATER) == 0


@pytest.mark.anyio
async def test_server_and_command_extend_the_sample_to_today(
    stale: EmbeddedPostgres, admin: psycopg.Connection
) -> None:
    def is_current() -> bool:
        return admin.execute("SELECT extended_to FROM zava.sample_extension").fetchone() == (TODAY,)

    take_back(admin, TODAY - timedelta(days=200))
    async with asking(settings_for(stale.folder, SEATTLE)) as seattle:
        assert await seattle.value("SELECT count(*) > 0 FROM retail.orders") is True
        until(is_current)
        assert (TODAY - date.fromisoformat(await seattle.value(LAST_DAY))).days < 150
    take_back(admin, TODAY - timedelta(days=200))
    command = ["query", LAST_DAY, "--user-id", SEATTLE, "--data-dir", str(stale.folder), "--format", "json"]
    answer = json.loads(CliRunner().invoke(app, command, catch_exceptions=False).stdout)
    assert (TODAY - date.fromisoformat(answer["rows"][0][0])).days < 150
    assert is_current()


def test_reset_is_refused_in_use_and_builds_a_new_database(tmp_path: Path) -> None:
    command = ["init", "--reset", "--scale", "0.002", "--data-dir", str(tmp_path)]
    with small_embedded(tmp_path) as postgres:
        old = postgres.logins()[SEATTLE].password
        with pytest.raises(EmbeddedError, match="other processes use the database"):
            CliRunner().invoke(app, [*command, "--yes"], catch_exceptions=False)
        with pytest.raises(InputError, match="stdin is not a terminal"):
            CliRunner().invoke(app, command, catch_exceptions=False)
        assert postgres.logins()[SEATTLE].password == old
    with pytest.raises(InputError, match="for the embedded database alone"):
        CliRunner().invoke(app, [*command, "--admin-database-url", "postgresql:///x"], catch_exceptions=False)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "zava_mcp", *command, "--yes"], capture_output=True, text=True, check=True
    )
    assert "was created again" in done.stdout
    assert postgres.logins()[SEATTLE].password != old
    assert not list(tmp_path.glob("setup-*"))
