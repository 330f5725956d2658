"""Products found by what people mean, or by their words where there are no vectors; with what is in stock."""

import json
import re
import threading
from dataclasses import asdict, dataclass, replace
from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING

from zava_mcp import sql
from zava_mcp.database.lookup import INDEX_FROM, Lookup
from zava_mcp.database.pool import Database
from zava_mcp.database.wire import Column, Rows
from zava_mcp.embeddings import padded
from zava_mcp.errors import EmbeddingError, InputError
from zava_mcp.retail.answers import Answer
from zava_mcp.settings import FOUND_ROWS, FOUND_THRESHOLD, HARD_FOUND_ROWS, Settings

if TYPE_CHECKING:
    from zava_mcp.embeddings import Embedder

MAX_CHARACTERS = 2_000
_HALVES = (0, 7)  # the version of pgvector that brought halfvec and subvector
_MORE = (
    f"Raise similarity_threshold, filter by category or price, or ask for more with max_rows, up to {HARD_FOUND_ROWS}."
)
_LESS = "Ask for fewer with max_rows, or filter by category or price."
#: Letters, digits and separators, with a separator behind letters or digits, or with both letters and digits.
_BEGINNING = re.compile(r"[^\W_]+[-._/][-.\w/]*|(?=.*\d)(?=.*[^\W\d_])[^\W_]+")
_AROUND = "\"'()[],;:!?."
_LEAST_BEGINNING = 4  # characters
_BEGINNINGS = 5  # that are looked for
LEXICAL = "none: products were found by words (PostgreSQL full-text search), not by meaning"


@dataclass(frozen=True)
class Wish:
    """What somebody looks for: a description, or a product that others should be like; and filters.

    `similarity_threshold` is in percent; `category` names a category or a product type.
    """

    query_description: str = ""
    max_rows: int = FOUND_ROWS
    similarity_threshold: float = FOUND_THRESHOLD
    category: str | None = None
    min_price: float | None = None
    max_price: float | None = None
    in_stock_only: bool = False
    similar_to: str | None = None
    include_sales: bool = False

    def check(self) -> None:
        """Raises InputError if it cannot be looked for."""
        text, like = self.query_description.strip(), (self.similar_to or "").strip()
        if bool(text) == bool(like):
            raise InputError(
                "say what to look for" if not text else "a description and similar_to exclude each other",
                "Describe it in query_description, or name a SKU or product in similar_to.",
            )
        for value in (self.query_description, self.similar_to or "", self.category or ""):
            if len(value) > MAX_CHARACTERS:
                raise InputError(
                    f"a text has {len(value):,} characters; {MAX_CHARACTERS:,} are allowed",
                    "Describe the product in a sentence.",
                )
            if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
                raise InputError("a text contains NUL or half a surrogate pair")
        if not 1 <= self.max_rows <= HARD_FOUND_ROWS:
            raise InputError(f"max_rows must be from 1 to {HARD_FOUND_ROWS}, not {self.max_rows:,}")
        if not 0 <= self.similarity_threshold <= 100:  # NaN neither
            raise InputError(f"similarity_threshold must be from 0 to 100, not {self.similarity_threshold:g}")
        for name, price in (("min_price", self.min_price), ("max_price", self.max_price)):
            if price is not None and not 0 <= price < 1e12:
                raise InputError(f"{name} must be a price in dollars, not {price:g}")
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise InputError("min_price is above max_price")

    def trimmed(self) -> "Wish":
        """The same without space around its texts; a text of space alone is none."""
        return replace(
            self,
            query_description=self.query_description.strip(),
            similar_to=(self.similar_to or "").strip() or None,
            category=(self.category or "").strip() or None,
        )


@dataclass
class Found:
    """What was found. `closest` is the best product below the threshold, if none is above it."""

    answer: Answer
    model: str
    closest: dict[str, str]

    def json(self) -> str:
        """The answer's JSON with "search" (semantic or lexical), "model", and "closest" where nothing passed."""
        more = {"search": quoted("lexical" if self.model == LEXICAL else "semantic"), "model": quoted(self.model)}
        if self.closest:
            more["closest"] = "{" + ",".join(f"{quoted(name)}:{value}" for name, value in self.closest.items()) + "}"
        return self.answer.json(more)


