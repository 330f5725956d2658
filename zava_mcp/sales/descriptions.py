"""Compact descriptions of the tables that an identity may see, sized for a model's context."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from zava_mcp import sql
from zava_mcp.errors import InputError, QueryError
from zava_mcp.plurals import counted
from zava_mcp.postgres.identity import VerifiedIdentity
from zava_mcp.postgres.pool import Database
from zava_mcp.postgres.saved_query import SavedQuery, read_saved_query
from zava_mcp.postgres.statement import StatementBatch
from zava_mcp.sales.column_hints import Catalogue
from zava_mcp.sales.saved_query_list import list_briefly
from zava_mcp.sales.table_names import qualify, resolve_table_names
from zava_mcp.sales.table_notes import ONLY_ON_REQUEST, table_note
from zava_mcp.suggestions import did_you_mean

_MAX_AGE_SECONDS = 600.0  # how long the date of the last order may be out of date
_SHORT_TYPES = {
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "character varying": "varchar",
    "double precision": "float8",
}


@dataclass(frozen=True)
class SchemaSummary:
    """The tables, stores, categories and dates that this identity sees. Days are ISO dates, "" without orders."""

    tables: dict[str, str] = field(default_factory=dict)  # {table name: comment}
    stores: list[str] = field(default_factory=list)
    store_ids: list[int] = field(default_factory=list)  # same order as `stores`
    first_days: list[str] = field(default_factory=list)  # days of the first orders, in the order of `stores`
    types: dict[str, list[str]] = field(default_factory=dict)  # {category: product types}
    first_day: str = ""
    last_day: str = ""
    all_stores: bool = False
    saved_queries: list[SavedQuery] = field(default_factory=list)  # The SQL is not included.
    has_orders: bool = True  # False in a database of tenants, which has no products, categories and orders

    def months(self) -> list[str]:
        """Returns the months from the last order to the first, such as "2026-10"."""
        if not self.first_day:
            return []
        first, last = (int(day[:4]) * 12 + int(day[5:7]) - 1 for day in (self.first_day, self.last_day))
        return [f"{month // 12}-{month % 12 + 1:02}" for month in range(last, first - 1, -1)]


class TableDescriptions:
    """Table descriptions, read once and cached until the schema changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tables: dict[str, str] = {}
        self._period = ""
        self._summary = SchemaSummary()
        self.catalogue = Catalogue()  # empty until the descriptions are read
        self._read_time = float("-inf")  # a time of the monotonic clock
        self._schema_changes = -1  # the database's counter when the descriptions were read

    def describe(self, names: list[str], batch: StatementBatch) -> str:
        """Describes the named tables; without names, all that are not ONLY_ON_REQUEST.

        Raises InputError for an unknown name, with the valid ones.
        """
        self._refresh(batch)
        default = [name for name in self._tables if name not in ONLY_ON_REQUEST]
        selected = resolve_table_names(names, self._tables, default)
        for name in selected:
            if name not in self._tables:
                raise self._unknown_table(name)
        saved = list_briefly(self._summary.saved_queries)
        return "\n\n".join([*(self._tables[name] for name in selected), *[saved] * bool(saved), self._period])

    @property
    def has_saved_queries(self) -> bool | None:
        """Whether there are saved queries; None before the descriptions were read."""
        return bool(self._summary.saved_queries) if self._read_time > float("-inf") else None

    def statistics(self) -> dict[str, float]:
        """Returns the age of the descriptions in seconds as a metric, {} before they are read."""
        age = time.monotonic() - self._read_time
        return {} if age == float("inf") else {"mcp_schema_cache_age_seconds": age}

    def overview(self, batch: StatementBatch) -> str:
        """Returns one line per table, then the identity and the period of its orders."""
        self._refresh(batch)
        lines = [f"{qualify(name)}: {comment}".rstrip(": ") for name, comment in self._summary.tables.items()]
        return "\n".join([*lines, "", self._period])

    def summary(self, batch: StatementBatch) -> SchemaSummary:
        """Returns the summary, read from the database if the cached one is outdated."""
        self._refresh(batch)
        return self._summary

    def cached_summary(self) -> SchemaSummary | None:
        """Returns the cached summary without a round trip, None if it may be outdated."""
        self._database.poll_notifications()
        return self._summary if self._is_fresh() else None

    def read_catalogue(self, batch: StatementBatch) -> None:
        """Reads the catalogue that hints use. If the values cannot be read, reads the tables and columns alone."""
        try:
            self._refresh(batch)
        except QueryError:
            (tables,) = self._database.run_batch(batch, (sql.query("list_tables"),))
            self.catalogue = _catalogue(tables)

    def _is_fresh(self) -> bool:
        stale = time.monotonic() - self._read_time > _MAX_AGE_SECONDS
        return not stale and self._schema_changes == self._database.schema_changes

    def _refresh(self, batch: StatementBatch) -> None:
        self._database.poll_notifications()
        if self._is_fresh():
            return
        changes, identity = self._database.schema_changes, self._database.identity
        values_of = "list_filter_values" if identity.has_orders else "list_own_stores"
        values_of += "_of_nodes" if identity.is_distributed else ""
        statements = tuple(map(sql.query, ("list_tables", values_of, "list_saved_queries")))
        tables, values, saved = self._database.run_batch(batch, statements)
        summary = _summarize(tables, values[0], saved, identity)
        described = {
            str(name): _table(str(name), comment, columns, keys or [], _filter_values(str(name), summary))
            + table_note(str(name), summary.all_stores, self._database.identity.company.is_sample)
            for name, comment, columns, keys in tables
        }
        self.catalogue = _catalogue(tables)
        self._tables = described  # assigned at once, because several threads may read it
        self._period = _period(summary, identity)
        self._summary = summary
        self._read_time, self._schema_changes = time.monotonic(), changes

    def _unknown_table(self, name: str) -> InputError:
        valid = ", ".join(self._tables)
        suggestion = did_you_mean(name.rpartition(".")[2], self._tables)
        return InputError(f"there is no table {name[:60]!r}{suggestion}", f"The tables are: {valid}.")


