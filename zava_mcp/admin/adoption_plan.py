"""What a Zava database that somebody else made still needs to be one of ours, read from its catalogue."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.admin.existing_roles import OWNER, role_faults
from zava_mcp.admin.migrations import installed_version, names
from zava_mcp.admin.own_objects import hidden_objects
from zava_mcp.admin.passwords import login_created
from zava_mcp.postgres.user_ids import sample_identities

#: At the start of the transaction. Names are written with their schemas, whatever the admin's own path is.
MANNERS = (
    "SET LOCAL search_path = pg_catalog, pg_temp",
    "SET LOCAL client_min_messages = warning",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = '5s'",
)
#: The shop's tables, for writers; who reads waits only while policies change.
_LOCK = "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE"
_TABLES = ("stores", "customers", "categories", "product_types", "products", "inventory", "orders", "order_items")
_REVOKED = compose.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA retail FROM {}")
_VECTORS = "retail.product_description_embeddings"
_HEAD_OFFICE = sample_identities()[0]
_FIRST_FILE = 3  # of the schema: the tables and keys of those before are there already
_COMMENT = re.compile(r"COMMENT ON ((?:SCHEMA|TABLE|COLUMN) \S+) IS '(?:[^']|'')*'")
_INDEX = re.compile(
    r"^(?:CREATE INDEX (?:IF NOT EXISTS )?(\w+) ON retail\.(\w+)\s+([^;]+)|DROP INDEX IF EXISTS retail\.(\w+));", re.M
)


@dataclass
class Plan:
    """Statements in their order, each with what it does in general ('' if that is not worth telling).

    `refused` is what this admin may not do, `warnings` what is left to the admin's judgement.
    """

    steps: list[tuple[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, what: str, *statements: str) -> None:
        self.steps += [(what, statement) for statement in statements]

    def report(self) -> list[str]:
        """What it does, counted."""
        kinds = [what for what in dict(self.steps) if what]
        return [f"{kind}: {sum(what == kind for what, _ in self.steps)}" for kind in kinds]


def rows(connection: psycopg.Connection, name: str) -> list[tuple[Any, ...]]:
    """The rows of a block of adopt.sql."""
    return connection.execute(sql.named("adopt.sql")[name].encode()).fetchall()


def plan_for(connection: psycopg.Connection) -> Plan:
    """The statements that are still needed, none if the database is as it should be. Changes nothing."""
    plan, ours = Plan(), installed_version(connection) > 0
    hidden = rows(connection, "hidden")
    with connection.transaction(force_rollback=True):
        for _, statement in hidden:
            connection.execute(statement)
        identities = _identities(connection, plan, ours)
        plan.warnings += [f"{found}: {fix}" for found, fix in rows(connection, "left_to_the_admin")]
        plan.warnings += names(connection)
        plan.warnings += [what for what in hidden_objects(connection) if what.startswith("the column")]
    _protect(connection, plan, ours)
    plan.add("indexes built", *_indexes(connection))
    plan.add("columns for the vectors' model added", *_first(connection, "model_columns"))
    if not ours:
        plan.add("files of our schema", *_files())
    _show(connection, plan, ours)
    plan.add("comments written", *_comments(connection))
    _let_in(connection, plan, identities, ours)
    if plan.steps:
        _frame(plan, [statement for _, statement in hidden])
    return plan


def _let_in(connection: psycopg.Connection, plan: Plan, identities: list[tuple[list[Any], bool]], ours: bool) -> None:
    """Each identity's login; one that is there already keeps no right beyond an identity's."""
    missing = [login_created(who[0]) for who, there in identities if not there]
    older = [_REVOKED.format(compose.Identifier(who[0])) for who, there in identities if there and not ours]
    plan.add("rights of older logins revoked", *(str(revoked.as_string(connection)) for revoked in older))
    plan.add("logins created", *(str(created.as_string(connection)) for created in missing))
    plan.add("logins admitted", *(_admitted(connection, who) for who, _ in identities))
    if not ours:
        record = compose.SQL("INSERT INTO zava.about (schema_version) VALUES ({})").format(sql.schema_version())
        plan.add("", record.as_string(connection))
        for _, file in sql.migrations():
            noted = compose.SQL("INSERT INTO zava.migrations VALUES ({}, now())").format(file)
            plan.add("", noted.as_string(connection))


def _frame(plan: Plan, hidden: list[str]) -> None:
    """Before it writers are locked out and every row is shown to the admin; after it the planner learns of indexes."""
    locked = _LOCK.format(", ".join(f"retail.{table}" for table in _TABLES))
    plan.steps[:0] = [("", locked), *(("", statement) for statement in hidden)]
    if any(what in ("indexes built", "files of our schema") for what, _ in plan.steps):
        plan.add("", "ANALYZE " + ", ".join(f"retail.{table}" for table in _TABLES))


def _protect(connection: psycopg.Connection, plan: Plan, ours: bool) -> None:
    """Nothing shows more than our policies do."""
    if ours:
        for check in ("no_policy_trusts_a_setting", "every_table_has_its_policies", "open_sessions_see_access_changes"):
            plan.add("policies put right", *(fix for _, _, fix in _guard(connection, check)))
    else:
        plan.add("older policies dropped", *_first(connection, "older_policies"))
    for statement, allowed in rows(connection, "open_to_everybody"):
        if allowed:
            plan.add("rights of everybody revoked", statement)
        else:
            plan.refused.append(f"this admin may not say {statement}")
    plan.add("tables whose rows are hidden unless a policy shows them", *_first(connection, "unprotected"))


def _show(connection: psycopg.Connection, plan: Plan, ours: bool) -> None:
    """What our schema's files do not know of: vectors that were there before, and tables beside the shop's."""
    if not ours:
        made = [
            fix for _, found, fix in _guard(connection, "every_table_has_its_policies") if f"on {_VECTORS} is" in found
        ]
        plan.add("policies for the vectors made", *made)
    for table, maintained, shown in rows(connection, "other_tables"):
        if maintained:
            plan.add("other tables left to their owner", maintained)
        if not shown or not ours:
            show = f"CREATE POLICY every_identity ON {table} FOR SELECT USING (zava.is_known())"
            plan.warnings.append(
                f"{table} is not a table of the shop, and is shown to no identity: {show}, then init --adopt"
            )
    plan.add("tables given to zava_owner", *_first(connection, "owners"))


def _identities(connection: psycopg.Connection, plan: Plan, ours: bool) -> list[tuple[list[Any], bool]]:
    """Who needs a login or its rights, as arguments of zava.admit, and whether the login is there already."""
    admitted = {row[0] for row in rows(connection, "admitted")} if ours else set()
    needed = [(list(row), True) for row in rows(connection, "incomplete")] if ours else []
    head_office: tuple[Any, ...] = (_HEAD_OFFICE.user_id, _HEAD_OFFICE.name, [], *_login_of_head_office(connection))
    for user_id, name, stores, there, above, alterable in [head_office, *rows(connection, "identities")]:
        if user_id is None or (user_id == _HEAD_OFFICE.user_id and stores):
            why = "has no user id" if user_id is None else "has the user id of head office"
            plan.warnings.append(f"{name} {why}: only head office sees its rows: give it one, then init --adopt")
        elif user_id in admitted or (ours and there and not above):  # whom an admin removed stays out
            continue
        elif above or not alterable:
            why = (
                "could do more than an identity may (superuser, BYPASSRLS or member of a role)"
                if above
                else "is there already, and this admin may not alter it"
            )
            plan.refused.append(f"the login {user_id} of {name} {why}: not admitted")
        elif there and (faults := role_faults(connection, str(user_id))):
            plan.refused += [f"{fault.found}, so {name} is not admitted: {fault.cure}" for fault in faults]
        else:
            if len(stores) > 1:
                plan.warnings.append(f"{name} share one user id: one login, {user_id}, sees them all")
            needed.append(([str(user_id), user_id, name, not stores, stores], there))
    return needed


def _login_of_head_office(connection: psycopg.Connection) -> tuple[bool, bool, bool]:
    """Whether it is there, stands above the policies, and can be altered."""
    found = connection.execute(sql.named("adopt.sql")["login"].encode(), {"login": str(_HEAD_OFFICE.user_id)})
    row = found.fetchone()
    return (True, row[0], row[1]) if row else (False, False, True)


def roles_of_ours(connection: psycopg.Connection) -> list[str]:
    """The owner, and the logins that the stores and head office have or will have."""
    stores = [str(row[0]) for row in rows(connection, "identities") if row[0] is not None]
    return [OWNER, str(_HEAD_OFFICE.user_id), *stores]


def _admitted(connection: psycopg.Connection, who: list[Any]) -> str:
    """The statement that admits a login."""
    login, user_id, name, everything, stores = who
    values = [str(login), str(user_id), name, everything, f"{{{','.join(map(str, stores))}}}"]
    call = compose.SQL("SELECT zava.admit({}, {}, {}, {}, {})").format(*map(compose.Literal, values))
    return str(call.as_string(connection))


def _files() -> Iterator[str]:
    """Our schema without its tables, keys and comments."""
    for number, file in sql.migrations():
        if number >= _FIRST_FILE and "comments" not in file:
            yield sql.script(file)


def _indexes(connection: psycopg.Connection) -> Iterator[str]:
    """The indexes that a database of ours has and this one lacks, by name and by what they index."""
    wanted: dict[str, tuple[str, str]] = {}
    for _, file in sql.migrations():
        for name, table, definition, dropped in _INDEX.findall(sql.script(file)):
            wanted.pop(dropped or name, None)
            if name:
                wanted[name] = (table, " ".join(definition.split()))
    there = rows(connection, "indexes")
    names, definitions = {row[0] for row in there}, {row[1] for row in there}
    for name, (table, definition) in wanted.items():
        if name not in names and f"{table} btree {definition}" not in definitions:
            yield f"CREATE INDEX IF NOT EXISTS {name} ON retail.{table} {definition}"


def _comments(connection: psycopg.Connection) -> Iterator[str]:
    """Our comments for what has none; somebody's own stay."""
    there = {row[0] for row in rows(connection, "comments")}
    vectors = connection.execute(f"SELECT to_regclass('{_VECTORS}') IS NOT NULL".encode()).fetchone() == (True,)
    for number, file in sql.migrations():
        for match in _COMMENT.finditer(sql.script(file)) if number >= _FIRST_FILE else ():
            ours_alone = match[1].startswith(("TABLE zava.", "COLUMN zava.")) or (_VECTORS in match[1] and not vectors)
            if match[1] not in there and not ours_alone:
                yield match[0]


def _first(connection: psycopg.Connection, name: str) -> list[str]:
    return [row[0] for row in rows(connection, name)]


def _guard(connection: psycopg.Connection, name: str) -> list[tuple[str, str, str]]:
    return connection.execute(sql.named("checks.sql")[name].encode()).fetchall()
