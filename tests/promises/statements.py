"""Statements that nobody wrote with a leak in mind, from joins to windows, over what `predicates` knows."""

from hypothesis import strategies as st

from tests.promises.predicates import Scope, Source, Writer
from tests.promises.vocabulary import Vocabulary

#: {from} is a FROM clause, {x}, {y}, {z} are columns of it, {alias} is one of its aliases, {at}
#: the condition that a row has a source's key; the rest is as in conditions.
SIMPLE = (
    "SELECT {x} {from} WHERE {p}",
    "SELECT {x}, {y} {from} WHERE {p} AND {q}",
    "SELECT * {from} WHERE {p}",
    "SELECT {from} WHERE {p}",
    "SELECT {alias} {from} WHERE {p}",
    "SELECT to_jsonb({alias}) - 'none' {from} WHERE {p}",
    "SELECT count(*), count({x}), min({y}), max({z}) {from} WHERE {p}",
    "SELECT count(DISTINCT {x}), count(*) FILTER (WHERE {p}) {from} WHERE {q}",
    "SELECT {x}, CASE WHEN {p} THEN {y} END {from} WHERE {q} ORDER BY 1, 2",
)
SELECTS = (
    *SIMPLE,
    "SELECT {x}, {alias}.{system} {from} WHERE {p}",
    "SELECT {x}, count(*) FILTER (WHERE {p}), max({y}) {from} GROUP BY 1",
    "SELECT {p} AS truth, count(*) {from} WHERE {q} GROUP BY 1",
    "SELECT {x}, count(*) {from} WHERE {p} GROUP BY 1 HAVING min({y}) IS NOT NULL ORDER BY 2, 1",
    "SELECT {x}, {y}, count(*) {from} WHERE {p} GROUP BY GROUPING SETS (({x}, {y}), ({x}), ())",
    "SELECT {x}, {y}, grouping({x}), min({z}) {from} WHERE {p} GROUP BY CUBE ({x}, {y}) ORDER BY 1, 2",
    "SELECT {x}, max({y}) {from} WHERE {p} GROUP BY ROLLUP ({x})",
    "SELECT {x}, row_number() OVER (PARTITION BY {y} ORDER BY {z}) {from} WHERE {p}",
    "SELECT lag({x}) OVER w, count(*) FILTER (WHERE {p}) OVER w {from} WHERE {q} "
    "WINDOW w AS (ORDER BY {y} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
    "SELECT DISTINCT ON ({x}) {x}, {y} {from} WHERE {p} ORDER BY {x}, {z}",
    "SELECT DISTINCT {x}, {y} {from} WHERE {p}",
    "SELECT string_agg({x}::text, ',' ORDER BY {y}), array_agg({z}) {from} WHERE {p}",
    "SELECT {x} {from} WHERE {p} ORDER BY {y} LIMIT 3 OFFSET 1",
    "SELECT {x} {from} WHERE {p} ORDER BY {p}, {y} DESC NULLS LAST FETCH FIRST 2 ROWS WITH TIES",
    "SELECT {x}, {alias} {from} WHERE {p} LIMIT 2",
    "SELECT {x}, (SELECT {y} LIMIT 1) {from} ORDER BY {x} LIMIT (SELECT count(*) {from} WHERE {p})",
    "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY {x}), mode() WITHIN GROUP (ORDER BY {y}) {from} WHERE {p}",
)
AT_KEY = (
    "SELECT {x}, {y} {from} WHERE {at} AND {p}",
    "SELECT {x}, {y} {from} WHERE {at}",
    "SELECT {x} {from} WHERE {at} AND ({p} OR {q})",
    "SELECT {from} WHERE {at} AND NOT {p}",
    "SELECT count(*), min({x}) {from} WHERE {at} AND {p}",
    "SELECT {x}, sum(1) FILTER (WHERE {q}) {from} WHERE {at} OR {p} GROUP BY 1",
    "SELECT max({x}) OVER (), {p} {from} WHERE {at} ORDER BY {y} LIMIT 2",
)
WHOLES = (
    "{select}",
    "SELECT a::text FROM ({select}) AS a UNION SELECT b::text FROM ({other}) AS b",
    "SELECT a::text FROM ({select}) AS a UNION ALL SELECT b::text FROM ({other}) AS b",
    "SELECT a::text FROM ({select}) AS a EXCEPT SELECT b::text FROM ({other}) AS b",
    "SELECT a::text FROM ({select}) AS a INTERSECT ALL SELECT b::text FROM ({other}) AS b",
    "WITH w AS MATERIALIZED ({select}) SELECT w FROM w",
    "WITH w AS NOT MATERIALIZED ({select}) SELECT count(*), min(w::text) FROM w",
    "WITH w AS ({select}), v AS ({other}) SELECT (SELECT count(*) FROM w), v FROM v LIMIT 3",
    "SELECT * FROM ({select}) AS a OFFSET 1",
    "SELECT EXISTS ({select}), NOT EXISTS ({other})",
    "SELECT ARRAY(SELECT a::text FROM ({select}) AS a LIMIT 3)",
    "SELECT v, (SELECT min(a::text) FROM ({select}) AS a WHERE v > 0) FROM (VALUES (0), (1)) AS v (v)",
    "WITH RECURSIVE r (n, rows) AS (SELECT 1, 0::bigint UNION ALL SELECT n + 1, (SELECT count(*) FROM ({select}) AS a) "
    "FROM r WHERE n < 3) SELECT * FROM r",
)
JOINS = ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
SAMPLES = ("SYSTEM (60) REPEATABLE (1)", "BERNOULLI (40) REPEATABLE (2)", "SYSTEM (20) REPEATABLE (3)")
#: Of what is asked of one row by its key: {key} says which.
OF_ONE_ROW = (
    "SELECT {x} {from} WHERE {key} AND {p}",
    "SELECT {from} WHERE {key} AND ({p} OR {q})",
    "SELECT count(*), min({x}) {from} WHERE {key} AND {p}",
    "SELECT {x} {from} WHERE {p} AND {q} AND {key}",
    "SELECT CASE WHEN {p} THEN {x}::text END {from} WHERE {key} AND {q} ORDER BY 1 LIMIT 1",
    "SELECT EXISTS (SELECT {from} WHERE {p} AND {key})",
    "SELECT {x}, count(*) FILTER (WHERE {p}) {from} WHERE {key} GROUP BY 1",
    "SELECT a FROM (SELECT * {from} WHERE {p} OFFSET 0) AS a WHERE {key_of_a}",
    "SELECT {x} {from} WHERE CASE WHEN {key} THEN {p} ELSE {q} END",
)
#: Of one piece: of an example of many pieces, Hypothesis would rather vary a few than make another.
CHANCE = st.binary(min_size=250, max_size=250)
Pair = tuple[str, str, tuple[str, str]]


