"""Advice written for a model, in the words of the command line: arguments are options there, and tools commands."""

import re

from zava_mcp.errors import InputError

_ON_THE_TERMINAL = {
    "max_rows": "--max-rows",
    "similarity_threshold": "--threshold",
    "min_price": "--min-price",
    "max_price": "--max-price",
    "in_stock_only": "--in-stock",
    "similar_to": "--similar-to",
    "include_sales": "--sales",
    "query_description": "TEXT",
    "postgresql_query": "SQL",
    "table_names": "NAME",
    "get_multiple_table_schemas": "`zava-mcp tables`",
    "explain_sales_query": "`zava-mcp explain`",
    "execute_sales_query": "`zava-mcp query`",
    "chart_sales_query": "`zava-mcp query --chart`",
    "semantic_search_products": "`zava-mcp search`",
}
#: Not in quotes and not behind a dot: there it is the name of a column.
_NAMES = re.compile(rf"(?<![\w.\"'`-])({'|'.join(_ON_THE_TERMINAL)})(?![\w\"'`]|\.\w)")


def for_the_terminal(advice: str) -> str:
    """The advice with the names of arguments and tools replaced."""
    return _NAMES.sub(lambda found: _ON_THE_TERMINAL[found[1]], advice)


def rows_advice(rows: int, most: int) -> str:
    """What a person does about rows that are missing after so many, of at most that many."""
    more = f"ask for up to {most:,} with --max-rows, or write" if rows < most else "or write"
    return f"Aggregate, filter, {more} every row to a file with --output FILE."


def refuse_too_many(rows: int, most: int) -> None:
    """Raises InputError for more rows than a table may have, with the way to get them."""
    if rows > most:
        raise InputError(f"--max-rows must be from 1 to {most:,}, not {rows:,}", "--output FILE writes every row.")
