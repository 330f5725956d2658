"""Shared fixtures: one embedded PostgreSQL with a tenth of the sample, and clients connected as its identities."""

import atexit
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import coverage
import hypothesis
import psycopg
import pytest
from mcp.client import Client
from mcp.types import TextContent

from tests.servers import debian_15, postgres_16_as_it_comes, postgres_16_hardened, postgres_18_as_it_comes
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.sample import Sample
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.embedded.cluster import Cluster
from zava_mcp.embedded.host import change_owner_to_runner
from zava_mcp.postgres.connection_parameters import embedded_parameters
from zava_mcp.server.mcp_server import build_server
from zava_mcp.server.startup import Startup
from zava_mcp.settings import Settings, load

# A busy machine is no reason to fail.
hypothesis.settings.register_profile(
    "any speed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any speed")

pytest_plugins = ["tests.installation", "tests.older_databases"]

__all__ = [
    "debian_15",
    "postgres_16_as_it_comes",
    "postgres_16_hardened",
    "postgres_18_as_it_comes",
]  # fixtures of other modules

HEAD_OFFICE = "00000000-0000-0000-0000-000000000000"
SEATTLE = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
REDMOND = "e7f8a9b0-c1d2-3e4f-5678-90abcdef1234"
STORES = {
    "Seattle": SEATTLE,
    "Bellevue": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "Tacoma": "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
    "Spokane": "d8e9f0a1-b2c3-4567-8901-234567890abc",
    "Everett": "3b9ac9fa-cd5e-4b92-a7f2-b8c1d0e9f2a3",
    "Redmond": REDMOND,
    "Kirkland": "9c8b7a65-4321-fed0-9876-543210fedcba",
    "Online": "2f4e6d8c-1a3b-5c7e-9f0a-b2d4f6e8c0a2",
}
SCALE = 0.1
ADMIN = "postgresql://postgres:admin@/{database}?host={host}"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m portable`, do not import other files, because they need modules that only POSIX systems have."""
    if config.option.markexpr != "portable" or not collection_path.name.startswith("test_"):
        return None
    marked = re.search(
        r"^pytestmark = .*pytest\.mark\.portable", collection_path.read_text(encoding="utf-8"), re.MULTILINE
    )
    return marked is None or None


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["legacy", "auto"])
def era(request: pytest.FixtureRequest) -> str:
    """The protocol's eras: the initialize handshake, and 2026-07-28."""
    return str(request.param)


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """Remove the developer's own settings from the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("ZAVA_", "POSTGRES_", "PG", "AZURE_", "OPENAI_")):
                patch.delenv(name)
        yield


@pytest.fixture(scope="module", autouse=True)
def measured(request: pytest.FixtureRequest) -> Iterator[None]:
    """Measure coverage, which slows Python down by half, only where it tells something.

    It is not measured where thousands of calls run the same code, nor in most of the processes that tests start.
    """
    measuring, folders = coverage.Coverage.current(), set(request.path.parts)
    if measuring is None:
        yield
        return
    paused = bool(folders & {"faults", "guide", "promises"} or request.node.get_closest_marker("unmeasured"))
    with pytest.MonkeyPatch.context() as patch:
        if paused or not folders & {"cli", "embedded", "server"}:
            patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        if paused:
            measuring.stop()
        yield
        if paused:
            measuring.start()


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory, clean_environment: None) -> Iterator[EmbeddedPostgres]:
    """The embedded database that the tests share. A test that writes must create its own."""
    folder = tmp_path_factory.mktemp("embedded")
    postgres = embedded_postgres(settings_for(folder), lambda *_: None, Sample(scale=SCALE))
    postgres.open()
    yield postgres
    postgres.close()


@contextmanager
def small_embedded(folder: Path) -> Iterator[EmbeddedPostgres]:
    """An open embedded database with a very small sample, for tests that write."""
    postgres = small_postgres(folder)
    postgres.open()
    try:
        yield postgres
    finally:
        postgres.close()


def keep_products(connection: psycopg.Connection, number: int) -> None:
    """Remove all but the first products, so that a test need not embed the rest."""
    connection.execute("TRUNCATE retail.order_items")
    for table in ("inventory", "product_description_embeddings", "products"):
        connection.execute(f"DELETE FROM retail.{table} WHERE product_id > {number}".encode())


def small_postgres(folder: Path, **settings: str) -> EmbeddedPostgres:
    """A closed embedded database with a very small sample: a copy of one that is built once."""
    subprocess.run(["cp", "--archive", f"{_built_small_database()}/.", str(folder)], check=True)
    return embedded_postgres(settings_for(folder, **settings), lambda *_: None, Sample(scale=0.002))


@cache
def _built_small_database() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="small-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    postgres = embedded_postgres(settings_for(folder), lambda *_: None, Sample(scale=0.002))
    postgres.open()
    postgres.close()
    return folder


@pytest.fixture(scope="session")
def data_dir(embedded: EmbeddedPostgres) -> Path:
    return embedded.folder


def settings_for(data_dir: Path, user_id: str | None = None, **more: str) -> Settings:
    """Return settings from flags."""
    return load({"ZAVA_DATA_DIR": str(data_dir), "ZAVA_USER_ID": user_id, **more}, {})


@pytest.fixture
def admin(embedded: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    """A superuser's connection, to which no policy applies."""
    with psycopg.connect(**admin_keywords(embedded), autocommit=True) as connection:
        yield connection


def admin_keywords(embedded: EmbeddedPostgres) -> dict[str, Any]:
    return embedded_parameters(embedded.open(), embedded.logins()[""]).keywords()


def login_keywords(embedded: EmbeddedPostgres, user_id: str) -> dict[str, Any]:
    return embedded_parameters(embedded.open(), embedded.logins()[user_id]).keywords()


class ToolClient:
    """An MCP client connected to a server as one identity."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, tool: str, **arguments: Any) -> tuple[str, bool]:
        """Return a tool's text, and whether it is an error."""
        result = await self.client.call_tool(tool, arguments)
        text = "".join(block.text for block in result.content if isinstance(block, TextContent))
        return text, bool(result.is_error)

    async def query(self, sql: str, **arguments: Any) -> dict[str, Any]:
        """Return the result of a query that must succeed."""
        text, failed = await self.call("execute_sales_query", postgresql_query=sql, **arguments)
        assert not failed, text
        result: dict[str, Any] = json.loads(text, parse_constant=_refuse_constant)
        return result

    async def value(self, sql: str) -> Any:
        """Return the single value of a query that must succeed."""
        return (await self.query(sql))["rows"][0][0]

    async def refusal(self, sql: str, **arguments: Any) -> str:
        """Return the error text of a query that must fail."""
        text, failed = await self.call("execute_sales_query", postgresql_query=sql, **arguments)
        assert failed, f"not refused: {text}"
        return text


def _refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


Ask = Callable[..., AbstractAsyncContextManager[ToolClient]]


@asynccontextmanager
async def asking(settings: Settings, era: str = "auto") -> AsyncIterator[ToolClient]:
    """Connect a client in memory to a server in this process."""
    startup = Startup(settings)
    startup.start()
    try:
        async with Client(build_server(startup, settings, startup.observer), mode=era) as client:
            yield ToolClient(client)
    finally:
        startup.close()


@pytest.fixture
def ask(data_dir: Path, era: str) -> Ask:
    """`async with ask(user_id) as asker` connects to the shared database, in both eras."""

    def as_identity(user_id: str, **settings: str) -> AbstractAsyncContextManager[ToolClient]:
        return asking(settings_for(data_dir, user_id, **settings), era)

    return as_identity


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket folder of a PostgreSQL server that is not embedded."""
    folder = tmp_path_factory.mktemp("server")
    change_owner_to_runner(folder)
    cluster = Cluster(folder / "data", folder / "server.log")
    cluster.create("admin")
    address = cluster.start(during_set_up=True)
    yield address.host
    cluster.stop(10)


@pytest.fixture
def database(server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of an empty database on that server; its logins are removed with it."""
    name = "test_database"
    with psycopg.connect(ADMIN.format(database="postgres", host=server), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        for (role,) in connection.execute(
            "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^(pg_|postgres)'"
        ).fetchall():
            connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def objects(text: str) -> list[dict[str, str]]:
    """Return the rows of a JSON result as objects."""
    result = json.loads(text)
    assert (list(result), result["row_count"]) == (["columns", "rows", "row_count", "truncated"], len(result["rows"]))
    return [dict(zip(result["columns"], row, strict=True)) for row in result["rows"]]