class ProductSearch:
    """One search: `prepare` makes the vector, `run` asks the database; each once, in a worker thread."""

    def __init__(self, wish: Wish, settings: Settings, embedder: "Embedder | None") -> None:
        """Raises InputError if the wish cannot be looked for."""
        wish.check()
        self._wish = wish = wish.trimmed()
        self._max_bytes = settings.max_bytes
        self._embedder = embedder
        self._vector: list[float] | None = None
        self._lock = threading.Lock()
        self._lookup: Lookup | None = None
        self._cancelled = False
        self._stop = threading.Event()
        self.needs_vector = embedder is not None and not wish.similar_to  # which `prepare` makes; else it has no work

    def prepare(self, database: Database) -> None:
        """The description's vector, if there are vectors to compare it with. Raises EmbeddingError."""
        if self._embedder and self.needs_vector and database.vectors:
            self._vector = self._embedder.embed_query(self._wish.query_description, self._stop)

    def run(self, database: Database) -> Found:
        """What was found. Raises QueryError, EmbeddingError, InputError, IdentityError or DatabaseUnavailable."""
        by_meaning = bool(database.vectors and (self._vector or self._wish.similar_to))
        ours = by_meaning and self._embedder is not None and database.vectors >= _HALVES
        columns, rows = self._look_up(database, self._statement(by_meaning, ours))
        if not rows and ours and self._wish.similar_to:  # its vector may be another model's
            columns, rows = self._look_up(database, self._statement(by_meaning, False))
        table = [dict(zip([column.name for column in columns], row, strict=True)) for row in rows]
        if not table:
            self._explain(database, by_meaning)
        model = next((row["model_id"] for row in table if row["model_id"]), self._model(by_meaning))
        passing = [row for row in table if row["passes"] == "t"]
        answer = Answer(self._wish.max_rows, self._max_bytes, rows_advice=_MORE, bytes_advice=_LESS)
        shown = [column for column in columns if column.name in self._shown(table)]
        answer.begin(shown)
        answer.take([tuple(row[column.name] for column in shown) for row in passing])
        return Found(answer, model, {} if passing else _closest(table))

    def cancel(self) -> None:
        """Stops it in the database too, and asks no embedding service again."""
        self._stop.set()
        with self._lock:
            self._cancelled = True
            if self._lookup is not None:
                self._lookup.cancel()

    def _look_up(self, database: Database, statement: str) -> tuple[list[Column], Rows]:
        values = {
            **asdict(self._wish),
            "max_rows": self._wish.max_rows + 1,  # one more tells that there are more
            "text": self._wish.query_description,
            "beginnings": _beginnings(self._wish.query_description),
            "model": self._embedder.id if self._embedder else "",
            "vector": _literal(self._vector) if self._vector else None,
        }
        lookup = Lookup(statement, values)
        with self._lock:
            self._lookup = lookup
            if self._cancelled:
                lookup.cancel()
        return database.look_up(lookup)

    def _statement(self, by_meaning: bool, ours: bool) -> str:
        """The search's SQL; `ours` looks only at vectors of our model, for which there may be an index."""
        parts = sql.named("search.sql")
        words = {name: f"%({name})s" for name in ("model", "text")} | {
            "vector": "%(vector)s::public.vector",
            "but": "true",
        }
        if self._wish.similar_to:
            words |= {name: parts[f"its_{name}"] for name in words if name != "model" or not ours}
        if ours and self._embedder:
            words |= {"dimensions": str(self._embedder.dimensions), "many": str(INDEX_FROM)}
        how = ("of_many" if ours else "one_by_one", "by_meaning") if by_meaning else ("by_words",)
        statement = "".join(parts[name] for name in ("target", "wanted", *how, "described"))
        for word, text in words.items():
            statement = statement.replace(f"{{{word}}}", text)
        return statement

    def _shown(self, table: list[dict[str, str | None]]) -> set[str]:
        """The answer's columns: stock by store only for who sees several, sales only when they were asked for."""
        names = {"sku", "product_name", "category", "type", "price", "description", "similarity", "stock"}
        if any(len(json.loads(row["stock_by_store"] or "{}")) > 1 for row in table):
            names.add("stock_by_store")
        return names | ({"units_sold", "revenue"} if self._wish.include_sales else set())

    def _model(self, by_meaning: bool) -> str:
        return self._embedder.id if by_meaning and self._embedder else LEXICAL

    def _explain(self, database: Database, by_meaning: bool) -> None:
        """Raises the error that says why nothing was found, if there is another reason than that nothing fits."""
        parts = sql.named("search.sql")
        models, vector = (parts["models"], parts["its_vector"]) if database.vectors else ("NULL", "NULL")
        explained = parts["explained"].replace("{models}", models).replace("{vector}", vector)
        _, rows = self._look_up(database, parts["target"] + explained)
        known, near, category_known, categories, models, has_vector = [cell or "" for cell in rows[0]]
        wish = self._wish
        if wish.similar_to and known != "t":
            hint = f"Did you mean: {near}?" if near else "Find its SKU with query_description first."
            raise InputError(f"there is no product {wish.similar_to[:80]!r}", hint)
        if wish.category and category_known != "t":
            raise InputError(
                f"there is no category or type {wish.category[:80]!r}", f"The categories are: {categories}."
            )
        if by_meaning and wish.similar_to and has_vector != "t":
            raise EmbeddingError(f"{wish.similar_to[:80]!r} has no vector yet", "Run `zava-mcp embed` as admin.")
        if by_meaning and not wish.similar_to and self._embedder and self._embedder.id not in models.split(", "):
            raise EmbeddingError(
                f"the products' vectors are of {models}, and this server searches with {self._embedder.id}"
                if models
                else "the products have no vectors yet",
                "Run `zava-mcp embed` as admin, with the embedding settings that this server has.",
            )


def _closest(table: list[dict[str, str | None]]) -> dict[str, str]:
    """The best of what does not pass, as JSON texts; {} if there is nothing."""
    for row in table:
        sku, name, similarity = row["sku"] or "", row["product_name"] or "", row["similarity"] or "null"
        return {"sku": quoted(sku), "product_name": quoted(name), "similarity": similarity}
    return {}


def _beginnings(text: str) -> list[str]:
    """The words of a text that SKUs may begin with, in upper case: "EL-BLB" or "A100", and no plain word or number."""
    words = (word.strip(_AROUND) for word in text.split())
    return [word.upper() for word in words if len(word) >= _LEAST_BEGINNING and _BEGINNING.fullmatch(word)][
        :_BEGINNINGS
    ]


def _literal(vector: list[float]) -> str:
    """A vector as PostgreSQL reads it."""
    return f"[{','.join(map(repr, padded(vector)))}]"
