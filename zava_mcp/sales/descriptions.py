"""The shop's tables in words that fit into a model's context, as this identity may see them."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from zava_mcp import sql
from zava_mcp.errors import InputError, QueryError
from zava_mcp.postgres.identity import VerifiedIdentity
from zava_mcp.postgres.pool import Database
from zava_mcp.postgres.statement import StatementBatch
from zava_mcp.sales.column_hints import Catalogue
from zava_mcp.sales.table_names import requested
from zava_mcp.sales.table_notes import LEFT_OUT, note
from zava_mcp.suggestions import did_you_mean

_FRESH_SECONDS = 600.0  # how long "the last order" may be out of date
_SHORT_TYPES = {
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "character varying": "varchar",
    "double precision": "float8",
}


@dataclass(frozen=True)
class SchemaSummary:
    """What there is to ask about, as this identity sees it; days are ISO dates, "" if there are no orders."""

    tables: dict[str, str] = field(default_factory=dict)  # name: what a row is
    stores: list[str] = field(default_factory=list)
    store_ids: list[int] = field(default_factory=list)  # of the stores, in their order
    first_days: list[str] = field(default_factory=list)  # of the stores: of their first orders
    types: dict[str, list[str]] = field(default_factory=dict)  # category: its types
    first_day: str = ""
    last_day: str = ""
    all_stores: bool = False

    def months(self) -> list[str]:
        """The months with orders, "2026-10", the newest first."""
        if not self.first_day:
            return []
        first, last = (int(day[:4]) * 12 + int(day[5:7]) - 1 for day in (self.first_day, self.last_day))
        return [f"{month // 12}-{month % 12 + 1:02}" for month in range(last, first - 1, -1)]


class TableDescriptions:
    """Descriptions of the tables, read once and kept until the schema changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tables: dict[str, str] = {}
        self._period = ""
        self._known = SchemaSummary()
        self.catalogue = Catalogue()  # empty until the descriptions are read
        self._read_at = float("-inf")
        self._changes_seen = -1

    def describe(self, names: list[str], reading: StatementBatch) -> str:
        """Compact text on the named tables, however they are written; if none is named, on all that are not LEFT_OUT.

        Raises InputError for an unknown name, listing the valid ones.
        """
        self._refresh(reading)
        wanted = requested(names, self._tables, [name for name in self._tables if name not in LEFT_OUT])
        for name in wanted:
            if name not in self._tables:
                raise self._unknown(name)
        return "\n\n".join([*(self._tables[name] for name in wanted), self._period])

    def statistics(self) -> dict[str, float]:
        """How old the descriptions are, in seconds, once there are any."""
        age = time.monotonic() - self._read_at
        return {} if age == float("inf") else {"mcp_schema_cache_age_seconds": age}

    def overview(self, reading: StatementBatch) -> str:
        """The tables, a line each, and what the orders span."""
        self._refresh(reading)
        lines = [f"retail.{name}: {comment}".rstrip(": ") for name, comment in self._known.tables.items()]
        return "\n".join([*lines, "", self._period])

    def known(self, reading: StatementBatch) -> SchemaSummary:
        """What there is to ask about; as a description, read once and kept."""
        self._refresh(reading)
        return self._known

    def known_now(self) -> SchemaSummary | None:
        """The same without asking the database: None if what was read may no longer be so."""
        self._database.poll_notifications()
        return self._known if self._is_fresh() else None

    def read_catalogue(self, reading: StatementBatch) -> None:
        """Reads what hints are made of; where the values cannot be read, at least the tables and columns."""
        try:
            self._refresh(reading)
        except QueryError:
            (tables,) = self._database.run_batch(reading, (sql.query("tables"),))
            self.catalogue = _catalogue(tables)

    def _is_fresh(self) -> bool:
        stale = time.monotonic() - self._read_at > _FRESH_SECONDS
        return not stale and self._changes_seen == self._database.schema_changes

    def _refresh(self, reading: StatementBatch) -> None:
        self._database.poll_notifications()
        if self._is_fresh():
            return
        changes = self._database.schema_changes
        tables, values = self._database.run_batch(reading, (sql.query("tables"), sql.query("values")))
        known = _known(tables, values[0], self._database.identity.all_stores)
        described = {
            str(name): _table(str(name), comment, columns, keys or [], _filters(str(name), known))
            + note(str(name), known.all_stores)
            for name, comment, columns, keys in tables
        }
        self.catalogue = _catalogue(tables)
        self._tables = described  # whole: several calls may read at once
        self._period = _period(known, self._database.identity)
        self._known = known
        self._read_at, self._changes_seen = time.monotonic(), changes

    def _unknown(self, name: str) -> InputError:
        valid = ", ".join(self._tables)
        meant = did_you_mean(name.rpartition(".")[2], self._tables)
        return InputError(f"there is no table {name[:60]!r}{meant}", f"The tables are: {valid}.")


