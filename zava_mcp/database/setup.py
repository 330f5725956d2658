"""Building and upgrading a Zava database: schema, sample, identities, defence in depth; as an admin.

Everything happens in one transaction, so a database is never half set up, wherever it was stopped.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from zava_mcp import sql
from zava_mcp.database.connecting import Target, connect, read_url, with_tokens
from zava_mcp.database.failures import connection_error
from zava_mcp.database.identities import Identity, sample_identities
from zava_mcp.database.logins import ADMIT, has_login, login_created, set_password
from zava_mcp.database.sample import Progress, Sample, load
from zava_mcp.database.sample_vectors import give_vectors
from zava_mcp.database.tokens import Tokens
from zava_mcp.embedded import Address, Login
from zava_mcp.errors import DatabaseUnavailable
from zava_mcp.settings import Secret

DATABASE = "zava"
SET_UP_LOCK = 7_283_415  # any number, the same for everybody who sets up
_OLDEST_POSTGRES = 15


@dataclass
class Report:
    """What set-up did, what it could not do with the rights it had, and what is left for the admin to judge.

    `sql` is what it would run, if that is all that was asked for.
    """

    did: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sql: list[str] = field(default_factory=list)


def build_embedded(address: Address, admin: Login, sample: Sample, progress: Progress) -> list[Login]:
    """Fills a new cluster: database, schema, sample and a login with a password for each identity.

    The logins are named after the stores, not by user id: role names can be read by everybody.
    """
    progress(0.05, "creating the database")
    with failures_told(embedded=True), connect(embedded_target(address, admin, "postgres")) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0".encode())
        connection.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
    logins = [Login(who.login, secrets.token_urlsafe(32), str(who.user_id), who.name) for who in sample_identities()]
    with connect(embedded_target(address, admin)) as connection:
        set_up(connection, sample, {login.login: Secret(login.password) for login in logins}, progress)
    return logins


def upgrade_embedded(address: Address, admin: Login, logins: list[Login], progress: Progress) -> None:
    """Brings an embedded database that an older program built to the newest schema; its logins stay as they are."""
    with connect(embedded_target(address, admin)) as connection:
        set_up(connection, None, {login.login: Secret(login.password) for login in logins}, progress)


def embedded_target(address: Address, login: Login, database: str = DATABASE) -> Target:
    """Where and as whom to connect to the embedded database."""
    parameters = {"host": address.host, "port": address.port, "dbname": database, "user": login.login}
    return Target({**parameters, "sslmode": "disable"}, Secret(login.password), embedded=True)


def admin_target(url: Secret, tokens: Tokens | None = None) -> Target:
    """Where an admin's URL points to; with a password in it, that is used and no token. Raises as `target_of`."""
    target = read_url(url.reveal(), {})
    target.parameters.update(application_name="zava-mcp init", client_encoding="UTF8")
    return with_tokens(target, tokens) if tokens and target.password is None else target


def set_up(
    connection: psycopg.Connection,
    sample: Sample | None,
    passwords: dict[str, Secret] | None,
    progress: Progress,
) -> Report:
    """Brings a database to the newest schema, in one transaction; does nothing where nothing is missing.

    A new database gets the sample and its identities. `passwords` names the embedded logins with their
    passwords; without it the logins are named by user id and get none. Raises DatabaseUnavailable.
    """
    report = Report()
    refuse_old_server(connection)
    with failures_told(embedded=passwords is not None):
        with connection.transaction():
            connection.execute("SET LOCAL client_min_messages = warning; SET LOCAL statement_timeout = 0")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [SET_UP_LOCK])
            new = not installed_version(connection)
            _migrate(connection, sample, report, progress)
            progress(0.9, "admitting the identities")
            _admit(connection, sample_identities(), passwords, new, report)
            _close(connection, report)
            _harden(connection, report)
        if report.did:
            progress(0.95, "collecting statistics")
            connection.execute("VACUUM (ANALYZE)")
    progress(1.0, "ready")
    return report


def refuse_old_server(connection: psycopg.Connection) -> None:
    """Raises DatabaseUnavailable if the server is too old for us."""
    if connection.info.server_version < _OLDEST_POSTGRES * 10_000:
        raise DatabaseUnavailable(
            f"the server is PostgreSQL {connection.info.server_version // 10_000}",
            f"Use PostgreSQL {_OLDEST_POSTGRES} or newer.",
        )


