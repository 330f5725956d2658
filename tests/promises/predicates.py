"""Conditions that nobody wrote with a leak in mind: every kind of expression over the columns of some tables."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.promises.vocabulary import Column, Tables, Vocabulary

T = TypeVar("T")

#: {c} and {d} are columns, {v} and {u} literals for the first, {w} one for the second; {p}, {q}, {r} are conditions,
#: {n} is 1 or 2; {of} is FROM with another source, {k} its column of the name of {c}, {s} a condition on it alone;
#: {once} is a subquery that is evaluated once.

#: By what they cost in the planner's eyes: nothing or half an operator, an operator, more.
FREE = (
    "{c} IS NULL",
    "{c} = ANY (ARRAY[{v}])",
    "{c} IS NOT NULL",
    "{c} <> ALL (ARRAY[{v}])",
    "ROW ({c}, {d}) IS NULL",
    "ROW ({c}, {d}) IS NOT NULL",
)
CHEAP = (
    "{c} = {v}",
    "{c} <> {v}",
    "{c} < {v}",
    "{c} >= {v}",
    "{c} IS DISTINCT FROM {v}",
    "{c} IS NOT DISTINCT FROM {v}",
    "{c} = ANY (ARRAY[{v}, {u}])",
    "{c} <> ALL (ARRAY[{v}, {u}])",
    "{c} IN ({v}, {u})",
    "{c} BETWEEN {v} AND {u}",
    "({c}, {d}) = ({v}, {w})",
    "({c}, {d}) < ({v}, {w})",
    "ROW ({c}, {d}) IS NOT DISTINCT FROM ROW ({v}, {w})",
    "coalesce({c}, {v}) = {u}",
    "nullif({c}, {v}) IS NULL",
    "greatest({c}, {v}) = {c}",
    "least({c}, {v}) = {c}",
    "(ARRAY[{c}, {v}])[1] = {v}",
)
COSTLY = (
    "{c}::text = '1'",
    "{c}::text LIKE '%1%'",
    "length({c}::text) > 9",
    "md5({c}::text) < '8'",
    "('x' || {c})::integer > 0",
    "1 / (length({c}::text) - 9) > 0",
    "to_jsonb({c}) = to_jsonb({v})",
    "(jsonb_build_object('key', {c}))['key'] <> 'null'",
)
BRANCHES = (
    "({p} AND {q})",
    "({p} OR {q})",
    "({p} OR {once})",
    "({p} AND {once})",
    "CASE WHEN {p} THEN {once} ELSE {q} END",
    "CASE WHEN {p} THEN {q} ELSE {once} END",
    "NOT ({p})",
    "CASE WHEN {p} THEN {q} ELSE {r} END",
    "CASE WHEN {p} THEN {q} END",
    "CASE {c} WHEN {v} THEN {p} ELSE {q} END",
    "coalesce({p}, {q})",
    "({p}) IS NOT TRUE",
    "({p}) IS UNKNOWN",
    "({p}) IS FALSE",
    "({p}) IS DISTINCT FROM ({q})",
    "('{f,t}'::boolean[])[{n}]",
    "(ARRAY[{p}, {q}])[{n}]",
    "(('[false, true, null]'::jsonb)[{n}])::boolean",
)
#: Subqueries that are evaluated once, when the first row asks: harmless, failing, and without an end.
ONCE = (
    "(SELECT count(*) > 0 FROM generate_series(1, 2))",
    "(SELECT ('leak' || count(*))::integer > 0 FROM generate_series(1, 0))",
    "(SELECT 1 / count(*) > 0 FROM generate_series(1, 0))",
    "(SELECT number > 0 FROM generate_series(1, 2) AS number)",
    "(SELECT sqrt(-count(*)) > 0 FROM generate_series(1, 2))",
    "(SELECT max({k}) = {v} {of} WHERE {s})",
    "(SELECT ('leak' || count(*))::integer > 0 {of} WHERE {s})",
)
ENDLESS = "(SELECT count(*) > 0 FROM generate_series(1, 100000) AS a, generate_series(1, 100000) AS b)"
ROWS_OF_OTHERS = (
    "EXISTS (SELECT {of} WHERE {p})",
    "NOT EXISTS (SELECT {of} WHERE {k} = {c} AND {p})",
    "{c} IN (SELECT {k} {of} WHERE {p})",
    "{c} NOT IN (SELECT {k} {of} WHERE {k} IS NOT NULL AND {p})",
    "{c} >= ALL (SELECT {k} {of} WHERE {p})",
    "{c} = (SELECT max({k}) {of} WHERE {p})",
    "(SELECT count(*) {of} WHERE {k} = {c}) > 1",
)
NUMBERS = ("CASE WHEN {p} THEN 1 ELSE 2 END", "1 + ({p})::integer", "length({c}::text) % 2 + 1")


@dataclass(frozen=True)
class Source:
    """A table of a FROM clause; its literals are mostly those of one row."""

    alias: str
    table: str
    row: dict[str, str]


Scope = Sequence[Source]


def at_key(tables: Tables, source: Source) -> str:
    """That a row is the source's."""
    names = tables.keys.get(source.table, (next(iter(source.row)),))
    return "(" + " AND ".join(f"{source.alias}.{name} = {source.row[name]}" for name in names) + ")"


