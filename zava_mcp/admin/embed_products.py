"""Making the products' vectors: what is new or has changed, batch by batch, shown to searches all at once."""

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zava_mcp.admin.init import vectors_as_admin
from zava_mcp.admin.sample import Progress
from zava_mcp.embeddings import embedder
from zava_mcp.errors import EmbeddingError
from zava_mcp.settings import Settings

if TYPE_CHECKING:
    from zava_mcp.admin.product_embeddings import ProductEmbeddings
    from zava_mcp.embeddings import Embedder

_PASSES = 3  # over the products, because texts may change while they are embedded


@dataclass(frozen=True)
class EmbeddingRun:
    """What a run did: the model, how many vectors it made and published, of how many products."""

    model: str
    made: int
    published: int
    products: int


def embed(settings: Settings, everything: bool, dry_run: bool, progress: Progress) -> EmbeddingRun:
    """Embeds the products that need it, as admin; `made` is how many it would be on a dry run.

    Raises EmbeddingError, DatabaseUnavailable, IdentityError or SettingsError; what was made until then
    is kept for the next run.
    """
    provider = embedder(settings)
    if provider is None:
        raise EmbeddingError(
            "no local model runs on this platform, and no other provider is set",
            "Set AZURE_OPENAI_ENDPOINT or OPENAI_API_KEY; without vectors, search goes by words.",
        )
    with (
        closing(provider),
        vectors_as_admin(settings, provider.id, provider.dimensions, everything, progress) as vectors,
    ):
        if dry_run:
            waiting, products = vectors.missing()
            return EmbeddingRun(provider.id, waiting, 0, products)
        vectors.forget()
        made = sum(_pass(vectors, provider, progress) for _ in range(1 if everything else _PASSES))
        progress(1.0, "showing the new vectors to searches")
        published = vectors.publish()
        progress(1.0, "seeing to the index of the vectors")
        vectors.index()
        return EmbeddingRun(provider.id, made, published, vectors.missing()[1])


def _pass(vectors: "ProductEmbeddings", provider: "Embedder", progress: Progress) -> int:
    """Goes over all products once; how many vectors it made."""
    waiting, _ = vectors.missing()
    made, after = 0, 0
    while made < waiting and (texts := vectors.next(after, provider.batch)):
        vectors.keep(texts, provider.embed_documents([text.text for text in texts]))
        made, after = made + len(texts), texts[-1].product_id
        progress(made / waiting, f"{made:,} of {waiting:,} products embedded")
    return made
