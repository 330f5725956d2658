"""Embeds new and changed products in batches, and publishes the new embeddings atomically."""

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zava_mcp.admin.as_admin import as_admin
from zava_mcp.admin.product_embeddings import ProductEmbeddings, product_embeddings
from zava_mcp.embeddings import embedder
from zava_mcp.errors import EmbeddingError
from zava_mcp.progress_callback import Progress
from zava_mcp.settings import Settings

if TYPE_CHECKING:
    from zava_mcp.embeddings import Embedder

_MAX_PASSES = 3  # texts may change while they are embedded


@dataclass(frozen=True)
class EmbeddingRun:
    """Counts of a run: embeddings computed, embeddings published, and products in the database."""

    model: str
    computed: int
    published: int
    products: int


def embed(settings: Settings, all_products: bool, dry_run: bool, progress: Progress) -> EmbeddingRun:
    """Embeds, as administrator, the products whose embedding is missing or outdated, or all of them.

    On a dry run, `computed` is how many that would be. Raises EmbeddingError, DatabaseUnavailable, IdentityError or
    SettingsError; embeddings that were stored before an error are kept for the next run.
    """
    provider = embedder(settings)
    if provider is None:
        raise EmbeddingError(
            "no local model runs on this platform, and no other provider is set",
            "Set AZURE_OPENAI_ENDPOINT or OPENAI_API_KEY; without embeddings, search is a full-text search.",
        )
    with (
        closing(provider),
        as_admin(settings, progress) as connection,
        product_embeddings(connection, provider.id, provider.dimensions, all_products) as embeddings,
    ):
        if dry_run:
            missing, products = embeddings.count_missing()
            return EmbeddingRun(provider.id, missing, 0, products)
        embeddings.discard_unpublished()
        computed = sum(
            _embed_missing(embeddings, provider, progress) for _ in range(1 if all_products else _MAX_PASSES)
        )
        progress(1.0, "publishing the new embeddings")
        published = embeddings.publish()
        progress(1.0, "updating the index of the embeddings")
        embeddings.update_index()
        return EmbeddingRun(provider.id, computed, published, embeddings.count_missing()[1])


def _embed_missing(embeddings: ProductEmbeddings, provider: "Embedder", progress: Progress) -> int:
    """Goes over all products once; returns how many embeddings it computed."""
    missing, _ = embeddings.count_missing()
    computed, last_id = 0, 0
    while computed < missing and (texts := embeddings.next_texts(last_id, provider.batch)):
        embeddings.store(texts, provider.embed_documents([text.text for text in texts]))
        computed, last_id = computed + len(texts), texts[-1].product_id
        progress(computed / missing, f"{computed:,} of {missing:,} products embedded")
    return computed
