"""The questions a manager asks, as prompts: what to look up, what to compare, what to tell."""

import re
import unicodedata
from typing import Annotated

from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS
from pydantic import Field

from zava_mcp import call_context
from zava_mcp.server.completions import categories_of, known_soon
from zava_mcp.server.executor import BoundedExecutor
from zava_mcp.server.startup import Startup
from zava_mcp.server.tools.common import Server

_CHARACTERS = 300
_SHOWN = 60  # characters of a name that is refused
_MOST_LISTED = 30
_UNCHECKED = " (the database cannot be reached now, so nobody has checked that there is one of that name)"
_MONTH = r"[0-9]{4}-(0[1-9]|1[0-2])"

_MANNERS = """
Look the tables up with get_multiple_table_schemas before the first query. Revenue is sum(order_items.total_amount), \
in US dollars. Aggregate in SQL. Show the main comparison with chart_sales_query. Tell which stores and \
which days the figures cover: they are of the stores I may see, not necessarily of the chain. If a figure is missing, \
say so instead of guessing."""

Store = Annotated[str, Field(description="A store's name, e.g. Zava Retail Seattle; all that you may see if left out.")]
Month = Annotated[str, Field(description="A month, e.g. 2026-10; the last complete one if left out.")]
Category = Annotated[str, Field(description="A category or product type, e.g. POWER TOOLS; all if left out.")]


def add_prompts(server: Server, startup: Startup, executor: BoundedExecutor) -> None:
    """`monthly_review`, `compare_stores`, `slow_movers` and `find_product`."""

    async def filters(store: str = "", category: str = "") -> str:
        return await _filters(startup, executor, store, category)

    @server.prompt(
        title="Monthly review",
        description="A month against the one before and a year before, with chart and reorder list.",
    )
    async def monthly_review(month: Month = "", store: Store = "") -> str:
        return f"""Review the sales of {_month(month)}{await filters(store)}, in six calls at most.

1. get_current_utc_date, for the month that is complete.
2. get_multiple_table_schemas of stores, categories, products, inventory, orders, order_items.
3. execute_sales_query, by category, with one column for each of the three periods (the month, the month before, the \
same month a year before; FILTER does that): revenue, orders, units, and discount given. GROUPING SETS add the total. \
Say which categories gained and lost most, in dollars and in percent.
4. chart_sales_query: revenue by month of the last 25 months, so that the month stands against both. To draw an answer \
that you have, give its "result" instead of SQL.
5. execute_sales_query, the ten products with the most revenue, their rank and revenue in the month before, and those \
of its ten that fell out.
6. execute_sales_query, the reorder list: products by units sold in the last 30 days, with stock_level and the days it \
lasts at that pace; those that last under 14 days, most lost sales first, 20 at most, each with the units for 30 days.

End with the chart, three findings, each with its figure, and the reorder list.
{_MANNERS}"""

    @server.prompt(title="Compare stores", description="The stores side by side in one month: sales, mix, trend.")
    async def compare_stores(month: Month = "", category: Category = "") -> str:
        return f"""Compare the stores in {_month(month)}{await filters(category=category)}.

1. For each store: revenue, orders, average order, units per order, discount rate, and its share of the total.
2. Each against its own month before and the same month a year before.
3. What sells unusually well or badly in a store compared with the others.

If I may see one store only, say so, and compare it with its own past twelve months instead.
{_MANNERS}"""

    @server.prompt(title="Slow movers and stock-outs", description="What lies on the shelf, and what is missing there.")
    async def slow_movers(category: Category = "", store: Store = "") -> str:
        return f"""Find the slow movers and the stock-outs{await filters(store, category)}.

1. Slow movers: products in stock that sold least in the last 90 days for the stock there is: units on hand, units \
sold, days the stock will last at that pace, and the money in it (stock_level * cost). The twenty with the most money.
2. Stock-outs: products with a stock_level of 0, by what they sold in the last 90 days; the twenty that cost most sales.
3. Nearly out: what will be gone within two weeks at that pace.

The stock is of now; get_current_utc_date tells the day. End with what to reorder, what to mark down and, if I may see \
several stores, what to move from one to another.
{_MANNERS}"""

    @server.prompt(title="Find a product", description="Products for a need told in plain words: price, stock, sales.")
    async def find_product(
        description: Annotated[str, Field(description="What it is for, e.g. something to stop a door from slamming.")],
        category: Category = "",
    ) -> str:
        return f"""Find products for this need: {_text(description, "description")}{await filters(category=category)}.

Use semantic_search_products, with include_sales. Show the best five with SKU, price, stock and sales; say which one \
you would take and why. If none is in stock, offer the nearest that is, with similar_to and in_stock_only. If nothing \
fits, say so, and ask what else I could tell you about it."""


async def _filters(startup: Startup, executor: BoundedExecutor, store: str, category: str) -> str:
    """The stores and products that a prompt is about: of those that this identity sees."""
    if not (store or category):
        return ""
    known = await known_soon(startup, executor)
    if known is None:
        call_context.current_call().recovered()  # a prompt can do without
        return _of("the store", store) + _of("the category or product type", category) + _UNCHECKED
    return _of("the store", _one_of(known.stores, store, "store")) + _of(
        "the category or product type", _one_of(categories_of(known), category, "category or product type")
    )


def _month(month: str) -> str:
    if not month:
        return "the last complete month (get_current_utc_date tells what day it is)"
    if not re.fullmatch(_MONTH, month):
        raise MCPError(INVALID_PARAMS, "the month must be written as a year and a month: 2026-10")
    return f"the month {month}"


def _of(what: str, value: str) -> str:
    return f", only of {what} {_text(value, what)}" if value else ""


def _one_of(names: list[str], given: str, what: str) -> str:
    """The one name that is meant, in whole or by its last words, in upper or lower case.

    Raises MCPError for one that this identity does not see, whether or not somebody else does.
    """
    words = _words(given, what).casefold()
    found = [name for name in names if name.casefold() == words][:1]  # a category and a type may have one name
    found = found or [name for name in names if words and name.casefold().endswith(f" {words}")]
    if not words or len(found) == 1:
        return found[0] if words else ""
    listed = ", ".join(names[:_MOST_LISTED]) + (", …" if len(names) > _MOST_LISTED else "")
    several = f"{given[:_SHOWN]!r} may be several" if found else f"you see no {what} {given[:_SHOWN]!r}"
    raise MCPError(INVALID_PARAMS, f"{several}. There {'are' if names else 'is'}: {listed or 'none'}.")


def _text(value: str, what: str) -> str:
    """A value in quotation marks, on one line. Raises MCPError for one that is no name or description."""
    return '"' + _words(value, what).replace('"', "'") + '"'


def _words(value: str, what: str) -> str:
    words = " ".join(value.split())
    if len(words) > _CHARACTERS:
        raise MCPError(INVALID_PARAMS, f"{what} is longer than {_CHARACTERS} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in words):
        raise MCPError(INVALID_PARAMS, f"{what} contains a control character")
    return words
