"""The sales service: everything that the server and the command line read from the database as one identity."""

import json
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.company import NEUTRAL, CompanyProfile
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import QueryError, SettingsError, ZavaError
from zava_mcp.open_database import database_for
from zava_mcp.postgres.bound_sql import BoundSql
from zava_mcp.postgres.pool_connections import UnverifiedConnection
from zava_mcp.postgres.statement import StatementBatch
from zava_mcp.postgres.user_ids import RequestedIdentity, require_identity
from zava_mcp.progress_callback import Progress
from zava_mcp.sales.descriptions import SchemaSummary, TableDescriptions
from zava_mcp.sales.empty_results import describe_emptiness, explain_emptiness
from zava_mcp.sales.grouped_search import ProductSearches
from zava_mcp.sales.identity_description import describe_identity
from zava_mcp.sales.product_search import ProductSearch
from zava_mcp.sales.result import QueryResult, truncate_lines
from zava_mcp.sales.sales_query import Explanation, SalesQuery
from zava_mcp.sales.saved_query_call import SavedQueries
from zava_mcp.sales.search_request import SearchRequest
from zava_mcp.sales.search_result import SearchResult
from zava_mcp.sales.search_spelling import CatalogueWords
from zava_mcp.sales.sql_hints import with_hint
from zava_mcp.settings import MAX_RESULT_BYTES, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zava_mcp.embeddings import Embedder
    from zava_mcp.sales.export import Writer

_NO_MODEL = "none: products are found by PostgreSQL full-text search"
#: SQLSTATEs of errors about names of tables and columns.
_NAME_ERRORS = ("42703", "42P01", "42702", "42712", "42P09", "42501")


