"""Builds and upgrades a Zava database as its administrator: schema, sample, identities, revoked functions.

Everything happens in one transaction, so that an interrupted set-up changes nothing. The embedded database, which is
then removed, gets its indexes after it.
"""

import secrets
from collections.abc import Collection

import psycopg

from zava_mcp import sql
from zava_mcp.admin.change_report import Report, translate_errors
from zava_mcp.admin.citus import Cluster, distribute, prepare_session
from zava_mcp.admin.create_database import refuse_foreign_database
from zava_mcp.admin.default_privileges import revoke_create_from_owner, revoke_from_public
from zava_mcp.admin.existing_roles import (
    OWNER,
    end_sessions_of,
    refuse_roles_of_others,
    refuse_untrusted,
    role_faults,
    take_over,
)
from zava_mcp.admin.indexes_and_statistics import COMMENTS, INDEXES, index_and_analyse, missing
from zava_mcp.admin.installed_schema import has_tenants, installed_version
from zava_mcp.admin.locking import SET_UP_LOCK
from zava_mcp.admin.logins import admit_identities, file_limit_gaps, initial_identities
from zava_mcp.admin.own_objects import exposures, hidden_objects
from zava_mcp.admin.profile import Changes, write_profile
from zava_mcp.admin.sample import Sample, load
from zava_mcp.admin.sample_embeddings import load_sample_embeddings
from zava_mcp.embedded import Address, Login
from zava_mcp.errors import DatabaseUnavailable
from zava_mcp.postgres.admin_connection import connect_as_admin
from zava_mcp.postgres.connection_parameters import EMBEDDED_DATABASE, embedded_parameters
from zava_mcp.postgres.user_ids import sample_identities
from zava_mcp.progress_callback import Progress
from zava_mcp.settings import Secret

_OLDEST_POSTGRES = 15


def build_embedded(address: Address, admin: Login, sample: Sample, progress: Progress) -> list[Login]:
    """Fills a new cluster: database, schema, sample and a login with a password for each identity.

    The logins are named after the stores and not by user id, because every login can read all role names.
    """
    progress(0.05, "creating the database")
    with (
        translate_errors(embedded=True),
        connect_as_admin(embedded_parameters(address, admin, "postgres")) as connection,
    ):
        connection.execute(f"CREATE DATABASE {EMBEDDED_DATABASE} TEMPLATE template0".encode())
        connection.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
    logins = [
        Login(sample.login, secrets.token_urlsafe(32), str(sample.user_id), sample.name)
        for sample in sample_identities()
    ]
    target, passwords = embedded_parameters(address, admin), {login.login: Secret(login.password) for login in logins}
    with connect_as_admin(target) as connection, connect_as_admin(target) as second:
        set_up(connection, sample, passwords, progress, second=second)
        if sample.as_of is None:
            connection.execute(sql.named("sample/extend.sql")["to_be_extended"].encode())
    return logins


def upgrade_embedded(address: Address, admin: Login, logins: list[Login], progress: Progress) -> None:
    """Upgrades an embedded database of an older version to the newest schema; its logins keep their passwords."""
    with connect_as_admin(embedded_parameters(address, admin)) as connection:
        set_up(connection, None, {login.login: Secret(login.password) for login in logins}, progress)
        connection.execute(sql.named("sample/extend.sql")["older_to_be_extended"].encode())


def set_up(
    connection: psycopg.Connection,
    sample: Sample | None,
    passwords: dict[str, Secret] | None,
    progress: Progress,
    take_over_roles: bool = False,
    company: Changes | None = None,
    cluster: Cluster | None = None,
    second: psycopg.Connection | None = None,
) -> Report:
    """Brings a database to the newest schema in one transaction; changes nothing in a database that is complete.

    A new database gets the sample and its identities. `passwords` maps the embedded database's logins to their
    passwords; without it, the logins are named by user id and get no password. Existing roles with the names of
    zava-mcp's roles that cannot be trusted are refused, or taken over with `take_over_roles`. `company` has fields of
    the company profile. In a `cluster`, a second transaction distributes the tables of a new database. A `second`
    connection is for a database that is removed if this fails: it and the first one build the indexes after the
    transaction. Raises DatabaseUnavailable, and InputError for a field that the server does not know.
    """
    report = Report()
    roles = _role_names(named_by_store=passwords is not None)
    refuse_old_server(connection)
    with translate_errors(embedded=passwords is not None):
        if cluster:
            prepare_session(connection, cluster, report)
        with connection.transaction():
            connection.execute("SET LOCAL client_min_messages = warning; SET LOCAL statement_timeout = 0")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [SET_UP_LOCK])
            is_new = not installed_version(connection)
            if is_new:
                refuse_foreign_database(connection)
                refuse_roles_of_others(connection, roles)
            if take_over_roles:
                report.actions += [f"took roles over: {statement}" for statement in take_over(connection, roles)]
            elif is_new:
                refuse_untrusted(connection, roles)
            migrate(connection, sample, report, progress)
            add_missing(connection, report, is_new, [COMMENTS] if second else (INDEXES, COMMENTS))
            report.actions += write_profile(connection, company or {})
            progress(0.9, "admitting the identities")
            revoke_create_from_owner(connection, report)
            is_for_tenants = has_tenants(connection)
            identities = [] if is_for_tenants else initial_identities(connection)
            admit_identities(connection, identities, passwords, is_new, report)
            if is_for_tenants:  # other programs use the database
                report.gaps = exposures(connection)
            elif not cluster:
                revoke_from_public(connection, report)
            report.gaps += file_limit_gaps(connection)
        if cluster:
            distribute(connection, cluster, report, progress)
            with connection.transaction():
                revoke_from_public(connection, report)
        if take_over_roles:
            report.gaps += end_sessions_of(connection, roles)
        report.warnings += _security_warnings(connection)
        if report.actions and not is_for_tenants:
            progress(0.95, "collecting statistics")
            if second:
                index_and_analyse(connection, second)
            else:
                connection.execute("VACUUM (ANALYZE)")
    if second:
        progress(0.97, "writing the database to disk")
    else:
        progress(1.0, "ready")
    return report


