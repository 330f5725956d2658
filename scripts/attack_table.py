"""The attacks' texts, and the table of how they ended: `python -m scripts.attack_table COUNTS` renews it."""

import json
import re
import sys
from functools import cache
from pathlib import Path

from scripts.documents import SECURITY, put

FOLDER = Path(__file__).parent.parent / "tests" / "promises" / "attacks"
FAMILIES = ("identity", "smuggling", "side channels", "reach", "leftovers", "exhaustion")
_REPEATED = re.compile(r"\{(\d+) times ([^{}]*)\}")

ENDS = ("refused", "stopped", "answered", "as SECURITY.md says")
HEAD = ("attacks", "texts", "PostgreSQL 15", "PostgreSQL 16", "PostgreSQL 18", "leaked", "changed")


@cache
def attacks(family: str) -> tuple[str, ...]:
    """The texts of a family."""
    lines = (FOLDER / f"{family.replace(' ', '_')}.sql").read_text(encoding="utf-8").splitlines()
    return tuple(_REPEATED.sub(lambda what: what[2] * int(what[1]), line) for line in lines if line[:3] != "-- ")


def table(rows: list[dict[str, str | int]], texts: dict[str, int]) -> str:
    """One line a family: how its runs ended on each server, and what leaked or changed on any."""
    servers = [name.removeprefix("PostgreSQL ") for name in HEAD[2:5]]
    by_place = {(str(row["family"]), str(row["server"])): row for row in rows}
    lines = [HEAD, tuple("---" for _ in HEAD)]
    for family, number in texts.items():
        ends = [by_place[family, server] for server in servers]
        bad = [str(sum(int(row.get(what, 0)) for row in ends)) for what in ("leaked", "changed")]
        lines.append((family, str(number), *map(_outcome, ends), *bad))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _outcome(row: dict[str, str | int]) -> str:
    return " / ".join(str(row.get(end, 0)) for end in ENDS)


def main(counts: Path) -> None:
    new = table(json.loads(counts.read_text()), {family: len(attacks(family)) for family in FAMILIES})
    put("attacks", new, SECURITY)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