class Writer:
    """Writes SQL by chance, a byte a choice; zeros, and no more bytes, make the simplest choices."""

    def __init__(self, chance: bytes, words: Vocabulary) -> None:
        self._chance = iter(chance)
        self.words = words
        self._aliases = 0

    def pick(self, of: Sequence[T]) -> T:
        return of[next(self._chance, 0) % len(of)]

    def one_in(self, many: int) -> bool:
        """True once in so many times."""
        return next(self._chance, 0) % many == many - 1

    def source(self, tables: Sequence[str] = ()) -> Source:
        table = self.pick(tables or self.words.tables.names)
        self._aliases += 1
        return Source(f"t{self._aliases}", table, self.pick(self.words.rows[table]))

    def condition(self, scope: Scope, depth: int = 2) -> str:
        if depth > 0 and (self.one_in(2) or self.one_in(2)):
            return self.fill(self.pick(BRANCHES), scope, depth - 1)
        if self.one_in(4):
            return self.once(scope, depth)
        if depth > 0 and self.words.own_plans and self.one_in(5):
            return self.fill(self.pick(ROWS_OF_OTHERS), scope, depth - 1)
        leaves = FREE if self.one_in(2) else COSTLY if self.one_in(10) else CHEAP
        return self.fill(self.pick(leaves), scope, depth)

    def column(self, scope: Scope) -> tuple[Source, Column]:
        source = self.pick(scope)
        return source, self.pick(self.words.columns[source.table])

    def fill(self, form: str, scope: Scope, depth: int = 0) -> str:
        """A form with its parts in place of their names; a name means the same wherever it stands."""
        parts = _Parts(self, scope, depth)
        return re.sub(r"\{(\w+)\}", lambda name: parts.get(name[1]), form)

    def literal(self, source: Source, column: Column) -> str:
        """Mostly of the source's row; else of another one."""
        row = self.pick(self.words.rows[source.table]) if self.one_in(3) else source.row
        return row[column.name]

    def once(self, scope: Scope, depth: int) -> str:
        if self.one_in(150):
            return ENDLESS
        forms = ONCE if depth > 0 and self.words.own_plans else ONCE[:5]
        return self.fill(self.pick(forms), scope, depth - 1)


class _Parts:
    """The parts of one form."""

    def __init__(self, writer: Writer, scope: Scope, depth: int) -> None:
        self._writer, self._scope, self._depth = writer, scope, depth
        self._made: dict[str, str] = {}
        self._columns: dict[str, tuple[Source, Column]] = {}
        self._other: Source | None = None

    def get(self, name: str) -> str:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> str:
        if name in "pqr":
            scope = [self._other, *self._scope] if self._other else self._scope
            return self._writer.condition(scope, self._depth)
        if name == "once":
            return self._writer.once(self._scope, self._depth)
        if name == "s":
            return self._writer.condition([self._others()], self._depth)
        if name in "cdxyz":
            source, column = self._column(name)
            return f"{source.alias}.{column.quoted}"
        if name in "vuw":
            return self._writer.literal(*self._column("d" if name == "w" else "c"))
        if name == "n":
            return self._writer.fill(self._writer.pick(NUMBERS), self._scope, self._depth)
        if name == "alias":
            return self._writer.pick(self._scope).alias
        if name == "system":
            return self._writer.pick(("ctid", "xmin", "tableoid"))
        if name == "at":
            return at_key(self._writer.words.tables, self._writer.pick(self._scope))
        if name == "of":
            other = self._others()
            return f"FROM {self._writer.words.tables.schema}.{other.table} AS {other.alias}"
        assert name == "k", name
        return f"{self._others().alias}.{self._column('c')[1].quoted}"

    def _column(self, name: str) -> tuple[Source, Column]:
        if name not in self._columns:
            self._columns[name] = self._writer.column(self._scope)
        return self._columns[name]

    def _others(self) -> Source:
        """Another row of a table that has the column {c}."""
        if self._other is None:
            name = self._column("c")[1].name
            words = self._writer.words
            tables = [t for t in words.tables.names if name in [c.name for c in words.columns[t]]]
            is_shared = name in words.tables.shared and tables
            self._other = self._writer.source(tables if is_shared else [self._column("c")[0].table])
        return self._other
