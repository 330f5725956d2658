"""Promises 1 to 6 under attack: every text of `attacks/`, on every server, as manager, head office and nobody.

The oracle is the data. Order and item numbers begin with their store's number, so a number of another
store's range in an answer is a leak, wherever it comes from; so are the chain's totals and anybody
else's user id. Nothing outside the call may change, and the next call must be what it was before.
"""

import json
import logging

import pytest

from tests.conftest import ToolClient, asking
from tests.promises.attacking import FAMILIES, RUNS, Place, Secrets, Tally, attacks, outcome
from tests.promises.conftest import user_id_of
from tests.promises.test_03_nothing_is_written import fingerprint

pytestmark = pytest.mark.anyio

OWN = "SELECT count(*), min(order_id), max(order_id), random() < 2 FROM retail.orders"


def test_there_are_many_and_each_is_another() -> None:
    texts = [text for family in FAMILIES for text in attacks(family)]
    assert len(texts) == len(set(texts)) >= 800


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("place", "who"), RUNS, indirect=["place"])
async def test_attack_reads_no_other_rows_and_changes_none(
    place: Place, who: str, family: str, tally: Tally, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "mcp")  # a line for each refusal takes longer than the refusal
    secrets = Secrets.kept_from(who, user_id_of(who), place)
    faults, ends = [], []
    with place.as_superuser() as admin:
        before = fingerprint(admin)
        async with asking(place.load_settings(who)) as asker:
            seen = await asker.query(OWN)
            for attack in attacks(family):
                text, failed = await asker.call("execute_sales_query", postgresql_query=attack, max_rows=1000)
                found = secrets.leaked(text, attack)
                natural = secrets.by_nature(found, attack, place)
                ends.append("as SECURITY.md says" if natural else "leaked" if found else outcome(text, failed))
                faults += [(attack[:200], fault) for fault in _faults(text, failed, [] if natural else found)]
                faults += await _harm(asker, attack, seen)
        changed = fingerprint(admin) != before
    tally.add(family, place.server, [*ends, *["changed"] * changed])
    assert not faults
    assert not changed


def _faults(text: str, failed: bool, leaked: list[str]) -> list[str]:
    """What is wrong with a reply."""
    faults = [f"it tells {item}" for item in leaked]
    if not failed:
        json.loads(text, parse_constant=pytest.fail)
    if len(text.encode()) > 41_000:
        faults.append("it is too long")
    if "internal error" in text:
        faults.append("nobody foresaw it")
    return faults


async def _harm(asker: ToolClient, attack: str, seen: dict[str, object]) -> list[tuple[str, str]]:
    """Whether the identity sees now what it saw before; a hint may know less after a lost connection."""
    text, failed = await asker.call("execute_sales_query", postgresql_query=OWN)
    if not failed and {**json.loads(text), "hint": ""} == {**seen, "hint": ""}:
        return []
    return [(attack[:200], f"the next call was told {text}")]
