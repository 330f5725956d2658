"""`zava-mcp demo`: questions, SQL and answers as two identities, then an attempt to become another."""

import json
import sys
from decimal import Decimal
from typing import Any

import anyio
from rich.text import Text

from zava_mcp.cli.command_audit import flush_output
from zava_mcp.cli.display.escape import NUMERIC, column, escape_lines
from zava_mcp.cli.display.output import console, progress_bar, show_columns
from zava_mcp.errors import ZavaError
from zava_mcp.python_process import own_command
from zava_mcp.server.demo_client import DemoClient, start_demo_client

HEAD_OFFICE = "00000000-0000-0000-0000-000000000000"
SEATTLE = "f47ac10b-58cc-4372-a567-0e02b2c3d479"

QUESTIONS = (
    (
        "What did each store sell?",
        """\
SELECT store_name, count(DISTINCT order_id) AS orders,
       sum(total_amount) AS revenue
  FROM retail.order_items JOIN retail.stores USING (store_id)
 GROUP BY store_name ORDER BY revenue DESC""",
    ),
    (
        "Which were the top products by revenue last quarter?",
        """\
SELECT product_name, sum(quantity) AS units, sum(total_amount) AS revenue
  FROM retail.orders JOIN retail.order_items USING (order_id)
  JOIN retail.products USING (product_id)
 WHERE order_date >= date_trunc('quarter', current_date) - interval '3 months'
   AND order_date < date_trunc('quarter', current_date)
 GROUP BY product_name ORDER BY revenue DESC LIMIT 5""",
    ),
    (
        "How did last quarter go by category?",
        """\
SELECT category_name, count(DISTINCT order_id) AS orders,
       sum(total_amount) AS revenue
  FROM retail.orders JOIN retail.order_items USING (order_id)
  JOIN retail.products USING (product_id)
  JOIN retail.categories USING (category_id)
 WHERE order_date >= date_trunc('quarter', current_date) - interval '3 months'
   AND order_date < date_trunc('quarter', current_date)
 GROUP BY category_name ORDER BY revenue DESC""",
    ),
    (
        "Which categories sell best this month?",
        """\
SELECT category_name, sum(quantity) AS units, sum(total_amount) AS revenue
  FROM retail.orders JOIN retail.order_items USING (order_id)
  JOIN retail.products USING (product_id)
  JOIN retail.categories USING (category_id)
 WHERE order_date >= date_trunc('month', current_date)
 GROUP BY category_name ORDER BY units DESC LIMIT 5""",
    ),
    (
        "What was the revenue of each month of the last half year?",
        """\
SELECT to_char(order_date, 'YYYY-MM') AS month,
       count(DISTINCT order_id) AS orders, sum(total_amount) AS revenue
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
    ("becomes another role", "SELECT set_config('role', 'zava_head_office', false), count(*) FROM retail.orders"),
    ("switches the policies off", "SELECT set_config('row_security', 'off', false), count(*) FROM retail.orders"),
    ("sends a second statement", "SELECT 1; SET ROLE zava_head_office"),
    ("closes the parenthesis", "SELECT 1) AS a, (SELECT count(*) FROM retail.orders"),
    ("reads who may see what", "SELECT * FROM zava.access"),
    ("reads the managers' ids", "SELECT store_name, rls_user_id FROM zava.stores"),
)
SEARCH = "stop a door from slamming"
NEXT = (
    ("Connect a client, here Claude Desktop as Seattle:", "client-config claude-desktop --user-id seattle"),
    ("Search for products:", 'search "paint for a wet wall" --user-id seattle'),
    ("Check this installation:", "doctor --user-id seattle"),
)
COUNT = "SELECT count(*) AS orders FROM retail.orders"


def show(settings: dict[str, str]) -> None:
    """Runs the demonstration with servers of these settings and prints it.

    Raises ZavaError if a server did not answer as it should.
    """
    flush_output()
    try:
        anyio.run(_demonstrate, settings)
    except BaseExceptionGroup as group:  # task groups wrap what is raised inside them
        raise _innermost(group) from None


def _innermost(error: BaseException) -> BaseException:
    return _innermost(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def _demonstrate(settings: dict[str, str]) -> None:
    async with start_demo_client(HEAD_OFFICE, settings) as head_office, start_demo_client(SEATTLE, settings) as seattle:
        with progress_bar() as tell:

            async def told(part: float, total: float | None, what: str | None) -> None:  # noqa: ARG001  # the SDK calls it so
                tell(part, what or "starting")

            await head_office.call("get_multiple_table_schemas", {"table_names": ["orders"]}, told)
        _headline(f"An MCP client found the tools {', '.join(await head_office.tools())}")
        for question, sql in QUESTIONS:
            _headline(question)
            _say(sql, style="cyan")
            for name, asked in (("head office", head_office), ("Seattle", seattle)):
                _say(f"\nResult for {name}:")
                _table(await _answer(asked, sql))
        await _search(seattle)
        await _break_out(seattle)
    _what_next()


async def _search(seattle: DemoClient) -> None:
    _headline("Which products keep a door from slamming?")
    _say("semantic_search_products: ", SEARCH, "cyan")
    _say("\nResult for Seattle:")
    text = await _told(seattle, "semantic_search_products", {"query_description": SEARCH, "max_rows": 5})
    shown = ("product_name", "type", "price", "similarity", "stock")
    places = [text["columns"].index(name) for name in shown]
    _table({"columns": shown, "rows": [[row[place] for place in places] for row in text["rows"]]})
    _say(f"\nfound by {text['model']}", style="dim")


def _what_next() -> None:
    _headline("What next")
    program = own_command()
    for what, command in NEXT:
        _say(what)
        _say(f"  {program} {command}", style="cyan")


async def _break_out(seattle: DemoClient) -> None:
    _headline("A Seattle manager tries to become head office")
    before = (await _answer(seattle, COUNT))["rows"][0][0]
    for what, sql in ATTACKS:
        text, failed = await seattle.call("execute_sales_query", {"postgresql_query": sql})
        after = (await _answer(seattle, COUNT))["rows"][0][0]
        if after != before or not (failed or _shows_only(text, before)):
            raise ZavaError(f"the attempt {what!r} succeeded", "This is a defect: please report it.")
        reply = text.splitlines()[0]
        _say(f"\n{what}: ", sql, "cyan")
        _say("  refused: " if failed else "  without effect: ", reply, style="green")
        sys.stdout.flush()
    _say(f"\nSeattle still sees {before:,} orders, its own, and no others.", style="bold")


def _shows_only(text: str, own: int) -> bool:
    """Whether the last column of an answer is this number and nothing else, in each row."""
    return all(row[-1] == own and type(row[-1]) is int for row in json.loads(text)["rows"])


async def _answer(asked: DemoClient, sql: str) -> dict[str, Any]:
    return await _told(asked, "execute_sales_query", {"postgresql_query": sql})


async def _told(asked: DemoClient, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    text, failed = await asked.call(tool, arguments)
    if failed:
        raise ZavaError(f"the server refused a question: {text}", "See its log above.")
    answer: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return answer


def _table(answer: dict[str, Any]) -> None:
    columns = []
    for place, name in enumerate(answer["columns"]):
        cells = [row[place] for row in answer["rows"]]
        numbers = all(cell is None or isinstance(cell, int | Decimal) for cell in cells)
        columns.append(column(name, [None if cell is None else str(cell) for cell in cells], NUMERIC if numbers else 0))
    show_columns(columns, pager=False)


def _headline(text: str) -> None:
    _say(f"\n── {text}", style="bold")


def _say(what: str, more: str = "", more_style: str = "default", style: str = "") -> None:
    """A line, perhaps with something in another style behind it; both may quote the data."""
    line = Text(escape_lines(what), style=style)
    console().print(line.append(escape_lines(more), style=f"not bold {more_style}"), soft_wrap=not sys.stdout.isatty())
