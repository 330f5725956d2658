"""Plans the statements that an existing Zava database still needs, from its catalogue."""

from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.admin.existing_roles import OWNER, role_faults
from zava_mcp.admin.indexes_and_statistics import COMMENTS, INDEXES, missing
from zava_mcp.admin.installed_schema import installed_version
from zava_mcp.admin.logins import create_login_statement
from zava_mcp.admin.migrations import untrusted_code
from zava_mcp.admin.own_objects import hidden_objects
from zava_mcp.postgres.user_ids import HEAD_OFFICE_NAME, sample_identities

#: Set at the start of the transaction. Without a search path, PostgreSQL prints names with their schemas.
SESSION_SETTINGS = (
    "SET LOCAL search_path = pg_catalog, pg_temp",
    "SET LOCAL client_min_messages = warning",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = '5s'",
)
#: Blocks writers of the retail tables; readers wait only while policies change.
_LOCK = "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE"
_TABLES = ("stores", "customers", "categories", "product_types", "products", "inventory", "orders", "order_items")
_REVOKED = compose.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA retail FROM {}")
_EMBEDDINGS_TABLE = "retail.product_description_embeddings"
_HEAD_OFFICE = sample_identities()[0]
_FIRST_MIGRATION = 3  # an adopted database has the tables and keys of the earlier ones