def _table(name: str, comment: object, columns: Any, keys: Any, values: list[str]) -> str:
    """One table: a line for it, a line for each column, then what there is to filter by."""
    primary: list[str] = next((key["columns"] for key in keys if key["kind"] == "p"), [])
    unique = [key["columns"][0] for key in keys if key["kind"] == "u" and len(key["columns"]) == 1]
    references: dict[str, Any] = {}
    for key in sorted((key for key in keys if key["kind"] == "f"), key=lambda key: len(key["columns"])):
        for place, column in enumerate(key["columns"]):  # of a key of several columns, those without one of their own
            references.setdefault(column, (key["references"], key["targets"][place]))
    lines = [f"retail.{name}: {comment or ''}".rstrip(": ")]
    for column in columns:
        words = [f"  {column['name']}", _type(column["type"])]
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


def _known(tables: Any, values: tuple[Any, ...], all_stores: bool) -> SchemaSummary:
    """What the statement `values` gives."""
    stores, ids, first_days, categories, types, first_day, last_day = values
    return SchemaSummary(
        {str(name): str(comment or "") for name, comment, *_ in tables},
        list(map(str, stores or [])),
        list(ids or []),
        [str(day or "") for day in first_days or []],
        {str(category): [] for category in categories or []} | _dict(types),
        str(first_day or ""),
        str(last_day or ""),
        all_stores,
    )


def _filters(table: str, known: SchemaSummary) -> list[str]:
    """Lines with the values that a table is filtered by."""
    if table == "stores":
        days = zip(known.stores, known.first_days, strict=True)
        stores = [f"{store} (first order {day})" if day else store for store, day in days]
        return [f"store_name values: {', '.join(stores)}"]
    if table == "categories":
        return [f"category_name values: {', '.join(known.types)}"]
    if table == "product_types":
        return [f"{category}: {', '.join(names)}" for category, names in known.types.items() if names]
    return []


def _period(known: SchemaSummary, who: VerifiedIdentity) -> str:
    """What stands below every description: who sees what, and what holds for all tables."""
    of = f"all {len(known.stores)} stores" if known.all_stores else ", ".join(known.stores) or "none"
    days = f"{known.first_day} to {known.last_day} (last day may be incomplete)" if known.first_day else "none"
    names = " Table names work without retail." if "retail" in who.schemas else ""
    return (
        f"You are {who.name}, user id {who.user_id}. Orders visible to you: {days}, of: {of}. Dates are UTC, money is "
        f"US dollars, quarters are calendar quarters; current_date works in SQL.{names}"
    )


def _catalogue(tables: Any) -> Catalogue:
    """Columns and foreign keys; of several between two tables the one with most columns first, which is most exact."""
    columns = {str(name): [column["name"] for column in given] for name, _, given, _ in tables}
    keys = {
        str(name): [
            (list(zip(key["columns"], key["targets"], strict=True)), key["references"])
            for key in sorted(given or [], key=lambda key: -len(key["columns"]))
            if key["kind"] == "f" and key["references"] in columns
        ]
        for name, _, _, given in tables
    }
    return Catalogue(columns, keys)


def _type(name: str) -> str:
    for long, short in _SHORT_TYPES.items():
        name = name.replace(long, short)
    return name


def _dict(value: object) -> dict[str, list[str]]:
    return value if isinstance(value, dict) else json.loads(str(value or "{}"))
