"""Building and upgrading a Zava database: schema, sample, identities, defence in depth; as an admin.

Everything happens in one transaction, so a database is never half set up, wherever it was stopped.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from zava_mcp import sql
from zava_mcp.admin.admit import admit
from zava_mcp.admin.create_database import refuse_foreign_database
from zava_mcp.admin.existing_roles import OWNER, end_sessions_of, refuse_untrusted, role_faults, take_over
from zava_mcp.admin.locking import SET_UP_LOCK
from zava_mcp.admin.own_objects import exposures, hidden_objects, revoke_exposures
from zava_mcp.admin.sample import Progress, Sample, load
from zava_mcp.admin.sample_embeddings import load_sample_embeddings
from zava_mcp.embedded import Address, Login
from zava_mcp.errors import DatabaseUnavailable
from zava_mcp.postgres.admin_connection import connect_as_admin
from zava_mcp.postgres.connection_parameters import ConnectionParameters, read_url, with_our_defaults, with_tokens
from zava_mcp.postgres.entra_password import Tokens
from zava_mcp.postgres.location import ADMIN_URL, Location
from zava_mcp.postgres.query_errors import connection_error
from zava_mcp.postgres.user_ids import sample_identities
from zava_mcp.settings import Secret

DATABASE = "zava"
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
    with readable_errors(embedded=True), connect_as_admin(embedded_target(address, admin, "postgres")) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0".encode())
        connection.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
    logins = [Login(who.login, secrets.token_urlsafe(32), str(who.user_id), who.name) for who in sample_identities()]
    with connect_as_admin(embedded_target(address, admin)) as connection:
        set_up(connection, sample, {login.login: Secret(login.password) for login in logins}, progress)
        if sample.as_of is None:
            connection.execute(sql.named("sample/extend.sql")["to_be_extended"].encode())
    return logins


def upgrade_embedded(address: Address, admin: Login, logins: list[Login], progress: Progress) -> None:
    """Brings an embedded database that an older program built to the newest schema; its logins stay as they are."""
    with connect_as_admin(embedded_target(address, admin)) as connection:
        set_up(connection, None, {login.login: Secret(login.password) for login in logins}, progress)
        connection.execute(sql.named("sample/extend.sql")["older_to_be_extended"].encode())


def embedded_target(address: Address, login: Login, database: str = DATABASE) -> ConnectionParameters:
    """Where and as whom to connect to the embedded database."""
    parameters = {"host": address.host, "port": address.port, "dbname": database, "user": login.login}
    return ConnectionParameters(
        with_our_defaults({**parameters, "sslmode": "disable"}), Secret(login.password), embedded=True
    )


def admin_target(url: Secret, tokens: Tokens | None = None) -> ConnectionParameters:
    """Where an admin's URL points to; with a password in it, that is used and no token. Raises as `target_of`."""
    target = read_url(url.reveal(), {}, ADMIN_URL)
    target.parameters.update(application_name="zava-mcp init", client_encoding="UTF8")
    return with_tokens(target, tokens) if tokens and target.password is None else target


