"""What an error says of a query that took too long."""

from pathlib import Path

import pytest

from tests.conftest import SEATTLE, asking, settings_for
from zava_mcp.sales.slow_queries import likely_cause

COUNT = "SELECT count(*) FROM "
FAN_OUT = "orders and order_items are joined on store_id alone, which pairs each row with many. Join them on order_id."
CAUSES = {
    COUNT + "orders o JOIN order_items i ON o.store_id = i.store_id": FAN_OUT,
    COUNT + "retail.orders JOIN retail.order_items USING (store_id) WHERE order_date > '2026-01-01'": FAN_OUT,
    COUNT + "stores JOIN orders o USING (store_id) LEFT JOIN order_items i ON i.store_id = o.store_id GROUP BY 1": (
        "orders and order_items are joined on store_id alone"
    ),
    COUNT + "order_items i JOIN inventory v ON v.product_id = i.product_id": "order_items and inventory are joined on",
    COUNT + "orders a CROSS JOIN customers": "orders and customers are joined without a condition",
    COUNT + "orders, customers": "orders and customers are joined without a condition",
    "WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT 1 FROM t) SELECT count(*) FROM t": "The query is recursive",
}
NO_CAUSE = (
    COUNT + "orders o JOIN order_items i ON o.order_id = i.order_id AND o.store_id = i.store_id",
    COUNT + "orders JOIN order_items USING (order_id) JOIN products USING (product_id) JOIN stores USING (store_id)",
    COUNT + "order_items i JOIN inventory v ON v.product_id = i.product_id AND v.store_id = i.store_id",
    COUNT + "orders o, order_items i WHERE o.order_id = i.order_id",
    COUNT + "generate_series(1, 10) g",
    "",
    "SELECT 'orders JOIN order_items USING (store_id)'",
    COUNT + "orders " + "JOIN (" * 3_000,
)
#: Endless, whatever the size of the sample.
SLOW = (
    "SELECT count(*) FROM retail.orders o JOIN retail.order_items i ON o.store_id = i.store_id, "
    "generate_series(1, 1000000000) g"
)


def test_likely_cause_is_the_join_that_pairs_many_rows() -> None:
    for sql, cause in CAUSES.items():
        assert likely_cause(sql).startswith(cause), (sql, likely_cause(sql))
    for sql in NO_CAUSE:
        assert not likely_cause(sql), sql


@pytest.mark.anyio
async def test_timeout_error_names_limit_and_cause(data_dir: Path) -> None:
    async with asking(settings_for(data_dir, SEATTLE, ZAVA_QUERY_TIMEOUT="1")) as seattle:
        refusal = await seattle.refusal(SLOW)
    expected = f"57014: the query was stopped at the limit of 1 s. {FAN_OUT} Narrow the date range"
    assert refusal.startswith(expected), refusal
    assert "explain_sales_query" in refusal


@pytest.mark.anyio
async def test_tool_errors_begin_with_what_happened(data_dir: Path) -> None:
    """They contain one sentence and the hint, without the name of the tool or text of the SDK."""
    calls: tuple[tuple[str, dict[str, object], str], ...] = (
        ("execute_sales_query", {"postgresql_query": "SELECT nope FROM retail.orders"}, "42703: column"),
        ("execute_sales_query", {"postgresql_query": "DELETE FROM retail.orders"}, "42601: "),
        ("execute_sales_query", {"postgresql_query": "SELECT 1", "max_rows": 0}, "max_rows must be from 1"),
        ("execute_sales_query", {}, "the argument 'postgresql_query' is missing"),
        ("execute_sales_query", {"sql": "SELECT 1"}, ""),
        ("explain_sales_query", {"postgresql_query": "SELEC 1"}, "42601: syntax error"),
        ("chart_sales_query", {}, "neither postgresql_query nor result is given. Pass one of them."),
        ("chart_sales_query", {"postgresql_query": "SELECT 1 WHERE false"}, "the query returned no rows"),
        ("get_multiple_table_schemas", {"table_names": ["order"]}, "there is no table 'order'"),
        ("semantic_search_products", {}, ""),
        ("get_date", {}, "there is no tool 'get_date'"),
    )
    async with asking(settings_for(data_dir, SEATTLE)) as seattle:
        for tool, arguments, first in calls:
            text, failed = await seattle.call(tool, **arguments)
            assert failed, tool
            assert text.startswith(first), text
            assert "rror executing" not in text
            assert "pydantic" not in text
