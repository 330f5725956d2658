"""Searches products semantically, or by full-text search without embeddings, and adds the stock of each."""

import json
import threading
from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING

from zava_mcp import sql
from zava_mcp.company import CompanyProfile
from zava_mcp.embeddings.english_words import is_english
from zava_mcp.errors import EmbeddingError, InputError
from zava_mcp.postgres.pipeline import Column, Rows
from zava_mcp.postgres.pool import Database
from zava_mcp.postgres.statement import Statement
from zava_mcp.sales.search_literals import Literals, find_literals, looks_like_code, plain_text, rephrase
from zava_mcp.sales.search_request import SearchRequest
from zava_mcp.sales.search_result import (
    FULL_TEXT,
    MIN_ORDERS_TOGETHER,
    Row,
    SearchResult,
    TextInterpretation,
    bought_with_json,
    to_search_result,
)
from zava_mcp.sales.search_spelling import CatalogueWords, is_foreign
from zava_mcp.sales.search_statement import SearchStatement
from zava_mcp.settings import SEARCH_THRESHOLD, Settings
from zava_mcp.suggestions import did_you_mean

if TYPE_CHECKING:
    from zava_mcp.embeddings import Embedder

_HALFVEC_VERSION = (0, 7)  # the version of pgvector that added halfvec and subvector


