"""Text to vector: one protocol, three providers. Which one is a matter of settings, never of what fails.

Everything heavy (openai, onnxruntime, tokenizers, numpy) is imported when the first text is embedded.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from threading import Event
from typing import Protocol

from zava_mcp.errors import SettingsError
from zava_mcp.settings import Settings

#: What the database's column holds. A shorter vector is filled with zeros, which changes no cosine.
COLUMN_DIMENSIONS = 1536


class Embedder(Protocol):
    """Makes vectors of length 1, comparable only with others of the same `id`.

    All methods block and may be called by several threads at once; failures are EmbeddingError.
    """

    @property
    def id(self) -> str:
        """What is stored with each vector: provider and model."""

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has, at most COLUMN_DIMENSIONS."""

    @property
    def batch(self) -> int:
        """How many documents one call of `embed_documents` should get."""

    def embed_query(self, text: str, stop: Event | None = None) -> list[float]:
        """The vector of what is looked for; `stop` tells that nobody waits for it any more."""

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, in their order."""

    def close(self) -> None: ...


def embedder(settings: Settings) -> Embedder | None:
    """The provider that the settings name; None if none is named and this platform cannot run the local model.

    Opens no file and no connection. Raises SettingsError if what is configured cannot work.
    """
    chosen = settings.embedding
    if chosen.azure_endpoint or chosen.openai_key:
        from zava_mcp.embeddings.remote import RemoteEmbedder

        if chosen.azure_endpoint and not chosen.azure_key:
            _require_azure_identity()
        return RemoteEmbedder(chosen, settings.query_timeout)
    from zava_mcp.embeddings.local import LocalEmbedder

    if chosen.model_dir is None and not (find_spec("onnxruntime") and find_spec("tokenizers")):
        return None
    return LocalEmbedder(chosen.model_dir)


def _require_azure_identity() -> None:
    try:
        found = find_spec("azure.identity")
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise SettingsError(
            "a service principal needs the package azure-identity, which is not installed",
            "Start `uvx 'zava-mcp[azure]'`, or `pip install 'zava-mcp[azure]'`; or set AZURE_OPENAI_API_KEY.",
        )


def padded(vector: Sequence[float]) -> list[float]:
    """The vector as the database's column holds it."""
    return [*vector, *[0.0] * (COLUMN_DIMENSIONS - len(vector))]
