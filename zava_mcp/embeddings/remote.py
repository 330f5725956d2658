"""Embeds texts with text-embedding-3-small of Azure OpenAI or OpenAI."""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zava_mcp.embeddings.request_limits import split_requests, truncate
from zava_mcp.embeddings.response import DIMENSIONS, read_vectors
from zava_mcp.embeddings.service_errors import RetryPolicy, Service, ServiceError
from zava_mcp.errors import EmbeddingError
from zava_mcp.settings.embedding_settings import EmbeddingSettings
from zava_mcp.settings.table import EMBEDDING_MODEL

if TYPE_CHECKING:
    from zava_mcp.embeddings.openai_client import OpenAIClient

#: Azure serves the same model, so its vectors are comparable with OpenAI's. The name of a deployment does not
#: identify its model, so the model that the response names is checked instead.
REMOTE_MODEL = f"openai/{EMBEDDING_MODEL}"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _RetryBudget:
    """Timeouts in seconds of all attempts and of one response, the number of attempts, and the longest own pause."""

    total: float
    response: float
    attempts: int
    longest_pause: float


_FOR_DOCUMENTS = _RetryBudget(300, 60, 6, 30)  # `zava-mcp embed` uses it and shows its progress.
_LONG_PAUSE_SECONDS = 5.0  # longer pauses are logged as warnings


class RemoteEmbedder:
    """Azure OpenAI or OpenAI. The client is imported and created for the first text."""

    id = REMOTE_MODEL
    dimensions = DIMENSIONS
    batch = 256  # far below the limit of the service, so that an interrupted run loses little

    def __init__(self, options: EmbeddingSettings, query_seconds: float) -> None:
        """`query_seconds` is the timeout for the vector of a query, including retries."""
        self._chosen = options
        self._service = _service(options)
        self._for_query = _RetryBudget(query_seconds, min(10, query_seconds), 3, 8)
        self._lock = Lock()
        self._client: OpenAIClient | None = None

    def embed_query(self, text: str, stop: Event | None = None) -> list[float]:
        """Embeds a search text. Setting `stop` cancels the call."""
        return self._request([truncate(text)], self._for_query, stop or Event())[0]

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """Embeds texts, in as many requests as the limits of the service need."""
        return [vector for part in split_requests(texts) for vector in self._request(part, _FOR_DOCUMENTS, Event())]

    def close(self) -> None:
        """Closes the connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _request(self, texts: list[str], budget: _RetryBudget, stop: Event) -> list[list[float]]:
        deadline = time.monotonic() + budget.total
        errors: list[ServiceError] = []
        while not stop.is_set():
            try:
                seconds = min(budget.response, max(0.1, deadline - time.monotonic()))
                return self._vectors(self._open_client().request(texts, seconds), len(texts))
            except ServiceError as error:
                errors.append(error)
                pause = _pause(errors, budget)
                if pause is None or pause >= deadline - time.monotonic():
                    raise _final_error(errors, pause) from None
                level = logging.WARNING if pause >= _LONG_PAUSE_SECONDS else logging.INFO
                _log.log(level, "%s; retrying in %.1f s", error.message, pause)
            stop.wait(pause)
        raise EmbeddingError("the call was cancelled")

    def _vectors(self, response: bytes, count: int) -> list[list[float]]:
        try:
            return read_vectors(response, count, EMBEDDING_MODEL, self._service.model)
        except EmbeddingError as error:
            raise EmbeddingError(f"{self._service} sent no usable embeddings: {error.message}", error.hint) from None

    def _open_client(self) -> "OpenAIClient":
        with self._lock:
            if self._client is None:
                from zava_mcp.embeddings.openai_client import OpenAIClient

                self._client = OpenAIClient(self._chosen, self._service, self._for_query.response)
            return self._client


def _pause(errors: list[ServiceError], budget: _RetryBudget) -> float | None:
    """Returns the seconds before the next attempt, None if another attempt is useless."""
    last = errors[-1]
    same_policy = sum(error.retry is last.retry for error in errors)  # each policy has its own number of attempts
    if last.retry is RetryPolicy.never or (last.retry is RetryPolicy.few_times and same_policy >= budget.attempts):
        return None
    own = min(budget.longest_pause, 0.5 * 2 ** min(same_policy - 1, 10))
    return last.retry_after or own * random.uniform(0.75, 1)  # noqa: S311  # jitter: clients do not retry together


def _final_error(errors: list[ServiceError], pause: float | None) -> EmbeddingError:
    last = errors[-1]
    attempts = f", in {len(errors)} attempts" if len(errors) > 1 else ""
    wait = f"; it requests a pause of {pause:,.0f} seconds" if pause and last.retry_after else ""
    return EmbeddingError(f"{last.message}{attempts}{wait}", last.hint)


def _service(options: EmbeddingSettings) -> Service:
    if options.azure_endpoint is None:
        return Service(
            name="OpenAI" if "openai.com" in options.openai_url else "the service",
            host=urlsplit(options.openai_url).netloc,
            model=EMBEDDING_MODEL,
            address="OPENAI_BASE_URL",
            keys="Check OPENAI_API_KEY.",
            models="Check OPENAI_BASE_URL, and that the account may use the model.",
            rights="Check what the key's project may use, and from which countries.",
        )
    by_key = Service(
        name="Azure OpenAI",
        host=urlsplit(options.azure_endpoint).netloc,
        model=options.deployment,
        address="AZURE_OPENAI_ENDPOINT",
        keys="Check AZURE_OPENAI_API_KEY, and that it is a key of AZURE_OPENAI_ENDPOINT.",
        models="Name a deployment of text-embedding-3-small in EMBEDDING_MODEL_DEPLOYMENT_NAME.",
        rights="Check the resource's network rules.",
    )
    if options.azure_key:
        return by_key
    return replace(
        by_key,
        keys="Check that AZURE_TENANT_ID is the tenant of AZURE_OPENAI_ENDPOINT.",
        rights="Give the service principal the role Cognitive Services OpenAI User on the resource; "
        "check its network rules.",
    )
