"""Makes identities of the rows of an existing table of tenants, in a database that is not a shop."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.admin.as_admin import as_admin
from zava_mcp.admin.change_report import Report, translate_errors
from zava_mcp.admin.citus import refuse_cluster
from zava_mcp.admin.counters import close_counters
from zava_mcp.admin.create_database import refuse_foreign_database
from zava_mcp.admin.existing_roles import OWNER, refuse_untrusted
from zava_mcp.admin.installed_schema import installed_version
from zava_mcp.admin.locking import SET_UP_LOCK
from zava_mcp.admin.logins import ADMIT, create_login
from zava_mcp.admin.migrations import migrate, refuse_old_server
from zava_mcp.admin.next_steps import next_steps, server_url
from zava_mcp.admin.own_objects import exposures
from zava_mcp.admin.passfile import write_missing_passwords
from zava_mcp.admin.plain_text import has_invisible
from zava_mcp.admin.sample import Progress
from zava_mcp.errors import DatabaseUnavailable, InputError
from zava_mcp.plurals import counted
from zava_mcp.postgres.mismatch import schema_mismatch
from zava_mcp.postgres.user_ids import short_name
from zava_mcp.settings import Settings

HEAD_OFFICE = "Head office"
_MAX_NAME_CHARACTERS = 200
_MAX_LISTED = 10
_SETTINGS = "SET LOCAL client_min_messages = warning; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5s'"
_OPEN_FUNCTIONS = (
    "set_config, clock_timestamp, advisory locks and the like stay executable by PUBLIC, because other programs use "
    "this database: row-level security holds without this defence in depth"
)
_TEMPORARY = (
    "PUBLIC may not create temporary tables in this database or objects in its schema public any more: grant that to "
    "the roles of other programs that need it, GRANT TEMPORARY ON DATABASE … TO …"
)


@dataclass(frozen=True)
class TenantsTable:
    """The table of tenants, and its columns of keys and of names."""

    relation: str
    key: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "TenantsTable":
        """Reads "sales.tenant:id:name". Raises InputError."""
        relation, _, columns = text.partition(":")
        key, _, name = columns.partition(":")
        if not (relation and key and name) or ":" in name:
            raise InputError(
                f"--tenants-from is TABLE:KEY:NAME, not {text[:80]!r}",
                "For example: --tenants-from sales.tenant:id:name",
            )
        return cls(relation, key, name)


@dataclass(frozen=True)
class _Tenant:
    key: str
    name: str


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
    if passwords_file is not None and not passwords_file.parent.is_dir():
        raise InputError(f"there is no folder {passwords_file.parent} for the passwords file")
    report = Report()
    with as_admin(settings, progress) as connection:
        refuse_old_server(connection)
        refuse_cluster(connection, "init --tenants-from", if_distributed=False)
        with translate_errors(embedded=False), connection.transaction():
            connection.execute(_SETTINGS)
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [SET_UP_LOCK])
            _take(connection, table, report, progress)
        if passwords_file is not None:
            report.actions.append(write_missing_passwords(connection, passwords_file))
            report.next_steps = next_steps(connection, passwords_file)
        elif any(action.startswith("identities ") for action in report.actions):
            report.warnings.append("the new logins have no passwords yet; --passwords-file PATH sets them")
        if report.actions:
            report.actions.append(f"connect identities with ZAVA_DATABASE_URL={server_url(connection)}")
    progress(1.0, "ready")
    return report


def _take(connection: psycopg.Connection, table: TenantsTable, report: Report, progress: Progress) -> None:
    table = _resolve(connection, table)
    tenants = _read_tenants(connection, table)
    version = installed_version(connection)
    if version not in (0, sql.schema_version()):
        raise schema_mismatch(version)
    if version == 0:
        _create_schema(connection, report, progress)
        _record(connection, table)
        _admit(connection, HEAD_OFFICE, str(uuid4()), None)
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
    close_counters(connection, report)
    report.gaps += exposures(connection)


def _create_schema(connection: psycopg.Connection, report: Report, progress: Progress) -> None:
    refuse_foreign_database(connection)
    if strangers := _rows(connection, "strangers"):
        raise DatabaseUnavailable(
            f"the database has a schema {strangers[0][0]} that zava-mcp did not create", "Rename it, then try again."
        )
    refuse_untrusted(connection, [OWNER])
    migrate(connection, None, report, progress)
    report.gaps = [_OPEN_FUNCTIONS]  # there are no products to search
    report.warnings.append(_TEMPORARY)


def _resolve(connection: psycopg.Connection, table: TenantsTable) -> TenantsTable:
    """The table with its full name. Raises InputError if it cannot be a table of tenants."""
    try:
        with connection.transaction():
            found = _rows(connection, "source", relation=table.relation)
    except psycopg.Error:
        found = []
    if not found or found[0][1] not in "rp":
        raise InputError(
            f"there is no table {table.relation[:80]!r}", "Write its schema and its name, such as sales.tenant."
        )
    relation, _, is_filtered, is_readable = found[0]
    if not is_readable or is_filtered:
        raise InputError(
            f"this administrator may not read every row of {relation}",
            "Use an administrator whom no policy hides rows from, and who was granted SELECT on it.",
        )
    columns = [name for name, _ in _rows(connection, "columns", relation=relation)]
    for column in (table.key, table.name):
        if column not in columns:
            raise InputError(f"{relation} has no column {column!r}", f"It has {', '.join(columns)}.")
    resolved = TenantsTable(relation, table.key, table.name)
    connection.execute(f"LOCK TABLE {relation} IN ACCESS SHARE MODE".encode())  # so that its types stay
    _refuse_types(connection, resolved)
    return resolved


def _refuse_types(connection: psycopg.Connection, table: TenantsTable) -> None:
    """Raises InputError for a type whose cast to text, run by the administrator, would be code of others."""
    for column in (table.key, table.name):
        if found := _rows(connection, "untrusted_type", relation=table.relation, column=column):
            name, owner = found[0]
            raise InputError(
                f"the column {column} of {table.relation} is of the type {name}, whose casts {owner} can change",
                "Name a column of another type.",
            )


def _read_tenants(connection: psycopg.Connection, table: TenantsTable) -> list[_Tenant]:
    """All tenants. Raises InputError, with every reason, for rows that cannot be identities."""
    statement = compose.SQL("SELECT {key}::text, {name}::text FROM {table} ORDER BY {key}").format(
        key=compose.Identifier(table.key), name=compose.Identifier(table.name), table=compose.SQL(table.relation)
    )
    rows: list[tuple[str | None, str | None]] = connection.execute(statement).fetchall()
    faults = [fault for fault in _faults(rows) if fault]
    if faults:
        listed = "".join(f"\n  {fault}" for fault in faults)
        raise InputError(
            f"the rows of {table.relation} cannot be identities:{listed}", "Correct these rows, or name other columns."
        )
    names = [" ".join(str(name).split()) for _, name in rows]
    short = [short_name(name) for name in [HEAD_OFFICE, *names]]
    return [
        _Tenant(str(key), name if short.count(short_name(name)) == 1 else f"{name} ({key})")
        for (key, _), name in zip(rows, names, strict=True)
    ]


def _faults(rows: list[tuple[str | None, str | None]]) -> list[str]:
    keys = [key for key, _ in rows]
    without_name = [str(key) for key, name in rows if name is None or not name.strip()]
    too_long = [str(key) for key, name in rows if name is not None and not _is_valid(" ".join(name.split()))]
    unfit = [key for key in keys if key is not None and not _is_valid(key)]  # parts of names
    twice = (
        sorted({key for key in keys if key is not None and keys.count(key) > 1}) if len(set(keys)) < len(keys) else []
    )
    return [
        "" if rows else "there is none",
        f"{counted(keys.count(None), 'row has', 'rows have')} no key" if None in keys else "",
        f"these keys appear twice: {_listed(twice)}" if twice else "",
        f"these keys have no name: {_listed(without_name)}" if without_name else "",
        f"these keys have a name of more than 200 characters or with control characters: {_listed(too_long)}"
        if too_long
        else "",
        f"{len(unfit)} keys have more than 200 characters or control characters" if unfit else "",
    ]


def _is_valid(text: str) -> bool:
    return len(text) <= _MAX_NAME_CHARACTERS and not has_invisible(text)


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - _MAX_LISTED} more" if len(keys) > _MAX_LISTED else ""
    return ", ".join(key[:60] for key in keys[:_MAX_LISTED]) + more


def _record(connection: psycopg.Connection, table: TenantsTable) -> None:
    row = _rows(connection, "family", relation=table.relation, key=table.key)[0]
    if row[0] is None:
        raise InputError(
            f"the column {table.key} of {table.relation} is of a type that cannot be a key of tenants",
            "It may be an integer, numeric, uuid or text.",
        )
    _rows(connection, "record", relation=table.relation, key=table.key, name=table.name)


def _refuse_other_source(connection: psycopg.Connection, table: TenantsTable) -> None:
    recorded = _rows(connection, "recorded")
    if not recorded:
        raise InputError(
            "this database has stores of its own, and cannot get them from a table of tenants as well",
            "Use another database, or add identities with `zava-mcp identities add`.",
        )
    if recorded[0][:3] != (table.relation, table.key, table.name):
        raise InputError(
            f"the tenants of this database are in {':'.join(recorded[0][:3])}", "Name this table and these columns."
        )


def _add_tenants(connection: psycopg.Connection, tenants: list[_Tenant], is_new: bool, report: Report) -> int:
    """Adds the tenants that are not stores yet; the others stay as they are. Returns the number of new ones."""
    known: dict[str, int] = dict(_rows(connection, "known"))
    is_direct = _rows(connection, "recorded")[0][3]
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
        _admit(connection, name, user_id, store_id)
    gone = known.keys() - {tenant.key for tenant in tenants}
    if gone and not is_new:
        report.warnings.append(
            f"{counted(len(gone), 'tenant is', 'tenants are')} no longer in the table, but their identities stay: "
            f"{_listed(sorted(gone))}; "
            "`zava-mcp identities remove` removes one"
        )
    return len(new)


def _admit(connection: psycopg.Connection, name: str, user_id: str, store_id: int | None) -> None:
    """Creates the login of an identity with one store, or with all stores."""
    create_login(connection, user_id)
    connection.execute(ADMIT, [user_id, user_id, name, store_id is None, [] if store_id is None else [store_id]])


def _rows(connection: psycopg.Connection, block: str, **values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(sql.named("tenants.sql")[block].encode(), values or None).fetchall()
