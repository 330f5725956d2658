"""How well a search finds what labelled questions want."""

import json
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from scripts.search.labels import Labelled
from zava_mcp.embeddings import Embedder
from zava_mcp.postgres.pool import Database
from zava_mcp.sales.product_search import ProductSearch
from zava_mcp.sales.search_request import SearchRequest
from zava_mcp.settings import SEARCH_ROWS, Settings

#: What a search answers: SKUs, the best first, for a question, a threshold in percent and a number of rows.
Find = Callable[[str, float | None, int], list[str]]


@dataclass(frozen=True)
class Scores:
    """Means over the questions. `mrr` looks at ten products (one over the place of the first that is wanted,
    0 if none is), `recall` at five (the share of the wanted ones that are among them).
    """

    questions: int
    mrr: float
    recall: float


@dataclass(frozen=True)
class Passing:
    """What the default threshold lets through: products for the median question, questions left with nothing."""

    median: float
    empty: float


class Finder:
    """Searches as the tool does; by words if there is no embedder."""

    def __init__(self, database: Database, settings: Settings, embedder: Embedder | None) -> None:
        self._database = database
        self._settings = settings
        self._embedder = embedder

    def __call__(self, query: str, threshold: float | None, rows: int) -> list[str]:
        return self.grant(SearchRequest(query, rows, threshold))

    def grant(self, request: SearchRequest) -> list[str]:
        """The SKUs that are found for a wish with all its filters."""
        search = ProductSearch(request, self._settings, self._embedder)
        search.prepare(self._database)
        answer = json.loads(search.run(self._database).json())
        sku = answer["columns"].index("sku")
        return [row[sku] for row in answer["rows"]]


def ranked(find: Find, questions: Iterable[Labelled], threshold: float = 0) -> dict[Labelled, list[str]]:
    """The first ten products for each question."""
    return {question: find(question.query, threshold, 10) for question in questions}


def scores(answers: Mapping[Labelled, list[str]], questions: Iterable[Labelled]) -> Scores:
    """How good the answers to these questions are."""
    each = [(question.wanted, answers[question]) for question in questions]
    return Scores(
        len(each),
        statistics.fmean(_reciprocal_rank(wanted, found) for wanted, found in each),
        statistics.fmean(len(wanted & set(found[:5])) / len(wanted) for wanted, found in each),
    )


def passing(find: Find, questions: Iterable[Labelled]) -> Passing:
    """What the tool's defaults let through."""
    counts = [len(find(question.query, None, SEARCH_ROWS)) for question in questions]
    return Passing(statistics.median(counts), counts.count(0) / len(counts))


def _reciprocal_rank(wanted: frozenset[str], found: list[str]) -> float:
    return next((1 / place for place, sku in enumerate(found[:10], 1) if sku in wanted), 0.0)
