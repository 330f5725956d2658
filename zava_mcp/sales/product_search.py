"""Products found by what people mean, or by their words where there are no vectors; with what is in stock."""

import json
import threading
from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING

from zava_mcp import sql
from zava_mcp.embeddings.english_words import is_english
from zava_mcp.errors import EmbeddingError, InputError
from zava_mcp.postgres.pipeline import Column, Rows
from zava_mcp.postgres.pool import Database
from zava_mcp.postgres.statement import Statement
from zava_mcp.sales.search_literals import Literals, literals, meant, plain_text
from zava_mcp.sales.search_request import MOST_NEEDS, SearchRequest
from zava_mcp.sales.search_result import (
    LEAST_TOGETHER,
    LEXICAL,
    GroupedSearchResult,
    Row,
    SearchResult,
    Wording,
    bought_with,
    listed,
)
from zava_mcp.sales.search_spelling import CatalogueWords, is_foreign
from zava_mcp.sales.search_statement import SearchStatement
from zava_mcp.settings import SEARCH_THRESHOLD, Settings
from zava_mcp.suggestions import did_you_mean

if TYPE_CHECKING:
    from zava_mcp.embeddings import Embedder

_HALVES = (0, 7)  # the version of pgvector that brought halfvec and subvector


class ProductSearch:
    """One search: `prepare` makes the vector, `run` asks the database; each once, in a worker thread.

    `words` are the catalogue's, which several searches of one identity share.
    """

    def __init__(
        self,
        request: SearchRequest,
        settings: Settings,
        embedder: "Embedder | None",
        words: CatalogueWords | None = None,
    ) -> None:
        """Raises InputError if the wish cannot be looked for."""
        request.check()
        self._request = request.trimmed()
        self._max_bytes = settings.max_bytes
        self._embedder = embedder
        self._words = words or CatalogueWords()
        self._vector: list[float] | None = None
        self._lock = threading.Lock()
        self._lookup: Statement | None = None
        self._cancelled = False
        self._stop = threading.Event()
        self.needs_vector = (
            embedder is not None and not self._request.similar_to
        )  # which `prepare` makes; else it has no work
        self._text = plain_text(self._request.query_description)
        self._corrected: dict[str, str] | None = None  # until the words were looked at

    def prepare(self, database: Database) -> None:
        """The description's vector, if there are vectors to compare it with. Raises as `run`."""
        if self._embedder and self.needs_vector and database.pgvector_version:
            self._correct(database)
            self._vector = self._embedder.embed_query(meant(self._text), self._stop)

    def run(self, database: Database) -> SearchResult:
        """What was found. Raises QueryError, EmbeddingError, InputError, IdentityError or DatabaseUnavailable."""
        self._correct(database)
        by_meaning = bool(database.pgvector_version and (self._vector or self._request.similar_to))
        ours = by_meaning and self._embedder is not None and database.pgvector_version >= _HALVES
        columns, rows = self._search(database, by_meaning, ours)
        if not rows and ours and self._request.similar_to:  # its vector may be another model's
            columns, rows = self._search(database, by_meaning, False)
        table = [dict(zip([column.name for column in columns], row, strict=True)) for row in rows]
        if not table:
            self._explain(database, by_meaning)
        model = next((row["model_id"] for row in table if row["model_id"]), self._model(by_meaning))
        request = self._request
        every = request.similarity_threshold != SEARCH_THRESHOLD
        names, wording = self._shown(table), self._wording(model)
        found = listed(columns, table, names, model, request.max_rows, self._max_bytes, every, wording)
        if request.include_bought_with and table:
            found.notes["bought_with"] = self._bought_with(database, table)
        return found

    def cancel(self) -> None:
        """Stops it in the database too, and asks no embedding service again."""
        self._stop.set()
        with self._lock:
            self._cancelled = True
            if self._lookup is not None:
                self._lookup.cancel()

    def _correct(self, database: Database) -> None:
        """Corrects misspelt words of the description, once."""
        if self._corrected is None and self._text:
            self._text, self._corrected = self._words.corrected(self._text, lambda: self._vocabulary(database))

    def _vocabulary(self, database: Database) -> tuple[str, str]:
        _, rows = self._look_up(database, sql.named("search.sql")["vocabulary"])
        names, descriptions = rows[0]
        return names or "", descriptions or ""

    def _wording(self, model: str) -> Wording:
        corrected = self._corrected or {}
        foreign = self._is_foreign and (model == LEXICAL or model.startswith("local/"))
        rephrased = meant(self._text) if self._vector else self._text
        return Wording(
            corrected, "" if rephrased == self._text else rephrased, foreign, self._literals.whole, self._literals.found
        )

    @cached_property
    def _is_foreign(self) -> bool:
        return is_foreign(self._text, self._words)

    @cached_property
    def _literals(self) -> Literals:
        if self._request.similar_to:  # a name to be found by, and no text to be matched
            return replace(literals(self._request.similar_to, is_english), found=(), prefixes=(), whole=False)
        # of another language, the model knows no word
        return literals(self._text, (lambda _: False) if self._is_foreign else is_english)

    def _search(self, database: Database, by_meaning: bool, ours: bool) -> tuple[list[Column], Rows]:
        """The statement's rows; `ours` looks only at vectors of our model, for which there may be an index."""
        dimensions = self._embedder.dimensions if ours and self._embedder else 0
        statement = SearchStatement(bool(self._request.similar_to), by_meaning, dimensions, self._literals)
        return self._look_up(database, statement.sql(), statement.values(self._vector))

    @property
    def _threshold(self) -> float:
        """In percent; none for another language than the local model's, whose best results are seldom above it."""
        request, model = self._request, self._embedder.id if self._embedder else ""
        loose = request.similarity_threshold == SEARCH_THRESHOLD and model.startswith("local/") and self._is_foreign
        return 0 if loose else request.similarity_threshold

    def _look_up(
        self, database: Database, statement: str, more: dict[str, object] | None = None
    ) -> tuple[list[Column], Rows]:
        values = {
            **asdict(self._request),
            "codes": list(self._literals.codes),
            "similarity_threshold": self._threshold,
            "least_together": LEAST_TOGETHER,
            "max_rows": self._request.max_rows + 1,  # one more tells that there are more
            "text": self._text,
            "name": plain_text(self._request.query_description),
            "model": self._embedder.id if self._embedder else "",
            **(more or {}),
        }
        lookup = Statement(statement, values)
        with self._lock:
            self._lookup = lookup
            if self._cancelled:
                lookup.cancel()
        return database.run_statement(lookup)

    def _bought_with(self, database: Database, table: list[Row]) -> str:
        """As JSON, what is bought with the product that others should be like, or else with the best that was found."""
        parts, best = sql.named("search.sql"), table[0]["sku"] or ""
        of: dict[str, object] = {} if self._request.similar_to else {"similar_to": best, "codes": [best.upper()]}
        _, rows = self._look_up(database, parts["target"] + parts["bought_with"], of)
        return bought_with(rows)

    def _shown(self, table: list[Row]) -> set[str]:
        """The answer's columns: stock by store only for who sees several, sales only when they were asked for."""
        names = {"sku", "product_name", "category", "type", "price", "description", "similarity", "stock"}
        if any(len(json.loads(row["stock_by_store"] or "{}")) > 1 for row in table):
            names.add("stock_by_store")
        return names | ({"units_sold", "revenue"} if self._request.include_sales else set())

    def _model(self, by_meaning: bool) -> str:
        return self._embedder.id if by_meaning and self._embedder else LEXICAL

    def _explain(self, database: Database, by_meaning: bool) -> None:
        """Raises the error that says why nothing was found, if there is another reason than that nothing fits."""
        parts = sql.named("search.sql")
        models, vector = (parts["models"], parts["its_vector"]) if database.pgvector_version else ("NULL", "NULL")
        explained = parts["explained"].replace("{models}", models).replace("{vector}", vector)
        _, rows = self._look_up(database, parts["target"] + explained)
        known, near, category_known, categories, types, models, has_vector = [cell or "" for cell in rows[0]]
        request = self._request
        if request.similar_to and known != "t":
            hint = f"Did you mean: {near}?" if near else "Find its SKU with query_description first."
            raise InputError(f"there is no product {request.similar_to[:80]!r}", hint)
        if request.category and category_known != "t":
            meant = did_you_mean(request.category, [*categories.split(", "), *types.split("\n")])
            raise InputError(
                f"there is no category or type {request.category[:80]!r}{meant}", f"The categories are: {categories}."
            )
        if by_meaning and request.similar_to and has_vector != "t":
            raise EmbeddingError(f"{request.similar_to[:80]!r} has no vector yet", "Run `zava-mcp embed` as admin.")
        if by_meaning and not request.similar_to and self._embedder and self._embedder.id not in models.split(", "):
            raise EmbeddingError(
                f"the products' vectors are of {models}, and this server searches with {self._embedder.id}"
                if models
                else "the products have no vectors yet",
                "Run `zava-mcp embed` as admin, with the embedding settings that this server has.",
            )


class ProductSearches:
    """Several needs in one call: a search for each, made one after another; otherwise like a ProductSearch."""

    def __init__(self, searches: dict[str, ProductSearch], max_bytes: int) -> None:
        """Raises InputError if there are too many."""
        if len(searches) > MOST_NEEDS:
            raise InputError(f"{len(searches)} needs are too many", f"Name at most {MOST_NEEDS} in one call.")
        self._searches = searches
        self._max_bytes = max_bytes
        self.needs_vector = any(search.needs_vector for search in searches.values())

    def prepare(self, database: Database) -> None:
        """Makes the vector of each. Raises as a ProductSearch."""
        for search in self._searches.values():
            search.prepare(database)

    def run(self, database: Database) -> GroupedSearchResult:
        """What was found for each. Raises as a ProductSearch."""
        return GroupedSearchResult(
            [(need, search.run(database)) for need, search in self._searches.items()], self._max_bytes
        )

    def cancel(self) -> None:
        for search in self._searches.values():
            search.cancel()
