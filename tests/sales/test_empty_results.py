"""What a result without rows says about itself, and what it must not say."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import HEAD_OFFICE, SEATTLE, ToolClient, asking, settings_for
from zava_mcp.cli.commands import app

pytestmark = pytest.mark.anyio

OWN = "You see Zava Retail Seattle (store_id 1) only, with orders from "
CAPITALS = "category_name is 'POWER TOOLS', not "
CATEGORY = "SELECT category_id FROM categories WHERE category_name {}"
SALES = "SELECT sum(total_amount) FROM retail.order_items JOIN retail.orders USING (order_id) WHERE {}"
STORE = "SELECT count(*) FROM orders JOIN stores s USING (store_id) WHERE {}"

#: A query, the beginning of its hint, and another part of it.
EXPLAINED = (
    (
        "SELECT sum(total_amount) FROM retail.order_items WHERE store_id = 3",
        "Only nulls",
        "You see no orders, stock or customers of store_id 3. " + OWN,
    ),
    (
        "SELECT coalesce(sum(total_amount), 0) FROM order_items WHERE store_id IN (2, 3)",
        "Only zeros.",
        "You see no orders, stock or customers of store_id 2, 3.",
    ),
    ("SELECT count(*), avg(quantity) FROM order_items WHERE store_id = 8", "Only nulls", OWN),
    (
        "SELECT category_name, sum(o.total_amount) AS revenue FROM categories "
        "LEFT JOIN order_items o ON o.store_id = 3 GROUP BY 1",
        "Every row has null in 'revenue'.",
        "You see no orders, stock or customers of store_id 3",
    ),
    (
        STORE.format("s.store_name = 'Zava Retail Redmond'"),
        "Only zeros.",
        "You see no orders, stock or customers of the store 'Zava Retail Redmond'. " + OWN,
    ),
    (
        STORE.format("s.store_name = 'Zava Retail Nowhere'"),
        "Only zeros.",
        "You see no orders, stock or customers of the store 'Zava Retail Nowhere'. " + OWN,
    ),
    (STORE.format("s.store_name = 'Seattle'"), "Only zeros.", "store_name is 'Zava Retail Seattle', not 'Seattle'."),
    (STORE.format("s.store_name = 'ZAVA RETAIL SEATTLE'"), "Only zeros.", "store_name is 'Zava Retail Seattle', not"),
    (CATEGORY.format("= 'Power Tools'"), "No rows.", CAPITALS + "'Power Tools'."),
    (CATEGORY.format("= ' power  tools'"), "No rows.", CAPITALS + "' power  tools'."),
    (CATEGORY.format("= 'power_tools'"), "No rows.", CAPITALS),
    (CATEGORY.format("LIKE 'Power%'"), "No rows.", CAPITALS + "'Power%'."),
    (
        CATEGORY.format("IN ('Paint and Finishes', 'Plumbing')"),
        "No rows.",
        "category_name is 'PLUMBING', not 'Plumbing'.",
    ),
    (CATEGORY.format("= ANY(ARRAY['Electrical'])"), "No rows.", "category_name is 'ELECTRICAL', not 'Electrical'."),
    (CATEGORY.format("= 'Hammers'"), "No rows.", "'Hammers' is a type_name."),
    (
        "SELECT 1 FROM categories WHERE lower(category_name) = 'Hardware'",
        "No rows.",
        "lower(category_name) is 'hardware'",
    ),
    (
        "SELECT 1 FROM product_types t WHERE t.type_name = 'garden hand tools'",
        "No rows.",
        "type_name is 'Garden Hand Tools'",
    ),
    ("SELECT sku FROM products WHERE product_name = 'hammer'", "No rows.", "semantic_search_products"),
    (SALES.format("order_date < '2019-01-01'"), "Only nulls", "The query's dates are before the first order, of 20"),
    (
        SALES.format("order_date BETWEEN DATE '2018-01-01' AND '2018-12-31'"),
        "Only nulls",
        "The query's dates are before the first order, of 20",
    ),
    (
        SALES.format("extract(year FROM order_date) = 2017"),
        "Only nulls",
        "The query's dates are before the first order, of 20",
    ),
    (
        SALES.format("to_char(order_date, 'YYYY-MM') = '2199-02'"),
        "Only nulls",
        "The query's dates are after the last order, of 20",
    ),
    ('SELECT order_id FROM "retail"."orders" WHERE order_id < 0', "No rows.", OWN),
    ("TABLE orders LIMIT 0", "No rows.", OWN),
)
#: What is no empty result, or none of the shop's: nothing is said.
SILENT = (
    "SELECT 1 AS a WHERE false",
    "SELECT NULL::integer FROM retail.stores",
    "SELECT sum(g) FROM generate_series(1, 0) g",
    "SELECT min(0) FROM retail.orders",
    "SELECT phone FROM retail.customers WHERE phone IS NULL LIMIT 1",
    "SELECT count(*) FROM retail.categories",
)
#: The literal is right, or is compared without case.
NOT_CORRECTED = (
    CATEGORY.format("= 'POWER TOOLS' AND category_id < 0"),
    CATEGORY.format("ILIKE 'power tools' AND category_id < 0"),
    CATEGORY.format("~* 'power tools' AND category_id < 0"),
    "SELECT 1 FROM categories WHERE lower(category_name) = 'power tools' AND category_id < 0",
    "SELECT 1 FROM categories WHERE category_id < 0 -- 'Power Tools'",
)
LONG = "'" + "Zava Retail Seattle " * 40 + "'"
#: Queries with long or many literals; their hints have at most 300 bytes.
LONG_QUERIES = (
    STORE.format(f"s.store_name IN ('Zava Retail Redmond', {LONG}, 'Zava Retail Bellevue', 'é{'🔩' * 60}')"),
    CATEGORY.format("IN ('" + "', '".join(f"Power{' ' * n}Tools" for n in range(1, 60)) + "')"),
    f"SELECT 1 FROM orders WHERE {' AND '.join(f'store_id = {n}' for n in range(20, 90))}",
    "SELECT order_id FROM orders WHERE order_id < 0 AND 'a' = '" + '\\"' * 900 + "'",
    "SELECT order_id FROM orders WHERE order_id < 0 /*" + "(" * 9_000 + "*/ AND 'x' <> '" + " =(" * 3_000 + "'",
)

#: A query, and a text that its hint must not have, because it is false.
NOT_SAID = (
    (SALES.format("order_date < '2030-01-01' AND quantity < 0"), "The query's dates"),
    (SALES.format("order_date >= '2019-01-01' AND quantity < 0"), "The query's dates"),
    (SALES.format("order_date <> '2019-01-01' AND quantity < 0"), "The query's dates"),
    (SALES.format("'2019-01-01' < order_date AND quantity < 0"), "The query's dates"),
    (SALES.format("quantity < 0 AND (order_date < '2019-01-01' OR order_date > '2020-01-01')"), "The query's dates"),
    (SALES.format("order_date IN ('2019-01-01', '2024-02-01') AND quantity < 0"), "The query's dates"),
    (SALES.format("(order_date - date '2020-01-01') > 2100"), "The query's dates"),
    ("SELECT product_id FROM products JOIN order_items USING (product_id) WHERE sku = 'Model 2000 Saw'", "dates"),
    ("SELECT product_id FROM products JOIN order_items USING (product_id) WHERE sku LIKE '%1900 watt%'", "dates"),
    *[
        (STORE.format(f"{condition} AND order_id < 0"), "You see no orders")
        for condition in (
            "s.store_name LIKE 'Zava%Seattle'",
            "s.store_name ILIKE '%seattle'",
            "s.store_name ~* '^zava.*seattle$'",
            "s.store_name <> 'Zava Retail Tacoma'",
        )
    ],
    ("SELECT store_id FROM stores WHERE store_name = 'Zava Retail Nowhere'", "You see no orders, stock"),
    ("SELECT nullif(count(*), count(*)) FROM orders", "nothing to aggregate"),
    ("SELECT stddev(order_id) FROM (SELECT order_id FROM orders LIMIT 1) o", "nothing to aggregate"),
    ("SELECT coalesce(sum(quantity - quantity), 0) FROM order_items", "counted"),
    ("SELECT type_id FROM product_types WHERE type_name = 'Hand tools'", "Garden"),
    (CATEGORY.format("IS NULL AND left(category_name, 3) = 'Pow'"), "category_name is"),
)


@pytest.fixture
async def seattle(data_dir: Path) -> AsyncIterator[ToolClient]:
    async with asking(settings_for(data_dir, SEATTLE)) as asker:
        yield asker


async def test_empty_result_is_explained_in_300_bytes(seattle: ToolClient) -> None:
    for sql, first, more in EXPLAINED:
        hint = (await seattle.query(sql)).get("hint", "")
        assert hint.startswith(first), (sql, hint)
        assert more in hint, (sql, hint)
        assert len(hint.encode()) <= 300
    for sql in LONG_QUERIES:
        assert len((await seattle.query(sql))["hint"].encode()) <= 300, sql


async def test_nonempty_result_has_no_hint(seattle: ToolClient) -> None:
    for sql in SILENT:
        assert "hint" not in await seattle.query(sql), sql
    for sql in NOT_CORRECTED:
        assert "POWER TOOLS" not in (await seattle.query(sql))["hint"], sql


async def test_hint_says_nothing_false(seattle: ToolClient) -> None:
    for sql, false in NOT_SAID:
        hint = (await seattle.query(sql)).get("hint", "")
        assert false not in hint, (sql, hint)
    sql = "SELECT sum(NULL::integer) FROM orders GROUP BY order_id"
    hint = (await seattle.query(sql, max_rows=2))["hint"]
    assert "Every row" not in hint
    largest = await seattle.query("SELECT generate_series(1, 9999)", max_rows=1000)
    assert "max_rows" not in largest["hint"]
    assert "OFFSET" in largest["hint"]


async def test_hint_for_hidden_store_equals_hint_for_unknown_store(seattle: ToolClient) -> None:
    hints = {
        (await seattle.query(STORE.format(f"s.store_name = '{name}'")))["hint"].replace(name, "…")
        for name in ("Zava Retail Redmond", "Zava Retail Nowhere", "Zava Retail Bellevue", "Bellevue")
    }
    assert len(hints) == 1
    numbers = {
        (await seattle.query(STORE.format(f"store_id = {n}")))["hint"].replace(f"store_id {n}.", "…")
        for n in (2, 8, 900)
    }
    assert len(numbers) == 1


async def test_hint_for_head_office_counts_its_stores(data_dir: Path) -> None:
    async with asking(settings_for(data_dir, HEAD_OFFICE)) as head_office:
        hint = (await head_office.query(STORE.format("s.store_name = 'Zava Retail Nowhere'")))["hint"]
        assert hint.startswith(
            "Only zeros. No store has the name 'Zava Retail Nowhere'. You see all 8 stores, with orders from 2020-01-0"
        )


async def test_hint_after_schema_change_names_the_tool_to_call(seattle: ToolClient, admin: psycopg.Connection) -> None:
    """The cached summary may be outdated, and reading it again would take a round trip."""
    sql = CATEGORY.format("= 'Power Tools'")
    assert CAPITALS in (await seattle.query(sql))["hint"]
    admin.execute("NOTIFY zava_schema_changed")
    await seattle.query("SELECT 1")
    assert (await seattle.query(sql))["hint"] == (
        "No rows. get_multiple_table_schemas lists the stores and days that you see."
    )
    await seattle.call("get_multiple_table_schemas", table_names=["stores"])
    assert CAPITALS in (await seattle.query(sql))["hint"]


async def test_chart_without_rows_is_explained(seattle: ToolClient) -> None:
    text, failed = await seattle.call(
        "chart_sales_query", postgresql_query="SELECT category_name, 1 FROM categories WHERE category_name = 'Hammers'"
    )
    assert failed
    assert "the query returned no rows, so there is nothing to draw. No rows. 'Hammers' is a type_name." in text


def test_empty_result_is_explained_at_the_terminal(data_dir: Path) -> None:
    sql = CATEGORY.format("= 'Power Tools'")
    flags = ("--user-id", SEATTLE, "--data-dir", str(data_dir))
    for form in ("json", "table", "csv"):
        ended = CliRunner().invoke(app, ["query", sql, "--format", form, *flags], catch_exceptions=False)
        assert CAPITALS in ended.output, ended.output


def test_hints_for_repeated_text_take_linear_time() -> None:
    """The text is hostile, and a pattern that backtracks would block the whole server."""
    done = subprocess.run([sys.executable, "-m", "tests.sales.repeated_text"], capture_output=True, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr[-300:])
