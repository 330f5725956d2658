"""Tests of product search: semantic ranking, filters, stock and sales of the identity's stores."""

import csv
import json
import sys
from io import StringIO
from operator import itemgetter
from typing import Any

import psycopg
import pytest

from scripts.product_text import document_text, text_hash
from tests.conftest import HEAD_OFFICE, SEATTLE, Ask, ToolClient
from zava_mcp import sql
from zava_mcp.admin.sample_embeddings import SAMPLE_MODEL, packed_vectors
from zava_mcp.embeddings.local import LOCAL_MODEL, LocalEmbedder

pytestmark = [pytest.mark.anyio, pytest.mark.portable]
RAIN = "something to keep the rain out of an outdoor socket"


async def search(asker: ToolClient, text: str = "", **request: Any) -> dict[str, Any]:
    """Returns the result of a search that must succeed, with its rows as dicts under "products"."""
    reply, failed = await asker.call("semantic_search_products", query_description=text, **request)
    assert not failed, reply
    answer: dict[str, Any] = json.loads(reply)
    answer["products"] = [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]
    return answer


async def refusal(asker: ToolClient, text: str = "", **request: Any) -> str:
    reply, failed = await asker.call("semantic_search_products", query_description=text, **request)
    assert failed, reply
    return reply


def skus(answer: dict[str, Any]) -> list[str]:
    return [product["sku"] for product in answer["products"]]


