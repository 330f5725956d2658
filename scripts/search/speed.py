"""What a search costs: the first one of a process, later ones beside what they are made of, and memory."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

from scripts.measure.figures import milliseconds
from scripts.measure.processes import ours
from scripts.search.quality import Finder
from zava_mcp.embeddings import Embedder
from zava_mcp.postgres.pool import Database
from zava_mcp.settings import Settings

_PROCESSES = 5
_TOOL = "semantic_search_products"


@dataclass(frozen=True)
class Cost:
    """Milliseconds and megabytes. `later` is over the protocol; its floor is `embedding` plus `statement`."""

    first: float
    first_from_start: float
    later: float
    later_95: float
    embedding: float
    statement: float
    memory: float
    memory_before: float

    @property
    def ratio(self) -> float:
        return self.later / (self.embedding + self.statement)


class Known:
    """An embedder that has made the vectors already, so that a search costs the statement alone."""

    def __init__(self, embedder: Embedder, queries: Sequence[str]) -> None:
        self.id = embedder.id
        self.dimensions = embedder.dimensions
        self.batch = embedder.batch
        self._vectors = dict(zip(queries, embedder.embed_documents(queries), strict=True))

    def embed_query(self, text: str, stop: Event | None = None) -> list[float]:  # noqa: ARG002  # the protocol's
        return self._vectors[text]

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        return [self._vectors[text] for text in texts]

    def close(self) -> None:
        self._vectors = {}


def cost(data_dir: Path, database: Database, settings: Settings, embedder: Embedder, queries: Sequence[str]) -> Cost:
    """Asks all queries, server and floors in turn, so that whatever else the machine does hits all of them."""
    firsts = [_first(data_dir, query) for query in queries[:_PROCESSES]]
    statement_alone = Finder(database, settings, Known(embedder, queries))
    server = ours(data_dir)
    server.ask("SELECT 1")
    before = server.megabytes()
    took: dict[str, list[float]] = {"later": [], "embedding": [], "statement": []}
    for query in [*queries[:10], *queries]:  # the first ten are for warming up
        took["later"].append(milliseconds(partial(server.call, _TOOL, query_description=query)))
        took["embedding"].append(milliseconds(partial(embedder.embed_query, query)))
        took["statement"].append(milliseconds(partial(statement_alone, query, 30, 20)))
    after = server.megabytes()
    server.end()
    warm = {name: times[10:] for name, times in took.items()}
    return Cost(
        statistics.median(first for first, _ in firsts),
        statistics.median(whole for _, whole in firsts),
        statistics.median(warm["later"]),
        statistics.quantiles(warm["later"], n=20)[-1],
        statistics.median(warm["embedding"]),
        statistics.median(warm["statement"]),
        after,
        before,
    )


def _first(data_dir: Path, query: str) -> tuple[float, float]:
    """The first search of a new process: on its own, and from the process's start."""
    start = time.perf_counter()
    server = ours(data_dir)
    alone = milliseconds(lambda: server.call(_TOOL, query_description=query))
    whole = (time.perf_counter() - start) * 1000
    server.end()
    return alone, whole
