"""The MCP prompts: recurring analyses of a store manager, with their steps."""

import re
import unicodedata
from contextlib import suppress
from typing import Annotated

import anyio.to_thread
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS
from pydantic import Field

from zava_mcp import call_context
from zava_mcp.company import NEUTRAL, CompanyProfile
from zava_mcp.errors import ZavaError
from zava_mcp.server.completions import categories_of, read_summary
from zava_mcp.server.known_company import known_company
from zava_mcp.server.server_context import ServerContext

_MAX_CHARACTERS = 300
_EXCERPT_CHARACTERS = 60  # characters of a rejected name that an error repeats
_MAX_LISTED = 30
_UNCHECKED = " (the database cannot be reached now, so this name is not checked)"
_NO_SALES = (
    "this database has no stores, products and orders, so this prompt does not apply; "
    "query its own tables, which zava://schema lists"
)
_WAIT_SECONDS = 5.0
_MONTH = r"[0-9]{4}-(0[1-9]|1[0-2])"

_RULES = """
Look the tables up with get_multiple_table_schemas before the first query. Revenue is sum(order_items.total_amount), \
in {money}. Aggregate in SQL. Show the main comparison with chart_sales_query. State which stores and \
which days the figures cover: they are of the stores I may see, not necessarily of the company. If a figure is \
missing, say so instead of guessing."""

Store = Annotated[str, Field(description="A store's name; the default is all stores you may see.")]
Month = Annotated[str, Field(description="A month, e.g. 2026-10; the default is the last complete one.")]
Category = Annotated[str, Field(description="A category or product type, as in the data; the default is all.")]


def add_prompts(app: ServerContext) -> None:
    """Adds `monthly_review`, `compare_stores`, `slow_movers` and `find_product`."""
    for add in (_add_monthly_review, _add_compare_stores, _add_slow_movers, _add_find_product):
        add(app)


async def _refuse_without_sales(app: ServerContext) -> None:
    """Raises MCPError in a database without orders. A prompt also works while the database cannot be reached."""
    with suppress(ZavaError):
        service = await anyio.to_thread.run_sync(app.source.wait, _WAIT_SECONDS, abandon_on_cancel=True)
        if service is not None and not service.has_orders:
            raise MCPError(INVALID_PARAMS, _NO_SALES)


def _add_monthly_review(app: ServerContext) -> None:
    @app.server.prompt(
        title="Monthly review",
        description="A month against the one before and a year before, with chart and reorder list.",
    )
    async def monthly_review(month: Month = "", store: Store = "") -> str:
        profile = await _company(app)
        return f"""Review the sales of {_month(month)}{await _filters(app, store)}, in six calls at most.

1. get_current_utc_date, for the month that is complete.
2. get_multiple_table_schemas of stores, categories, products, inventory, orders, order_items.
3. execute_sales_query, by category, with one column for each of the three periods (the month, the month before, the \
same month a year before; FILTER does that): revenue, orders, units, and discount given. GROUPING SETS add the total. \
Say which categories gained and lost most, in {profile.coins} and in percent.
4. chart_sales_query: revenue by month of the last 25 months, so that the month stands against both. To draw a result \
that you have, pass its "result" instead of SQL.
5. execute_sales_query, the ten products with the most revenue, their rank and revenue in the month before, and those \
of its ten that fell out.
6. execute_sales_query, the reorder list: products by units sold in the last 30 days, with stock_level and the days it \
lasts at that pace; those that last under 14 days, most lost sales first, 20 at most, each with the units for 30 days.

End with the chart, three findings, each with its figure, and the reorder list.
{_rules(profile)}"""


def _add_compare_stores(app: ServerContext) -> None:
    @app.server.prompt(title="Compare stores", description="The stores side by side in one month: sales, mix, trend.")
    async def compare_stores(month: Month = "", category: Category = "") -> str:
        profile = await _company(app)
        return f"""Compare the stores in {_month(month)}{await _filters(app, category=category)}.

1. For each store: revenue, orders, average order, units per order, discount rate, and its share of the total.
2. Each against its own month before and the same month a year before.
3. What sells unusually well or badly in a store compared with the others.

If I may see one store only, say so, and compare it with its own past twelve months instead.
{_rules(profile)}"""