def _role_names(named_by_store: bool) -> list[str]:
    """The owner and the sample's logins, which the embedded database names by store and a server by user id."""
    return [OWNER, *(identity.login if named_by_store else str(identity.user_id) for identity in sample_identities())]


def _security_warnings(connection: psycopg.Connection) -> list[str]:
    return [
        *(f"{fault.found}: {fault.fix}" for fault in role_faults(connection, OWNER)),
        *untrusted_code(connection),
        *hidden_objects(connection),
    ]


def refuse_old_server(connection: psycopg.Connection) -> None:
    """Raises DatabaseUnavailable if the server is older than PostgreSQL 15."""
    if connection.info.server_version < _OLDEST_POSTGRES * 10_000:
        raise DatabaseUnavailable(
            f"the server is PostgreSQL {connection.info.server_version // 10_000}",
            f"Use PostgreSQL {_OLDEST_POSTGRES} or newer.",
        )


def untrusted_code(connection: psycopg.Connection) -> list[str]:
    """Objects of other roles that names resolve to or that run on Zava's tables, each with the SQL that fixes it."""
    blocks = ("search_path_is_trusted", "code_on_tables_is_trusted")
    rows = [row for name in blocks for row in connection.execute(sql.named("checks.sql")[name].encode()).fetchall()]
    return [f"{row[1]}: {row[2]}" for row in rows]


def migrate(connection: psycopg.Connection, sample: Sample | None, report: Report, progress: Progress) -> None:
    """Applies the missing migrations, and loads the sample into a new database."""
    version = installed_version(connection)
    _refuse_foreign_schema(connection, version)
    for number, file in sql.migrations():
        if number > version:
            progress(
                0.1 if number == 1 else 0.7 + 0.2 * number / sql.schema_version(),
                "creating tables" if number == 1 else "building keys, indexes and policies",
            )
            connection.execute(sql.script(file).encode())
            if number == 1 and sample is not None:
                load(connection, sample, lambda part, step: progress(0.1 + 0.6 * part, step))
    if version < sql.schema_version():
        _record_migrations(connection, sample if version == 0 else None, version)
        upgraded = f", upgraded from {version}" if version else ""
        report.actions.append(f"schema version {sql.schema_version()}{upgraded}")
    if version == 0 and sample is not None:
        report.actions.append(f"sample data as of {sample.day()}, scale {sample.scale:g}")
    _add_embeddings(connection, version, report)


def add_missing(
    connection: psycopg.Connection, report: Report, is_new: bool, files: Collection[str] = (INDEXES, COMMENTS)
) -> None:
    """Builds the indexes and writes the comments that a database lacks; reports them unless the database is new."""
    for file in files:
        statements = missing(connection, file)
        for statement in statements:
            connection.execute(statement.encode())
        if statements and not is_new:
            report.actions.append(f"{'indexes built' if file == INDEXES else 'comments written'}: {len(statements)}")


def _refuse_foreign_schema(connection: psycopg.Connection, version: int) -> None:
    """Raises DatabaseUnavailable for a newer schema and for a schema retail that zava-mcp did not create."""
    if version > sql.schema_version():
        raise DatabaseUnavailable(
            f"the database has schema version {version}, newer than this program's {sql.schema_version()}",
            "Upgrade zava-mcp: a database cannot be downgraded to an older schema.",
        )
    row = connection.execute("SELECT to_regclass('retail.stores') IS NOT NULL").fetchone()
    if version == 0 and row and row[0]:
        raise DatabaseUnavailable(
            "the database has tables in a schema retail that zava-mcp did not create",
            "Use an empty database, or take over the one with these tables: `zava-mcp init --adopt`.",
        )


def _add_embeddings(connection: psycopg.Connection, version: int, report: Report) -> None:
    """Loads the sample's embeddings into a table that has none, if the server has pgvector."""
    if version:  # the extension may have become available since the last migration
        connection.execute(sql.script("schema/004_embeddings.sql").encode())
    row = connection.execute("SELECT to_regclass('retail.product_description_embeddings') IS NOT NULL").fetchone()
    if row and row[0]:
        loaded = load_sample_embeddings(connection)
        if loaded and version:
            report.actions.append(f"embeddings of {loaded} of the sample's products")
    else:
        report.gaps.append(
            "the extension vector is not installed and could not be created: semantic search is not available"
        )


def _record_migrations(connection: psycopg.Connection, sample: Sample | None, version: int) -> None:
    """Records the schema version, which every login can read, and the applied files, for the administrator."""
    connection.cursor().executemany(
        sql.query("record_migration"), [(file, number > version) for number, file in sql.migrations()]
    )
    if version:
        connection.execute("UPDATE zava.about SET schema_version = %s", [sql.schema_version()])
        return
    parameters = (sample.seed, sample.day(), sample.scale) if sample else (None, None, None)
    connection.execute(
        "INSERT INTO zava.about (schema_version, sample_seed, sample_as_of, sample_scale) VALUES (%s, %s, %s, %s)",
        [sql.schema_version(), *parameters],
    )