class StatementWriter(Writer):
    """Writes whole statements."""

    def select(self) -> str:
        text, scope = self._from()
        forms = SELECTS if self.words.own_plans else SIMPLE
        return self.fill(self.pick(AT_KEY if self.one_in(2) else forms).replace("{from}", text), scope, 2)

    def whole(self) -> str:
        if not self.words.own_plans or not self.one_in(3):
            return self.select()
        return self.pick(WHOLES).replace("{other}", self.select()).replace("{select}", self.select())

    def of_one_row(self, key: str, table: str) -> str:
        """A statement about the row of a table that has a key, which stands for its parts: {0}, {1}."""
        source = self.source([table])
        text = self._plain(source)
        alias = source.alias
        forms = OF_ONE_ROW if self.one_in(3) else OF_ONE_ROW[:4]
        form = self.pick(forms).replace("{key_of_a}", key.replace("?", "a")).replace("{from}", text)
        return self.fill(form.replace("{key}", key.replace("?", alias)), [source], 2)

    def _from(self) -> tuple[str, Scope]:
        """A FROM clause and the sources in it."""
        source = self._main()
        if not self.words.own_plans or not self.one_in(3):
            return f"FROM {self._named(source)}", [source]
        if self.one_in(4):
            text = self.fill("(SELECT * {from} WHERE {p} OFFSET 0)".replace("{from}", self._plain(source)), [source], 1)
            return f"FROM {text} AS {source.alias}", [source]
        return self._joined(source)

    def _joined(self, first: Source) -> tuple[str, Scope]:
        other = self.source()
        condition = self._join_condition(first, other)
        if self.one_in(3):
            limited = self.fill(f"SELECT * {self._plain(other)} WHERE {condition} AND {{p}} LIMIT 2", [other, first], 1)
            return f"FROM {self._named(first)}, LATERAL ({limited}) AS {other.alias}", [first, other]
        kind = self.pick(JOINS)
        on = self.fill(f"{condition} AND {{p}}", [first, other], 1) if self.one_in(3) else condition
        text = f"FROM {self._named(first)} {kind} {self._named(other)} ON {on}"
        if not self.one_in(3):
            return text, [first, other]
        third = self.source()
        return f"{text} {self.pick(JOINS[:2])} {self._named(third)} ON {self._join_condition(other, third)}", [
            first,
            other,
            third,
        ]

    def _main(self) -> Source:
        """Mostly of a table that hides rows."""
        return self.source() if self.one_in(4) else self.source(tuple(self.words.tables.keys))

    def _named(self, source: Source) -> str:
        sampled = self.words.own_plans and self.one_in(6)
        return f"{self.words.tables.schema}.{source.table} AS {source.alias}" + (
            f" TABLESAMPLE {self.pick(SAMPLES)}" if sampled else ""
        )

    def _plain(self, source: Source) -> str:
        return f"FROM {self.words.tables.schema}.{source.table} AS {source.alias}"

    def _join_condition(self, first: Source, second: Source) -> str:
        """By the rarest column that both have; tables that have none in common are joined by few rows."""
        for name in self.words.tables.shared:
            if name in first.row and name in second.row:
                return f"{first.alias}.{name} = {second.alias}.{name}"
        one, two = (f"{source.alias}.{next(iter(source.row))}" for source in (first, second))
        return f"{one} = {two}"


def statements(words: Vocabulary) -> st.SearchStrategy[str]:
    """Any statement."""
    return CHANCE.map(lambda chance: StatementWriter(chance, words).whole())


def pairs(words: Vocabulary) -> st.SearchStrategy[Pair]:
    """Twice the same statement, about a hidden row and about no row; and the two parts of keys by which they differ."""
    return CHANCE.map(lambda chance: _pair(StatementWriter(chance, words)))


def _pair(writer: StatementWriter) -> Pair:
    table = writer.pick(tuple(writer.words.keys))
    hidden, absent = writer.pick(writer.words.keys[table])
    names = writer.words.tables.keys[table]
    form = " AND ".join(f"?.{name} = <{place}>" for place, name in enumerate(names))
    text = writer.of_one_row(f"({form})", table)
    return _with_key(text, hidden), _with_key(text, absent), (hidden[-1], absent[-1])


def _with_key(text: str, key: tuple[str, ...]) -> str:
    for place, part in enumerate(key):
        text = text.replace(f"<{place}>", part)
    return text
