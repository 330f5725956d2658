"""Promise 11: answers say where they come from, and vectors of different models are never compared."""

import sys
from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import SEATTLE, Ask
from tests.sales.test_product_search import refusal, search, skus
from zava_mcp.embeddings.local import LOCAL_MODEL

pytestmark = [pytest.mark.anyio, pytest.mark.portable]


async def test_an_answer_names_its_model_also_when_it_is_empty(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        for threshold in (30, 100):
            found = await search(seattle, "something to paint with", similarity_threshold=threshold)
            assert (found["search"], found["model"]) == ("semantic", LOCAL_MODEL)


@pytest.fixture
def other_vectors(admin: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A database whose vectors may be changed: they are put back afterwards."""
    admin.execute("CREATE TABLE public.kept AS SELECT * FROM retail.product_description_embeddings")
    yield admin
    admin.execute("DELETE FROM retail.product_description_embeddings")
    admin.execute("INSERT INTO retail.product_description_embeddings SELECT * FROM public.kept")
    admin.execute("DROP TABLE public.kept")


async def test_products_without_vectors_say_which_command_makes_them(
    ask: Ask, other_vectors: psycopg.Connection
) -> None:
    other_vectors.execute("DELETE FROM retail.product_description_embeddings")
    async with ask(SEATTLE) as seattle:
        reply = await refusal(seattle, "hammer")
        assert "no embeddings yet" in reply
        assert "zava-mcp embed" in reply
        assert skus(await search(seattle, "HT-HAM-001")) == ["HT-HAM-001"]
        assert "has no embedding" in await refusal(seattle, similar_to="HT-HAM-001")


async def test_vectors_of_another_model_are_never_compared(ask: Ask, other_vectors: psycopg.Connection) -> None:
    other_vectors.execute("UPDATE retail.product_description_embeddings SET model_id = 'azure/other'")
    async with ask(SEATTLE) as seattle:
        reply = await refusal(seattle, "hammer")
        assert "azure/other" in reply
        assert LOCAL_MODEL in reply
        assert "zava-mcp embed" in reply
        like = await search(seattle, similar_to="HT-HAM-001")
        assert like["model"] == "azure/other"
        other_vectors.execute(
            "UPDATE retail.product_description_embeddings SET model_id = %s WHERE product_id %% 2 = 0", [LOCAL_MODEL]
        )
        half = await search(seattle, "hammer", similarity_threshold=0, max_rows=100)
        even = {
            sku
            for (sku,) in other_vectors.execute("SELECT sku FROM retail.products WHERE product_id % 2 = 0").fetchall()
        }
        assert set(skus(half)) <= even


async def test_where_no_model_runs_search_goes_by_words_and_says_so(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as on a platform it has no wheel for
    async with ask(SEATTLE) as seattle:
        found = await search(seattle, "some kind of claw hammer")
        assert found["search"] == "lexical"
        assert "full-text search" in found["model"]
        assert "hammer" in found["products"][0]["product_name"].lower()
        assert found["products"][0]["similarity"] is None
        stock = "SELECT stock_level FROM retail.inventory JOIN retail.products USING (product_id) WHERE sku = "
        assert found["products"][0]["stock"] == await seattle.value(f"{stock}'{found['products'][0]['sku']}'")
        assert (await search(seattle, "zzzz qqqq"))["rows"] == []
        assert (await search(seattle, "the of and"))["rows"] == []
        like = await search(seattle, similar_to="EL-CNN-002")
        assert like["search"] == "semantic"