@contextmanager
def failures_told(embedded: bool, what: str = "set-up") -> Iterator[None]:
    """PostgreSQL's errors told as those of set-up, or of `what` else an admin does."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise connection_error(error, embedded) from error
    except psycopg.Error as error:
        raise DatabaseUnavailable(
            f"{what} failed and was undone: {error.diag.message_primary or type(error).__name__}",
            "The database is as it was before; the server's log says more.",
        ) from error


def installed_version(connection: psycopg.Connection) -> int:
    """The schema version of a database, 0 for one without our schema."""
    there = "SELECT FROM pg_class WHERE relname = 'about' AND relnamespace = to_regnamespace('zava')"
    if not connection.execute(there).rowcount:
        return 0
    row = connection.execute("SELECT schema_version FROM zava.about").fetchone()
    return int(row[0]) if row else 0


def _migrate(connection: psycopg.Connection, sample: Sample | None, report: Report, progress: Progress) -> None:
    version = installed_version(connection)
    if version > sql.schema_version():
        raise DatabaseUnavailable(
            f"the database has schema version {version}, newer than this program's {sql.schema_version()}",
            "Upgrade zava-mcp: a database is never taken back to an older schema.",
        )
    row = connection.execute("SELECT to_regclass('retail.stores') IS NOT NULL").fetchone()
    if version == 0 and row and row[0]:
        raise DatabaseUnavailable(
            "the database has tables in a schema retail that zava-mcp did not make",
            "Use an empty database, or take over the one with these tables: `zava-mcp init --adopt`.",
        )
    for number, file in sql.migrations():
        if number > version:
            progress(
                0.1 if number == 1 else 0.7 + 0.2 * number / sql.schema_version(),
                "creating tables" if number == 1 else "building keys, indexes and policies",
            )
            connection.execute(sql.script(file).encode())
            if number == 1 and sample is not None:
                load(connection, sample, lambda part, what: progress(0.1 + 0.6 * part, what))
    if version < sql.schema_version():
        _record(connection, sample if version == 0 else None, version)
        report.did.append(f"schema version {sql.schema_version()}" + (f", upgraded from {version}" if version else ""))
    if version == 0 and sample is not None:
        report.did.append(f"sample data as of {sample.day()}, scale {sample.scale:g}")
    if version:  # an extension may have become available since
        connection.execute(sql.script("schema/004_embeddings.sql").encode())
    row = connection.execute("SELECT to_regclass('retail.product_description_embeddings') IS NOT NULL").fetchone()
    if row and row[0]:
        given = give_vectors(connection)
        if given and version:
            report.did.append(f"vectors of {given} of the sample's products")
    else:
        report.gaps.append(
            "the extension vector is not there and could not be created: products cannot be searched by meaning"
        )


def _record(connection: psycopg.Connection, sample: Sample | None, version: int) -> None:
    """The version for everybody to read, and for the admin which files were applied when."""
    connection.cursor().executemany(
        sql.query("migrated"), [(file, number > version) for number, file in sql.migrations()]
    )
    if version:
        connection.execute("UPDATE zava.about SET schema_version = %s", [sql.schema_version()])
        return
    made = (sample.seed, sample.day(), sample.scale) if sample else (None, None, None)
    connection.execute(
        "INSERT INTO zava.about (schema_version, sample_seed, sample_as_of, sample_scale) VALUES (%s, %s, %s, %s)",
        [sql.schema_version(), *made],
    )


def _admit(
    connection: psycopg.Connection,
    people: list[Identity],
    passwords: dict[str, Secret] | None,
    new: bool,
    report: Report,
) -> None:
    """Renews the privileges of everybody admitted, and admits those of `people` who never had a login.

    Whom an admin removed stays out, and whose stores an admin changed keeps them. In a `new` database, logins
    that another database of the same server brought along are admitted too.
    """
    admitted = connection.execute("SELECT login, rls_user_id, display_name, all_stores, store_ids FROM zava.access")
    for entry in admitted.fetchall():
        _renew(connection, entry, report)
    removed = {row[0] for row in connection.execute("SELECT rls_user_id FROM zava.removed")}
    stores = {row[0] for row in connection.execute("SELECT rls_user_id FROM retail.stores")}
    for who in people:
        login = who.login if passwords is not None else str(who.user_id)
        there = has_login(connection, login)
        if not (who.all_stores or who.user_id in stores) or (there and not new) or who.user_id in removed:
            continue
        if passwords is not None and login not in passwords:  # an older embedded database whose admin dropped it
            continue
        if not there:
            connection.execute(login_created(login))
        if passwords is not None:
            set_password(connection, login, passwords[login])
        connection.execute(ADMIT, [login, who.user_id, who.name, who.all_stores, list(who.store_ids)])
        report.did.append(f"a login for {who.name}")


def _renew(connection: psycopg.Connection, entry: tuple[Any, ...], report: Report) -> None:
    """Gives a login the privileges of this version; one that this admin may not change keeps those it has."""
    try:
        with connection.transaction():
            connection.execute(ADMIT, entry)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject) as error:
        report.gaps.append(f"the login {entry[0]} of {entry[2]} was left as it is: {error.diag.message_primary}")


def _close(connection: psycopg.Connection, report: Report) -> None:
    """Takes from everybody what a database as PostgreSQL makes it lets them do: a dump brings no rights on it."""
    for (statement,) in connection.execute(sql.query("open_to_everybody")).fetchall():
        connection.execute(statement.encode())
        report.did.append("took from PUBLIC the right to make temporary tables")


def _harden(connection: psycopg.Connection, report: Report) -> None:
    if connection.info.parameter_status("is_superuser") == "on":
        connection.execute(sql.completed("hardening.sql").encode())
    else:
        report.gaps.append(
            "only a superuser can revoke set_config, clock_timestamp, advisory locks and the like from PUBLIC: "
            "row-level security holds without this defence in depth"
        )
