"""Exposes tables and views of administrators to identities, row by row, and hides them again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.admin.as_admin import as_admin
from zava_mcp.admin.change_report import Report
from zava_mcp.admin.citus import refuse_cluster
from zava_mcp.admin.counters import revoke_counters
from zava_mcp.admin.installed_schema import has_tenants
from zava_mcp.admin.locking import change_transaction, lock_errors
from zava_mcp.admin.plain_text import refuse_invisible
from zava_mcp.admin.table_comments import Comments, new_comments
from zava_mcp.errors import InputError
from zava_mcp.plurals import counted
from zava_mcp.progress_callback import Progress
from zava_mcp.settings import Settings
from zava_mcp.suggestions import did_you_mean

_EXAMPLES = (
    "Give --store-column COLUMN if a column names the store of a row, --through COLUMN:TABLE if its row of another "
    "table does, or --shared if every identity may read every row."
)


@dataclass(frozen=True)
class ExposeRequest:
    """What to expose, how its rows belong to stores, and its comments.

    `ask` returns a person's comment on a column, or on the table for "".
    """

    table: str
    store_column: str = ""
    through: str = ""
    shared: bool = False
    hidden_columns: tuple[str, ...] = ()
    comments: Comments = field(default_factory=dict)
    ask: Callable[[str], str] | None = None


@dataclass(frozen=True)
class _Plan:
    """The parameters of the statements of expose.sql."""

    relation: str
    kind: str
    columns: list[str]
    column: str | None = None
    parent: str | None = None
    parent_key: str | None = None


def expose_table(settings: Settings, request: ExposeRequest, dry_run: bool, progress: Progress) -> Report:
    """Exposes a table or view, or changes how it is exposed. Raises InputError with every reason against it."""
    report = Report()
    with _as_admin(settings, progress) as connection:
        plan = _plan(connection, request)
        existing = dict(_columns(connection, plan.relation))
        comments = new_comments(existing, plan.columns, request.comments, request.ask, report)
        with change_transaction(connection, dry_run), lock_errors():
            connection.execute("SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = 0")
            _run(connection, "expose", plan)
            if plan.kind in ("store", "through"):
                revoke_counters(connection, report)
            for column, text in comments.items():
                connection.execute(_comment(plan, column, text))
            _describe(connection, plan, comments, report)
    return report


def hide_table(settings: Settings, table: str, dry_run: bool, progress: Progress) -> Report:
    """Hides an exposed table or view from identities. Raises InputError if it is not exposed."""
    with _as_admin(settings, progress) as connection:
        relation, _, is_exposed = _resolve(connection, table)
        if not is_exposed:
            raise InputError(f"{relation} is not exposed", "`zava-mcp tables exposed` lists what is.")
        dependent = connection.execute(
            "SELECT c.oid::regclass::text FROM zava.exposed_tables e JOIN pg_class c ON c.oid = e.relation"
            " WHERE e.parent = to_regclass(%s)",
            [relation],
        ).fetchall()
        if dependent:
            names = ", ".join(name for (name,) in dependent)
            raise InputError(f"the rows of {names} belong to the stores of {relation}", f"Hide {names} first.")
        with change_transaction(connection, dry_run), lock_errors():
            connection.execute("SET LOCAL lock_timeout = '5s'")
            connection.execute(sql.named("expose.sql")["hide"].encode(), {"relation": relation})
    return Report([f"{relation} is hidden from identities; its rows and comments stay"])


def exposed_tables(settings: Settings, progress: Progress) -> list[list[str]]:
    """Everything that is exposed: table, whose rows an identity sees, readable columns, hidden columns."""
    with _as_admin(settings, progress) as connection:
        connection.execute(sql.named("expose.sql")["forget_dropped"].encode())
        rows = connection.execute(sql.named("expose.sql")["exposed"].encode()).fetchall()
    return [[table, whose, str(count), hidden] for table, whose, count, hidden in rows]


@contextmanager
def _as_admin(settings: Settings, progress: Progress) -> Iterator[psycopg.Connection]:
    with as_admin(settings, progress, current_schema=True) as connection:
        refuse_cluster(connection, "zava-mcp tables")
        yield connection


def _resolve(connection: psycopg.Connection, table: str) -> tuple[str, str, bool]:
    """The full name of a table, its kind, and whether it is exposed. Raises InputError if there is none."""
    try:
        row = connection.execute(sql.named("expose.sql")["relation"].encode(), {"relation": table}).fetchone()
    except psycopg.Error:  # no valid name
        row = None
    if row is None:
        known = [name for (name,) in connection.execute(sql.named("expose.sql")["relations"].encode()).fetchall()]
        hint = f"Write schema and name: {', '.join(known[:20])}." if known else "Write schema and name."
        raise InputError(f"there is no table {table[:80]!r}{did_you_mean(table, known)}", hint)
    return row[0], row[1], row[2]


def _plan(connection: psycopg.Connection, request: ExposeRequest) -> _Plan:
    relation, relkind, _ = _resolve(connection, request.table)
    ways = [bool(request.store_column), bool(request.through), request.shared]
    if sum(ways) > 1 or (relkind == "v" and any(ways)):
        raise InputError(
            "a view shows what its tables show: expose it without these options"
            if relkind == "v"
            else "give one of these",
            _EXAMPLES,
        )
    if not any(ways) and relkind in "rp":
        raise InputError(f"it is not stated whose the rows of {relation} are", _EXAMPLES)
    names = [name for name, _ in _columns(connection, relation) if name]
    if unknown := [name for name in request.hidden_columns if name not in names]:
        raise InputError(f"{relation} has no column {unknown[0]!r}", f"It has {', '.join(names)}.")
    columns = [name for name in names if name not in request.hidden_columns]
    for name in (relation, *columns):
        refuse_invisible(f"the name {name!a}", name)
    plan = _Plan(relation, "shared" if request.shared else "view", columns)
    if request.store_column:
        plan = _Plan(relation, "store", columns, request.store_column)
    elif request.through:
        plan = _through(connection, relation, columns, request.through)
    if blockers := [row[0] for row in _run(connection, "blockers", plan)]:
        listed = "".join(f"\n  {blocker}" for blocker in blockers)
        raise InputError(f"{relation} cannot be exposed:{listed}", "Nothing was changed. Correct this, then try again.")
    return plan


def _through(connection: psycopg.Connection, relation: str, columns: list[str], text: str) -> _Plan:
    column, _, table = text.partition(":")
    if not column or not table:
        raise InputError(
            f"--through is COLUMN:TABLE, not {text[:80]!r}", "For example: --through invoice_id:sales.invoice"
        )
    parent = _resolve(connection, table)[0]
    keys = connection.execute(
        sql.named("expose.sql")["parent_key"].encode(), {"relation": relation, "column": column, "parent": parent}
    ).fetchone()
    if keys is None:
        raise InputError(f"{parent} has no primary key of one column", f"Add a foreign key from {relation} to it.")
    return _Plan(relation, "through", columns, column, parent, keys[0])


def _describe(connection: psycopg.Connection, plan: _Plan, comments: Comments, report: Report) -> None:
    """Reports what identities see, and rows that no identity of one store or tenant sees."""
    word = "tenant" if has_tenants(connection) else "store"
    whose = {
        "store": f"each identity reads the rows of its own {word}s, by {plan.column}",
        "through": f"each identity reads the rows of its own {word}s, through {plan.column} of {plan.parent}",
        "shared": "every identity reads every row",
        "view": "each identity reads what it may read of the view's tables",
    }[plan.kind]
    report.actions.append(f"{plan.relation}: {whose}; {counted(len(plan.columns), 'column')}")
    if comments:
        report.actions.append(f"comments written: {len(comments)}")
    if plan.kind in ("store", "through"):
        rows, without = _run(connection, "without_store", plan)[0]
        report.actions.append(f"rows: {rows:,}")
        if without:
            has, them = ("has", "it") if without == 1 else ("have", "them")
            report.warnings.append(
                f"{without:,} of {counted(rows, 'row')} {has} no {word} or an unknown one: "
                f"no {word}'s identity sees {them}, and head office does"
            )
        if partitions := _run(connection, "partitions_by_store", plan)[0][0]:
            report.warnings.append(
                f"the bounds of {partitions:,} partitions have keys of {plan.column}, and every login can read bounds"
            )
    missing = [name or "the table" for name, text in _columns(connection, plan.relation) if not text]
    if missing := [name for name in missing if name == "the table" or name in plan.columns]:
        report.warnings.append(
            f"without a comment, assistants know name and type alone: {', '.join(missing)}; --comments FILE adds them"
        )


def _columns(connection: psycopg.Connection, relation: str) -> list[tuple[str, str | None]]:
    return connection.execute(sql.named("expose.sql")["columns"].encode(), {"relation": relation}).fetchall()


def _run(connection: psycopg.Connection, name: str, plan: _Plan) -> list[tuple[Any, ...]]:
    return connection.execute(sql.named("expose.sql")[name].encode(), vars(plan)).fetchall()


def _comment(plan: _Plan, column: str, text: str) -> compose.Composed:
    if column:
        target = compose.SQL("COLUMN {}.{}").format(compose.SQL(plan.relation), compose.Identifier(column))
    else:
        target = compose.SQL("VIEW {}" if plan.kind == "view" else "TABLE {}").format(compose.SQL(plan.relation))
    return compose.SQL("COMMENT ON {} IS {}").format(target, compose.Literal(text))
