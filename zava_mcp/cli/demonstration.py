"""Runs the queries of `zava-mcp demo` as two identities, then attempts to bypass row-level security."""

import json
import sys
from decimal import Decimal
from typing import Any

import anyio
from rich.text import Text

from zava_mcp.cli.command_audit import flush_output
from zava_mcp.cli.display.escape import NUMERIC, column, escape_lines
from zava_mcp.cli.display.messages import console, progress_bar
from zava_mcp.cli.display.output import show_columns
from zava_mcp.errors import ZavaError
from zava_mcp.python_process import shell_command
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
        "sets head office's user id",
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
NEXT_STEPS = (
    ("Connect a client, here Claude Desktop as Seattle:", "client-config claude-desktop --user-id seattle"),
    ("Search for products:", 'search "paint for a wet wall" --user-id seattle'),
    ("Check this installation:", "doctor --user-id seattle"),
)
COUNT = "SELECT count(*) AS orders FROM retail.orders"


def run_demonstration(settings: dict[str, str]) -> None:
    """Run the demonstration with servers that have these settings, and print it.

    Raises ZavaError if a call fails or an attack succeeds.
    """
    flush_output()
    try:
        anyio.run(_demonstrate, settings)
    except BaseExceptionGroup as group:  # A task group wraps the errors of its tasks.
        raise _innermost(group) from None


def _innermost(error: BaseException) -> BaseException:
    return _innermost(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def _demonstrate(settings: dict[str, str]) -> None:
    async with start_demo_client(HEAD_OFFICE, settings) as head_office, start_demo_client(SEATTLE, settings) as seattle:
        await _wait_for_start(head_office)
        _headline(f"The MCP server has the tools {', '.join(await head_office.tools())}")
        for question, sql in QUESTIONS:
            _headline(question)
            _print_line(sql, style="cyan")
            for name, client in (("head office", head_office), ("Seattle", seattle)):
                _print_line(f"\nResult for {name}:")
                _print_table(await _query(client, sql))
        await _search(seattle)
        await _attack(seattle)
    _print_next_steps()


async def _wait_for_start(client: DemoClient) -> None:
    """Show progress while the first call waits for the database."""
    with progress_bar() as show_progress:
        # The SDK calls this function with three arguments.
        async def on_progress(part: float, total: float | None, message: str | None) -> None:  # noqa: ARG001
            show_progress(part, message or "starting")

        await client.call("get_multiple_table_schemas", {"table_names": ["orders"]}, on_progress)


async def _search(seattle: DemoClient) -> None:
    _headline("Which products keep a door from slamming?")
    _print_line("semantic_search_products: ", SEARCH, "cyan")
    _print_line("\nResult for Seattle:")
    result = await _call(seattle, "semantic_search_products", {"query_description": SEARCH, "max_rows": 5})
    columns = ("product_name", "type", "price", "similarity", "stock")
    indexes = [result["columns"].index(name) for name in columns]
    _print_table({"columns": columns, "rows": [[row[index] for index in indexes] for row in result["rows"]]})
    _print_line(f"\nembedding model: {result['model']}", style="dim")


def _print_next_steps() -> None:
    _headline("Next steps")
    program = shell_command()
    for purpose, command in NEXT_STEPS:
        _print_line(purpose)
        _print_line(f"  {program} {command}", style="cyan")


async def _attack(seattle: DemoClient) -> None:
    """Run the attacks. Raises ZavaError if one succeeds."""
    _headline("A Seattle manager tries to become head office")
    before = (await _query(seattle, COUNT))["rows"][0][0]
    for attack, sql in ATTACKS:
        text, failed = await seattle.call("execute_sales_query", {"postgresql_query": sql})
        after = (await _query(seattle, COUNT))["rows"][0][0]
        if after != before or not (failed or _contains_only(text, before)):
            raise ZavaError(f"the attack {attack!r} succeeded", "This is a defect: please report it.")
        reply = text.splitlines()[0]
        _print_line(f"\n{attack}: ", sql, "cyan")
        _print_line("  refused: " if failed else "  no effect: ", reply, style="green")
        sys.stdout.flush()
    _print_line(f"\nSeattle still sees {before:,} orders: only its own.", style="bold")


def _contains_only(text: str, own: int) -> bool:
    """Whether the last column of every row of a result is this number."""
    return all(row[-1] == own and type(row[-1]) is int for row in json.loads(text)["rows"])


async def _query(client: DemoClient, sql: str) -> dict[str, Any]:
    return await _call(client, "execute_sales_query", {"postgresql_query": sql})


async def _call(client: DemoClient, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a tool call. Raises ZavaError if the call fails."""
    text, failed = await client.call(tool, arguments)
    if failed:
        raise ZavaError(f"a tool call failed: {text}", "See the server's log above.")
    result: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return result


def _print_table(result: dict[str, Any]) -> None:
    columns = []
    for index, name in enumerate(result["columns"]):
        cells = [row[index] for row in result["rows"]]
        numbers = all(cell is None or isinstance(cell, int | Decimal) for cell in cells)
        columns.append(column(name, [None if cell is None else str(cell) for cell in cells], NUMERIC if numbers else 0))
    show_columns(columns, pager=False)


def _headline(text: str) -> None:
    _print_line(f"\n── {text}", style="bold")


def _print_line(text: str, detail: str = "", detail_style: str = "default", style: str = "") -> None:
    """Print a line, with an optional detail in another style; both may quote data."""
    line = Text(escape_lines(text), style=style)
    line.append(escape_lines(detail), style=f"not bold {detail_style}")
    console().print(line, soft_wrap=not sys.stdout.isatty())
