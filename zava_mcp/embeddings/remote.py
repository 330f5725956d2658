"""text-embedding-3-small, made by Azure OpenAI or OpenAI."""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zava_mcp.embeddings.request_limits import requests, truncate
from zava_mcp.embeddings.response import DIMENSIONS, read_vectors
from zava_mcp.embeddings.service_errors import RetryPolicy, Service, ServiceError
from zava_mcp.errors import EmbeddingError
from zava_mcp.settings.embedding_settings import EmbeddingSettings
from zava_mcp.settings.table import EMBEDDING_MODEL

if TYPE_CHECKING:
    from zava_mcp.embeddings.openai_client import OpenAIClient

#: Azure serves the same model, so its vectors are comparable with OpenAI's. A deployment's name tells nothing
#: of what it deploys and may be given to another model tomorrow; so the model that answers is checked instead.
REMOTE_MODEL = f"openai/{EMBEDDING_MODEL}"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _RetryBudget:
    """Seconds in all and for one answer; how often what failed is tried; the longest pause nobody asked for."""

    total: float
    answer: float
    tries: int
    longest_pause: float


_FOR_DOCUMENTS = _RetryBudget(300, 60, 6, 30)  # nobody waits at a `zava-mcp embed` but its progress bar
_LONG = 5.0  # seconds of silence that somebody at a terminal wants explained


class RemoteEmbedder:
    """Azure OpenAI or OpenAI; its client is imported and made when the first text comes."""

    id = REMOTE_MODEL
    dimensions = DIMENSIONS
    batch = 256  # far below the service's limit, so that a killed run has kept most of what it paid for

    def __init__(self, chosen: EmbeddingSettings, query_seconds: float) -> None:
        """`query_seconds` is the longest that the vector of a query may take, with all that is tried again."""
        self._chosen = chosen
        self._service = _service(chosen)
        self._for_query = _RetryBudget(query_seconds, min(10, query_seconds), 3, 8)
        self._lock = Lock()
        self._client: OpenAIClient | None = None

    def embed_query(self, text: str, stop: Event | None = None) -> list[float]:
        return self._ask([truncate(text)], self._for_query, stop or Event())[0]

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """In as many requests as the service's limits need."""
        return [vector for part in requests(texts) for vector in self._ask(part, _FOR_DOCUMENTS, Event())]

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _ask(self, texts: list[str], timeout: _RetryBudget, stop: Event) -> list[list[float]]:
        ends = time.monotonic() + timeout.total
        refusals: list[ServiceError] = []
        while not stop.is_set():
            try:
                reply = self._opened().ask(texts, min(timeout.answer, max(0.1, ends - time.monotonic())))
                return self._vectors(reply, len(texts))
            except ServiceError as refusal:
                refusals.append(refusal)
                pause = _pause(refusals, timeout)
                if pause is None or pause >= ends - time.monotonic():
                    raise _final(refusals, pause) from None
                level = logging.WARNING if pause >= _LONG else logging.INFO
                _log.log(level, "%s; asking again in %.1f s", refusal.message, pause)
            stop.wait(pause)
        raise EmbeddingError("the call was cancelled")

    def _vectors(self, reply: bytes, count: int) -> list[list[float]]:
        try:
            return read_vectors(reply, count, EMBEDDING_MODEL, self._service.model)
        except EmbeddingError as error:
            raise EmbeddingError(f"{self._service} gave no usable vectors: {error.message}", error.hint) from None

    def _opened(self) -> "OpenAIClient":
        with self._lock:
            if self._client is None:
                from zava_mcp.embeddings.openai_client import OpenAIClient

                self._client = OpenAIClient(self._chosen, self._service, self._for_query.answer)
            return self._client


def _pause(refusals: list[ServiceError], timeout: _RetryBudget) -> float | None:
    """Seconds until it may be asked again, for the last refusal; None if that is no use."""
    last = refusals[-1]
    alike = sum(refusal.again is last.again for refusal in refusals)  # a storm of one kind spares the other's tries
    if last.again is RetryPolicy.never or (last.again is RetryPolicy.few_times and alike >= timeout.tries):
        return None
    own = min(timeout.longest_pause, 0.5 * 2 ** min(alike - 1, 10))
    return last.after or own * random.uniform(0.75, 1)  # noqa: S311  # desks refused together come back apart


def _final(refusals: list[ServiceError], pause: float | None) -> EmbeddingError:
    last = refusals[-1]
    often = f", each of {len(refusals)} times" if len(refusals) > 1 else ""
    asks = f"; it asks to wait {pause:,.0f} seconds" if pause and last.after else ""
    return EmbeddingError(f"{last.message}{often}{asks}", last.hint)


def _service(chosen: EmbeddingSettings) -> Service:
    if chosen.azure_endpoint is None:
        return Service(
            name="OpenAI" if "openai.com" in chosen.openai_url else "the service",
            host=urlsplit(chosen.openai_url).netloc,
            model=EMBEDDING_MODEL,
            address="OPENAI_BASE_URL",
            keys="Check OPENAI_API_KEY.",
            models="Check OPENAI_BASE_URL, and that the account may use the model.",
            rights="Check what the key's project may use, and from which countries.",
        )
    by_key = Service(
        name="Azure OpenAI",
        host=urlsplit(chosen.azure_endpoint).netloc,
        model=chosen.deployment,
        address="AZURE_OPENAI_ENDPOINT",
        keys="Check AZURE_OPENAI_API_KEY, and that it is a key of AZURE_OPENAI_ENDPOINT.",
        models="Name a deployment of text-embedding-3-small in EMBEDDING_MODEL_DEPLOYMENT_NAME.",
        rights="Check the resource's network rules.",
    )
    if chosen.azure_key:
        return by_key
    return replace(
        by_key,
        keys="Check that AZURE_TENANT_ID is the tenant of AZURE_OPENAI_ENDPOINT.",
        rights="Give the service principal the role Cognitive Services OpenAI User on the resource; "
        "check its network rules.",
    )
