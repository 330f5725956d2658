"""A database of its own on the embedded server, in which an exercise's answer is tried out; removed at the end.

Its owner is a login without special rights, so nothing that runs in it reaches the sample or other databases.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql as compose

from zava_mcp.embedded import Address, Login
from zava_mcp.postgres.connection_parameters import embedded_parameters
from zava_mcp.postgres.query_errors import to_query_error

_PREFIX = "exercise"
OWNER = "owner"
_TIMEOUT_SECONDS = 10


class ScratchDatabase:
    """A database with an owner and other logins. Their roles have random names: `roles` has {name: role}."""

    def __init__(self, address: Address, admin: Login, name: str, logins: tuple[str, ...]) -> None:
        self._address, self._admin, self.name = address, admin, name
        self.roles = {login: f"{name}_{login}" for login in (OWNER, *logins)}
        self._passwords = {login: secrets.token_hex(16) for login in self.roles}

    def run(self, login: str, script: str) -> None:
        """Runs statements as a login and commits them; `{name}` stands for a login's role. Raises QueryError."""
        with self._connect(login) as connection:
            self._execute(connection, self._named(script))

    def rows(self, login: str, query: str, settings: dict[str, str] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement as a login, rolled back; before it, the login sets `settings`. Raises QueryError."""
        with self._connect(login) as connection:
            for name, value in (settings or {}).items():
                connection.execute("SELECT set_config(%s, %s, false)", [name, value])
            cursor = self._execute(connection, self._named(query))
            rows = cursor.fetchall() if cursor.description else []
            connection.rollback()
            return rows

    def create(self) -> None:
        """Creates the database and its logins."""
        with self._connect_as_admin("postgres") as connection:
            for login, role in self.roles.items():
                statement = compose.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
                connection.execute(statement.format(compose.Identifier(role), compose.Literal(self._passwords[login])))
            database, owner = compose.Identifier(self.name), compose.Identifier(self.roles[OWNER])
            connection.execute(compose.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(database, owner))
            connection.execute(compose.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
            roles = compose.SQL(", ").join(map(compose.Identifier, self.roles.values()))
            connection.execute(compose.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, roles))

    def remove(self) -> None:
        """Removes the database and its logins."""
        with self._connect_as_admin("postgres") as connection:
            remove_database(connection, self.name)

    @contextmanager
    def _connect(self, login: str) -> Iterator[psycopg.Connection]:
        target = Login(self.roles[login], self._passwords[login])
        keywords = embedded_parameters(self._address, target, self.name).keywords()
        with psycopg.connect(**{**keywords, "options": f"-c statement_timeout={_TIMEOUT_SECONDS}s"}) as connection:
            yield connection

    def _connect_as_admin(self, database: str) -> psycopg.Connection:
        return psycopg.connect(**embedded_parameters(self._address, self._admin, database).keywords(), autocommit=True)

    def _execute(self, connection: psycopg.Connection, script: str) -> psycopg.Cursor:
        try:
            return connection.execute(script.encode())
        except psycopg.Error as error:
            raise to_query_error(error) from None

    def _named(self, text: str) -> str:
        for login, role in self.roles.items():
            text = text.replace(f"{{{login}}}", role)
        return text


@contextmanager
def scratch_database(address: Address, admin: Login, logins: tuple[str, ...], set_up: str) -> Iterator[ScratchDatabase]:
    """A database after the statements of `set_up`, which the owner runs. Raises QueryError if they fail."""
    database = ScratchDatabase(address, admin, f"{_PREFIX}_{secrets.token_hex(4)}", logins)
    with psycopg.connect(**embedded_parameters(address, admin, "postgres").keywords(), autocommit=True) as connection:
        _remove_unused(connection)
    try:
        database.create()
        database.run(OWNER, set_up)
        yield database
    finally:
        database.remove()


def remove_database(connection: psycopg.Connection, name: str) -> None:
    """Removes a scratch database, even if it is a template, and the roles whose names begin with its own."""
    with suppress(psycopg.errors.InvalidCatalogName):
        connection.execute(compose.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(compose.Identifier(name)))
    connection.execute(compose.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(compose.Identifier(name)))
    roles = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)"
    for (role,) in connection.execute(roles, [f"{name}_"]).fetchall():
        connection.execute(compose.SQL("DROP ROLE {}").format(compose.Identifier(role)))


def _remove_unused(connection: psycopg.Connection) -> None:
    """Removes scratch databases of processes that were killed: those created more than an hour ago."""
    statement = (
        "SELECT datname FROM pg_database WHERE datname ~ '^exercise_[0-9a-f]{8}$'"
        " AND (pg_stat_file('base/' || oid || '/PG_VERSION')).modification < now() - interval '1 hour'"
    )
    for (name,) in connection.execute(statement).fetchall():
        with suppress(psycopg.Error):  # another process may be removing it, too
            remove_database(connection, name)
