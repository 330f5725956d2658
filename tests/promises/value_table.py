"""values.txt, read: every kind of value with its rule and its edges."""

from pathlib import Path
from typing import NamedTuple


class Kind(NamedTuple):
    """Types that are written alike; `edges` are (SQL expression, exact JSON)."""

    types: str
    rule: str
    edges: list[tuple[str, str]]


def kinds() -> list[Kind]:
    """All of them, in the order of the guide's table."""
    _, *parts = Path(__file__).with_name("values.txt").read_text(encoding="utf-8").split("\n# ")
    return [_kind(part.splitlines()) for part in parts]


def _kind(lines: list[str]) -> Kind:
    types, rule, *edges = [line for line in lines if line]
    return Kind(types, rule, [_edge(line) for line in edges])


def _edge(line: str) -> tuple[str, str]:
    sql, arrow, value = line.partition(" → ")
    assert arrow, line
    return sql, value


def values_table() -> str:
    """The table of zava_mcp/guide/values.md, which `python -m tests.generated_tables` renews."""
    rows = [f"| {kind.types} | {kind.rule} | `{kind.edges[0][0]}` → `{kind.edges[0][1]}` |" for kind in kinds()]
    return "\n".join(["| PostgreSQL | JSON | example |", "|---|---|---|", *rows])
