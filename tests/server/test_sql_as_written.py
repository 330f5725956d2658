"""Tests of SQL as models and people write it: code fences are removed, and errors suggest the intended SQL."""

import json
from pathlib import Path

import pytest

from tests.conftest import SEATTLE, settings_for
from tests.stdio_client import StdioClient
from zava_mcp.call_context import Call, record_call
from zava_mcp.errors import QueryError
from zava_mcp.server.startup import Startup

FENCES = (
    *("```sql\n{}\n```", "```\n{}```", "~~~sql\n{}\n~~~", "```postgresql\n{};\n```\n", "  ```SQL\r\n{}\r\n```  "),
    *("````sql\n{}\n````", "```sql {}```", "``` {} ```", "\n```pgsql   \n{}\n```", "```\n-- a\n{} -- b\n```"),
)
NO_FENCES = (
    "Here it is:\n```sql\n{}\n```",
    "```sql\n{}\n```\nIt counts.",
    "```sql\n{}",
    "```\n{}\n```\n```\n{}\n```",
    "`{}`",
)

STORE = "SELECT store_id FROM retail.stores WHERE store_name = "
ITEMS = "FROM retail.order_items"
#: SQL, and the text that its error has beside PostgreSQL's message.
HINTS: list[tuple[str, str]] = [
    # characters that look like others
    ("SELECT\u00a01", "Character 7 is U+00A0 (no-break space): write an ordinary space."),
    ("SELECT '\u00a0',\u00a01+", "Character 12 is U+00A0"),
    ("SELECT\u200b 1", "Character 7 is U+200B (zero width space): leave it out."),
    ("\ufeffSELECT 1", "Character 1 is U+FEFF"),
    ("SELECT\u3000 1", "Character 7 is U+3000 (ideographic space)"),
    ("SELECT \u20181\u2019", "Character 8 is U+2018 (left single quotation mark): write strings in '"),
    ("SELECT \u201cstore_id\u201d FROM retail.stores", "Character 8 is U+201C (left double quotation mark)"),
    ("SELECT 1 \u2013 2", "Character 10 is U+2013 (en dash): write -."),
    ("SELECT 2\uff0c 3", "Character 9 is U+FF0C (fullwidth comma): write ,."),
    ("SELECT\u2028)", "Character 7 is U+2028 (line separator)"),
    ("```sql\nSELECT\u00a01\n```", "Character 14 is U+00A0"),
    # entities
    *[
        (f"SELECT 1 WHERE 1 {entity} 2", f"write {mark}.")
        for entity, mark in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
    ],
    ("SELECT &#39;a&#39;", "&#39; is an HTML entity: write '."),
    ("SELECT&nbsp;1", "&nbsp; is an HTML entity: write a space."),
    # other text around it
    *[(text, "Send the SQL alone") for text in ("SQL: SELECT 1", "sql\nSELECT 1", "<sql>SELECT 1</sql>", '"SELECT 1"')],
    *[(text.replace("{}", "SELECT 1"), "Send the SQL alone") for text in NO_FENCES],
    ("SELECT store_id\\nFROM retail.stores", "The SQL has \\n or \\t as two characters"),
    ("-- a comment", "The text contains no statement"),
    # no query
    *[(f"{word} SELECT 1", "explain_sales_query") for word in ("EXPLAIN", "explain analyze", "EXPLAIN (ANALYZE)")],
    *[(text, "get_multiple_table_schemas") for text in ("SHOW TABLES", "DESCRIBE orders", "DESC orders", "\\d orders")],
    *[
        (text, "This server is read-only: send a SELECT.")
        for text in ("INSERT INTO x VALUES (1)", "DROP TABLE x", "CALL f()", "/* a */ UPDATE")
    ],
    ("WITH x AS (DELETE FROM retail.orders RETURNING 1) SELECT * FROM x", "This server is read-only: send a SELECT."),
    *[(text, "Send the SELECT alone") for text in ("SET x = 1", "USE retail", "BEGIN; SELECT 1", "GO")],
    ("SELECT 1; SELECT 2", "Send one statement at a time."),
    # placeholders
    *[
        (f"{STORE}{mark}", f"{mark} is a placeholder: write the value itself")
        for mark in (":name", "?", "%s", "%(name)s", "@name", "{name}", "${name}", "{{ name }}", "$1", "<name>")
    ],
    # quotes
    (f'{STORE}"Zava Retail Seattle"', "Write strings in single quotes: 'Zava Retail Seattle'."),
    ('SELECT 1 FROM retail.stores WHERE store_name LIKE "%x%"', "Write strings in single quotes: '%x%'."),
    ("SELECT `store_id` FROM retail.stores", "has no backticks"),
    ("SELECT [store_id] FROM retail.stores", "with brackets"),
    (f"{STORE}'O'Brien'", "Write a quote inside a string twice"),
    ("SELECT 'a", "never closed"),
    # other databases
    ("SELECT DATE_TRUNC(month, order_date) FROM retail.orders", "date_trunc('month', order_date)"),
    ("SELECT DATEDIFF(day, order_date, now()) FROM retail.orders", "Subtract dates"),
    ("SELECT DATE_ADD(order_date, INTERVAL 1 DAY) FROM retail.orders", "interval '30 days'"),
    ("SELECT extract(month, order_date) FROM retail.orders", "extract(month FROM order_date)"),
    ("SELECT YEAR(order_date) FROM retail.orders", "extract(year FROM order_date)"),
    ("SELECT strftime('%Y', order_date) FROM retail.orders", "to_char"),
    ("SELECT IFNULL(1, 2)", "coalesce"),
    ("SELECT GETDATE()", "now()"),
    ("SELECT GROUP_CONCAT(store_name) FROM retail.stores", "string_agg"),
    ("SELECT round(1.5::float8, 2)", "round(x::numeric, 2)"),
    ("SELECT median(store_id) FROM retail.stores", "percentile_cont(0.5)"),
    ("SELECT TOP 5 * FROM retail.orders", "LIMIT 5"),
    ("SELECT * EXCEPT (a) FROM retail.stores", "name the columns"),
    (f"{STORE[:-2]}== 'x'", "Write equality as =."),
    ("SELECT 1 FROM retail.orders WHERE order_date = 2024-01-01", "Write dates as strings"),
    ("SELECT 'a' + 'b'", "Concatenate strings with ||."),
    ("SELECT store_id, FROM retail.stores", "Remove the comma before this position."),
    ("SELECT 1 # comment", "Comments begin with --."),
    ("SELECT 1 FROM dual", "remove it"),
    ("SELECT store_id FROM retail.orders WHERE count(*) > 1 GROUP BY 1", "Filter aggregates with HAVING"),
    ("SELECT avg(sum(quantity)) FROM retail.order_items", "Compute the inner aggregate in a subquery"),
    ("SELECT 1 FROM retail.orders WHERE order_date = '2026-13-01'", "There is no month 13: write dates as YYYY-MM-DD."),
    ("SELECT 1 FROM retail.orders WHERE order_date = '2026-02-30'", "There is no day 30 in that month"),
    ("SELECT 1 FROM retail.orders WHERE order_date = '31/01/26'", "Write dates as YYYY-MM-DD"),
    ("SELECT 1 FROM retail.orders WHERE order_date = '{{start}}'", "{{start}} is a placeholder"),
    ('SELECT date_trunc("month", order_date) FROM retail.orders', "single quotes: 'month'."),
    ('SELECT 1 FROM retail.orders WHERE store_id = "1"', "single quotes: '1'."),
    ("SELECT 1 FROM retail.products WHERE product_name ILIKE %saw%", "Write the pattern in single quotes"),
    ("SELECT 1 FROM retail.orders WHERE order_date LIKE '2026%'", "Compare dates with dates"),
    *[
        (f"SELECT cast(store_id AS {other}) FROM retail.stores", f"has no type {other}: write {known}.")
        for other, known in (("string", "text"), ("number", "numeric"), ("nvarchar", "text"), ("int64", "bigint"))
    ],
    (f"SELECT 1 {ITEMS} JOIN retail.orders USING order_id", "USING (order_id)"),
    ("SELECT 1 FROM retail.orders FETCH FIRST 5 ROWS", "ROWS ONLY"),
    ("SELECT DISTINCT ON customer_id, order_id FROM retail.orders", "DISTINCT ON (customer_id)"),
    # columns
    (
        "SELECT total_amount FROM retail.customers",
        "Add JOIN retail.orders USING (customer_id) JOIN retail.order_items USING (order_id, store_id).",
    ),
    (f"SELECT stock_level {ITEMS}", "Add JOIN retail.inventory USING (store_id, product_id)."),
    ("SELECT total_amount FROM retail.stores JOIN retail.orders o USING (store_id)", "USING (order_id, store_id)."),
    (
        f"SELECT order_date {ITEMS}",
        "order_date is a column of orders. Add JOIN retail.orders USING (order_id, store_id).",
    ),
    (f"SELECT i.order_date {ITEMS} i", "order_date is a column of orders. Add JOIN retail.orders USING"),
    ("SELECT o.total_amount FROM retail.orders AS o", "Add JOIN retail.order_items USING (order_id, store_id)."),
    (f"SELECT i.order_date {ITEMS} i JOIN retail.orders o USING (order_id)", "Write o.order_date."),
    (
        f"SELECT type_name, category_name {ITEMS}",
        "Add JOIN retail.products USING (product_id) JOIN retail.product_types USING (type_id, category_id).",
    ),
    ("SELECT store_nam FROM retail.stores", "Did you mean store_name, of stores?"),
    ("SELECT storeId FROM retail.stores", "Did you mean store_id, of stores?"),
    (f"SELECT 1 {ITEMS} GROUP BY order_dat", "Did you mean order_date, of orders? Add JOIN retail.orders"),
    ("SELECT revenue FROM retail.orders", "Revenue is sum(order_items.total_amount). Add JOIN retail.order_items"),
    ("SELECT nothing_like_it FROM retail.orders", "orders has order_id, customer_id, store_id, order_date."),
    ("SELECT count(*) AS n FROM retail.stores HAVING n > 1", "n is an alias of the SELECT list"),
    # ambiguous names
    (f"SELECT store_id {ITEMS} i JOIN retail.orders o USING (order_id)", "Write i.store_id or o.store_id."),
    ("SELECT store_id FROM retail.orders, retail.stores", "Write orders.store_id or stores.store_id."),
    (
        "SELECT store_id FROM (SELECT * FROM retail.orders) a JOIN retail.stores s ON true",
        "Write s.store_id or a.store_id,",
    ),
    ("SELECT n FROM (SELECT 1 AS n) a, (SELECT 2 AS n) b", "Write a.n or b.n, whichever source you mean."),
    ("WITH a AS (SELECT 1 AS n), b AS (SELECT 2 AS n) SELECT n FROM a JOIN b ON true", "Write a.n or b.n,"),
    ("SELECT n FROM (SELECT 1 AS n, 2 AS n) q", "q has several columns named n: give each another alias in it."),
    (
        "SELECT 1 FROM retail.stores WHERE EXISTS (SELECT store_id FROM retail.orders o, retail.inventory v)",
        "Write o.store_id or v.store_id.",
    ),
    (
        "SELECT FROM retail.orders o JOIN retail.order_items i USING (order_id) JOIN retail.stores s USING (store_id)",
        "USING and NATURAL are ambiguous: write ON with the table names, such as ON o.store_id = s.store_id.",
    ),
    ("SELECT 1 AS n, 2 AS n FROM retail.stores ORDER BY n", "Several columns of the SELECT list are named n"),
    ("SELECT 1 FROM retail.orders JOIN retail.orders ON true", "FROM retail.orders a JOIN retail.orders b."),
    # forbidden tables and functions
    *[
        (sql, "Of retail.stores, this identity may read store_id, store_name, is_online. Name the columns")
        for sql in (
            "SELECT * FROM retail.stores",
            "TABLE retail.stores",
            "SELECT s.* FROM retail.orders o JOIN retail.stores s USING (store_id)",
            "SELECT s FROM retail.stores AS s",
            "SELECT rls_user_id FROM retail.stores",
            "WITH s AS (SELECT * FROM retail.stores) SELECT store_id FROM s",
            "SELECT count(*) FROM retail.stores WHERE rls_user_id IS NULL",
        )
    ],
    *[
        (f"SELECT * FROM {name}", "This identity may read these tables, in the schema retail: categories")
        for name in ("zava.access", "zava.stores", "pg_catalog.pg_authid")
    ],
    ("SELECT set_config('a.b', 'c', true)", "Queries cannot call set_config: leave it out."),
    # tables
    (f"SELECT orders.order_date {ITEMS}", "Add JOIN retail.orders USING"),
    ("SELECT x.store_id FROM retail.stores s", "The tables of this query are: s."),
    ("SELECT * FROM retail.order", "Did you mean retail.orders?"),
    *[
        (f"SELECT * FROM {name}", "Write retail.orders")
        for name in ("public.orders", '"retail.orders"', 'retail."Orders"')
    ],
    ("SELECT * FROM retail.sales", "The schema retail has the tables categories"),
]


