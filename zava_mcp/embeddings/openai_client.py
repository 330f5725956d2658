"""Sends one request to Azure OpenAI or OpenAI. This module imports openai, so it is imported late."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
import openai

from zava_mcp.embeddings.response import DIMENSIONS, MAX_BYTES_PER_VECTOR
from zava_mcp.embeddings.service_errors import Service, ServiceError, http_error, service_unreachable
from zava_mcp.errors import EmbeddingError
from zava_mcp.settings.embedding_settings import EmbeddingSettings

if TYPE_CHECKING:
    from zava_mcp.embeddings.entra_token import EntraTokenSource

_AZURE_API_VERSION = "2024-10-21"  # the first stable version with `dimensions`
_CONNECT_SECONDS = 5.0


class OpenAIClient:
    """A client that does not retry and limits the size of responses. It is thread-safe."""

    def __init__(self, options: EmbeddingSettings, service: Service, seconds: float) -> None:
        """`seconds` is the timeout for a token, if one is needed."""
        self._service = service
        configured = (options.azure_key, options.client_secret, options.openai_key)
        self._secrets = [secret.reveal() for secret in configured if secret]
        self._entra = _entra(options, seconds) if options.azure_endpoint and not options.azure_key else None
        self._client = _client(options, self._entra.token if self._entra else None)

    def request(self, texts: list[str], seconds: float) -> bytes:
        """Returns the response body within about `seconds`. Raises ServiceError; EmbeddingError if it is too large."""
        create = self._client.embeddings.with_streaming_response.create
        limit = openai.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
        deadline = time.monotonic() + seconds
        try:
            with create(
                input=texts,
                model=self._service.model,
                dimensions=DIMENSIONS,
                encoding_format="base64",
                timeout=limit,
            ) as response:
                return self._read(response.iter_bytes(), len(texts), deadline)
        except openai.APIStatusError as error:
            raise self._service_error(error) from None
        except (openai.APIConnectionError, httpx2.HTTPError, TimeoutError) as error:
            raise service_unreachable(self._service, error, seconds) from None

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()
        if self._entra:
            self._entra.close()

    def _read(self, chunks: Iterable[bytes], texts: int, deadline: float) -> bytes:
        body = bytearray()
        for chunk in chunks:
            body += chunk
            if len(body) > (texts + 1) * MAX_BYTES_PER_VECTOR:
                raise EmbeddingError(f"{self._service} sent too large a response", f"Check {self._service.address}.")
            if time.monotonic() > deadline:  # the timeout of the client is for each chunk
                raise TimeoutError
        return bytes(body)

    def _service_error(self, error: openai.APIStatusError) -> ServiceError:
        sent = error.request.headers
        token = sent.get("authorization", "").removeprefix("Bearer ")
        secrets = [secret for secret in (*self._secrets, token) if secret]
        return http_error(self._service, error.status_code, error.response.headers, error.body, secrets)


def _entra(options: EmbeddingSettings, seconds: float) -> "EntraTokenSource":
    from zava_mcp.embeddings.entra_token import EntraTokenSource

    return EntraTokenSource(options, seconds)


def _client(options: EmbeddingSettings, token: Callable[[], str] | None) -> openai.OpenAI:
    """Creates a client without retries, because RemoteEmbedder retries within its deadline."""
    address = options.azure_endpoint or options.openai_url
    # The key is sent only to the configured address: not to redirects, and not without TLS through a proxy.
    http = openai.DefaultHttpxClient(follow_redirects=False, trust_env=address.lower().startswith("https:"))
    if options.azure_endpoint:
        return openai.AzureOpenAI(
            azure_endpoint=_resource(options.azure_endpoint),
            api_version=_AZURE_API_VERSION,
            api_key=options.azure_key.reveal() if options.azure_key else None,
            azure_ad_token_provider=token,
            max_retries=0,
            http_client=http,
        )
    assert options.openai_key
    return openai.OpenAI(api_key=options.openai_key.reveal(), base_url=address, max_retries=0, http_client=http)


def _resource(endpoint: str) -> str:
    """Returns the address of the resource, whichever address below it was copied from the portal."""
    parts = urlsplit(endpoint)
    path = parts.path.split("/openai/")[0].split("/api/projects/")[0].removesuffix("/openai").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"
