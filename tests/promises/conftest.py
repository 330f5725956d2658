"""The places that are attacked: each server with a manager, head office and somebody who may see no store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.conftest import HEAD_OFFICE, SEATTLE, admin_keywords, login_keywords, settings_for
from tests.promises.attacking import Place, Tally
from tests.servers import ZavaServer
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.settings import Settings

NOBODY = str(uuid4())


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """The place of one of SERVERS, or AS_IT_COMES, which the test is parametrised with."""
    server = request.param
    if server == "18":
        embedded: EmbeddedPostgres = request.getfixturevalue("embedded")
        found = Place(server, True, False, lambda who: _hasty(_at_home(embedded, who)), lambda: _admin_of(embedded))
    else:
        name = {"15": "debian_15", "16": "postgres_16_hardened"}.get(server, "postgres_18_as_it_comes")
        zava: ZavaServer = request.getfixturevalue(name)
        found = Place(server, server == "16", True, lambda who: _hasty(_away(zava, who, tmp_path)), zava.as_superuser)
    with found.as_superuser() as connection, _nobody(connection):
        yield found


@pytest.fixture(scope="session")
def tally() -> Iterator[Tally]:
    tally = Tally()
    yield tally
    tally.save()


def _admin_of(embedded: EmbeddedPostgres) -> psycopg.Connection:
    return psycopg.connect(**admin_keywords(embedded), autocommit=True)


@contextmanager
def _nobody(connection: psycopg.Connection) -> Iterator[None]:
    """A login with an identity that may see no store at all, for as long as it is attacked with."""
    connection.execute("CREATE ROLE zava_test_nobody LOGIN PASSWORD 'nobody'")
    connection.execute("SELECT zava.admit('zava_test_nobody', %s, 'nobody', false, '{}')", [NOBODY])
    try:
        yield
    finally:
        connection.execute("DELETE FROM zava.access WHERE login = 'zava_test_nobody'")
        connection.execute("DROP OWNED BY zava_test_nobody; DROP ROLE zava_test_nobody")


def _hasty(settings: Settings) -> Settings:
    """With a deadline below what may be set, because many attacks run into it."""
    return replace(settings, query_timeout=0.5)


def user_id_of(who: str) -> str:
    return {"manager": SEATTLE, "head office": HEAD_OFFICE, "nobody": NOBODY}[who]


def _at_home(embedded: EmbeddedPostgres, who: str) -> Settings:
    more = {}
    if who == "nobody":
        keywords = {**login_keywords(embedded, SEATTLE), "user": "zava_test_nobody", "password": "nobody"}
        url = "postgresql://{user}:{password}@/{dbname}?host={host}&port={port}".format(**keywords)
        more["ZAVA_DATABASE_URL"] = url
    return settings_for(embedded.folder, user_id_of(who), **more)


def _away(zava: ZavaServer, who: str, folder: Path) -> Settings:
    user_id = user_id_of(who)
    more = {"ZAVA_DATABASE_URL": zava.place}
    if who == "nobody":
        more |= {"POSTGRES_USER": "zava_test_nobody", "POSTGRES_PASSWORD": "nobody"}
    else:
        more["POSTGRES_PASSWORD"] = zava.passwords[user_id]
    return settings_for(folder, user_id, **more)
