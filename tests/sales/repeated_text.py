"""Calls every function that reads SQL for a hint with 100,000 characters of repeated text."""

import itertools
import resource

from zava_mcp.charts.query_units import units_in
from zava_mcp.errors import QueryError
from zava_mcp.sales.column_hints import Catalogue
from zava_mcp.sales.descriptions import SchemaSummary
from zava_mcp.sales.empty_results import describe_emptiness, explain_emptiness
from zava_mcp.sales.result import QueryResult
from zava_mcp.sales.slow_queries import likely_cause
from zava_mcp.sales.sql_hints import with_hint

CHARACTERS = 100_000
_MAX_COLUMNS = 1_664  # of a result of PostgreSQL
_CPU_SECONDS = 60  # of this process; one exponential or quadratic case takes hours
_TOKENS = (
    *"~*('\"a1 \n-/<[{:@$%?\\&,.;|#=",
    *("--", "/*", "*/", "''", "store_id=", "~~", "from a,", "in (", "{{", "${", "\u00a0", ")", "}", "]", "SELECT "),
)
_HEADS = ("SELECT count(*) FROM orders WHERE store_id = ", "SELECT x FROM orders WHERE 'a")
_CATALOGUE = Catalogue({"orders": ["order_id", "store_id"], "stores": ["store_id"]}, {})
_SUMMARY = SchemaSummary(
    tables={"orders": "", "stores": ""},
    stores=["Zava Retail Seattle"],
    store_ids=[1],
    first_day="2020",
    last_day="2021",
)
_ERRORS = (
    ('column "x" does not exist', "42703"),
    ('syntax error at or near "x"', "42601"),
    ('relation "x" does not exist', "42P01"),
    ('column reference "store_id" is ambiguous', "42702"),
    ("permission denied for table orders", "42501"),
    ("function round(double precision, integer) does not exist", "42883"),
)


def texts() -> list[str]:
    """Returns each token, and each pair of tokens, repeated behind the beginning of a query."""
    repeated = [*_TOKENS, *map("".join, itertools.permutations("~*('a", 2))]
    return [
        (head + token * (CHARACTERS // len(token)))[: CHARACTERS - 9] + "x' = 'b'"
        for place, token in enumerate(repeated)
        for head in _HEADS[place % 2 :: 2]
    ]


def read(sql: str, place: int) -> None:
    """Calls every function with the text."""
    describe_emptiness(QueryResult(9, 9_999, ["a"], [23], ["[null]"]), sql)
    explain_emptiness("No rows.", sql, _SUMMARY)
    likely_cause(sql)
    units_in(sql, ["a", "x"])
    message, state = _ERRORS[place % len(_ERRORS)]
    with_hint(QueryError(message, "", state, position=CHARACTERS // 2), sql, _CATALOGUE)


def main() -> None:
    """Ends by SIGXCPU if the texts take too long."""
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    for place, sql in enumerate(texts()):
        read(sql, place)
    for expression in ("x AS a, ", f"{'when ' * 180} AS a, ", f"{'(' * 900}a, ", f"a{' ' * 1_000}, "):
        units_in("SELECT " + expression * (CHARACTERS // len(expression)), ["a"] * _MAX_COLUMNS)


if __name__ == "__main__":
    main()