def set_up(
    connection: psycopg.Connection,
    sample: Sample | None,
    passwords: dict[str, Secret] | None,
    progress: Progress,
    take_over_roles: bool = False,
) -> Report:
    """Brings a database to the newest schema, in one transaction; does nothing where nothing is missing.

    A new database gets the sample and its identities. `passwords` names the embedded logins with their
    passwords; without it the logins are named by user id and get none. Roles of our names that are there already and
    cannot be trusted are refused, or with `take_over_roles` made ours. Raises DatabaseUnavailable.
    """
    report = Report()
    roles = [OWNER, *(who.login if passwords is not None else str(who.user_id) for who in sample_identities())]
    refuse_old_server(connection)
    with readable_errors(embedded=passwords is not None):
        with connection.transaction():
            connection.execute("SET LOCAL client_min_messages = warning; SET LOCAL statement_timeout = 0")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [SET_UP_LOCK])
            new = not installed_version(connection)
            if new:
                refuse_foreign_database(connection)
            if take_over_roles:
                report.did += [f"took roles over: {statement}" for statement in take_over(connection, roles)]
            elif new:
                refuse_untrusted(connection, roles)
            _migrate(connection, sample, report, progress)
            progress(0.9, "admitting the identities")
            admit(connection, sample_identities(), passwords, new, report)
            _close(connection, report)
            _harden(connection, report)
            report.did += revoke_exposures(connection)
            report.gaps += exposures(connection)
        if take_over_roles:
            report.gaps += end_sessions_of(connection, roles)
        report.warnings += [
            *(f"{fault.found}: {fault.cure}" for fault in role_faults(connection, OWNER)),
            *names(connection),
            *hidden_objects(connection),
        ]
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
def readable_errors(embedded: bool, what: str = "set-up") -> Iterator[None]:
    """PostgreSQL's errors told as those of set-up, or of `what` else an admin does."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise connection_error(error, None if embedded else Location(source=ADMIN_URL)) from error
    except psycopg.Error as error:
        raise DatabaseUnavailable(
            f"{what} failed and was undone: {error.diag.message_primary or type(error).__name__}",
            "The database is as it was before; the server's log says more.",
        ) from error


def installed_version(connection: psycopg.Connection) -> int:
    """The schema version of a database, 0 for one without our schema: what others put in its place is not read."""
    there = (
        "SELECT FROM pg_class WHERE relname = 'about' AND relnamespace = to_regnamespace('zava')"
        " AND relkind = 'r' AND relowner = to_regrole('zava_owner')"
    )
    if not connection.execute(there).rowcount:
        return 0
    row = connection.execute("SELECT schema_version FROM zava.about").fetchone()
    return int(row[0]) if row else 0


def names(connection: psycopg.Connection) -> list[str]:
    """What others could make of names that mean ours, and what of theirs runs with our tables: with its cure."""
    blocks = ("search_path_is_trusted", "code_on_tables_is_trusted")
    found = [row for name in blocks for row in connection.execute(sql.named("checks.sql")[name].encode()).fetchall()]
    return [f"{what}: {fix}" for _, what, fix in found]


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
        given = load_sample_embeddings(connection)
        if given and version:
            report.did.append(f"vectors of {given} of the sample's products")
    else:
        report.gaps.append(
            "the extension vector is not there and could not be created: products cannot be searched by meaning"
        )


def _record(connection: psycopg.Connection, sample: Sample | None, version: int) -> None:
    """The version for everybody to read, and for the admin which files were applied when."""
    connection.cursor().executemany(
        sql.query("record_migration"), [(file, number > version) for number, file in sql.migrations()]
    )
    if version:
        connection.execute("UPDATE zava.about SET schema_version = %s", [sql.schema_version()])
        return
    made = (sample.seed, sample.day(), sample.scale) if sample else (None, None, None)
    connection.execute(
        "INSERT INTO zava.about (schema_version, sample_seed, sample_as_of, sample_scale) VALUES (%s, %s, %s, %s)",
        [sql.schema_version(), *made],
    )


def _close(connection: psycopg.Connection, report: Report) -> None:
    """Takes from everybody what a database as PostgreSQL makes it lets them do: a dump brings no rights on it."""
    for (statement,) in connection.execute(sql.query("list_public_temporary")).fetchall():
        connection.execute(statement.encode())
        report.did.append("took from PUBLIC the right to make temporary tables")


def _harden(connection: psycopg.Connection, report: Report) -> None:
    if connection.info.parameter_status("is_superuser") == "on":
        connection.execute(sql.script("hardening.sql").encode())
    else:
        report.gaps.append(
            "only a superuser can revoke set_config, clock_timestamp, advisory locks and the like from PUBLIC: "
            "row-level security holds without this defence in depth"
        )
