"""Translates hints written for a model to the command line: arguments to options, and tools to commands."""

import re

from zava_mcp.errors import InputError

_TERMINAL_TERMS = {
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
    "run_saved_query": "`zava-mcp run`",
    "chart_sales_query": "`zava-mcp query --chart`",
    "semantic_search_products": "`zava-mcp search`",
}
#: A name in quotes or after a dot is the name of a column, and is not translated.
_NAMES = re.compile(rf"(?<![\w.\"'`-])({'|'.join(_TERMINAL_TERMS)})(?![\w\"'`]|\.\w)")


def to_terminal_terms(hint: str) -> str:
    """Return a hint with the names of arguments and tools replaced by options and commands."""
    return _NAMES.sub(lambda match: _TERMINAL_TERMS[match[1]], hint)


def rows_advice(rows: int, limit: int) -> str:
    """Return advice on a result truncated after `rows` rows, of which `limit` may be requested."""
    request = f"request up to {limit:,} with --max-rows, or write" if rows < limit else "or write"
    return f"Aggregate, filter, {request} every row to a file with --output FILE."


def require_row_limit(rows: int, limit: int) -> None:
    """Raise InputError if more rows are requested than a printed result may have."""
    if rows > limit:
        raise InputError(f"--max-rows must be from 1 to {limit:,}, not {rows:,}", "--output FILE writes every row.")
