"""The database itself: created where it does not exist, by the administrator who then owns it."""

from dataclasses import replace

import psycopg
from psycopg import sql as compose

from zava_mcp.errors import DatabaseUnavailable, IdentityError
from zava_mcp.postgres.admin_connection import connect_as_admin
from zava_mcp.postgres.connection_errors import NoDatabase
from zava_mcp.postgres.connection_parameters import ConnectionParameters
from zava_mcp.postgres.location import ADMIN_URL, Location
from zava_mcp.postgres.query_errors import connection_error

#: Databases that every server has; from one of them, others are created.
_MAINTENANCE = ("postgres", "template1")


def create_database(target: ConnectionParameters) -> str:
    """Creates the database that a target names and that does not exist; returns its name.

    Raises DatabaseUnavailable if the administrator may not, or the target names none.
    """
    name = str(target.parameters.get("dbname", ""))
    if not name:
        raise DatabaseUnavailable(
            "the administrator's URL names no database", "Write its name, such as /zava, into it."
        )
    with _maintenance(target, name) as connection:
        try:
            statement = compose.SQL("CREATE DATABASE {} TEMPLATE template0").format(compose.Identifier(name))
            connection.execute(statement)
        except psycopg.errors.DuplicateDatabase:
            pass  # somebody else created it at the same time
        except psycopg.errors.InsufficientPrivilege:
            raise DatabaseUnavailable(
                f"the database {name} does not exist, and {connection.info.user} may not create it",
                f"Let an administrator with CREATEDB run: {_by_hand(name, connection.info.user)}",
            ) from None
        except psycopg.OperationalError as error:
            raise connection_error(error, Location(source=ADMIN_URL)) from error
        except psycopg.Error as error:
            raise DatabaseUnavailable(
                f"the database {name} could not be created: {error.diag.message_primary or type(error).__name__}",
                f"Create it, then run this again: {_by_hand(name, connection.info.user)}",
            ) from error
    return name


def refuse_foreign_database(connection: psycopg.Connection) -> None:
    """Raises DatabaseUnavailable if the database is another's, and the administrator may create no schema in it."""
    row = connection.execute(
        "SELECT datname, pg_get_userbyid(datdba), has_database_privilege(datname, 'CREATE')"
        " FROM pg_database WHERE datname = current_database()"
    ).fetchone()
    if row and not row[2]:
        database, owner, _ = row
        raise DatabaseUnavailable(
            f"the database {database} belongs to {owner}, and {connection.info.user} may not create schemas in it",
            f"Its owner or a superuser can run: ALTER DATABASE {_quoted(database)} OWNER TO "
            f"{_quoted(connection.info.user)}. If it is empty, drop it: init creates it anew.",
        )


def _maintenance(target: ConnectionParameters, name: str) -> psycopg.Connection:
    """A connection of the administrator to a database that exists."""
    for database in _MAINTENANCE:
        try:
            return connect_as_admin(replace(target, parameters={**target.parameters, "dbname": database}))
        except (NoDatabase, IdentityError):  # dropped, or closed to this administrator
            continue
    raise DatabaseUnavailable(
        f"the database {name} does not exist, and this administrator can connect to no other to create it from",
        f"Create it, then run this again: {_by_hand(name, str(target.parameters.get('user', 'the administrator')))}",
    )


def _by_hand(name: str, owner: str) -> str:
    return f"CREATE DATABASE {_quoted(name)} OWNER {_quoted(owner)}"


def _quoted(name: str) -> str:
    return compose.Identifier(name).as_string()