def _add_slow_movers(app: ServerContext) -> None:
    @app.server.prompt(
        title="Slow movers and stock-outs", description="Products that hardly sell, and products that are out of stock."
    )
    async def slow_movers(category: Category = "", store: Store = "") -> str:
        profile = await _company(app)
        return f"""Find the slow movers and the stock-outs{await _filters(app, store, category)}.

1. Slow movers: products in stock that sold least in the last 90 days for the stock there is: units on hand, units \
sold, days the stock will last at that pace, and the money in it (stock_level * cost). The twenty with the most money.
2. Stock-outs: products with a stock_level of 0, by what they sold in the last 90 days; the twenty with the largest \
lost sales.
3. Nearly out: what will be gone within two weeks at that pace.

The stock is the current one; get_current_utc_date has the day. End with what to reorder, what to mark down and, if I \
may see several stores, what to move from one to another.
{_rules(profile)}"""


def _add_find_product(app: ServerContext) -> None:
    @app.server.prompt(title="Find a product", description="Products for a need in plain words: price, stock, sales.")
    async def find_product(
        description: Annotated[str, Field(description="What it is for, in plain words.")],
        category: Category = "",
    ) -> str:
        need = _quote(description, "description") + await _filters(app, category=category)
        return f"""Find products for this need: {need}.

Use semantic_search_products, with include_sales. Show the best five with SKU, price, stock and sales; say which one \
you would take and why. If none is in stock, offer the nearest that is, with similar_to and in_stock_only. If nothing \
fits, say so, and ask what else I could tell you about it."""


async def _company(app: ServerContext) -> CompanyProfile:
    return await known_company(app.source) or NEUTRAL


def _rules(profile: CompanyProfile) -> str:
    return _RULES.format(money=profile.money)


async def _filters(app: ServerContext, store: str = "", category: str = "") -> str:
    """The part of a prompt that names store and category, checked against those that the identity may see."""
    await _refuse_without_sales(app)
    if not (store or category):
        return ""
    known = await read_summary(app)
    kind = "category or product type"
    if known is None:
        call_context.current_call().clear_error()  # a prompt works without the database
        return _clause("the store", store) + _clause(f"the {kind}", category) + _UNCHECKED
    return _clause("the store", _match_name(known.stores, store, "store")) + _clause(
        f"the {kind}", _match_name(categories_of(known), category, kind)
    )


def _month(month: str) -> str:
    if not month:
        return "the last complete month (get_current_utc_date has it)"
    if not re.fullmatch(_MONTH, month):
        raise MCPError(INVALID_PARAMS, "the month must be written as a year and a month: 2026-10")
    return f"the month {month}"


def _clause(kind: str, value: str) -> str:
    return f", only of {kind} {_quote(value, kind)}" if value else ""


def _match_name(names: list[str], value: str, kind: str) -> str:
    """The one name that equals a value, or ends with it, regardless of case; "" for an empty value.

    Raises MCPError for a name that this identity may not see, whether or not another identity may.
    """
    text = _one_line(value, kind).casefold()
    if not text:
        return ""
    matches = [name for name in names if name.casefold() == text][:1]  # a category and a type may have one name
    matches = matches or [name for name in names if name.casefold().endswith(f" {text}")]
    if len(matches) == 1:
        return matches[0]
    listed = ", ".join(names[:_MAX_LISTED]) + (", …" if len(names) > _MAX_LISTED else "")
    excerpt = repr(value[:_EXCERPT_CHARACTERS])
    fault = f"{excerpt} is ambiguous" if matches else f"there is no {kind} {excerpt} that this identity may see"
    raise MCPError(INVALID_PARAMS, f"{fault}. There {'are' if names else 'is'}: {listed or 'none'}.")


def _quote(value: str, kind: str) -> str:
    """A value on one line in quotation marks. Raises MCPError for a value that cannot be a name or description."""
    return '"' + _one_line(value, kind).replace('"', "'") + '"'


def _one_line(value: str, kind: str) -> str:
    text = " ".join(value.split())
    if len(text) > _MAX_CHARACTERS:
        raise MCPError(INVALID_PARAMS, f"{kind} is longer than {_MAX_CHARACTERS} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in text):
        raise MCPError(INVALID_PARAMS, f"{kind} contains a control character")
    return text
