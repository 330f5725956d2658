"""Runs or explains a client's SQL as the identity, within the limits of the settings."""

import json
import re
from contextlib import closing

from zava_mcp.errors import InputError
from zava_mcp.postgres.bound_sql import BoundSql
from zava_mcp.postgres.pool import Database
from zava_mcp.postgres.query import ExplainQuery, Query
from zava_mcp.sales.column_hints import Catalogue
from zava_mcp.sales.fenced_sql import FencedSql
from zava_mcp.sales.result import QueryResult
from zava_mcp.sales.slow_queries import explain_timeout
from zava_mcp.settings import DEFAULT_ROWS, MAX_RESULT_BYTES, Settings

MAX_SQL_CHARACTERS = 100_000
_PLAN_LINES = 1_000
#: PostgreSQL's lexer and planner need quadratic or cubic time for these, during which they check neither timeouts nor
#: cancellation. Occurrences in comments and literals count too, because excluding them would take a lexer.
_OPERATORS = re.compile(r"[-+*/<>=~!@#%^&|`?]+")
_STARS = re.compile(r"\*+")
_RELATIONS = re.compile(r"\b(?:SELECT|TABLE|VALUES|JOIN)\b", re.IGNORECASE)
_MAX_OPERATOR_CHARACTERS = 1_000
_MAX_STARS = 500
_MAX_RELATIONS = 150
_VALID = (
    "The query is valid; it was not run. PostgreSQL's plan (without costs and row counts, which are estimated from the "
    "rows of all stores):"
)
_WORKERS = r" *Workers Planned: \d+"  # depends on the size of the whole table, with all stores
_NODE = r" *Node: host=.*"  # the address of a cluster's node


class SalesQuery:
    """One query, which runs once in a worker thread and can be cancelled from any other thread."""

    def __init__(self, sql: str | BoundSql, max_rows: int, settings: Settings) -> None:
        """Raises InputError if the text or the number of rows is out of range."""
        sql, values = (sql.sql, sql.values) if isinstance(sql, BoundSql) else (sql, ())
        check_sql(sql)
        if not 1 <= max_rows <= settings.max_rows:
            raise InputError(f"max_rows must be from 1 to {settings.max_rows:,}, not {max_rows:,}")
        self._fenced = FencedSql(sql)
        self.sql = self._fenced.inner
        self._seconds = settings.query_timeout
        self.result = QueryResult(max_rows, settings.max_bytes, remarks=self._fenced.remarks)
        if max_rows == settings.max_rows:
            self.result.rows_advice = "Aggregate, filter, or page with ORDER BY, LIMIT and OFFSET."
        self._query = Query(
            self._fenced.inner,
            limit=max_rows + 1,
            row_bytes=MAX_RESULT_BYTES,
            seconds=settings.query_timeout,
            values=values,
        )

    def run(self, database: Database, catalogue: Catalogue) -> QueryResult:
        """Runs the query. Raises QueryError, IdentityError or DatabaseUnavailable."""
        with self._fenced.errors(catalogue), explain_timeout(self.sql, self._seconds):
            read_rows(database, self._query, self.result)
        self.result.count_rows(self._query.rows_beyond, self._query.is_complete)
        self.result.unify_number_columns()
        return self.result

    def cancel(self) -> None:
        """Cancels the query in the database too."""
        self._query.cancel()


class Explanation:
    """The plan of one query, read once in a worker thread and cancellable from any other thread."""

    def __init__(self, sql: str, settings: Settings) -> None:
        """Raises InputError if the text is out of range."""
        check_sql(sql)
        self._lines = QueryResult(_PLAN_LINES, settings.max_bytes)
        limit = min(DEFAULT_ROWS, settings.max_rows) + 1
        self._fenced = FencedSql(sql)
        self._plan = ExplainQuery(self._fenced.inner, limit, settings.query_timeout)

    def run(self, database: Database, catalogue: Catalogue) -> str:
        """Returns the plan as text. Raises QueryError (with a position), IdentityError or DatabaseUnavailable."""
        with self._fenced.errors(catalogue):
            read_rows(database, self._plan, self._lines)
        lines = [json.loads(row)[0] for row in self._lines.rows]
        # The first line is the LIMIT of the wrapper; the plan of the query is below it.
        lines = [line for line in lines[1:] if not re.fullmatch(_NODE, line)]
        plan = [line.removeprefix("      " if index else "  ->  ") for index, line in enumerate(lines)]
        visible = [line for line in plan if not re.fullmatch(_WORKERS, line)]
        return "\n".join([_VALID, *visible, *["… (truncated)"] * bool(self._lines.truncated_by), *self._fenced.remarks])

    def cancel(self) -> None:
        """Cancels it in the database too."""
        self._plan.cancel()


def read_rows(database: Database, query: Query, result: QueryResult) -> None:
    """Runs a query and collects its rows until a limit of the result is reached."""
    with closing(database.run(query)) as chunks:
        for chunk in chunks:
            if not result.add(chunk):
                query.skip_rest()


def check_sql(sql: str) -> None:
    """Raises InputError for text that PostgreSQL cannot store or would block on."""
    if len(sql) > MAX_SQL_CHARACTERS:
        raise InputError(f"the query has {len(sql):,} characters; {MAX_SQL_CHARACTERS:,} are allowed")
    if "\0" in sql or not _is_unicode(sql):
        raise InputError("the query contains a character that PostgreSQL cannot store: NUL or an unpaired surrogate")
    if any(len(run) > _MAX_OPERATOR_CHARACTERS for run in _OPERATORS.findall(sql)):
        raise InputError(
            f"the query has more than {_MAX_OPERATOR_CHARACTERS:,} consecutive operator or comment characters",
            "Put spaces between them, or remove them.",
        )
    for pattern, maximum, what, hint in (
        (_STARS, _MAX_STARS, "*, in comments too", "Name the columns, and remove comments."),
        (
            _RELATIONS,
            _MAX_RELATIONS,
            "SELECT, TABLE, VALUES or JOIN",
            "Use fewer subqueries, or send several queries.",
        ),
    ):
        if len(pattern.findall(sql)) > maximum:
            raise InputError(f"the query has more than {maximum:,} times {what}", hint)


def _is_unicode(text: str) -> bool:
    """Returns whether the text has no unpaired surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
