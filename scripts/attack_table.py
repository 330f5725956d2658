"""Writes the README's table of attacks from what the suite counted: `attack_table.py COUNTS README`."""

import json
import sys
from pathlib import Path

BEGIN, END = "<!-- attacks -->\n", "<!-- /attacks -->\n"
ENDS = ("refused", "stopped", "answered", "as the README says")
HEAD = ("attacks", "texts", "PostgreSQL 15", "PostgreSQL 16", "PostgreSQL 18", "leaked", "changed")


def table(rows: list[dict[str, str | int]], texts: dict[str, int]) -> str:
    """One line a family: how its runs ended on each server, and what leaked or changed on any."""
    servers = [name.removeprefix("PostgreSQL ") for name in HEAD[2:5]]
    by_place = {(str(row["family"]), str(row["server"])): row for row in rows}
    lines = [HEAD, tuple("---" for _ in HEAD)]
    for family, number in texts.items():
        ends = [by_place[family, server] for server in servers]
        bad = [str(sum(int(row.get(what, 0)) for row in ends)) for what in ("leaked", "changed")]
        lines.append((family, str(number), *map(_told, ends), *bad))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _told(row: dict[str, str | int]) -> str:
    return " / ".join(str(row.get(end, 0)) for end in ENDS)


def main(counts: Path, readme: Path) -> None:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.promises.attacking import FAMILIES, attacks

    new = table(json.loads(counts.read_text()), {family: len(attacks(family)) for family in FAMILIES})
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    readme.write_text(before + BEGIN + new + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
