"""Measures the server against floors taken in the same run: interleaved, medians, as ratios.

Each line of the table is one figure: what it took, what its floor took, the ratio, and the spread
(the middle half of the figure's own measurements, relative to their median).
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from scripts.documents import MEASUREMENTS, put
from scripts.measure.figures import Figure
from scripts.measure.groups import call, memory, round_trips, schema, search
from scripts.measure.groups import rows as thousands_of_rows
from scripts.measure.isolation import EXPLICIT, rls
from scripts.measure.parallel import concurrency
from scripts.measure.scale import growth
from scripts.measure.starting import start
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.sample import Sample
from zava_mcp.cli.display.output import show_table
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.settings import load

GROUPS: dict[str, Callable[[EmbeddedPostgres], Iterator[Figure]]] = {
    "call": call,
    "rows": thousands_of_rows,
    "round-trips": round_trips,
    "search": search,
    "schema": schema,
    "memory": memory,
    "concurrency": concurrency,
    "rls": rls,
    "scale": growth,  # last: databases are made for these, and disks are busy for a while after that
    "start": start,
}
HEAD = ["figure", "", "baseline", "", "ratio", "spread"]


def measure(groups: list[str], scale: float) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="zava-bench-") as folder:
        settings = load({"ZAVA_DATA_DIR": folder}, {})
        embedded = embedded_postgres(settings, lambda *_: None, Sample(scale=scale))
        try:
            embedded.open()
            return [figure for group in groups for figure in GROUPS[group](embedded)]
        finally:
            embedded.close()


def cells(figures: list[Figure]) -> list[list[str]]:
    return [
        [
            f.name,
            f"{f.took:,.2f} {f.unit}",
            f.floor_name,
            f"{f.floor:,.2f} {f.unit}",
            f"{f.ratio:.2f}",
            f"{f.spread:.0%}",
        ]
        for f in figures
    ]


def write(figures: list[Figure], scale: float) -> None:
    """Writes the figures with the day and the machine; the cost of the policies has a table of its own."""
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    intro = f"Measured on {datetime.now(UTC).date()}, {machine}, sample of scale {scale:g}:\n\n"
    policies = [figure for figure in figures if figure.floor_name == EXPLICIT]
    if policies:
        put(f"rls-{scale:g}", intro + policies_table(policies), MEASUREMENTS)
    if others := [figure for figure in figures if figure not in policies]:
        rows = [HEAD, ["---", "---:", "---", "---:", "---:", "---:"], *cells(others)]
        put("bench", intro + "".join(f"| {' | '.join(row)} |\n" for row in rows), MEASUREMENTS)


def policies_table(figures: list[Figure]) -> str:
    """A line for each question, a column for each asker: what it took, the ratio and the spread."""
    lines: dict[str, list[str]] = {}
    for f in figures:
        question = f.name.rpartition(", ")[0]
        lines.setdefault(question, [question]).append(f"{f.took:,.2f} ms · {f.ratio:.2f} · {f.spread:.0%}")
    askers = list(dict.fromkeys(f.name.rpartition(", ")[2] for f in figures))
    rows = [["took · ratio · spread", *askers], ["---", *["---:"] * len(askers)], *lines.values()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--only", choices=list(GROUPS), action="append", help="measure only this group; repeatable")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the sample; 1 is about 200,000 orders")
    parser.add_argument("--write", action="store_true", help="write the figures into scripts/measure/README.md")
    wanted = parser.parse_args()
    figures = measure(wanted.only or list(GROUPS), wanted.scale)
    if wanted.write:
        write(figures, wanted.scale)
    if wanted.json:
        print(json.dumps([{**asdict(figure), "ratio": figure.ratio} for figure in figures], indent=1))
    else:
        show_table(HEAD, cells(figures), {1, 3, 4, 5})


if __name__ == "__main__":
    main()
