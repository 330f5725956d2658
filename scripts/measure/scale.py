"""How load time, size and answers grow with the shop: the sample at several scales, each in a database of its own."""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from scripts.measure.figures import milliseconds
from scripts.measure.isolation import ASKERS, asked_as, connected, questions, rows
from zava_mcp.cli.output import show_table
from zava_mcp.database.bundled import embedded_postgres
from zava_mcp.database.sample import Sample
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.settings import load

_TIMES = 5


@dataclass(frozen=True)
class Shop:
    """One size. `answers` are median milliseconds by question and asker."""

    scale: float
    orders: int
    items: int
    seconds: float
    megabytes: float
    answers: dict[str, float]


def measure(scale: float, folder: Path) -> Shop:
    """Makes the sample of a scale and asks the ten questions of each asker."""

    def progress(share: float, doing: str) -> None:
        print(f"\rscale {scale:g}: {share:4.0%} {doing:40}", end="", file=sys.stderr, flush=True)

    embedded = embedded_postgres(load({"ZAVA_DATA_DIR": str(folder)}, {}), progress, Sample(scale=scale))
    start = time.perf_counter()
    try:
        embedded.open()
        seconds = time.perf_counter() - start
        print(file=sys.stderr)
        with connected(embedded, embedded.logins()[""]) as owner:
            sizes = owner.execute(
                "SELECT (SELECT count(*) FROM retail.orders), (SELECT count(*) FROM retail.order_items),"
                " pg_database_size(current_database()) / 1e6"
            ).fetchone()
        assert sizes is not None
        return Shop(scale, sizes[0], sizes[1], seconds, float(sizes[2]), dict(answers(embedded)))
    finally:
        embedded.close()


def answers(embedded: EmbeddedPostgres) -> Iterator[tuple[str, float]]:
    for asker in ASKERS:
        with asked_as(embedded, asker) as agent:
            for name, question in questions().items():
                ask = partial(rows, agent, question)
                took = [milliseconds(ask) for _ in range(_TIMES + 1)][1:]
                yield f"{name.replace('_', ' ')}, {asker.who}", statistics.median(took)


def table(shops: list[Shop]) -> list[list[str]]:
    """Rows of names and one cell a shop, the last with how it has grown from the first."""
    lines: list[tuple[str, list[float]]] = [
        ("orders", [shop.orders for shop in shops]),
        ("items", [shop.items for shop in shops]),
        ("first start, s", [shop.seconds for shop in shops]),
        ("size, MB", [shop.megabytes for shop in shops]),
        *((f"{name}, ms", [shop.answers[name] for shop in shops]) for name in shops[0].answers),
    ]
    return [[name, *map(_short, values), f"{values[-1] / values[0]:.1f} ×"] for name, values in lines]


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench scale", description=__doc__)
    parser.add_argument("--scale", type=float, action="append", help="repeatable; 1 is about 200,000 orders")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    wanted = parser.parse_args()
    shops = []
    for scale in sorted(wanted.scale or [1.0, 10.0]):
        with tempfile.TemporaryDirectory(prefix="zava-scale-") as folder:
            shops.append(measure(scale, Path(folder)))
    if wanted.json:
        print(json.dumps([asdict(shop) for shop in shops], indent=1))
        return
    head = ["", *(f"scale {shop.scale:g}" for shop in shops), "growth"]
    show_table(head, table(shops), set(range(1, len(shops) + 2)))


if __name__ == "__main__":
    main()
