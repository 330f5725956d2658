"""What generated statements are made of: tables, columns, and rows of literals, the identity's own, others', absent."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql as compose

from tests.promises.twins import STATEMENTS, Twins


@dataclass(frozen=True)
class Tables:
    """Tables of a schema. `keys`: of those with rows that an identity may not see. `shared`: the columns that rows of
    two tables have in common, the rarer first, by which they are joined.
    """

    schema: str
    names: tuple[str, ...]
    keys: dict[str, tuple[str, ...]]
    shared: tuple[str, ...]


RETAIL = Tables(
    "retail",
    ("orders", "order_items", "inventory", "customers", "stores", "products", "product_types", "categories"),
    {
        "orders": ("order_id",),
        "order_items": ("order_item_id",),
        "inventory": ("store_id", "product_id"),
        "customers": ("customer_id",),
    },
    ("order_id", "customer_id", "product_id", "type_id", "category_id", "store_id"),
)
Pairs = list[tuple[tuple[str, ...], tuple[str, ...]]]

_ROWS = 3  # of each kind
_ABSENT = {
    "integer": 987654,
    "numeric": Decimal("98765.43"),
    "bool": True,
    "date": date(1999, 1, 1),
    "timestamp": datetime(1999, 1, 1, 12),
    "timestamptz": datetime(1999, 1, 1, 12),
    "uuid": UUID(int=1),
}


@dataclass(frozen=True)
class Column:
    """A column that the identity may read; `kind` is its type as PostgreSQL calls it, "integer" for all integers."""

    table: str
    name: str
    kind: str

    @property
    def quoted(self) -> str:
        return self.name if re.fullmatch("[a-z_]+", self.name) else compose.Identifier(self.name).as_string(None)


@dataclass(frozen=True)
class Vocabulary:
    """Columns and, by table, rows of literals: {column name: SQL}; and pairs of keys, of a hidden row and of no row.

    Where `own_plans` is False, the planner knows of others' rows: then only such statements are written whose rows
    and errors are the same by every plan, and no samples of tables.
    """

    columns: dict[str, list[Column]]
    rows: dict[str, list[dict[str, str]]]
    keys: dict[str, Pairs]
    own_plans: bool = True
    tables: Tables = RETAIL


def vocabulary(twins: Twins, who: str, own_plans: bool = True) -> Vocabulary:
    """What there is in the first of two databases: what the identity's login reads is its own, the rest is hidden."""
    with twins.as_superuser() as admin, twins.as_login(who) as login:
        return vocabulary_of(RETAIL, admin, login, own_plans)


def vocabulary_of(
    tables: Tables, admin: psycopg.Connection, login: psycopg.Connection, own_plans: bool = False
) -> Vocabulary:
    """The vocabulary of some tables, as a superuser and as the identity's login read them."""
    columns = _columns(tables, admin, login.info.user)
    own = {table: _rows(tables, login, columns[table]) for table in tables.names}
    hidden = {table: _hidden(_rows(tables, admin, columns[table]), set(own[table])) for table in tables.keys}
    rows, keys = {}, {}
    for table in tables.names:
        others = hidden.get(table, [])
        absent = tuple(_ABSENT.get(column.kind, "absent") for column in columns[table])
        rows[table] = [_literals(columns[table], row) for row in (*_few(own[table]), *_few(others), absent)]
        if others:
            keys[table] = _keys(tables.keys[table], columns[table], others, [*own[table], *others])
    unused = {table: _unused(pairs, rows) for table, pairs in keys.items()}
    return Vocabulary(columns, rows, {table: pairs for table, pairs in unused.items() if pairs}, own_plans, tables)


def _unused(pairs: Pairs, rows: dict[str, list[dict[str, str]]]) -> Pairs:
    """Those that no other literal of a statement can be equal to, or contradict."""
    used = {literal for several in rows.values() for row in several for literal in row.values()}
    return [pair for pair in pairs if not used.intersection((pair[0][-1], pair[1][-1]))]


def _hidden(rows: list[tuple[Any, ...]], own: set[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row for row in rows if row not in own]


def _columns(tables: Tables, admin: psycopg.Connection, login: str) -> dict[str, list[Column]]:
    values = {"schema": tables.schema, "tables": list(tables.names), "login": login}
    found = admin.execute(STATEMENTS["columns"].encode(), values).fetchall()
    columns: dict[str, list[Column]] = {}
    for table, name, kind in found:
        columns.setdefault(table, []).append(Column(table, name, kind))
    return columns


def _rows(tables: Tables, connection: psycopg.Connection, columns: list[Column]) -> list[tuple[Any, ...]]:
    names = compose.SQL(", ").join(compose.Identifier(column.name) for column in columns)
    table = compose.Identifier(tables.schema, columns[0].table)
    return connection.execute(compose.SQL("SELECT {} FROM {} ORDER BY 1, 2").format(names, table)).fetchall()


def _few(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The first, the last and one between."""
    return rows if len(rows) <= _ROWS else [rows[0], rows[len(rows) // 2], rows[-1]]


def _literals(columns: list[Column], row: tuple[Any, ...]) -> dict[str, str]:
    return {column.name: _literal(value) for column, value in zip(columns, row, strict=True)}


def _literal(value: object) -> str:
    return compose.Literal(value).as_string(None)


def _keys(
    key: tuple[str, ...], columns: list[Column], others: list[tuple[Any, ...]], everything: list[tuple[Any, ...]]
) -> Pairs:
    """Pairs of keys with as many digits, of which the second is no row's."""
    places = [[column.name for column in columns].index(name) for name in key]
    taken = {tuple(row[place] for place in places) for row in everything}
    found = []
    for row in others[:: max(1, len(others) // 40)]:
        hidden = tuple(row[place] for place in places)
        absent = next((other for other in _nearby(hidden) if other not in taken), None)
        if absent is not None:
            found.append((tuple(map(str, hidden)), tuple(map(str, absent))))
    return found


def _nearby(key: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Keys that differ in the last column alone, with as many digits."""
    *first, last = key
    others = [last + distance for distance in range(1, 200)] + [last - distance for distance in range(1, 200)]
    return [(*first, other) for other in others if other > 0 and len(str(other)) == len(str(last))]
