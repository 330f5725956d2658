"""One request to Azure OpenAI or OpenAI, through openai's client. Imports it: only at first use."""

import time
from collections.abc import Iterable
from urllib.parse import urlsplit

import httpx2
import openai

from zava_mcp.embeddings.refusals import Refusal, Service, refused, unreachable
from zava_mcp.embeddings.replies import DIMENSIONS, MOST_BYTES_A_VECTOR
from zava_mcp.errors import EmbeddingError
from zava_mcp.settings.embedding import EmbeddingSettings

_API_VERSION = "2024-10-21"  # Azure's latest stable one; it has had `dimensions` from its first day
_CONNECT_SECONDS = 5.0


class OpenAIClient:
    """A client that asks once and reads no more than it must; may be used by several threads."""

    def __init__(self, chosen: EmbeddingSettings, service: Service, seconds: float) -> None:
        """`seconds` is the longest that a token may take, where one is needed."""
        self._service = service
        configured = (chosen.azure_key, chosen.client_secret, chosen.openai_key)
        self._secrets = [secret.reveal() for secret in configured if secret]
        self._entra = None
        if chosen.azure_endpoint and not chosen.azure_key:
            from zava_mcp.embeddings.entra import Entra

            self._entra = Entra(chosen, seconds)
        address = chosen.azure_endpoint or chosen.openai_url
        # A key goes where the settings say: to no redirection, and not to this machine by way of a proxy, in clear text.
        http = openai.DefaultHttpxClient(follow_redirects=False, trust_env=address.startswith("https:"))
        key = chosen.azure_key if chosen.azure_endpoint else chosen.openai_key
        if chosen.azure_endpoint:
            self._client: openai.OpenAI = openai.AzureOpenAI(
                azure_endpoint=_resource(chosen.azure_endpoint),
                api_version=_API_VERSION,
                api_key=key.reveal() if key else None,
                azure_ad_token_provider=self._entra.token if self._entra else None,
                max_retries=0,  # we count the time that trying again takes
                http_client=http,
            )
        else:
            assert key
            self._client = openai.OpenAI(
                api_key=key.reveal(), base_url=chosen.openai_url, max_retries=0, http_client=http
            )

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
            raise unreachable(self._service, error, seconds) from None

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

    def _refused(self, error: openai.APIStatusError) -> Refusal:
        sent = error.request.headers
        token = sent.get("authorization", "").removeprefix("Bearer ")
        secrets = [secret for secret in (*self._secrets, token) if secret]
        return refused(self._service, error.status_code, error.response.headers, error.body, secrets)


def _resource(endpoint: str) -> str:
    """The resource's address, of whatever address under it was copied from the portal."""
    parts = urlsplit(endpoint)
    path = parts.path.split("/openai/")[0].split("/api/projects/")[0].removesuffix("/openai").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"
