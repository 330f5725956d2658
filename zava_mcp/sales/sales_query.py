"""The analyst's own SQL, asked as the identity and answered within bounds, or only planned."""

import json
import re

from zava_mcp.errors import InputError
from zava_mcp.postgres.pool import Database
from zava_mcp.postgres.query import ExplainQuery, Query
from zava_mcp.sales.column_hints import Catalogue
from zava_mcp.sales.fenced_sql import FencedSql
from zava_mcp.sales.result import QueryResult
from zava_mcp.sales.slow_queries import named_limit
from zava_mcp.settings import DEFAULT_ROWS, MAX_RESULT_BYTES, Settings

MAX_SQL_CHARACTERS = 100_000
_PLAN_LINES = 1_000
#: What PostgreSQL's lexer and planner need a time for that grows with its square or cube, during which they heed
#: neither a timeout nor a cancellation. Comments and literals count too: to leave them out would take a lexer.
_OPERATORS = re.compile(r"[-+*/<>=~!@#%^&|`?]+")
_STARS = re.compile(r"\*+")
_RELATIONS = re.compile(r"\b(?:SELECT|TABLE|VALUES|JOIN)\b", re.IGNORECASE)
_MAX_OPERATOR_CHARACTERS = 1_000
_MAX_STARS = 500
_MAX_RELATIONS = 150
_VALID = (
    "The query is valid; it was not run. How PostgreSQL would answer it (without costs and row counts, which are "
    "estimated from the rows of all stores):"
)
_SIZE = r" *Workers Planned: \d+"  # which follows from the size of a whole table


class SalesQuery:
    """One query, runnable once in a worker thread and cancellable from any other."""

    def __init__(self, sql: str, max_rows: int, settings: Settings) -> None:
        """Raises InputError if the text or the number of rows is out of range."""
        check(sql)
        if not 1 <= max_rows <= settings.max_rows:
            raise InputError(f"max_rows must be from 1 to {settings.max_rows:,}, not {max_rows:,}")
        self._text = FencedSql(sql)
        self.sql = self._text.inner
        self._seconds = settings.query_timeout
        self.answer = QueryResult(max_rows, settings.max_bytes, remarks=self._text.remarks)
        self._question = Query(
            self._text.inner,
            limit=max_rows + 1,
            row_bytes=MAX_RESULT_BYTES,
            seconds=settings.query_timeout,
            columns=self.answer.begin,
            rows=self.answer.take,
        )

    def run(self, database: Database, catalogue: Catalogue) -> QueryResult:
        """The answer. Raises QueryError, IdentityError or DatabaseUnavailable."""
        with self._text.errors(catalogue), named_limit(self.sql, self._seconds):
            database.run(self._question)
        self.answer.unify()
        return self.answer

    def cancel(self) -> None:
        """Stops it in the database too."""
        self._question.cancel()


class Explanation:
    """What PostgreSQL would do for a query, told once from a worker thread and cancellable from any other."""

    def __init__(self, sql: str, settings: Settings) -> None:
        """Raises InputError if the text is out of range."""
        check(sql)
        self._lines = QueryResult(_PLAN_LINES, settings.max_bytes)
        limit = min(DEFAULT_ROWS, settings.max_rows) + 1
        self._text = FencedSql(sql)
        self._plan = ExplainQuery(self._text.inner, limit, settings.query_timeout, self._lines.begin, self._lines.take)

    def run(self, database: Database, catalogue: Catalogue) -> str:
        """The plan in words. Raises QueryError, which places a mistake, IdentityError or DatabaseUnavailable."""
        with self._text.errors(catalogue):
            database.run(self._plan)
        lines = [json.loads(row)[0] for row in self._lines.rows]
        # The first line is our own LIMIT, under which the plan stands.
        plan = [line.removeprefix("      " if place else "  ->  ") for place, line in enumerate(lines[1:])]
        told = [line for line in plan if not re.fullmatch(_SIZE, line)]
        return "\n".join([_VALID, *told, *["… and so on"] * bool(self._lines.cut), *self._text.remarks])

    def cancel(self) -> None:
        """Stops it in the database too."""
        self._plan.cancel()


def check(sql: str) -> None:
    """Raises InputError for a text that PostgreSQL cannot store, or that would hold it up."""
    if len(sql) > MAX_SQL_CHARACTERS:
        raise InputError(f"the query has {len(sql):,} characters; {MAX_SQL_CHARACTERS:,} are allowed")
    if "\0" in sql or not _is_unicode(sql):
        raise InputError("the query contains a character that PostgreSQL cannot store: NUL or half a surrogate pair")
    if any(len(run) > _MAX_OPERATOR_CHARACTERS for run in _OPERATORS.findall(sql)):
        raise InputError(
            f"the query has more than {_MAX_OPERATOR_CHARACTERS:,} characters of operators or comment signs in a row",
            "Put spaces between them, or leave them out.",
        )
    for pattern, most, what, hint in (
        (_STARS, _MAX_STARS, "*, in comments too", "Name the columns, and leave comments out."),
        (
            _RELATIONS,
            _MAX_RELATIONS,
            "SELECT, TABLE, VALUES or JOIN",
            "Use fewer subqueries, or ask in several queries.",
        ),
    ):
        if len(pattern.findall(sql)) > most:
            raise InputError(f"the query has more than {most:,} times {what}", hint)


def _is_unicode(text: str) -> bool:
    """Whether there is no half of a surrogate pair in it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
