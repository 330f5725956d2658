"""A query as an answer: its rows are compared with those of a reference query, as several identities."""

import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from zava_mcp.errors import InputError, QueryError
from zava_mcp.exercises.exercise import Wrong, read_answer
from zava_mcp.exercises.lab import Lab, Result
from zava_mcp.plurals import counted

_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_MOST_DIGITS = 20  # of a number that is rounded


@dataclass(frozen=True)
class SqlAnswer:
    """Checks that a query returns the rows of `reference` as each identity, so that pasted results are wrong.

    With `ordered`, the order of the rows counts. Numbers are compared to `decimals` places, those of a column of whole
    numbers exactly, and names of columns are not compared.
    """

    reference: str
    identities: tuple[str, ...] = ("seattle", "head-office")
    ordered: bool = False
    decimals: int = 2

    def __call__(self, file: Path, lab: Lab) -> None:
        """Checks an answer. Raises Wrong."""
        sql = read_answer(file)
        for identity in self.identities:
            expected, result = lab.query(identity, self.reference), run_answer(lab, identity, sql)
            whole = {
                place for place in range(len(expected.columns)) if all(type(row[place]) is int for row in expected.rows)
            }
            self._compare(identity, self._rounded(expected, whole), self._rounded(result, whole))

    def _compare(self, identity: str, expected: Result, result: Result) -> None:
        subject = f"as {identity}, the result"
        if len(result.columns) != len(expected.columns):
            raise Wrong(f"{subject} has {counted(len(result.columns), 'column')}, not {len(expected.columns)}")
        if len(result.rows) != len(expected.rows):
            raise Wrong(f"{subject} has {counted(len(result.rows), 'row')}, not {len(expected.rows)}")
        if surplus := Counter(result.rows) - Counter(expected.rows):
            raise Wrong(f"{subject} has {counted(surplus.total(), 'wrong row')}, such as {_row(surplus)}")
        if self.ordered and result.rows != expected.rows:
            raise Wrong(f"{subject} has the right rows in another order")

    def _rounded(self, result: Result, whole: set[int]) -> Result:
        rows = [tuple(self._round(value, place in whole) for place, value in enumerate(row)) for row in result.rows]
        return Result(result.columns, rows, result.truncated)

    def _round(self, value: object, is_whole: bool) -> object:
        """A number of a result, in which one with many digits is a text, rounded; any other value as text."""
        if isinstance(value, bool) or not (isinstance(value, (int, Decimal)) or _DECIMAL.fullmatch(str(value))):
            return str(value)
        number = Decimal(str(value))
        if not is_whole and number.adjusted() < _MOST_DIGITS:
            number = round(number, self.decimals)
        return int(number) if number == int(number) else number


def run_answer(lab: Lab, identity: str, sql: str) -> Result:
    """The result of an answer's query. Raises Wrong if PostgreSQL or the server refuses it, or it is truncated."""
    try:
        result = lab.query(identity, sql)
    except (QueryError, InputError) as error:
        raise Wrong(f"the query fails as {identity}: {error.full_message()}") from None
    if result.truncated:
        raise Wrong(f"as {identity}, the result is truncated: it has too many rows")
    return result


def _row(rows: "Counter[tuple[Any, ...]]") -> str:
    return f"({', '.join(str(value) for value in next(iter(rows)))})"
