"""One size of catalogue: how products are found with the index and by looking at every vector."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import psycopg
from numpy.typing import NDArray

from scripts.search.labels import labelled
from scripts.search.quality import Finder
from scripts.search.speed import Known
from scripts.vectors.synthetic import FIRST_ID, nearest
from zava_mcp.admin.product_embeddings import product_embeddings
from zava_mcp.admin.sample_embeddings import SAMPLE_MODEL
from zava_mcp.embeddings.local import LocalEmbedder
from zava_mcp.postgres.pool import Database
from zava_mcp.sales.search_request import SearchRequest
from zava_mcp.settings import Settings

_QUERIES = 40
_EXACT = 5  # looks at every vector: slow, and always the same
_ROWS = 10
_IN_STOCK = "EXISTS (SELECT FROM retail.inventory i WHERE i.product_id = p.product_id AND stock_level > 0)"


@dataclass(frozen=True)
class Filter:
    """What is asked for beside the description, and the same as SQL; {category} is the wanted product's."""

    name: str
    request: dict[str, object]
    sql: str


FILTERS = (
    Filter("none", {}, "true"),
    Filter("its category", {"category": "{category}"}, "category_name = %(category)s"),
    Filter("another category", {"category": "{other}"}, "category_name = %(other)s"),
    Filter("$10 to $20", {"min_price": 10.0, "max_price": 20.0}, "base_price BETWEEN 10 AND 20"),
    Filter("in stock here", {"in_stock_only": True}, _IN_STOCK),
    Filter(
        "its category, in stock here",
        {"category": "{category}", "in_stock_only": True},
        f"category_name = %(category)s AND {_IN_STOCK}",
    ),
)


@dataclass(frozen=True)
class Line:
    """Milliseconds; `left` is how many products pass the filter, for the median query."""

    rows: int
    filter: str
    left: int
    recall: float
    median: float
    p95: float
    exact: float


@dataclass(frozen=True)
class Built:
    rows: int
    seconds: float
    index_bytes: int
    table_bytes: int


def build(admin: psycopg.Connection, rows: int) -> Built:
    """Builds the index as `zava-mcp embed` does."""
    start = time.perf_counter()
    with product_embeddings(admin, SAMPLE_MODEL, LocalEmbedder.dimensions) as ours:
        ours.update_index()
    seconds = time.perf_counter() - start
    row = admin.execute(
        "SELECT coalesce(pg_relation_size(to_regclass('retail.product_embeddings_nearest')), 0),"
        " pg_table_size('retail.product_description_embeddings')"
    ).fetchone()
    assert row is not None
    return Built(rows, seconds, *row)


def drop_index(admin: psycopg.Connection) -> None:
    admin.execute("DROP INDEX IF EXISTS retail.product_embeddings_nearest")


class Measure:
    """Searches of one manager, with vectors that are known beforehand: the database's part alone."""

    def __init__(self, database: Database, settings: Settings, agent: psycopg.Connection, rows: int) -> None:
        questions = labelled("own")[:_QUERIES]
        self._queries = [question.query for question in questions]
        self._known = Known(LocalEmbedder(), self._queries)
        self._find = Finder(database, settings, self._known)
        self._agent = agent
        self._rows = rows
        self._categories = [self._category(min(question.wanted)) for question in questions]

    def exact(self) -> dict[str, float]:
        """Median milliseconds for each filter, while there is no index."""
        return {
            wanted.name: statistics.median([self._search(wanted, place)[1] for place in range(_EXACT + 1)][1:])
            for wanted in FILTERS
        }

    def lines(self, exact: dict[str, float]) -> Iterator[Line]:
        for wanted in FILTERS:
            passing = [self._passing(wanted, place) for place in range(_QUERIES)]
            queries = np.array([self._known.embed_query(query) for query in self._queries], np.float32)
            truth = nearest(queries, self._rows, passing, _ROWS)
            for place in range(0, _QUERIES, 8):
                self._search(wanted, place)  # for warming up
            found = [self._search(wanted, place) for place in range(_QUERIES)]
            hits = [
                len(set(ids) & set(right)) / len(right) for (ids, _), right in zip(found, truth, strict=True) if right
            ]
            times = [took for _, took in found]
            left = int(statistics.median(int(some.sum()) for some in passing))
            p95 = statistics.quantiles(times, n=20)[-1]
            yield Line(
                self._rows, wanted.name, left, statistics.fmean(hits), statistics.median(times), p95, exact[wanted.name]
            )

    def _search(self, wanted: Filter, place: int) -> tuple[list[int], float]:
        """The synthetic products found, and milliseconds."""
        words = {"category": self._categories[place][0], "other": self._categories[place][1]}
        filters = {
            name: value.format(**words) if isinstance(value, str) else value for name, value in wanted.request.items()
        }
        request = SearchRequest(self._queries[place], _ROWS, 0, **filters)  # type: ignore[arg-type]  # names and types are Wish's
        start = time.perf_counter()
        skus = self._find.grant(request)
        took = (time.perf_counter() - start) * 1000
        return [int(sku.removeprefix("SYN-")) for sku in skus if sku.startswith("SYN-")], took

    def _passing(self, wanted: Filter, place: int) -> NDArray[np.bool_]:
        category, other = self._categories[place]
        rows = self._agent.execute(
            f"SELECT product_id FROM retail.products p JOIN retail.categories USING (category_id) WHERE {wanted.sql}"  # noqa: S608  # ours
            " AND product_id >= %(first)s".encode(),
            {"category": category, "other": other, "first": FIRST_ID},
        ).fetchall()
        passing = np.zeros(self._rows, np.bool_)
        passing[np.array([row[0] for row in rows], np.int64) - FIRST_ID] = True
        return passing

    def _category(self, sku: str) -> tuple[str, str]:
        """A product's category, and another one."""
        rows = self._agent.execute(
            "SELECT category_name FROM retail.categories c"
            " ORDER BY category_id <> (SELECT category_id FROM retail.products WHERE sku = %s), category_id DESC"
            " LIMIT 2",
            [sku],
        ).fetchall()
        return rows[0][0], rows[1][0]