async def test_semantic_search_sorts_by_similarity_and_names_its_model(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        rain = await search(seattle, RAIN)
        assert rain["products"][0]["product_name"] == "Weatherproof In-Use Outdoor Outlet Cover"
        similar = [product["similarity"] for product in rain["products"]]
        assert similar == sorted(similar, reverse=True)
        assert min(similar) >= 30
        assert (rain["search"], rain["model"]) == ("semantic", LOCAL_MODEL)
        paint = await search(seattle, "containers for paint", max_rows=3)
        assert paint["products"][0]["sku"].startswith("ST-JAR")
        assert paint["columns"][:5] == ["sku", "product_name", "category", "type", "price"]


async def test_search_returns_stock_of_visible_stores_only(ask: Ask, admin: psycopg.Connection) -> None:
    stock: dict[int, int] = dict(
        admin.execute(
            "SELECT store_id, stock_level FROM retail.inventory JOIN retail.products USING (product_id)"
            " WHERE sku = 'EL-JBX-003'"
        ).fetchall()
    )
    assert len(set(stock.values())) > 1
    async with ask(SEATTLE) as seattle, ask(HEAD_OFFICE) as head_office:
        own = (await search(seattle, RAIN))["products"][0]
        assert own["stock"] == stock[1]
        assert "stock_by_store" not in own
        all_of_it = (await search(head_office, RAIN))["products"][0]
        assert all_of_it["stock"] == sum(stock.values())
        assert sorted(all_of_it["stock_by_store"].values()) == sorted(stock.values())


async def test_search_with_sales_returns_sales_of_the_identity_only(ask: Ask) -> None:
    sold = (
        "SELECT coalesce(sum(quantity), 0), coalesce(sum(total_amount), 0) FROM retail.order_items"
        " JOIN retail.orders USING (order_id) JOIN retail.products USING (product_id)"
        " WHERE sku = 'EL-JBX-003' AND order_date > current_date - 365"
    )
    async with ask(SEATTLE) as seattle, ask(HEAD_OFFICE) as head_office:
        counted = []
        for asker in (seattle, head_office):
            found = (await search(asker, RAIN, include_sales=True))["products"][0]
            assert [found["units_sold"], found["revenue"]] == (await asker.query(sold))["rows"][0]
            counted.append(found["units_sold"])
        assert 0 < counted[0] < counted[1]
        assert "units_sold" not in (await search(seattle, RAIN))["columns"]


async def test_sku_or_full_name_ranks_first_in_any_case(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        assert skus(await search(seattle, "is el-jbx-003, the cover, any good?"))[0] == "EL-JBX-003"
        assert skus(await search(seattle, "7 OZ MAGNETIC tack hammer"))[0] == "HT-HAM-005"
        spaced = await search(seattle, " hammer ", similar_to=" ", category="")
        assert spaced["rows"] == (await search(seattle, "hammer"))["rows"]
        only = await search(seattle, "HT-HAM-001", similarity_threshold=100)
        assert skus(only) == ["HT-HAM-001"]


async def test_sku_prefix_finds_only_those_skus(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        bulbs = [
            row[0]
            for row in (
                await seattle.query("SELECT sku FROM retail.products WHERE starts_with(sku, 'EL-BLB') ORDER BY 1")
            )["rows"]
        ]
        for said in ("EL-BLB", "el-blb", "(el-blb).", "which el-blb are there?", "EL-BLB-00", "EL_BLB", "EL%BLB"):
            assert sorted(skus(await search(seattle, said, max_rows=50))[: len(bulbs)]) == bulbs, said
        assert skus(await search(seattle, "HT-HAM-001", similarity_threshold=100)) == ["HT-HAM-001"]
        for said in ("%", "%%%%", "E", "___-___", "paint", "2024", "22 oz"):
            assert skus(await search(seattle, said, similarity_threshold=100)) == [], said


async def test_sku_prefix_works_without_a_model(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as on a platform it has no wheel for
    async with ask(SEATTLE) as seattle:
        assert {sku[:6] for sku in skus(await search(seattle, "EL-BLB"))} == {"EL-BLB"}


async def test_similar_to_needs_no_model(ask: Ask) -> None:
    async with ask(SEATTLE, ZAVA_EMBEDDING_MODEL_DIR="/nowhere") as seattle:
        like = await search(seattle, similar_to="el-cnn-002")
        assert "Heat-Shrink Waterproof Butt Connectors 60 Piece" in [p["product_name"] for p in like["products"][:3]]
        assert "EL-CNN-002" not in skus(like)
        named = await search(seattle, similar_to="gel-filled waterproof wire connectors 20 pack")
        assert skus(named) == skus(like)
        assert like["model"] == LOCAL_MODEL
        reply = await refusal(seattle, similar_to="magnetic tack")
        assert "no product 'magnetic tack'" in reply
        assert "7 oz Magnetic Tack Hammer" in reply


async def test_search_filters_by_category_price_and_stock(ask: Ask, admin: psycopg.Connection) -> None:
    async with ask(SEATTLE) as seattle:
        wide = {"similarity_threshold": 0, "max_rows": 100}
        plumbing = await search(seattle, "pipe", category="plumbing", **wide)
        assert {product["category"] for product in plumbing["products"]} == {"PLUMBING"}
        hammers = await search(seattle, "pipe", category="Hammers", **wide)
        assert {product["type"] for product in hammers["products"]} == {"Hammers"}
        cheap = await search(seattle, "pipe", min_price=5, max_price=9.5, **wide)
        assert all(5 <= product["price"] <= 9.5 for product in cheap["products"])
        assert len(cheap["products"]) > 20
        admin.execute("CREATE TEMP TABLE stock AS SELECT * FROM retail.inventory WHERE store_id = 1")
        admin.execute("UPDATE retail.inventory SET stock_level = 0 WHERE product_id % 2 = 0 AND store_id = 1")
        try:
            there = await search(seattle, "pipe", in_stock_only=True, **wide)
        finally:
            admin.execute(
                "UPDATE retail.inventory i SET stock_level = s.stock_level FROM stock s"
                " WHERE (i.store_id, i.product_id) = (s.store_id, s.product_id)"
            )
        assert len(there["products"]) == 100
        assert all(product["stock"] > 0 for product in there["products"])
        assert "The categories are: HAND TOOLS" in await refusal(seattle, "pipe", category="SHOES")


async def test_search_reports_that_more_products_exist(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        few = await search(seattle, "hammer", max_rows=2)
        assert (few["row_count"], few["truncated"], few["more"]) == (2, False, "2 shown, more exist")
        assert "hint" not in few
        everything = await search(seattle, "hammer", max_rows=100, similarity_threshold=0)
        assert everything["more"] == "100 shown, more exist"
        one = await search(seattle, "HT-HAM-001", max_rows=1)
        assert "more" not in one
    async with ask(SEATTLE, ZAVA_MAX_BYTES="3000") as seattle:
        small = await search(seattle, "hammer", max_rows=50)
        assert len(json.dumps(small["rows"])) < 3000
        assert "Lower max_rows" in small["hint"]


async def test_search_below_threshold_names_the_closest_product(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        none = await search(seattle, "the collected letters of a mediaeval bishop", similarity_threshold=80)
        assert none["rows"] == []
        assert none["columns"][0] == "sku"
        assert 0 < none["closest"]["similarity"] < 80
        assert none["closest"]["sku"]
        empty = await search(seattle, "hammer", min_price=900_000)
        assert empty["rows"] == []
        assert "closest" not in empty


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "the search has no description"),
        ({"text": " \n\t "}, "the search has no description"),
        ({"text": "x" * 100_000}, "100,000 characters"),
        ({"text": "a\0b"}, "NUL"),
        ({"text": "hammer", "max_rows": 0}, "max_rows must be from 1 to 100"),
        ({"text": "hammer", "max_rows": 101}, "max_rows must be from 1 to 100"),
        ({"text": "hammer", "similarity_threshold": -0.1}, "similarity_threshold must be from 0 to 100"),
        ({"text": "hammer", "similarity_threshold": 100.1}, "similarity_threshold must be from 0 to 100"),
        ({"text": "hammer", "min_price": -1}, "min_price must be a price"),
        ({"text": "hammer", "min_price": 9, "max_price": 3}, "min_price is above max_price"),
        ({"text": "hammer", "similar_to": "HT-HAM-001"}, "exclude each other"),
        ({"similar_to": "s" * 5_000}, "5,000 characters"),
    ],
)
async def test_invalid_search_is_refused_with_the_reason(ask: Ask, arguments: dict[str, Any], message: str) -> None:
    async with ask(SEATTLE) as seattle:
        assert message in await refusal(seattle, **arguments)


async def test_schema_resource_equals_the_tool_result(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        read = await seattle.client.read_resource("zava://products/search?query=containers%20for%20paint&max_rows=3")
        found = json.loads(read.contents[0].text)  # type: ignore[union-attr]
        assert found["rows"] == (await search(seattle, "containers for paint", max_rows=3))["rows"]
        with pytest.raises(Exception, match="no product"):
            await seattle.client.read_resource("zava://products/search?similar_to=nothing")


async def test_tools_list_fits_into_8_kb(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        tools = (await seattle.client.list_tools()).tools
        listed = json.dumps([tool.model_dump(by_alias=True, exclude_none=True) for tool in tools], ensure_ascii=False)
        assert len(listed.encode()) < 8_000


def test_sample_embeddings_equal_those_of_the_model() -> None:
    products = list(csv.DictReader(StringIO(sql.script("sample/catalogue.csv"))))
    packed = list(packed_vectors())
    parts = itemgetter("category", "type", "name", "description")
    texts = [document_text(*parts(product)) for product in products]
    assert [(sku, sha256) for sku, sha256, _ in packed] == [
        (product["sku"], text_hash(text)) for product, text in zip(products, texts, strict=True)
    ]
    assert SAMPLE_MODEL == LOCAL_MODEL
    for (_, _, stored), vector in zip(packed[::20], LocalEmbedder().embed_documents(texts[::20]), strict=True):
        assert sum(a * b for a, b in zip(stored, vector, strict=True)) > 0.9995


def test_embeddings_are_stored_inline_and_uncompressed(
    admin: psycopg.Connection,
) -> None:
    row = admin.execute(
        "SELECT min(pg_column_size(description_embedding)), (SELECT pg_relation_size(reltoastrelid) FROM pg_class"
        " WHERE oid = 'retail.product_description_embeddings'::regclass) FROM retail.product_description_embeddings"
    ).fetchone()
    assert row is not None
    assert row[0] > 1536 * 4
    assert row[1] == 0
