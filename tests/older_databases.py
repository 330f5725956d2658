"""Fixtures of databases of older versions, and URLs of the administrators who may adopt them."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.admin.older import OLDER, ORDERS, VERSION_9, VERSION_9_ROWS, init
from tests.conftest import ADMIN
from zava_mcp import sql


@pytest.fixture
def older(server: str, database: str) -> Iterator[psycopg.Connection]:
    """A superuser's connection to the older database."""
    with psycopg.connect(ADMIN.format(database=database, host=server), autocommit=True) as connection:
        connection.execute(OLDER.replace("{orders}", str(ORDERS)).encode())
        yield connection


@pytest.fixture
def superuser_url(server: str, database: str) -> str:
    return ADMIN.format(database=database, host=server)


@pytest.fixture
def owner(server: str, database: str, older: psycopg.Connection) -> str:
    """The URL of the shared login, which may create logins and owns the database, as on a managed server."""
    older.execute("ALTER ROLE store_manager CREATEROLE")
    older.execute(f"ALTER DATABASE {database} OWNER TO store_manager".encode())
    return f"postgresql://store_manager:shared@/{database}?host={server}"


@pytest.fixture
def member(server: str, database: str, older: psycopg.Connection) -> str:
    """The URL of an administrator who is a member of the tables' owner, and may create schemas in the database."""
    older.execute("CREATE ROLE cloud_admin LOGIN CREATEROLE PASSWORD 'x' IN ROLE store_manager")
    older.execute(f"GRANT CREATE ON DATABASE {database} TO cloud_admin".encode())
    return f"postgresql://cloud_admin:x@/{database}?host={server}"


@pytest.fixture
def url(server: str, database: str) -> str:
    return ADMIN.format(database=database, host=server)


@pytest.fixture
def version_9(url: str) -> Iterator[psycopg.Connection]:
    """A superuser's connection to a database of schema version 9."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"{VERSION_9}{VERSION_9_ROWS}".encode())
        yield connection


@pytest.fixture
def upgraded(version_9: psycopg.Connection, url: str) -> psycopg.Connection:
    assert f"schema version {sql.schema_version()}, upgraded from 9" in init(url)
    return version_9
