"""`zava-mcp demo`: questions, SQL and answers as two identities, then an attempt to become another."""

import json
import sys
from typing import Any

import anyio
from rich.text import Text

from zava_mcp.cli.output import console, progress_bar, show_table
from zava_mcp.errors import ZavaError
from zava_mcp.server.demo import Asked, started

HEAD_OFFICE = "00000000-0000-0000-0000-000000000000"
SEATTLE = "f47ac10b-58cc-4372-a567-0e02b2c3d479"

QUESTIONS = (
    (
        "What did each store sell?",
        """\
SELECT store_name, count(DISTINCT order_id) AS orders, sum(total_amount) AS revenue
  FROM retail.order_items JOIN retail.stores USING (store_id)
 GROUP BY store_name ORDER BY revenue DESC""",
    ),
    (
        "Which were the top products by revenue last quarter?",
        """\
SELECT product_name, sum(quantity) AS units, sum(total_amount) AS revenue
  FROM retail.orders JOIN retail.order_items USING (order_id) JOIN retail.products USING (product_id)
 WHERE order_date >= date_trunc('quarter', current_date) - interval '3 months'
   AND order_date < date_trunc('quarter', current_date)
 GROUP BY product_name ORDER BY revenue DESC LIMIT 5""",
    ),
    (
        "How did last quarter go by category?",
        """\
SELECT category_name, count(DISTINCT order_id) AS orders, sum(total_amount) AS revenue
  FROM retail.orders JOIN retail.order_items USING (order_id)
  JOIN retail.products USING (product_id) JOIN retail.categories USING (category_id)
 WHERE order_date >= date_trunc('quarter', current_date) - interval '3 months'
   AND order_date < date_trunc('quarter', current_date)
 GROUP BY category_name ORDER BY revenue DESC""",
    ),
    (
        "Which categories sell best this month?",
        """\
SELECT category_name, sum(quantity) AS units, sum(total_amount) AS revenue
  FROM retail.orders JOIN retail.order_items USING (order_id)
  JOIN retail.products USING (product_id) JOIN retail.categories USING (category_id)
 WHERE order_date >= date_trunc('month', current_date)
 GROUP BY category_name ORDER BY units DESC LIMIT 5""",
    ),
    (
        "What was the revenue of each month of the last half year?",
        """\
SELECT to_char(order_date, 'YYYY-MM') AS month, count(DISTINCT order_id) AS orders, sum(total_amount) AS revenue
  FROM retail.orders JOIN retail.order_items USING (order_id)
 WHERE order_date >= date_trunc('month', current_date) - interval '5 months'
 GROUP BY month ORDER BY month""",
    ),
)

ATTACKS = (
    (
        "takes head office's id",
        "SELECT set_config('app.current_rls_user_id', '00000000-0000-0000-0000-000000000000', false), count(*)"
        " FROM retail.orders",
    ),
    ("becomes another role", "SELECT set_config('role', 'zava_head_office', false)"),
    ("switches the policies off", "SELECT set_config('row_security', 'off', false), count(*) FROM retail.orders"),
    ("sends a second statement", "SELECT 1; SET ROLE zava_head_office"),
    ("closes the parenthesis", "SELECT 1) AS a, (SELECT count(*) FROM retail.orders"),
    ("reads who may see what", "SELECT * FROM zava.access"),
    ("reads the managers' ids", "SELECT store_name, rls_user_id FROM retail.stores"),
)
COUNT = "SELECT count(*) AS orders FROM retail.orders"


def show(settings: dict[str, str]) -> None:
    """Runs the demonstration with servers of these settings and prints it.

    Raises ZavaError if a server did not answer as it should.
    """
    try:
        anyio.run(_demonstrate, settings)
    except BaseExceptionGroup as group:  # task groups wrap what is raised inside them
        raise _innermost(group) from None


def _innermost(error: BaseException) -> BaseException:
    return _innermost(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def _demonstrate(settings: dict[str, str]) -> None:
    async with started(HEAD_OFFICE, settings) as head_office, started(SEATTLE, settings) as seattle:
        with progress_bar() as tell:

            async def told(part: float, total: float | None, what: str | None) -> None:  # noqa: ARG001  # the SDK calls it so
                tell(part, what or "starting")

            await head_office.call("get_multiple_table_schemas", {"table_names": ["orders"]}, told)
        _headline(f"An MCP client found the tools {', '.join(await head_office.tools())}")
        for question, sql in QUESTIONS:
            _headline(question)
            console().print(Text(sql, style="cyan"))
            for name, asked in (("head office", head_office), ("Seattle", seattle)):
                console().print(Text(f"\n{name} is told:"))
                _table(await _answer(asked, sql))
        await _break_out(seattle)


async def _break_out(seattle: Asked) -> None:
    _headline("A Seattle manager tries to become head office")
    before = (await _answer(seattle, COUNT))["rows"][0][0]
    for what, sql in ATTACKS:
        text, failed = await seattle.call("execute_sales_query", {"postgresql_query": sql})
        after = (await _answer(seattle, COUNT))["rows"][0][0]
        if after != before or not (failed or str(before) in text):
            raise ZavaError(f"the attempt {what!r} succeeded", "This is a defect: please report it.")
        reply = text.split(": ", 1)[-1].splitlines()[0]
        console().print(Text(f"\n{what}: ").append(sql, style="cyan"), soft_wrap=True)
        outcome = "refused" if failed else "without effect"
        console().print(Text(f"  {outcome}: ", style="green").append(reply, style="default"), soft_wrap=True)
        sys.stdout.flush()
    console().print(Text(f"\nSeattle still sees {before:,} orders, its own, and no others.", style="bold"))


async def _answer(asked: Asked, sql: str) -> dict[str, Any]:
    text, failed = await asked.call("execute_sales_query", {"postgresql_query": sql})
    if failed:
        raise ZavaError(f"the server refused a question: {text}", "See its log above.")
    answer: dict[str, Any] = json.loads(text, parse_float=str)
    return answer


def _table(answer: dict[str, Any]) -> None:
    rows = answer["rows"]
    numbers = {place for place, cell in enumerate(rows[0]) if place} if rows else set()
    show_table(answer["columns"], [[_thousands(cell) for cell in row] for row in rows], numbers)


def _thousands(cell: Any) -> str:
    if isinstance(cell, int):
        return f"{cell:,}"
    whole, _, part = str(cell).partition(".")
    return f"{int(whole):,}.{part}" if part.isdigit() and whole.lstrip("-").isdigit() else str(cell)


def _headline(text: str) -> None:
    console().print(Text(f"\n── {text}", style="bold"), soft_wrap=True)