class ProductSearch:
    """One search. `prepare` computes the embedding and `run` queries the database, each once and in a worker thread.

    `words` is the vocabulary of the catalogue, which the searches of one identity share.
    """

    def __init__(
        self,
        request: SearchRequest,
        settings: Settings,
        embedder: "Embedder | None",
        words: CatalogueWords | None = None,
    ) -> None:
        """Raises InputError for an invalid request."""
        request.check()
        self._request = request.trimmed()
        self._max_bytes = settings.max_bytes
        self._embedder = embedder
        self._words = words or CatalogueWords()
        self._vector: list[float] | None = None
        self._lock = threading.Lock()
        self._statement: Statement | None = None
        self._cancelled = False
        self._stop = threading.Event()
        self.needs_vector = embedder is not None and not self._request.similar_to  # If False, `prepare` does nothing.
        self._text = plain_text(self._request.query_description)
        self._corrected: dict[str, str] | None = None  # None until the spelling was checked

    def prepare(self, database: Database) -> None:
        """Computes the embedding of the description, if the database has embeddings. Raises the errors of `run`."""
        _refuse_without_products(database)
        if self._embedder and self.needs_vector and database.identity.pgvector_version:
            self._correct(database)
            self._vector = self._embedder.embed_query(rephrase(self._text), self._stop)

    def run(self, database: Database) -> SearchResult:
        """Searches. Raises QueryError, EmbeddingError, InputError, IdentityError or DatabaseUnavailable."""
        _refuse_without_products(database)
        self._correct(database)
        semantic = bool(database.identity.pgvector_version and (self._vector or self._request.similar_to))
        own_model_only = (
            semantic and self._embedder is not None and database.identity.pgvector_version >= _HALFVEC_VERSION
        )
        columns, rows = self._search(database, semantic, own_model_only)
        if not rows and own_model_only and self._request.similar_to:  # another model may have embedded that product
            columns, rows = self._search(database, semantic, False)
        table = [dict(zip([column.name for column in columns], row, strict=True)) for row in rows]
        if not table:
            self._explain_no_rows(database, semantic)
        model = next((row["model_id"] for row in table if row["model_id"]), self._model(semantic))
        visible = self._visible_columns(table)
        result = to_search_result(
            [column for column in columns if column.name in visible],
            table,
            model,
            self._request,
            self._max_bytes,
            self._query_text(model, database.identity.company, table),
        )
        if self._request.include_bought_with and table:
            result.notes["bought_with"] = self._bought_with(database, table)
        return result

    def cancel(self) -> None:
        """Cancels the statement in the database too, and stops requests to the embedding provider."""
        self._stop.set()
        with self._lock:
            self._cancelled = True
            if self._statement is not None:
                self._statement.cancel()

    def _correct(self, database: Database) -> None:
        """Corrects the spelling of the description, once."""
        if self._corrected is None and self._text:
            self._text, self._corrected = self._words.correct(self._text, lambda: self._vocabulary(database))

    def _vocabulary(self, database: Database) -> tuple[str, str]:
        _, rows = self._execute(database, sql.named("search.sql")["list_words"])
        names, descriptions = rows[0]
        return names or "", descriptions or ""

    def _query_text(self, model: str, company: CompanyProfile, table: list[Row]) -> TextInterpretation:
        english_only = model == FULL_TEXT or model.startswith("local/")
        found = " ".join(f"{row['product_name']} {row['description']}" for row in table)
        rephrased = rephrase(self._text) if self._vector else self._text
        return TextInterpretation(
            corrected=self._corrected or {},
            company=company,
            rephrased="" if rephrased == self._text else rephrased,
            foreign=english_only and is_foreign(self._text, self._words),
            foreign_catalogue=english_only and is_foreign(found or self._words.some()),
            only_code=self._literals.only_code,
            looks_like_code=self._literals.only_code and looks_like_code(self._text),
            literals=self._literals.items,
        )

    @cached_property
    def _is_foreign(self) -> bool:
        """Whether the local model may not know the language. A single unknown word is enough, but gets no hint."""
        return is_foreign(self._text, self._words, 1)

    @cached_property
    def _literals(self) -> Literals:
        if self._request.similar_to:  # it names a product, so only its codes are used
            return replace(find_literals(self._request.similar_to, is_english), items=(), prefixes=(), only_code=False)
        # The local model knows no word of another language, so all its words are matched literally.
        return find_literals(self._text, (lambda _: False) if self._is_foreign else is_english)

    def _search(self, database: Database, semantic: bool, own_model_only: bool) -> tuple[list[Column], Rows]:
        """Returns columns and rows. With `own_model_only`, an index on the embeddings of one model can be used."""
        dimensions = self._embedder.dimensions if own_model_only and self._embedder else 0
        similar = bool(self._request.similar_to)
        statement = SearchStatement(similar, semantic, dimensions, self._literals, database.identity.is_distributed)
        return self._execute(database, statement.sql(), statement.values(self._vector))

    @property
    def _threshold(self) -> float:
        """The threshold in percent. The default is 0 for other languages, which the local model scores low."""
        request, model = self._request, self._embedder.id if self._embedder else ""
        if request.similarity_threshold is not None:
            return request.similarity_threshold
        return 0 if model.startswith("local/") and self._is_foreign else SEARCH_THRESHOLD

    def _execute(
        self, database: Database, statement: str, more_values: dict[str, object] | None = None
    ) -> tuple[list[Column], Rows]:
        values = {
            **asdict(self._request),
            "codes": list(self._literals.codes),
            "similarity_threshold": self._threshold,
            "min_orders_together": MIN_ORDERS_TOGETHER,
            "max_rows": self._request.max_rows + 1,  # the extra row shows that there are more
            "text": self._text,
            "name": plain_text(self._request.query_description),
            "model": self._embedder.id if self._embedder else "",
            **(more_values or {}),
        }
        execution = Statement(statement, values)
        with self._lock:
            self._statement = execution
            if self._cancelled:
                execution.cancel()
        return database.run_statement(execution)

    def _bought_with(self, database: Database, table: list[Row]) -> str:
        """Returns as JSON what was bought with the product of `similar_to`, else with the best product found."""
        parts, best = sql.named("search.sql"), table[0]["sku"] or ""
        target: dict[str, object] = {} if self._request.similar_to else {"similar_to": best, "codes": [best.upper()]}
        together = parts["list_bought_with_of_nodes" if database.identity.is_distributed else "list_bought_with"]
        _, rows = self._execute(database, parts["target"] + together, target)
        return bought_with_json(rows)

    def _visible_columns(self, table: list[Row]) -> set[str]:
        """Stock by store is shown to identities that see several stores, sales only on request."""
        names = {"sku", "product_name", "category", "type", "price", "description", "similarity", "stock"}
        if any(len(json.loads(row["stock_by_store"] or "{}")) > 1 for row in table):
            names.add("stock_by_store")
        return names | ({"units_sold", "revenue"} if self._request.include_sales else set())

    def _model(self, semantic: bool) -> str:
        return self._embedder.id if semantic and self._embedder else FULL_TEXT

    def _explain_no_rows(self, database: Database, semantic: bool) -> None:
        """Raises InputError or EmbeddingError if nothing was found for another reason than a lack of matches."""
        parts = sql.named("search.sql")
        models, vector = (
            (parts["models"], parts["target_vector"]) if database.identity.pgvector_version else ("NULL", "NULL")
        )
        explain = parts["explain_no_rows"].replace("{models}", models).replace("{vector}", vector)
        _, rows = self._execute(database, parts["target"] + explain)
        exists, similar_names, category_exists, categories, types, models, has_vector = [cell or "" for cell in rows[0]]
        request = self._request
        if request.similar_to and exists != "t":
            similar_names = similar_names or self._similar_names(database, parts["target"] + explain)
            hint = f"Did you mean: {similar_names}?" if similar_names else "Find its SKU with query_description first."
            raise InputError(f"there is no product {request.similar_to[:80]!r}", hint)
        if request.category and category_exists != "t":
            suggestion = did_you_mean(request.category, [*categories.split(", "), *types.split("\n")])
            raise InputError(
                f"there is no category or type {request.category[:80]!r}{suggestion}",
                f"The categories are: {categories}.",
            )
        if semantic and request.similar_to and has_vector != "t":
            raise EmbeddingError(
                f"{request.similar_to[:80]!r} has no embedding yet", "Run `zava-mcp embed` as administrator."
            )
        if semantic and not request.similar_to and self._embedder:
            self._require_own_model(self._embedder.id, models)

    def _similar_names(self, database: Database, explain: str) -> str:
        """Returns the names of products with the words of `similar_to` as they are spelled in the catalogue."""
        text, corrected = self._words.correct(self._request.similar_to or "", lambda: self._vocabulary(database))
        return (self._execute(database, explain, {"similar_to": text})[1][0][1] or "") if corrected else ""

    @staticmethod
    def _require_own_model(own: str, models: str) -> None:
        """Raises EmbeddingError if no product has an embedding of the server's model."""
        if own in models.split(", "):
            return
        raise EmbeddingError(
            f"the products' embeddings were computed with {models}, but this server searches with {own}"
            if models
            else "the products have no embeddings yet",
            "Run `zava-mcp embed` as administrator, with the embedding settings of this server.",
        )


def _refuse_without_products(database: Database) -> None:
    """Raises InputError in a database without products."""
    if not database.identity.has_orders:
        raise InputError(
            "this database has no products to search",
            "Query its tables with execute_sales_query; get_multiple_table_schemas lists them.",
        )
