"""Other stores' rows do not slow a manager's queries: the tests count pages that are read, not time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from scripts.measure.isolation import ASKERS, asked_as, questions
from tests.conftest import settings_for
from zava_mcp.admin import sample
from zava_mcp.admin.embedded_database import embedded_postgres

_SEATTLE, _, _HEAD_OFFICE = ASKERS
_GROWING = ("orders_1", "order_items_1", "customers_1")  # Seattle's partitions
_ELSEWHERE = {f"{table}_{n}" for table in ("orders", "order_items", "customers", "inventory") for n in range(2, 9)}
_MONTHLY = set(questions())
_THIS_MONTH = """
SELECT p.product_name, sum(i.quantity) AS units, sum(i.total_amount) AS revenue
  FROM retail.orders o JOIN retail.order_items i USING (order_id) JOIN retail.products p USING (product_id)
 WHERE o.order_date >= current_date - 30 GROUP BY p.product_name ORDER BY revenue DESC LIMIT 10"""


@dataclass
class Looked:
    """How many orders are Seattle's and how many there are; how many items they have, as planned and as found;
    for each question pages of what grows, and ways to it."""

    own: int
    everybodys: int
    planned: int
    found: int
    pages: dict[str, int]
    ways: dict[str, set[str]]


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts of a plan that read one of the tables that grow."""
    relation = plan.get("Relation Name", "")
    assert relation not in _ELSEWHERE
    if relation in _GROWING:
        yield plan
    for part in plan.get("Plans", []):
        yield from scans(part)


def explained(agent: psycopg.Connection, question: str) -> dict[str, Any]:
    row = agent.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {question}".encode()).fetchone()
    assert row is not None
    return dict(row[0][0]["Plan"])


def looked_at(folder: Path, others: float) -> Looked:
    postgres = embedded_postgres(settings_for(folder), lambda *_: None, sample.Sample(scale=0.04, others=others))
    postgres.open()
    try:
        with asked_as(postgres, _SEATTLE) as agent, asked_as(postgres, _HEAD_OFFICE) as head_office:
            orders = b"SELECT count(*) FROM retail.orders"
            (own,), (everybodys,) = agent.execute(orders).fetchall()[0], head_office.execute(orders).fetchall()[0]
            plan = explained(agent, "SELECT o.order_id FROM retail.orders o JOIN retail.order_items i USING (order_id)")
            texts = {name: questions()[name] for name in _MONTHLY} | {"this_month": _THIS_MONTH}
            found = {name: list(scans(explained(agent, text))) for name, text in texts.items()}
    finally:
        postgres.close()
    pages = {
        name: sum(scan["Shared Hit Blocks"] + scan["Shared Read Blocks"] for scan in read)
        for name, read in found.items()
    }
    ways = {name: {f"{scan['Node Type']} of {scan['Relation Name']}" for scan in read} for name, read in found.items()}
    return Looked(own, everybodys, plan["Plan Rows"], plan["Actual Rows"], pages, ways)


def test_manager_queries_read_no_more_pages_when_other_stores_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "_BATCH", 500)  # so that each store's rows lie among the others', as they come in
    before, after = looked_at(tmp_path / "before", 1), looked_at(tmp_path / "after", 12)
    assert after.everybodys > 8 * before.everybodys
    assert after.own == pytest.approx(before.own, rel=0.1)  # as many, of other dice
    assert after.planned == pytest.approx(after.found, rel=0.3)  # or it would choose ways that are good for few
    # An index of more rows may be a step deeper: three pages instead of two for each row that is looked up. And of a
    # quarter, the other dice may make a fifth more orders.
    # Of a week or a month, Seattle has too few orders here to be compared.
    pages = {name: (before.pages[name], after.pages[name]) for name in _MONTHLY - {"last_week"}}
    assert {name: (few, many) for name, (few, many) in pages.items() if many > 2 * few} == {}
    assert sum(many for _, many in pages.values()) > 100
    for name in ("this_month", "last_quarter_by_category", "revenue_by_month", "running_total"):
        assert {way.partition(" of ")[0] for way in after.ways[name]} == {"Index Only Scan"}, (name, after.ways[name])
