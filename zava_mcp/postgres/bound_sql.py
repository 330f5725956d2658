"""A query and the values of its parameters, which PostgreSQL receives apart from the text."""

from dataclasses import dataclass
from typing import NamedTuple


class BoundValue(NamedTuple):
    """The value of `$1`, `$2`, …: the oid of its type, and its text in PostgreSQL's format, None for NULL."""

    type_oid: int
    text: str | None


@dataclass(frozen=True)
class BoundSql:
    """A query's text, and a value for each of its parameters."""

    sql: str
    values: tuple[BoundValue, ...] = ()
