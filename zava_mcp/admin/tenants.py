"""Creates identities for the rows of an existing table of tenants, in a database without Zava's tables."""

from pathlib import Path
from uuid import uuid4

import psycopg

from zava_mcp import sql
from zava_mcp.admin.as_admin import as_admin
from zava_mcp.admin.change_report import Report, translate_errors
from zava_mcp.admin.citus import refuse_cluster
from zava_mcp.admin.counters import revoke_counters
from zava_mcp.admin.create_database import refuse_foreign_database
from zava_mcp.admin.existing_roles import OWNER, refuse_untrusted
from zava_mcp.admin.installed_schema import installed_version
from zava_mcp.admin.locking import SET_UP_LOCK
from zava_mcp.admin.logins import ADMIT, create_login
from zava_mcp.admin.migrations import add_missing, migrate, refuse_old_server
from zava_mcp.admin.next_steps import next_steps, server_url
from zava_mcp.admin.own_objects import exposures
from zava_mcp.admin.passfile import require_folder, write_missing_passwords
from zava_mcp.admin.tenants_table import HEAD_OFFICE, Tenant, TenantsTable, listed, read_tenants, resolve_table, rows
from zava_mcp.errors import DatabaseUnavailable, InputError
from zava_mcp.plurals import counted
from zava_mcp.postgres.connection_errors import schema_mismatch
from zava_mcp.postgres.user_ids import short_name
from zava_mcp.progress_callback import Progress
from zava_mcp.settings import Settings

_SETTINGS = "SET LOCAL client_min_messages = warning; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5s'"
_OPEN_FUNCTIONS = (
    "set_config, clock_timestamp, advisory locks and the like stay executable by PUBLIC, because other programs use "
    "this database: row-level security holds without this defence in depth"
)
_TEMPORARY = (
    "PUBLIC may not create temporary tables in this database or objects in its schema public any more: grant that to "
    "the roles of other programs that need it, GRANT TEMPORARY ON DATABASE … TO …"
)


def initialise_tenants(
    settings: Settings, table: TenantsTable, passwords_file: Path | None, progress: Progress
) -> Report:
    """Adds the schema, and an identity for each new tenant and for head office. Existing rows are not changed.

    Raises InputError or DatabaseUnavailable, and then changes nothing.
    """
    if settings.admin_url is None:
        raise InputError(
            "--tenants-from is for a database on a server", "Set ZAVA_ADMIN_DATABASE_URL to an administrator's URL."
        )
    require_folder(passwords_file)
    report = Report()
    with as_admin(settings, progress) as connection:
        refuse_old_server(connection)
        refuse_cluster(connection, "init --tenants-from", if_distributed=False)
        with translate_errors(embedded=False), connection.transaction():
            connection.execute(_SETTINGS)
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [SET_UP_LOCK])
            _create_identities(connection, table, report, progress)
        if passwords_file is not None:
            report.actions.append(write_missing_passwords(connection, passwords_file))
            report.next_steps = next_steps(connection, passwords_file)
        elif report.new_logins:
            report.warnings.append("the new logins have no passwords yet; --passwords-file PATH sets them")
        if report.actions:
            report.actions.append(f"connect identities with ZAVA_DATABASE_URL={server_url(connection)}")
    progress(1.0, "ready")
    return report


def _create_identities(connection: psycopg.Connection, table: TenantsTable, report: Report, progress: Progress) -> None:
    table = resolve_table(connection, table)
    tenants = read_tenants(connection, table)
    version = installed_version(connection)
    if version not in (0, sql.schema_version()):
        raise schema_mismatch(version)
    if version == 0:
        _create_schema(connection, report, progress)
        _record(connection, table)
        _admit(connection, HEAD_OFFICE, str(uuid4()), None, report)
    else:
        _refuse_other_source(connection, table)
    progress(0.9, "admitting the identities")
    added = _add_tenants(connection, tenants, version == 0, report)
    if added:
        connection.execute("SELECT zava.fill_unknown_stores()")
        head_office = " and of head office" if version == 0 else ""
        report.actions.append(
            f"identities of {counted(added, 'tenant')}{head_office}; `zava-mcp identities` lists them"
        )
    revoke_counters(connection, report)
    report.gaps += exposures(connection)


def _create_schema(connection: psycopg.Connection, report: Report, progress: Progress) -> None:
    refuse_foreign_database(connection)
    if strangers := rows(connection, "strangers"):
        raise DatabaseUnavailable(
            f"the database has a schema {strangers[0][0]} that zava-mcp did not create", "Rename it, then try again."
        )
    refuse_untrusted(connection, [OWNER])
    migrate(connection, None, report, progress)
    add_missing(connection, report, is_new=True)
    report.gaps = [_OPEN_FUNCTIONS]  # there are no products to search
    report.warnings.append(_TEMPORARY)


def _record(connection: psycopg.Connection, table: TenantsTable) -> None:
    row = rows(connection, "family", relation=table.relation, key=table.key)[0]
    if row[0] is None:
        raise InputError(
            f"the column {table.key} of {table.relation} is of a type that cannot be a key of tenants",
            "It may be an integer, numeric, uuid or text.",
        )
    rows(connection, "record", relation=table.relation, key=table.key, name=table.name)


def _refuse_other_source(connection: psycopg.Connection, table: TenantsTable) -> None:
    recorded = rows(connection, "recorded")
    if not recorded:
        raise InputError(
            "this database has stores of its own, and cannot get them from a table of tenants as well",
            "Use another database, or add identities with `zava-mcp identities add`.",
        )
    if recorded[0][:3] != (table.relation, table.key, table.name):
        raise InputError(
            f"the tenants of this database are in {':'.join(recorded[0][:3])}", "Name this table and these columns."
        )


def _add_tenants(connection: psycopg.Connection, tenants: list[Tenant], is_new: bool, report: Report) -> int:
    """Adds the tenants that are not stores yet; the others stay as they are. Returns the number of new ones."""
    known: dict[str, int] = dict(rows(connection, "known"))
    is_direct = rows(connection, "recorded")[0][3]
    last = max(known.values(), default=0)
    used = {short_name(row[0]) for row in connection.execute("SELECT display_name FROM zava.access").fetchall()}
    new = [tenant for tenant in tenants if tenant.key not in known]
    for place, tenant in enumerate(new, 1):
        store_id, user_id = int(tenant.key) if is_direct else last + place, str(uuid4())
        name = tenant.name if short_name(tenant.name) not in used else f"{tenant.name} ({tenant.key})"
        connection.execute(
            sql.named("tenants.sql")["add"].encode(),
            {"store_id": store_id, "name": name, "user_id": user_id, "key": tenant.key},
        )
        _admit(connection, name, user_id, store_id, report)
    gone = known.keys() - {tenant.key for tenant in tenants}
    if gone and not is_new:
        report.warnings.append(
            f"{counted(len(gone), 'tenant is', 'tenants are')} no longer in the table, but their identities stay: "
            f"{listed(sorted(gone))}; "
            "`zava-mcp identities remove` removes one"
        )
    return len(new)


def _admit(connection: psycopg.Connection, name: str, user_id: str, store_id: int | None, report: Report) -> None:
    """Creates the login of an identity with one store, or with all stores."""
    create_login(connection, user_id)
    report.new_logins.append(user_id)
    connection.execute(ADMIT, [user_id, user_id, name, store_id is None, [] if store_id is None else [store_id]])
