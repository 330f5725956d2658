"""Promises 1 to 6 under attack: every text of attacks.sql, as a manager, as head office and as nobody.

The oracle is the data. Order and item numbers begin with their store's number, so a number of another
store's range in an answer is a leak, wherever it comes from; so are the chain's totals and anybody
else's user id. Nothing outside the call may change, and the next call must be what it was before.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import ADMIN, HEAD_OFFICE, SEATTLE, STORES, Asker, asking, login_keywords, settings_for
from tests.promises.test_03_nothing_is_written import fingerprint
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.settings import Settings

pytestmark = pytest.mark.anyio

LINES = (Path(__file__).parent / "attacks.sql").read_text(encoding="utf-8").splitlines()
FAMILIES = ("identity", "smuggling", "side channels", "reach", "leftovers", "exhaustion")
FOREIGN_NUMBER = re.compile(r"(?<![\w-])[2-8]\d{8}(?!\w)")
OWN = "SELECT count(*), min(order_id), max(order_id), random() < 2 FROM retail.orders"


def attacks(family: str) -> list[str]:
    start = LINES.index(f"-- family: {family}") + 1
    end = next((n for n in range(start, len(LINES)) if LINES[n].startswith("-- family:")), len(LINES))
    return LINES[start:end]


def test_there_are_many_and_each_is_another() -> None:
    texts = [text for family in FAMILIES for text in attacks(family)]
    assert len(texts) == len(set(texts)) >= 150


@pytest.fixture
def totals(admin: psycopg.Connection) -> list[str]:
    """The chain's numbers of rows, which no manager may learn."""
    tables = ("orders", "order_items", "customers")
    rows = [admin.execute(f"SELECT count(*) FROM retail.{table}".encode()).fetchone() for table in tables]
    return [str(row[0]) for row in rows if row]


@pytest.fixture
def nobody(embedded: EmbeddedPostgres, admin: psycopg.Connection) -> Iterator[Settings]:
    """A login with an identity that may see no store at all."""
    user_id = str(uuid4())
    admin.execute("CREATE ROLE zava_test_nobody LOGIN PASSWORD 'nobody'")
    admin.execute("SELECT zava.admit('zava_test_nobody', %s, 'nobody', false, '{}')", [user_id])
    keywords = {**login_keywords(embedded, SEATTLE), "user": "zava_test_nobody", "password": "nobody"}
    url = "postgresql://{user}:{password}@/{dbname}?host={host}&port={port}".format(**keywords)
    yield settings_for(embedded.folder, user_id, ZAVA_DATABASE_URL=url, ZAVA_QUERY_TIMEOUT="2")
    admin.execute("DELETE FROM zava.access WHERE login = 'zava_test_nobody'")
    admin.execute("DROP OWNED BY zava_test_nobody; DROP ROLE zava_test_nobody")


async def attacked(asker: Asker, family: str) -> list[tuple[str, str]]:
    """Each attack of a family with its reply; after each, the asker sees what it saw before."""
    before = await asker.query(OWN)
    replies = []
    for sql in attacks(family):
        text, failed = await asker.call("execute_sales_query", postgresql_query=sql, max_rows=1000)
        if not failed:
            json.loads(text, parse_constant=pytest.fail)
        assert len(text.encode()) <= 41_000, sql
        assert "internal error" not in text, sql
        replies.append((sql, text))
        assert await asker.query(OWN) == before, sql
    return replies


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_manager_gains_nothing(
    data_dir: Path, admin: psycopg.Connection, totals: list[str], family: str
) -> None:
    before = fingerprint(admin)
    async with asking(settings_for(data_dir, SEATTLE, ZAVA_QUERY_TIMEOUT="2")) as seattle:
        for sql, text in await attacked(seattle, family):
            assert not FOREIGN_NUMBER.search(text), (sql, text)
            assert not [total for total in totals if re.search(rf"(?<!\d){total}(?!\d)", text)], (sql, text)
            assert not [other for other in [*STORES.values(), HEAD_OFFICE] if other in text and other != SEATTLE], sql
    assert fingerprint(admin) == before


@pytest.mark.parametrize("family", FAMILIES)
async def test_head_office_changes_nothing(data_dir: Path, admin: psycopg.Connection, family: str) -> None:
    before = fingerprint(admin)
    async with asking(settings_for(data_dir, HEAD_OFFICE, ZAVA_QUERY_TIMEOUT="2")) as head_office:
        for sql, text in await attacked(head_office, family):
            others = [other for other in STORES.values() if other in text and other not in sql]
            assert not others, (sql, text)
    assert fingerprint(admin) == before


@pytest.mark.parametrize("family", FAMILIES)
async def test_nobody_gains_nothing(
    nobody: Settings, admin: psycopg.Connection, totals: list[str], family: str
) -> None:
    before = fingerprint(admin)
    async with asking(nobody) as asker:
        assert await asker.value("SELECT count(*) FROM retail.orders") == 0
        for sql, text in await attacked(asker, family):
            assert not re.search(r"(?<![\w-])[1-8]\d{8}(?!\w)", text), (sql, text)
            assert not [total for total in totals if re.search(rf"(?<!\d){total}(?!\d)", text)], (sql, text)
            assert not [other for other in STORES.values() if other in text and other not in sql], (sql, text)
    assert fingerprint(admin) == before


@pytest.fixture
def untuned(server: str, database: str, tmp_path: Path) -> Settings:
    """Seattle on a server that a restricted admin set up: nothing is revoked there, the policies stand alone.

    Logins are named by user id there, and PostgreSQL shows role names to everybody: the README says so.
    """
    with psycopg.connect(ADMIN.format(database=database, host=server), autocommit=True) as connection:
        connection.execute("CREATE ROLE cloud_admin LOGIN CREATEROLE PASSWORD 'x'")
        connection.execute(f"ALTER DATABASE {database} OWNER TO cloud_admin".encode())
    url = f"postgresql://cloud_admin:x@/{database}?host={server}"
    passwords = tmp_path / "passwords"
    told = CliRunner().invoke(
        app, ["init", "--scale", "0.01", "--admin-database-url", url, "--passwords-file", str(passwords)]
    )
    assert "only a superuser" in told.stdout
    by_login = {line.split(":")[3]: line.split(":")[4] for line in passwords.read_text().splitlines()}
    place = f"postgresql:///{database}?host={server}"
    more = {"ZAVA_DATABASE_URL": place, "POSTGRES_PASSWORD": by_login[SEATTLE], "ZAVA_QUERY_TIMEOUT": "2"}
    return settings_for(tmp_path, SEATTLE, **more)


async def test_a_manager_gains_nothing_on_a_server_nobody_tuned(untuned: Settings, server: str, database: str) -> None:
    with psycopg.connect(ADMIN.format(database=database, host=server), autocommit=True) as connection:
        before = fingerprint(connection)
        async with asking(untuned) as seattle:
            for family in FAMILIES:
                for sql, text in await attacked(seattle, family):
                    assert not FOREIGN_NUMBER.search(text), (sql, text)
        assert fingerprint(connection) == before
