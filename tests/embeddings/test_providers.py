"""Tests of Azure OpenAI and OpenAI as providers, from the settings to products found."""

import json
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import REDMOND, SEATTLE, ToolClient, admin_keywords, asking, settings_for
from tests.embeddings.conftest import SECRET, Embed, Provider
from tests.fakes.openai_api import MODEL, changed, status, vector
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.embeddings import Embedder, embedder
from zava_mcp.errors import EmbeddingError
from zava_mcp.settings import load

MODEL_ID = f"openai/{MODEL}"


def made_of(provider: Provider) -> Embedder:
    made = embedder(load({}, provider.environ))
    assert made is not None
    return made


async def found(asker: ToolClient, **request: Any) -> dict[str, Any]:
    text, failed = await asker.call("semantic_search_products", **request)
    assert not failed, text
    answer: dict[str, Any] = json.loads(text)
    return answer


@pytest.mark.anyio
async def test_embedded_products_are_found_by_their_own_text(
    provider: Provider, own_dir: Path, embed: Embed, era: str
) -> None:
    said = embed(provider.environ, "--all")
    assert f"new embeddings by {MODEL_ID}" in said
    products = int(said.split()[0])
    assert sum(len(asked.body["input"]) for asked in provider.fake.asked) == products
    assert {asked.body["model"] for asked in provider.fake.asked} == {
        provider.environ.get("EMBEDDING_MODEL_DEPLOYMENT_NAME", MODEL)
    }
    assert embed(provider.environ).startswith("0 new embeddings")
    async with asking(settings_for(own_dir, REDMOND, **provider.environ), era) as redmond:
        answer = await found(redmond, query_description="cold chisel hand guard", similarity_threshold=10, max_rows=3)
        assert (answer["search"], answer["model"]) == ("semantic", MODEL_ID)
        first = dict(zip(answer["columns"], answer["rows"][0], strict=True))
        assert first["product_name"].startswith("Cold Chisel With Hand Guard")
        assert 10 < first["similarity"] < 100
        asked = len(provider.fake.asked)
        assert (await found(redmond, similar_to=first["sku"]))["model"] == MODEL_ID
        assert len(provider.fake.asked) == asked, "products like a given one need no service"


def test_token_is_reused_for_many_requests(azure_entra: Provider, embed: Embed) -> None:
    assert azure_entra.entra is not None
    embed(azure_entra.environ, "--all")
    assert len(azure_entra.fake.asked) > 1
    assert [form["scope"] for form in azure_entra.entra.asked] == ["https://cognitiveservices.azure.com/.default"]
    assert {"api-key"} & set(azure_entra.fake.asked[0].headers) == set()


def test_token_is_renewed_before_it_expires(azure_entra: Provider) -> None:
    assert azure_entra.entra is not None
    azure_entra.entra.seconds = 200  # of which the last five minutes are not used
    service = made_of(azure_entra)
    for _ in range(3):
        assert len(service.embed_query("paint")) == 1536
    service.close()
    used = [asked.headers["authorization"] for asked in azure_entra.fake.asked]
    assert len(set(used)) == 3
    assert len(azure_entra.entra.asked) == 3


def test_expired_token_is_not_used(azure_entra: Provider) -> None:
    """The run takes longer than its first token is valid, and no request is refused."""
    assert azure_entra.entra is not None
    entra = azure_entra.entra
    entra.seconds = 1

    def outlive_the_token(asked: Any, right: Any) -> Any:
        token = asked.headers["authorization"].removeprefix("Bearer ")
        while entra.knows(token):
            threading.Event().wait(0.01)
        return right

    azure_entra.fake.always = outlive_the_token
    service = made_of(azure_entra)
    vectors = service.embed_documents([f"{'x' * 8_000} {number}" for number in range(80)])
    service.close()
    assert (len(vectors), len(azure_entra.fake.asked), len(entra.asked)) == (80, 3, 3)


def test_vectors_have_the_order_of_the_texts(openai: Provider) -> None:
    openai.fake.always = changed(lambda body: {**body, "data": body["data"][::-1]})
    texts = ["hammer", "paint roller", "garden hose"]
    service = made_of(openai)
    for text, made in zip(texts, service.embed_documents(texts), strict=True):
        assert made == pytest.approx(vector(text), abs=1e-6)
    service.close()


def test_response_without_base64_is_understood(openai: Provider) -> None:
    def as_numbers(body: Any) -> Any:
        return {**body, "data": [{"index": 0, "embedding": [2 * number for number in vector("saw")]}]}

    openai.fake.always = changed(as_numbers)
    service = made_of(openai)
    assert service.embed_query("saw") == pytest.approx(vector("saw"), abs=1e-6)
    service.close()


def test_requests_keep_to_the_limits_of_texts_and_tokens(openai: Provider) -> None:
    """One token is at least one byte, so limits in bytes imply limits in tokens."""
    service = made_of(openai)
    assert len(service.embed_documents(["nail"] * 2_049)) == 2_049
    assert [len(asked.body["input"]) for asked in openai.fake.asked] == [2_048, 1]
    openai.fake.asked.clear()
    assert len(service.embed_documents(["ü" * 20_000] * 100)) == 100
    sent = [asked.body["input"] for asked in openai.fake.asked]
    assert [len(texts) for texts in sent] == [36, 36, 28]
    assert {len(text.encode()) for texts in sent for text in texts} == {8_190}  # a ü is not cut in half
    assert len(service.embed_documents([""])) == 1
    assert service.embed_documents([]) == []
    service.close()


def test_embed_continues_after_an_interrupted_run(
    openai: Provider, own_embedded: EmbeddedPostgres, embed: Embed
) -> None:
    with psycopg.connect(**admin_keywords(own_embedded), autocommit=True) as admin:
        admin.execute("DELETE FROM retail.product_description_embeddings")
    openai.fake.script.extend([lambda _, right: right, status(401)])
    with pytest.raises(EmbeddingError, match="does not accept the key"):
        embed(openai.environ)
    paid = len(openai.fake.asked[0].body["input"])
    waiting, _, products, *_ = embed(openai.environ, "--dry-run").split()
    assert int(waiting) == int(products) - paid > 0
    openai.fake.asked.clear()
    assert embed(openai.environ).startswith(f"{products} new embeddings")
    assert sum(len(asked.body["input"]) for asked in openai.fake.asked) == int(waiting)


@pytest.mark.parametrize(
    "copied",
    ["", "/", "/openai", "/openai/v1/", f"/openai/deployments/{MODEL}/embeddings?api-version=2023-05-15"],
)
def test_azure_endpoint_accepts_any_copied_address(azure: Provider, copied: str) -> None:
    azure.environ["AZURE_OPENAI_ENDPOINT"] += copied
    service = made_of(azure)
    assert len(service.embed_query("paint")) == 1536
    service.close()
    assert azure.fake.asked[0].headers["api-key"] == SECRET


@pytest.mark.anyio
async def test_embeddings_of_another_model_are_not_compared(openai: Provider, own_dir: Path, embed: Embed) -> None:
    embed(openai.environ, "--all")
    async with asking(settings_for(own_dir, SEATTLE)) as seattle:
        text, failed = await seattle.call("semantic_search_products", query_description="paint")
    assert failed
    assert f"embeddings were computed with {MODEL_ID}" in text
    assert "local/" in text
    assert "zava-mcp embed" in text
