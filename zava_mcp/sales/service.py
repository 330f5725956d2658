"""The shop as one identity sees it: the one door to its data, for people and for models."""

import json
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.sample import Progress
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import QueryError, SettingsError, ZavaError
from zava_mcp.open_database import database_for
from zava_mcp.postgres.checks import Check
from zava_mcp.postgres.statement import StatementBatch
from zava_mcp.postgres.user_ids import require_identity
from zava_mcp.sales.descriptions import SchemaSummary, TableDescriptions
from zava_mcp.sales.empty_results import emptiness, empty_hint
from zava_mcp.sales.product_search import ProductSearch, ProductSearches
from zava_mcp.sales.result import QueryResult, shortened
from zava_mcp.sales.sales_query import Explanation, SalesQuery
from zava_mcp.sales.search_request import SearchRequest
from zava_mcp.sales.search_result import LEXICAL, SearchResult
from zava_mcp.sales.search_spelling import CatalogueWords
from zava_mcp.sales.sql_hints import with_hint
from zava_mcp.settings import MAX_RESULT_BYTES, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zava_mcp.embeddings import Embedder
    from zava_mcp.sales.export import Writer

#: SQLSTATEs of errors about tables and columns.
_ABOUT_NAMES = ("42703", "42P01", "42702", "42712", "42P09", "42501")


