"""Advice written for a model, in the words of the command line: arguments are options there, and tools commands."""

import re

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
