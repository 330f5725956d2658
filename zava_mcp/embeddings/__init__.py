"""Text to vector: one protocol, three providers. Which one is a matter of settings, never of what fails.

Everything heavy (openai, onnxruntime, tokenizers, numpy) is imported when the first text is embedded.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Protocol

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

    def embed_query(self, text: str) -> list[float]: ...

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, in their order."""

    def close(self) -> None: ...


def embedder(settings: Settings) -> Embedder | None:
    """The provider that the settings name; None if none is named and this platform cannot run the local model.

    Opens no file and no connection. Raises SettingsError if what is configured cannot work.
    """
    from zava_mcp.embeddings.local import LocalEmbedder

    chosen = settings.embedding
    if chosen.model_dir is None and not (find_spec("onnxruntime") and find_spec("tokenizers")):
        return None
    return LocalEmbedder(chosen.model_dir)


def padded(vector: Sequence[float]) -> list[float]:
    """The vector as the database's column holds it."""
    return [*vector, *[0.0] * (COLUMN_DIMENSIONS - len(vector))]