@pytest.fixture(scope="module")
def reader(seattle: StdioClient) -> StdioClient:
    """The server after it has read the table descriptions."""
    seattle.shake_hands()
    seattle.call("get_multiple_table_schemas")
    return seattle


@pytest.mark.parametrize("fence", FENCES)
def test_code_fence_around_sql_is_removed_and_reported(reader: StdioClient, fence: str) -> None:
    text, failed = reader.call("execute_sales_query", postgresql_query=fence.format("SELECT 1 AS one"))
    assert not failed, text
    answer = json.loads(text)
    assert (answer["rows"], answer["hint"]) == ([[1]], "The Markdown fence around the query was removed.")
    text, failed = reader.call("explain_sales_query", postgresql_query=fence.format("SELECT 1 AS one"))
    assert (failed, text.endswith("removed.")) == (False, True)
    text, _ = reader.call("execute_sales_query", postgresql_query=fence.format("SELECT nope"))
    assert f'"nope" does not exist (at character {fence.index("{") + 8})' in text


@pytest.mark.parametrize(("sql", "hint"), HINTS, ids=[sql[:60] for sql, _ in HINTS])
def test_sql_error_suggests_the_intended_sql(reader: StdioClient, sql: str, hint: str) -> None:
    text, failed = reader.call("execute_sales_query", postgresql_query=sql)
    assert failed, text
    assert hint in text
    assert len(text) < 700


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT '```sql', '&lt;', ':name', '\u00a0', 'a \u2013 b' AS \"\u00fc\u00a0\" -- \u201ca\u201d ? %s",
        "SELECT E'\\n', (ARRAY[1, 2])[1:2], '{\"a\": 1}'::jsonb ? 'a', 5 % 3, @ -5",
        "SELECT $$a`b$$, 'O''Brien' /* [x] {y} */",
    ],
)
def test_unusual_but_valid_sql_runs_unchanged(reader: StdioClient, sql: str) -> None:
    text, failed = reader.call("execute_sales_query", postgresql_query=sql)
    assert not failed, text
    assert "hint" not in json.loads(text)


def test_sql_hints_need_no_round_trip_from_the_first_call_on(data_dir: Path) -> None:
    startup = Startup(settings_for(data_dir, SEATTLE))
    startup.start()
    try:
        service = startup.wait(60)
        assert service is not None
        with record_call(Call("test")) as call, pytest.raises(QueryError) as refused:
            service.run_query(service.sales_query("SELECT order_date FROM retail.order_items", 10))
        assert "Add JOIN retail.orders" in refused.value.hint
        assert call.round_trips == 1
    finally:
        startup.close()
