"""Twin databases: the second differs from the first in rows alone that an identity may not see."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID, uuid5

import psycopg
from psycopg import sql as compose

from tests.conftest import admin_keywords, settings_for
from tests.servers import ZavaServer
from zava_mcp import sql
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.settings import Settings

STATEMENTS = sql.statements(Path(__file__).with_name("twins.sql").read_text(encoding="utf-8"))
#: The identities that compare, and their stores.
STORES_OF = {"manager": [1], "regional manager": [2, 5], "nobody": []}
CHANGES = ("deleted", "multiplied", "rewritten")
_FIRST = "zava_twin_first"
_SECOND = "zava_twin_second"
_PASSWORD = "twin"
_ORDERS = 2_400  # of all stores
_SECONDS = 1.5  # until a statement is stopped that would run for minutes
_IDS = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


@dataclass(frozen=True)
class Host:
    """A server to make twins on, of its database `template`; how a superuser and how a login get into a database.

    `settings` are those of PostgreSQL that the twins' logins start with.
    """

    template: str
    as_superuser: Callable[[str], psycopg.Connection]
    url: Callable[[str, str, str], str]  # of login, password, database
    settings: dict[str, str] = field(default_factory=dict)


def embedded_host(embedded: EmbeddedPostgres) -> Host:
    keywords = admin_keywords(embedded)

    def url(login: str, password: str, database: str) -> str:
        return f"postgresql://{login}:{password}@/{database}?host={keywords['host']}&port={keywords['port']}"

    def as_superuser(database: str) -> psycopg.Connection:
        return psycopg.connect(**{**keywords, "dbname": database}, autocommit=True)

    return Host("zava", as_superuser, url)


def server_host(zava: ZavaServer) -> Host:
    return Host("zava", zava.postgres.as_superuser, zava.postgres.url)


class Twins:
    """The first of two databases, and how to make the second one. Made by `twins`."""

    def __init__(self, host: Host, folder: Path) -> None:
        self._host = host
        self._folder = folder
        self._host.as_superuser("postgres").close()

    @contextmanager
    def second(self, who: str, change: str) -> Iterator[tuple[Settings, Settings]]:
        """The settings of an identity for both, while the second one is there."""
        with self._copied(_FIRST, _SECOND) as connection:
            stores = {"stores": STORES_OF[who]}
            with connection.transaction():
                _run(connection, "hidden", stores)
                _run(connection, change, stores)
            _vacuum(connection)
            connection.close()
            yield self.settings(who), self.settings(who, _SECOND)

    def settings(self, who: str, database: str = _FIRST) -> Settings:
        """Those of a server that asks as an identity."""
        url = self._host.url(_login(who), _PASSWORD, database)
        found = settings_for(self._folder, str(_user_id(who)), ZAVA_DATABASE_URL=url)
        return replace(found, query_timeout=_SECONDS)

    def as_superuser(self) -> psycopg.Connection:
        """Into the first one, past every policy."""
        return self._host.as_superuser(_FIRST)

    def as_login(self, who: str) -> psycopg.Connection:
        """Into the first one, as an identity."""
        return psycopg.connect(self._host.url(_login(who), _PASSWORD, _FIRST), autocommit=True)

    def login(self, who: str) -> str:
        return _login(who)

    @contextmanager
    def made(self) -> Iterator[None]:
        """Makes the first one and the logins; takes everything away afterwards."""
        with self._copied(self._host.template, _FIRST) as connection:
            for who in STORES_OF:
                self._admit(connection, who)
            row = connection.execute("SELECT count(*) FROM retail.orders").fetchone()
            assert row is not None
            with connection.transaction():
                _run(connection, "thin", {"keep": min(1000, 1000 * _ORDERS // row[0])})
            _vacuum(connection, "FULL, FREEZE")
            _vacuum(connection)
            connection.close()
            yield

    @contextmanager
    def _copied(self, template: str, copy: str) -> Iterator[psycopg.Connection]:
        """A copy of a database, and a connection to it."""
        names = {"template": template, "copy": copy}
        with self._host.as_superuser("postgres") as admin:
            admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [template])
            text = compose.SQL("CREATE DATABASE {} TEMPLATE {}")
            admin.execute(text.format(compose.Identifier(copy), compose.Identifier(template)))
            admin.execute(STATEMENTS["closed"].encode(), names)
            try:
                with self._host.as_superuser(copy) as connection:
                    yield connection
            finally:
                admin.execute(compose.SQL("DROP DATABASE {} WITH (FORCE)").format(compose.Identifier(copy)))

    def _admit(self, connection: psycopg.Connection, who: str) -> None:
        login = _login(who)
        connection.execute(f"CREATE ROLE {login} LOGIN PASSWORD '{_PASSWORD}'".encode())
        connection.execute("SELECT zava.admit(%s, %s, %s, false, %s)", [login, _user_id(who), who, STORES_OF[who]])
        for name, value in self._host.settings.items():
            connection.execute(f"ALTER ROLE {login} SET {name} = {value}".encode())

    def drop_logins(self) -> None:
        with self._host.as_superuser("postgres") as admin:
            for who in STORES_OF:
                admin.execute(f"DROP ROLE IF EXISTS {_login(who)}".encode())


@contextmanager
def twins(host: Host, folder: Path) -> Iterator[Twins]:
    """The first of two databases, with a login for each identity of STORES_OF, for as long as it is used."""
    made = Twins(host, folder)
    try:
        with made.made():
            yield made
    finally:
        made.drop_logins()


def _login(who: str) -> str:
    return f"zava_twin_{who.replace(' ', '_')}"


def _user_id(who: str) -> UUID:
    return uuid5(_IDS, who)


def _run(connection: psycopg.Connection, name: str, values: Mapping[str, object]) -> None:
    """Runs a named text of several statements."""
    for statement in STATEMENTS[name].split(";\n"):
        if statement.strip():
            connection.execute(statement.encode(), values)


def _vacuum(connection: psycopg.Connection, options: str = "ANALYZE") -> None:
    tables = ", ".join(name for (name,) in connection.execute(STATEMENTS["tables"].encode()).fetchall())
    connection.execute(f"VACUUM ({options}) {tables}".encode())
