"""One request to Azure OpenAI or OpenAI, through openai's client. Imports it: only at first use."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
import openai

from zava_mcp.embeddings.response import DIMENSIONS, MOST_BYTES_A_VECTOR
from zava_mcp.embeddings.service_errors import Service, ServiceError, service_refusal, service_unreachable
from zava_mcp.errors import EmbeddingError
from zava_mcp.settings.embedding_settings import EmbeddingSettings

if TYPE_CHECKING:
    from zava_mcp.embeddings.entra_token import Entra

_API_VERSION = "2024-10-21"  # of Azure: no preview, and it knows `dimensions`
_CONNECT_SECONDS = 5.0


class OpenAIClient:
    """A client that asks once and reads no more than it must; may be used by several threads."""

    def __init__(self, chosen: EmbeddingSettings, service: Service, seconds: float) -> None:
        """`seconds` is the longest that a token may take, where one is needed."""
        self._service = service
        configured = (chosen.azure_key, chosen.client_secret, chosen.openai_key)
        self._secrets = [secret.reveal() for secret in configured if secret]
        self._entra = _entra(chosen, seconds) if chosen.azure_endpoint and not chosen.azure_key else None
        self._client = _client(chosen, self._entra.token if self._entra else None)

    def ask(self, texts: list[str], seconds: float) -> bytes:
        """The answer's body, within about `seconds`. Raises Refusal, or EmbeddingError for an endless answer."""
        create = self._client.embeddings.with_streaming_response.create
        limit = openai.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
        ends = time.monotonic() + seconds
        try:
            with create(
                input=texts,
                model=self._service.model,
                dimensions=DIMENSIONS,
                encoding_format="base64",
                timeout=limit,
            ) as response:
                return self._read(response.iter_bytes(), len(texts), ends)
        except openai.APIStatusError as error:
            raise self._refused(error) from None
        except (openai.APIConnectionError, httpx2.HTTPError, TimeoutError) as error:
            raise service_unreachable(self._service, error, seconds) from None

    def close(self) -> None:
        self._client.close()
        if self._entra:
            self._entra.close()

    def _read(self, pieces: Iterable[bytes], texts: int, ends: float) -> bytes:
        body = bytearray()
        for piece in pieces:
            body += piece
            if len(body) > (texts + 1) * MOST_BYTES_A_VECTOR:
                raise EmbeddingError(f"{self._service} answers without end", f"Check {self._service.address}.")
            if time.monotonic() > ends:  # the client's own limit is on each piece, however small
                raise TimeoutError
        return bytes(body)

    def _refused(self, error: openai.APIStatusError) -> ServiceError:
        sent = error.request.headers
        token = sent.get("authorization", "").removeprefix("Bearer ")
        secrets = [secret for secret in (*self._secrets, token) if secret]
        return service_refusal(self._service, error.status_code, error.response.headers, error.body, secrets)


def _entra(chosen: EmbeddingSettings, seconds: float) -> "Entra":
    from zava_mcp.embeddings.entra_token import Entra

    return Entra(chosen, seconds)


def _client(chosen: EmbeddingSettings, token: Callable[[], str] | None) -> openai.OpenAI:
    """It asks once: we count the time that trying again takes. Azure's takes a key or a source of tokens."""
    address = chosen.azure_endpoint or chosen.openai_url
    # A key goes where the settings say: to no redirection, nor to this machine through a proxy that could read it.
    http = openai.DefaultHttpxClient(follow_redirects=False, trust_env=address.lower().startswith("https:"))
    if chosen.azure_endpoint:
        return openai.AzureOpenAI(
            azure_endpoint=_resource(chosen.azure_endpoint),
            api_version=_API_VERSION,
            api_key=chosen.azure_key.reveal() if chosen.azure_key else None,
            azure_ad_token_provider=token,
            max_retries=0,
            http_client=http,
        )
    assert chosen.openai_key
    return openai.OpenAI(api_key=chosen.openai_key.reveal(), base_url=address, max_retries=0, http_client=http)


def _resource(endpoint: str) -> str:
    """The resource's address, of whatever address under it was copied from the portal."""
    parts = urlsplit(endpoint)
    path = parts.path.split("/openai/")[0].split("/api/projects/")[0].removesuffix("/openai").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"