class SalesService:
    """Questions to the database of the settings, as their identity. Nothing is opened before the first one.

    Raises IdentityError if the settings name no identity.
    """

    def __init__(self, settings: Settings, progress: Progress, embedded: EmbeddedPostgres | None = None) -> None:
        self._settings = settings
        alone = settings.database is None and embedded is None  # at a terminal: nothing runs beside the question
        if alone:
            embedded = embedded_postgres(settings, progress)
        self._embedded = embedded
        self._database = database_for(settings, require_identity(settings, embedded), embedded, extend=alone)
        self._schemas = TableDescriptions(self._database)
        self._words = CatalogueWords()

    def open(self) -> None:
        """Connects and proves the identity, which questions otherwise do. Raises DatabaseUnavailable, IdentityError."""
        self._database.open()

    def sales_query(self, sql: str, max_rows: int) -> SalesQuery:
        """A query, not yet asked. Raises InputError if the text or the number of rows is out of range."""
        return SalesQuery(sql, max_rows, self._settings)

    def whole_query(self, sql: str) -> SalesQuery:
        """The same for an answer of as many rows and bytes as an answer may ever have."""
        query = SalesQuery(sql, self._settings.max_rows, replace(self._settings, max_bytes=MAX_RESULT_BYTES))
        query.answer.rows_advice = query.answer.bytes_advice = "Aggregate, filter, or page with LIMIT and OFFSET."
        return query

    def answer(self, query: SalesQuery, unhurried: bool = False) -> QueryResult:
        """Asks a query, and says what may explain an empty result.

        That takes no round trip, except for people who are not in a hurry. Raises QueryError, DatabaseUnavailable or
        IdentityError.
        """
        answer = query.run(self._database, self._schemas.catalogue)
        if empty := emptiness(answer, query.sql):
            with suppress(ZavaError):
                known = self.known(self.reading()) if unhurried else self._schemas.known_now()
                answer.add_remark(empty_hint(empty, query.sql, known))
        return answer

    @contextmanager
    def hints(self) -> "Iterator[None]":
        """Errors about names get a hint that takes one more round trip, for people who are not in a hurry."""
        try:
            yield
        except QueryError as error:
            if error.sql and error.sqlstate in _ABOUT_NAMES and not self._schemas.catalogue.columns:
                with suppress(ZavaError):
                    self.known(self.reading())
                    with_hint(error, error.sql, self._schemas.catalogue)
            raise

    def export(self, sql: str, writer: "Writer", progress: "Callable[[int], None]") -> int:
        """Gives a writer every row of a query, and returns how many. Raises what `answer` raises, and OSError."""
        from zava_mcp.sales.export import Export

        return Export(sql, self._settings.query_timeout, writer, progress).run(self._database, self._schemas.catalogue)

    def explanation(self, sql: str) -> Explanation:
        """A query to be explained, not yet asked. Raises InputError if the text is out of range."""
        return Explanation(sql, self._settings)

    def explain(self, explanation: Explanation) -> str:
        """The plan of a query, which is not run. Raises what `answer` raises."""
        return explanation.run(self._database, self._schemas.catalogue)

    def product_search(self, request: SearchRequest) -> ProductSearch:
        """A search, not yet made. Raises InputError if it cannot be looked for, EmbeddingError for wrong settings."""
        return ProductSearch(request, self._settings, self._embedder, self._words)

    def product_searches(self, request: SearchRequest, needs: list[str]) -> ProductSearches:
        """A search for each of several needs with the same filters. Raises as `product_search`, and for too many."""
        return ProductSearches(
            {
                need: ProductSearch(
                    replace(request, query_description=need), self._settings, self._embedder, self._words
                )
                for need in needs
            },
            self._settings.max_bytes,
        )

    def prepare(self, search: ProductSearch | ProductSearches) -> None:
        """Makes the vector of what is looked for. Raises EmbeddingError, DatabaseUnavailable or IdentityError."""
        search.prepare(self._database)

    def find(self, search: ProductSearch) -> SearchResult:
        """Makes a prepared search. Raises QueryError, EmbeddingError or InputError, and what `open` raises."""
        return search.run(self._database)

    def found_json(self, search: ProductSearch | ProductSearches) -> str:
        """The answer of one prepared search, or of several, as JSON. Raises as `find`."""
        return search.run(self._database).json()

    @cached_property
    def _embedder(self) -> "Embedder | None":
        from zava_mcp.embeddings import embedder

        return embedder(self._settings)

    def describe(self, table_names: list[str], reading: StatementBatch) -> str:
        """The named tables in words, all if none is named; `reading` can be cancelled meanwhile.

        Raises InputError for an unknown name.
        """
        text = self._schemas.describe(table_names, reading)
        with suppress(SettingsError):  # which a search reports
            text += f" Database: {self._database_kind}. Search by: {self._embedding_model}."
        return shortened(text, self._settings.max_bytes)

    def tables(self, reading: StatementBatch) -> str:
        """The tables, a line each. Raises DatabaseUnavailable or IdentityError."""
        return self._schemas.overview(reading)

    def read_catalogue(self) -> None:
        """Reads what hints are made of. Raises DatabaseUnavailable or IdentityError."""
        self._schemas.read_catalogue(self.reading())

    def known(self, reading: StatementBatch) -> SchemaSummary:
        """What there is to ask about. Raises DatabaseUnavailable or IdentityError."""
        return self._schemas.known(reading)

    def about(self, reading: StatementBatch) -> str:
        """Who asks, what they see and what answers them, as JSON. Raises DatabaseUnavailable or IdentityError."""
        known, who = self.known(reading), self._database.identity
        about = {
            "identity": {"name": who.name, "user_id": str(who.user_id), "sees_all_stores": who.all_stores},
            "stores": known.stores,
            "orders": {"first_day": known.first_day, "last_day": known.last_day},
            "database": self._database_kind,
            "embedding_model": self._embedding_model,
        }
        return json.dumps(about, ensure_ascii=False)

    @property
    def _database_kind(self) -> str:
        return "embedded PostgreSQL, with the sample company Zava Retail" if self._embedded else "PostgreSQL server"

    @property
    def _embedding_model(self) -> str:
        """The model of a search; raises SettingsError."""
        return self._embedder.id if self._embedder is not None and self._database.pgvector_version else LEXICAL

    def reading(self) -> StatementBatch:
        """What a description is read with, once."""
        return StatementBatch()

    def examine(self) -> list[Check]:
        """Checks the database as this identity. Raises DatabaseUnavailable or IdentityError."""
        try:
            model = self._embedder.id if self._embedder else ""
        except SettingsError:  # which `try_model` tells
            model = ""
        return self._database.examine(model)

    def try_model(self) -> tuple[str, int]:
        """Makes the vector of a word: by which model, and how many numbers it has; ('', 0) if no model runs here.

        Raises EmbeddingError or SettingsError.
        """
        if self._embedder is None:
            return "", 0
        return self._embedder.id, len(self._embedder.embed_query("paint"))

    def statistics(self) -> dict[str, float]:
        """The connections busy and idle, the questions that wait for one, the age of the tables' descriptions."""
        return self._database.statistics() | self._schemas.statistics()

    @property
    def data_dir(self) -> Path | None:
        """Where the embedded database lives; None for a server's."""
        return self._embedded.folder if self._embedded else None

    def close(self) -> None:
        """Drops the connections and gives back the share in the embedded database."""
        try:
            if (embedder := self.__dict__.get("_embedder")) is not None:
                embedder.close()
            self._database.close()
        finally:  # whatever a process ends in the middle of, PostgreSQL does not stay behind
            if self._embedded is not None:
                self._embedded.close()

    def __enter__(self) -> "SalesService":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
