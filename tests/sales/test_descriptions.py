"""Tests of the table descriptions."""

import json
import re

import psycopg
import pytest

from tests.conftest import HEAD_OFFICE, REDMOND, SEATTLE, Ask

pytestmark = [pytest.mark.anyio, pytest.mark.portable]

TABLES = [
    "categories",
    "customers",
    "inventory",
    "order_items",
    "orders",
    "product_description_embeddings",
    "product_types",
    "products",
    "stores",
]


async def test_table_description_has_columns_types_keys_and_comments(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        text, failed = await seattle.call("get_multiple_table_schemas", table_names=["retail.orders", "CUSTOMERS"])
    assert not failed
    assert "retail.orders: One row per order" in text
    assert "PK (order_id, store_id)" in text
    assert "customer_id integer -> customers.customer_id" in text
    assert "store_id integer -> stores.store_id -- the store that sold it" in text
    assert "phone text null" in text
    assert "email text unique" in text
    assert "retail.products" not in text


async def test_descriptions_without_names_fit_into_six_kilobytes(ask: Ask) -> None:
    async with ask(HEAD_OFFICE) as head_office:
        for everything in ([], ["*"], ["all"], ["retail"]):
            text, _ = await head_office.call("get_multiple_table_schemas", table_names=everything)
            assert [line.split(":")[0] for line in text.splitlines() if line.startswith("retail.")] == [
                f"retail.{table}" for table in TABLES if table != "product_description_embeddings"
            ]
        assert len(text.encode()) <= 6 * 1024
        text, _ = await head_office.call("get_multiple_table_schemas", table_names=["product_description_embeddings"])
        assert text.startswith("retail.product_description_embeddings: One vector per product")


async def test_filter_values_are_those_the_identity_sees(ask: Ask) -> None:
    async with ask(REDMOND) as redmond, ask(HEAD_OFFICE) as head_office:
        own, _ = await redmond.call("get_multiple_table_schemas", table_names=["stores", "categories", "product_types"])
        everything, _ = await head_office.call("get_multiple_table_schemas", table_names=["stores"])
    assert re.search(r"store_name values: Zava Retail Redmond \(first order 20\d\d-\d\d-\d\d\)\n", own)
    assert "POWER TOOLS" in own
    assert "Hammers" in own
    assert "You see the orders of Zava Retail Redmond from 20" in own
    assert "rls_user_id" not in own
    assert re.search(r"Zava Retail Seattle \(first order \S+\), Zava Retail Bellevue \(first", everything)


NOTES = {
    "customers": ("you see the customers who ordered in your stores, without their orders in other stores",),
    "inventory": ("the current stock", "In the sample, sales do not reduce it"),
    "order_items": ("after discounts; tax, shipping and returns are not", "Join orders on order_id"),
    "products": ("cost and base_price are current", "Margin on sales is"),
}


async def test_table_descriptions_have_notes_on_their_numbers(ask: Ask) -> None:
    async with ask(REDMOND) as redmond, ask(HEAD_OFFICE) as head_office:
        for table, sentences in NOTES.items():
            text, _ = await redmond.call("get_multiple_table_schemas", table_names=[table])
            assert all(sentence in text for sentence in sentences), text
        text, _ = await head_office.call("get_multiple_table_schemas", table_names=["customers"])
        assert "all customers, with their orders in every store" in text


async def test_description_ends_with_the_identity_as_in_the_resource(ask: Ask) -> None:
    async with ask(REDMOND) as redmond, ask(HEAD_OFFICE) as head_office:
        for asker in (redmond, head_office):
            text, _ = await asker.call("get_multiple_table_schemas", table_names=["categories"])
            footer = text.splitlines()[-1]
            (content,) = (await asker.client.read_resource("zava://about")).contents
            about = json.loads(content.text)  # type: ignore[union-attr]
            assert all(str(value) in footer for value in about["orders"].values())
            assert about["identity"]["name"] in footer
            assert about["identity"]["user_id"] in footer
            assert about["database"] in footer
            assert about["embedding_model"] in footer
            stores = f"all {len(about['stores'])} stores"
            assert (stores if about["identity"]["sees_all_stores"] else about["stores"][0]) in footer
            for said in ("last day may be incomplete", "calendar quarters", "current_date works", "without retail."):
                assert said in footer


async def test_unknown_table_lists_the_valid_names(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        text, failed = await seattle.call("get_multiple_table_schemas", table_names=["orders", "order_item"])
    assert failed
    assert "no table 'order_item'" in text
    assert "did you mean order_items?" in text
    for table in TABLES:
        assert table in text


async def test_schema_change_refreshes_the_descriptions(ask: Ask, admin: psycopg.Connection) -> None:
    async with ask(SEATTLE) as seattle:
        before, _ = await seattle.call("get_multiple_table_schemas", table_names=["categories"])
        assert "shelf_color" not in before
        admin.execute("ALTER TABLE retail.categories ADD COLUMN shelf_color text")
        admin.execute("GRANT SELECT (shelf_color) ON retail.categories TO zava_seattle")
        try:
            await seattle.query("SELECT 1")
            after, _ = await seattle.call("get_multiple_table_schemas", table_names=["categories"])
            assert "shelf_color text null" in after
        finally:
            admin.execute("ALTER TABLE retail.categories DROP COLUMN shelf_color")


async def test_second_description_needs_no_round_trip(ask: Ask, admin: psycopg.Connection) -> None:
    """A change of rows does not invalidate the cached descriptions."""
    async with ask(SEATTLE) as seattle:
        first = await seattle.call("get_multiple_table_schemas", table_names=["categories"])
        admin.execute("UPDATE retail.categories SET category_name = 'RENAMED' WHERE category_id = 1")
        try:
            assert await seattle.call("get_multiple_table_schemas", table_names=["categories"]) == first
        finally:
            admin.execute("UPDATE retail.categories SET category_name = 'HAND TOOLS' WHERE category_id = 1")
