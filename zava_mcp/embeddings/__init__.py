"""Embeds texts with one of three providers. The settings choose the provider; a failure never changes it.

Heavy packages (openai, onnxruntime, numpy) are imported when the first text is embedded.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from threading import Event
from typing import Protocol

from zava_mcp.errors import SettingsError, install_extra
from zava_mcp.settings import Settings

#: The dimensions of the database column. Shorter vectors are padded with zeros, which does not change a cosine.
COLUMN_DIMENSIONS = 1536


class Embedder(Protocol):
    """Computes embeddings of length 1, which are comparable only with vectors of the same `id`.

    All methods block, are thread-safe, and raise EmbeddingError.
    """

    @property
    def id(self) -> str:
        """Provider and model, which are stored with each vector."""

    @property
    def dimensions(self) -> int:
        """The dimensions of a vector, at most COLUMN_DIMENSIONS."""

    @property
    def batch(self) -> int:
        """The number of documents that one call of `embed_documents` should get."""

    def embed_query(self, text: str, stop: Event | None = None) -> list[float]:
        """Embeds a search text. Setting `stop` cancels the call."""

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """Embeds texts; returns one vector per text, in their order."""

    def close(self) -> None:
        """Releases connections and memory."""


def embedder(settings: Settings) -> Embedder | None:
    """Returns the configured provider, None if there is none and this platform cannot run the local model.

    Opens no file and no connection. Raises SettingsError if the settings cannot work.
    """
    options = settings.embedding
    if options.azure_endpoint or options.openai_key:
        from zava_mcp.embeddings.remote import RemoteEmbedder

        if options.azure_endpoint and not options.azure_key:
            _require_azure_identity()
        return RemoteEmbedder(options, settings.query_timeout)
    from zava_mcp.embeddings.local import LocalEmbedder

    if options.model_dir is None and not find_spec("onnxruntime"):
        return None
    return LocalEmbedder(options.model_dir)


def _require_azure_identity() -> None:
    try:
        found = find_spec("azure.identity")
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise SettingsError(
            "a service principal needs the package azure-identity, which is not installed",
            f"{install_extra('azure')} Or set AZURE_OPENAI_API_KEY.",
        )


def padded(vector: Sequence[float]) -> list[float]:
    """Pads a vector with zeros to the dimensions of the database column."""
    return [*vector, *[0.0] * (COLUMN_DIMENSIONS - len(vector))]
