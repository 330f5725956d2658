"""The saved queries that an identity reads, and one call of one: finds it, checks the parameters, and binds them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from zava_mcp import call_context, sql
from zava_mcp.errors import CALL_CANCELLED, QueryError
from zava_mcp.postgres.bound_sql import BoundSql
from zava_mcp.postgres.pool import Database
from zava_mcp.postgres.saved_query import SavedQuery, read_saved_query, unknown_query
from zava_mcp.postgres.statement import Statement, StatementBatch
from zava_mcp.sales.descriptions import SchemaSummary, TableDescriptions


class _Step(Protocol):
    def cancel(self) -> None: ...


S = TypeVar("S", bound=_Step)


class SavedQueryCall:
    """A call by name, which another thread may cancel.

    Each call reads the saved query, so that it runs the version that is saved now.
    """

    def __init__(self, name: str, given: dict[str, str]) -> None:
        self._name = name.strip()
        self._given = given
        self._step: _Step | None = None
        self._cancelled = False

    def prepare(self, database: Database, summary: Callable[[StatementBatch], SchemaSummary]) -> BoundSql:
        """Returns the query with its values. Raises InputError, QueryError, DatabaseUnavailable or IdentityError."""
        saved = self.read(database)
        stores = None
        if saved.takes_stores(self._given):
            known = summary(self.start(StatementBatch()))
            stores = dict(zip(known.stores, known.store_ids, strict=True))
        bound = saved.bind(self._given, stores)
        call = call_context.current_call()
        call.sql, call.saved_query = bound.sql, saved.name
        return bound

    def read(self, database: Database) -> SavedQuery:
        """Returns the saved query. Raises as `prepare`."""
        _, rows = database.run_statement(self.start(Statement(sql.query("read_saved_query"), {"name": self._name})))
        if not rows:
            _, names = database.run_statement(self.start(Statement(sql.query("list_saved_query_names"), {})))
            raise unknown_query(self._name, [str(name) for (name,) in names])
        return read_saved_query(*map(str, rows[0]))

    def start(self, step: S) -> S:
        """Registers the step that `cancel` stops. Raises QueryError if the call was cancelled before."""
        self._step = step
        if self._cancelled:
            raise QueryError(CALL_CANCELLED, sqlstate="57014")
        return step

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Leaves out the positions of errors, because the reader did not write the SQL."""
        try:
            yield
        except QueryError as error:
            error.position, error.sql = None, ""
            raise

    def cancel(self) -> None:
        """Cancels the current step, in the database too."""
        self._cancelled = True
        if self._step is not None:
            self._step.cancel()


class SavedQueries:
    """The saved queries of a database, as one identity reads them."""

    def __init__(self, database: Database, descriptions: TableDescriptions) -> None:
        self._database = database
        self._descriptions = descriptions

    @property
    def exist(self) -> bool | None:
        """Whether there are any by the cached descriptions, None before these were read."""
        return self._descriptions.has_saved_queries

    def list(self, batch: StatementBatch) -> list[SavedQuery]:
        """Returns all without their SQL. Raises DatabaseUnavailable or IdentityError."""
        return self._descriptions.summary(batch).saved_queries

    def prepare(self, call: SavedQueryCall) -> BoundSql:
        """Reads the query of a call and binds its parameters. Raises as `SavedQueryCall.prepare`."""
        return call.prepare(self._database, self._descriptions.summary)
