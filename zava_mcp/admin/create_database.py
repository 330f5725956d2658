"""Creates the database of an administrator's URL if the server does not have it."""

from dataclasses import replace

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.errors import DatabaseUnavailable, IdentityError, ZavaError
from zava_mcp.postgres.admin_connection import connect_as_admin
from zava_mcp.postgres.connection_errors import connection_error
from zava_mcp.postgres.connection_failures import NoDatabase
from zava_mcp.postgres.connection_parameters import ConnectionParameters
from zava_mcp.postgres.location import ADMIN_URL, Location

#: Databases that usually exist, to connect to before CREATE DATABASE.
_MAINTENANCE_DATABASES = ("postgres", "template1")


def create_database(target: ConnectionParameters) -> str:
    """Creates the database of the connection parameters and returns its name.

    Raises DatabaseUnavailable if the administrator may not create it or the parameters name none.
    """
    name = str(target.parameters.get("dbname", ""))
    if not name:
        raise DatabaseUnavailable(
            "the administrator's URL names no database", "Write its name, such as /zava, into it."
        )
    with _connect_to_maintenance(target, name) as connection:
        try:
            statement = compose.SQL("CREATE DATABASE {} TEMPLATE template0").format(compose.Identifier(name))
            connection.execute(statement)
        except psycopg.errors.DuplicateDatabase:
            pass  # another session created it at the same time
        except psycopg.errors.InsufficientPrivilege:
            raise DatabaseUnavailable(
                f"the database {name} does not exist, and {connection.info.user} may not create it",
                f"Let an administrator with CREATEDB run: {_create_statement(name, connection.info.user)}",
            ) from None
        except psycopg.OperationalError as error:
            raise connection_error(error, Location(source=ADMIN_URL)) from error
        except psycopg.Error as error:
            raise DatabaseUnavailable(
                f"the database {name} could not be created: {error.diag.message_primary or type(error).__name__}",
                f"Create it, then run this again: {_create_statement(name, connection.info.user)}",
            ) from error
    return name


def drop_empty_database(target: ConnectionParameters, name: str) -> bool:
    """Drops a database that `create_database` created, unless something is in it; returns whether it is dropped."""
    try:
        with connect_as_admin(target) as connection:
            row = connection.execute(sql.query("has_objects").encode()).fetchone()
        if row != (False,):
            return False
        with _connect_to_maintenance(target, name) as connection:
            connection.execute(compose.SQL("DROP DATABASE {}").format(compose.Identifier(name)))
    except (psycopg.Error, ZavaError):
        return False
    return True


def refuse_foreign_database(connection: psycopg.Connection) -> None:
    """Raises DatabaseUnavailable if the administrator may not create schemas in a database that another role owns."""
    row = connection.execute(
        "SELECT datname, pg_get_userbyid(datdba), has_database_privilege(datname, 'CREATE')"
        " FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    if row and not row[2]:
        database, owner, _ = row
        raise DatabaseUnavailable(
            f"the database {database} belongs to {owner}, and {connection.info.user} may not create schemas in it",
            f"Its owner or a superuser can run: ALTER DATABASE {_quoted(database)} OWNER TO "
            f"{_quoted(connection.info.user)}. If it is empty, drop it: init creates a new one.",
        )


def _connect_to_maintenance(target: ConnectionParameters, name: str) -> psycopg.Connection:
    """The administrator's connection to a database that exists."""
    for database in _MAINTENANCE_DATABASES:
        try:
            return connect_as_admin(replace(target, parameters={**target.parameters, "dbname": database}))
        except (NoDatabase, IdentityError):  # dropped, or closed to this administrator
            continue
    owner = str(target.parameters.get("user", "the administrator"))
    raise DatabaseUnavailable(
        f"the database {name} does not exist, and this administrator can connect to no other to create it from",
        f"Create it, then run this again: {_create_statement(name, owner)}",
    )


def _create_statement(name: str, owner: str) -> str:
    return f"CREATE DATABASE {_quoted(name)} OWNER {_quoted(owner)}"


def _quoted(name: str) -> str:
    return compose.Identifier(name).as_string()