def _table(name: str, comment: object, columns: Any, keys: Any, values: list[str]) -> str:
    """Describes one table: a line for it, a line for each column, then the values to filter by."""
    primary: list[str] = next((key["columns"] for key in keys if key["kind"] == "p"), [])
    unique = [key["columns"][0] for key in keys if key["kind"] == "u" and len(key["columns"]) == 1]
    references: dict[str, Any] = {}
    for key in sorted((key for key in keys if key["kind"] == "f"), key=lambda key: len(key["columns"])):
        for index, column in enumerate(key["columns"]):  # a key with fewer columns comes first
            references.setdefault(column, (key["references"], key["targets"][index]))
    lines = [f"{qualify(name)}: {comment or ''}".rstrip(": ")]
    for column in columns:
        words = [f"  {column['name']}", _short_type(column["type"])]
        if [column["name"]] == primary:
            words.append("PK")
        elif column["nullable"]:
            words.append("null")
        if column["name"] in unique:
            words.append("unique")
        if target := references.get(column["name"]):
            words.append(f"-> {'.'.join(target)}")
        if column["comment"]:
            words.append(f"-- {column['comment']}")
        lines.append(" ".join(words))
    if len(primary) > 1:
        lines.append(f"  PK ({', '.join(primary)})")
    lines += [f"  {line}" for line in values]
    return "\n".join(lines)


def _summarize(tables: Any, values: tuple[Any, ...], saved: Any, identity: VerifiedIdentity) -> SchemaSummary:
    """Builds the summary from the rows of the three statements."""
    stores, ids, first_days, categories, types, first_day, last_day = values
    return SchemaSummary(
        {str(name): str(comment or "") for name, comment, *_ in tables},
        list(map(str, stores or [])),
        list(ids or []),
        [str(day or "") for day in first_days or []],
        {str(category): [] for category in categories or []} | _parse_dict(types),
        str(first_day or ""),
        str(last_day or ""),
        identity.all_stores,
        [read_saved_query(name, description, parameters, "") for name, description, parameters in saved],
        identity.has_orders,
    )


def _filter_values(table: str, summary: SchemaSummary) -> list[str]:
    """Returns lines with the values that queries filter a table by."""
    if table == "stores":
        days = zip(summary.stores, summary.first_days, strict=True)
        stores = [f"{store} (first order {day})" if day else store for store, day in days]
        return [f"store_name values: {', '.join(stores)}"]
    if table == "categories":
        return [f"category_name values: {', '.join(summary.types)}"]
    if table == "product_types":
        return [f"{category}: {', '.join(names)}" for category, names in summary.types.items() if names]
    return []


def _period(summary: SchemaSummary, identity: VerifiedIdentity) -> str:
    """Returns the last line of every description: the identity, its orders, and the conventions of all tables."""
    if not identity.has_orders:
        tenants = (
            f"all {counted(len(summary.stores), 'tenant')}"
            if summary.all_stores
            else ", ".join(summary.stores) or "no tenant"
        )
        return (
            f"You are {identity.name}, user id {identity.user_id}. You see the rows of {tenants}. "
            "Dates are UTC; current_date works in SQL. Write table names with their schema."
        )
    stores = f"all {counted(len(summary.stores), 'store')}" if summary.all_stores else ", ".join(summary.stores)
    orders = f"no orders of {stores or 'any store'}"
    if summary.first_day:
        orders = f"the orders of {stores} from {summary.first_day} to {summary.last_day} (last day may be incomplete)"
    names = " Table names work without retail." if "retail" in identity.schemas else ""
    company = identity.company
    sentences = (
        company.introduction(),
        f"You are {identity.name}, user id {identity.user_id}. You see {orders}.",
        company.conventions() + names,
        f"Notes of the administrator: {company.notes.rstrip('.')}." if company.notes else "",
    )
    return " ".join(filter(None, sentences))


def _catalogue(tables: Any) -> Catalogue:
    """Collects columns and foreign keys. Of several keys between two tables, the one with most columns comes first."""
    columns = {str(name): [column["name"] for column in described] for name, _, described, _ in tables}
    foreign_keys = {
        str(name): [
            (list(zip(key["columns"], key["targets"], strict=True)), key["references"])
            for key in sorted(keys or [], key=lambda key: -len(key["columns"]))
            if key["kind"] == "f" and key["references"] in columns
        ]
        for name, _, _, keys in tables
    }
    return Catalogue(columns, foreign_keys)


def _short_type(name: str) -> str:
    for long, short in _SHORT_TYPES.items():
        name = name.replace(long, short)
    return name


def _parse_dict(value: object) -> dict[str, list[str]]:
    return value if isinstance(value, dict) else json.loads(str(value or "{}"))