@dataclass
class Plan:
    """Statements in their order, each with the kind of action it belongs to ('' if the summary leaves it out).

    `refused` lists what this administrator may not do, `warnings` what the administrator should review.
    """

    steps: list[tuple[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, action: str, *statements: str) -> None:
        """Appends statements of one kind of action."""
        self.steps += [(action, statement) for statement in statements]

    def summary(self) -> list[str]:
        """The kinds of actions with the number of their statements."""
        kinds = [action for action in dict(self.steps) if action]
        return [f"{kind}: {sum(action == kind for action, _ in self.steps)}" for kind in kinds]


def rows(connection: psycopg.Connection, name: str) -> list[tuple[Any, ...]]:
    """The rows of a block of adopt.sql."""
    return connection.execute(sql.named("adopt.sql")[name].encode()).fetchall()


def plan_for(connection: psycopg.Connection) -> Plan:
    """The statements that a database still needs, none if it is complete. Changes nothing."""
    plan, is_installed = Plan(), installed_version(connection) > 0
    forcing = rows(connection, "tables_forcing_rls")
    with connection.transaction(force_rollback=True):
        for _, statement in forcing:
            connection.execute(statement)
        identities = _needed_identities(connection, plan, is_installed)
        plan.warnings += [f"{problem}: {fix}" for problem, fix in rows(connection, "manual_steps")]
        plan.warnings += untrusted_code(connection)
        plan.warnings += hidden_objects(connection, "column")
    _plan_policies(connection, plan, is_installed)
    plan.add("indexes built", *missing(connection, INDEXES))
    plan.add("columns for the embedding model added", *_first_column(connection, "model_columns"))
    if not is_installed:
        files = [sql.script(file) for number, file in sql.migrations() if number >= _FIRST_MIGRATION]
        plan.add("schema files applied", *files)
    _plan_other_tables(connection, plan, is_installed)
    plan.add("comments written", *missing(connection, COMMENTS))
    _plan_logins(connection, plan, identities, is_installed)
    if plan.steps:
        _lock_and_analyze(plan, [statement for _, statement in forcing])
    return plan


def _plan_logins(
    connection: psycopg.Connection, plan: Plan, identities: list[tuple[list[Any], bool]], is_installed: bool
) -> None:
    """Creates and admits logins; a login that exists already loses the rights that an identity does not need."""
    missing = [create_login_statement(values[0]) for values, exists in identities if not exists]
    older = [
        _REVOKED.format(compose.Identifier(values[0])) for values, exists in identities if exists and not is_installed
    ]
    plan.add("rights of older logins revoked", *(str(revoked.as_string(connection)) for revoked in older))
    plan.add("logins created", *(str(created.as_string(connection)) for created in missing))
    plan.add("logins admitted", *(_admit_statement(connection, values) for values, _ in identities))
    if not is_installed:
        record = compose.SQL("INSERT INTO zava.about (schema_version) VALUES ({})").format(sql.schema_version())
        plan.add("", record.as_string(connection))
        for _, file in sql.migrations():
            applied = compose.SQL("INSERT INTO zava.migrations VALUES ({}, now())").format(file)
            plan.add("", applied.as_string(connection))


def _lock_and_analyze(plan: Plan, show_rows: list[str]) -> None:
    """Locks out writers and shows every row to the administrator first; collects statistics for new indexes last."""
    lock = _LOCK.format(", ".join(f"retail.{table}" for table in _TABLES))
    plan.steps[:0] = [("", lock), *(("", statement) for statement in show_rows)]
    if any(action in ("indexes built", "schema files applied") for action, _ in plan.steps):
        plan.add("", "ANALYZE " + ", ".join(f"retail.{table}" for table in _TABLES))


def _plan_policies(connection: psycopg.Connection, plan: Plan, is_installed: bool) -> None:
    """Removes policies and rights that show more than zava-mcp's policies do."""
    if is_installed:
        for check in ("no_policy_trusts_a_setting", "every_table_has_its_policies", "open_sessions_see_access_changes"):
            plan.add("policies corrected", *(row[2] for row in _check_findings(connection, check)))
    else:
        plan.add("older policies dropped", *_first_column(connection, "older_policies"))
    for statement, is_allowed in rows(connection, "granted_to_public"):
        if is_allowed:
            plan.add("rights of PUBLIC revoked", statement)
        else:
            plan.refused.append(f"this administrator may not run {statement}")
    plan.add("tables with row-level security enabled", *_first_column(connection, "unprotected"))


def _plan_other_tables(connection: psycopg.Connection, plan: Plan, is_installed: bool) -> None:
    """Policies for tables that the migrations do not cover: older embeddings, and tables that are not Zava's."""
    if not is_installed:
        findings = _check_findings(connection, "every_table_has_its_policies")
        created = [fix for _, _, fix, relation in findings if relation == _EMBEDDINGS_TABLE]
        plan.add("policies for the embeddings created", *created)
    for table, owner_policy, has_policy in rows(connection, "other_tables"):
        if owner_policy:
            plan.add("other tables made maintainable by zava_owner", owner_policy)
        if not has_policy or not is_installed:
            show = f"CREATE POLICY every_identity ON {table} FOR SELECT USING (zava.is_known())"
            plan.warnings.append(
                f"{table} is not a table of zava-mcp, and no identity sees it; to show it: {show}, then init --adopt"
            )
    plan.add("tables transferred to zava_owner", *_first_column(connection, "owners"))


def _needed_identities(connection: psycopg.Connection, plan: Plan, is_installed: bool) -> list[tuple[list[Any], bool]]:
    """The arguments of zava.admit for identities that lack a login or its rights, and whether the login exists."""
    admitted = {row[0] for row in rows(connection, "admitted")} if is_installed else set()
    needed = [(list(row), True) for row in rows(connection, "incomplete")] if is_installed else []
    stores_of = rows(connection, "identities")
    is_sample = all(str(row[1]).startswith("Zava Retail ") for row in stores_of)
    name = _HEAD_OFFICE.name if is_sample else HEAD_OFFICE_NAME
    head_office: tuple[Any, ...] = (_HEAD_OFFICE.user_id, name, [], *_head_office_login(connection))
    for user_id, name, stores, exists, is_privileged, is_alterable in [head_office, *stores_of]:
        if user_id is None or (user_id == _HEAD_OFFICE.user_id and stores):
            reason = "has no user id" if user_id is None else "has the user id of head office"
            plan.warnings.append(f"{name} {reason}: only head office sees its rows: give it one, then init --adopt")
        elif user_id in admitted or (is_installed and exists and not is_privileged):  # removed identities stay removed
            continue
        elif is_privileged or not is_alterable:
            reason = (
                "could do more than an identity may (superuser, BYPASSRLS or member of a role)"
                if is_privileged
                else "exists already, and this administrator may not alter it"
            )
            plan.refused.append(f"the login {user_id} of {name} {reason}: not admitted")
        elif exists and (faults := role_faults(connection, str(user_id))):
            plan.refused += [f"{fault.found}, so {name} is not admitted: {fault.fix}" for fault in faults]
        else:
            if len(stores) > 1:
                plan.warnings.append(f"{name} share one user id: one login, {user_id}, sees them all")
            needed.append(([str(user_id), user_id, name, not stores, stores], exists))
    return needed


def _head_office_login(connection: psycopg.Connection) -> tuple[bool, bool, bool]:
    """Whether head office's login exists, has rights above the policies, and can be altered."""
    statement = sql.named("adopt.sql")["login"]
    row = connection.execute(statement.encode(), {"login": str(_HEAD_OFFICE.user_id)}).fetchone()
    return (True, row[0], row[1]) if row else (False, False, True)


def zava_roles(connection: psycopg.Connection) -> list[str]:
    """The owner, and the logins that the stores and head office have or will get."""
    stores = [str(row[0]) for row in rows(connection, "identities") if row[0] is not None]
    return [OWNER, str(_HEAD_OFFICE.user_id), *stores]


def _admit_statement(connection: psycopg.Connection, values: list[Any]) -> str:
    """The statement that admits a login."""
    login, user_id, name, all_stores, stores = values
    literals = [str(login), str(user_id), name, all_stores, f"{{{','.join(map(str, stores))}}}"]
    call = compose.SQL("SELECT zava.admit({}, {}, {}, {}, {})").format(*map(compose.Literal, literals))
    return str(call.as_string(connection))


def _first_column(connection: psycopg.Connection, name: str) -> list[str]:
    return [row[0] for row in rows(connection, name)]


def _check_findings(connection: psycopg.Connection, name: str) -> list[tuple[str, ...]]:
    """The findings of one of doctor's checks: state, problem, the SQL that fixes it, and for some checks the object."""
    return connection.execute(sql.named("checks.sql")[name].encode()).fetchall()