class SalesService(AbstractContextManager["SalesService"]):
    """Queries the configured database as one identity. It connects on first use.

    With `extend`, opening the embedded database extends the sample to today.
    """

    def __init__(
        self, settings: Settings, identity: RequestedIdentity, embedded: EmbeddedPostgres | None, extend: bool = False
    ) -> None:
        self._settings = settings
        self._embedded = embedded
        self._database = database_for(settings, identity, embedded, extend)
        self._descriptions = TableDescriptions(self._database)
        self._words = CatalogueWords()
        self.saved_queries = SavedQueries(self._database, self._descriptions)

    @property
    def has_orders(self) -> bool:
        """Whether the database has products and orders, as far as it is known without a connection."""
        identity = self._database.known_identity
        return identity is None or identity.has_orders

    def open(self) -> None:
        """Connects and verifies the identity ahead of the first query. Raises DatabaseUnavailable or IdentityError."""
        self._database.open()

    def sales_query(self, sql: str | BoundSql, max_rows: int) -> SalesQuery:
        """Returns a query to run. Raises InputError if the text or the number of rows is out of range."""
        return SalesQuery(sql, max_rows, self._settings)

    def full_size_query(self, sql: str | BoundSql) -> SalesQuery:
        """Returns a query with the largest allowed result, for links to complete results."""
        query = SalesQuery(sql, self._settings.max_rows, replace(self._settings, max_bytes=MAX_RESULT_BYTES))
        query.result.rows_advice = query.result.bytes_advice = "Aggregate, filter, or page with LIMIT and OFFSET."
        return query

    def run_query(self, query: SalesQuery, may_read_descriptions: bool = False) -> QueryResult:
        """Runs a query, and explains an empty result.

        The explanation takes an additional round trip only with `may_read_descriptions`. Raises QueryError,
        DatabaseUnavailable or IdentityError.
        """
        result = query.run(self._database, self._descriptions.catalogue)
        result.company = self.company or NEUTRAL
        if emptiness := describe_emptiness(result, query.sql):
            with suppress(ZavaError):
                read = may_read_descriptions
                summary = self.schema_summary(self.new_reader()) if read else self._descriptions.cached_summary()
                result.add_remark(explain_emptiness(emptiness, query.sql, summary))
        return result

    @contextmanager
    def name_hints(self) -> "Iterator[None]":
        """Adds hints to errors about unknown or ambiguous names, which may take an additional round trip."""
        try:
            yield
        except QueryError as error:
            if error.sql and error.sqlstate in _NAME_ERRORS and not self._descriptions.catalogue.columns:
                with suppress(ZavaError):
                    self.schema_summary(self.new_reader())
                    with_hint(error, error.sql, self._descriptions.catalogue)
            raise

    def export(self, sql: str | BoundSql, writer: "Writer", progress: "Callable[[int], None]") -> int:
        """Writes all rows of a query and returns their number. Raises the errors of `run_query`, and OSError."""
        from zava_mcp.sales.export import Export

        export = Export(sql, self._settings.query_timeout, writer, progress)
        return export.run(self._database, self._descriptions.catalogue)

    def explanation(self, sql: str) -> Explanation:
        """Returns a query to explain. Raises InputError if the text is out of range."""
        return Explanation(sql, self._settings)

    def explain(self, explanation: Explanation) -> str:
        """Returns the plan of a query without running it. Raises the errors of `run_query`."""
        return explanation.run(self._database, self._descriptions.catalogue)

    def product_search(self, request: SearchRequest) -> ProductSearch:
        """Returns a search to run. Raises InputError for an invalid request, SettingsError for wrong settings."""
        return ProductSearch(request, self._settings, self._embedder, self._words)

    def product_searches(self, request: SearchRequest, descriptions: list[str]) -> ProductSearches:
        """Returns a search for each description, with the same filters. Raises the errors of `product_search`."""
        searches = {text: self.product_search(replace(request, query_description=text)) for text in descriptions}
        return ProductSearches(searches, self._settings.max_bytes, len(descriptions) - len(searches))

    def prepare(self, search: ProductSearch | ProductSearches) -> None:
        """Computes the embedding of the request. Raises EmbeddingError, DatabaseUnavailable or IdentityError."""
        search.prepare(self._database)

    def search(self, search: ProductSearch) -> SearchResult:
        """Runs a prepared search. Raises the errors of `run_query`, EmbeddingError and InputError."""
        return search.run(self._database)

    def search_json(self, search: ProductSearch | ProductSearches) -> str:
        """Runs one or several prepared searches and returns JSON. Raises the errors of `search`."""
        return search.run(self._database).json()

    @cached_property
    def _embedder(self) -> "Embedder | None":
        from zava_mcp.embeddings import embedder

        return embedder(self._settings)

    def describe_tables(self, table_names: list[str], batch: StatementBatch) -> str:
        """Describes the named tables, all without names. Another thread can cancel `batch`.

        Raises InputError for an unknown name.
        """
        text = self._descriptions.describe(table_names, batch)
        with suppress(SettingsError):  # a search reports it
            search = f" Search by: {self._embedding_model}." if self.has_orders else ""
            text += f" Database: {self._database_kind}.{search}"
        return truncate_lines(text, self._settings.max_bytes)

    def list_tables(self, batch: StatementBatch) -> str:
        """Returns one line per table. Raises DatabaseUnavailable or IdentityError."""
        return self._descriptions.overview(batch)

    def read_catalogue(self) -> None:
        """Reads the catalogue that hints use. Raises DatabaseUnavailable or IdentityError."""
        self._descriptions.read_catalogue(self.new_reader())

    def schema_summary(self, batch: StatementBatch) -> SchemaSummary:
        """Returns the tables, stores, categories and dates. Raises DatabaseUnavailable or IdentityError."""
        return self._descriptions.summary(batch)

    def exposed_columns(self) -> dict[str, list[str]]:
        """The columns of each table outside of retail that this identity sees. Raises as `read_catalogue`."""
        self.read_catalogue()
        return {table: columns for table, columns in self._descriptions.catalogue.columns.items() if "." in table}

    def describe_identity(self, batch: StatementBatch) -> str:
        """Returns as JSON the identity, what it sees, and how. Raises DatabaseUnavailable or IdentityError."""
        summary = self.schema_summary(batch)
        description = describe_identity(self._database.identity, summary)
        description |= {"database": self._database_kind, "embedding_model": self._embedding_model}
        return json.dumps(description, ensure_ascii=False)

    @property
    def _database_kind(self) -> str:
        sample = ", with the sample company Zava Retail" if self._database.identity.company.is_sample else ""
        return f"embedded PostgreSQL{sample}" if self._embedded else "PostgreSQL server"

    @property
    def company(self) -> CompanyProfile | None:
        """The company profile as last read, without a round trip; None before the database was reached."""
        identity = self._database.known_identity
        return identity.company if identity else None

    @property
    def _embedding_model(self) -> str:
        """The model that searches use. Raises SettingsError."""
        return self._embedder.id if self._embedder and self._database.identity.pgvector_version else _NO_MODEL

    def new_reader(self) -> StatementBatch:
        """Returns a cancellable batch with which one call reads the descriptions."""
        return StatementBatch()

    def unverified_connection(self) -> AbstractContextManager[UnverifiedConnection]:
        """Connects as the login, for checks of its identity. Raises DatabaseUnavailable or IdentityError."""
        return self._database.unverified_connection()

    @property
    def search_model(self) -> str:
        """The embedding model of searches, "" without one or if `try_embedding_model` fails."""
        try:
            return self._embedder.id if self._embedder else ""
        except SettingsError:
            return ""

    def try_embedding_model(self) -> tuple[str, int]:
        """Embeds a word; returns the model and its dimensions, or ("", 0). Raises EmbeddingError or SettingsError."""
        if self._embedder is None:
            return "", 0
        return self._embedder.id, len(self._embedder.embed_query("paint"))

    def statistics(self) -> dict[str, float]:
        """Returns metrics: busy and idle connections, waiting queries, and the age of the table descriptions."""
        return self._database.statistics() | self._descriptions.statistics()

    @property
    def data_dir(self) -> Path | None:
        """The data folder of the embedded database, None for a database server."""
        return self._embedded.folder if self._embedded else None

    def close(self) -> None:
        """Closes the connections and releases the embedded database."""
        try:
            if (embedder := self.__dict__.get("_embedder")) is not None:
                embedder.close()
            self._database.close()
        finally:  # even if closing fails, no embedded PostgreSQL is left running
            if self._embedded is not None:
                self._embedded.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def service_for(settings: Settings, progress: Progress) -> SalesService:
    """The service of a command as the identity of the settings. Raises IdentityError if they name none."""
    embedded = None if settings.database else embedded_postgres(settings, progress)
    return SalesService(settings, require_identity(settings, embedded), embedded, extend=True)
