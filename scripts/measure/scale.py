"""How load time, size and answers grow with the shop: the sample in several sizes, each in a database of its own.

`--scale` makes all of it larger; `--others` only the other stores, so that Seattle's own rows stay as many as they
were. Beside the times stand the pages of 8 kB that an answer looks at, which do not depend on what else the machine
does. Large ones take long: `--json` prints the figures of a run, `--with FILE` takes them into the table of another.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from scripts.documents import MEASUREMENTS, put
from scripts.measure.figures import Figure, compare, milliseconds
from scripts.measure.isolation import ASKERS, Probe, asked_as, connected, questions, rows
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.sample import Sample
from zava_mcp.cli.display.output import show_table
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.progress_callback import Progress
from zava_mcp.settings import load

_TIMES, _SECONDS = 9, 2.0


@dataclass(frozen=True)
class Answer:
    """What a question of somebody's took: milliseconds of the fastest of several times, and pages looked at."""

    ms: float
    pages: float


@dataclass(frozen=True)
class Shop:
    """One size. `answers` by question and asker."""

    name: str
    orders: int
    items: int
    seconds: float
    megabytes: float
    answers: dict[str, Answer]


def measure(sample: Sample, name: str, askers: tuple[Probe, ...]) -> Shop:
    """Makes the sample and asks the ten questions of each asker."""

    def progress(share: float, doing: str) -> None:
        print(f"\r{name}: {share:4.0%} {doing:40}", end="", file=sys.stderr, flush=True)

    with _database(sample, progress) as embedded:
        start = time.perf_counter()
        embedded.open()
        seconds = time.perf_counter() - start
        print(file=sys.stderr)
        return Shop(name, *_sizes(embedded, seconds), dict(answers(embedded, askers)))


@contextmanager
def _database(sample: Sample, progress: Progress = lambda *_: None) -> Iterator[EmbeddedPostgres]:
    """A database of its own, to be made when it is opened; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="zava-scale-") as folder:
        embedded = embedded_postgres(load({"ZAVA_DATA_DIR": folder}, {}), progress, sample)
        try:
            yield embedded
        finally:
            embedded.close()


def _sizes(embedded: EmbeddedPostgres, seconds: float) -> tuple[int, int, float, float]:
    with connected(embedded, embedded.logins()[""]) as owner:
        sizes = owner.execute(
            "SELECT (SELECT count(*) FROM retail.orders), (SELECT count(*) FROM retail.order_items),"
            " pg_database_size(current_database()) / 1e6"
        ).fetchone()
    assert sizes is not None
    return sizes[0], sizes[1], seconds, float(sizes[2])


def answers(embedded: EmbeddedPostgres, askers: tuple[Probe, ...]) -> Iterator[tuple[str, Answer]]:
    for asker in askers:
        with asked_as(embedded, asker) as agent:
            for name, question in questions().items():
                label = f"{name.replace('_', ' ')}, {asker.who}"
                try:
                    looked = pages(agent, question)
                    yield label, Answer(_fastest(partial(rows, agent, question)), looked)
                except psycopg.errors.QueryCanceled:  # by the time that an identity's question may take
                    print(f"{label}: not answered in time", file=sys.stderr)


def _fastest(ask: Callable[[], Any]) -> float:
    """Several times, as far as they fit into two seconds."""
    took = [milliseconds(ask)]
    while len(took) < _TIMES and sum(took) < _SECONDS * 1000:
        took.append(milliseconds(ask))
    return min(took)


def pages(connection: psycopg.Connection, question: str) -> int:
    """How many pages an answer looks at, in memory or not."""
    row = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {question}".encode()).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def growth(_: EmbeddedPostgres) -> Iterator[Figure]:
    """Seattle's questions where the other stores are ten times as large, beside the same where they are not."""
    with ExitStack() as stack:
        shops = [stack.enter_context(_database(Sample(scale=0.1, others=times))) for times in (1, 10)]
        for service in shops:
            service.open()
        few, many = (stack.enter_context(asked_as(service, ASKERS[0])) for service in shops)
        for name, question in questions().items():
            label = f"{name.replace('_', ' ')}, others × 10"
            yield compare(label, "others × 1", partial(rows, many, question), partial(rows, few, question), 40)


def table(shops: list[Shop]) -> list[list[str]]:
    """Rows of names and one cell a shop, then how it has grown from the first, and how the pages have."""
    lines: list[tuple[str, list[float], str]] = [
        ("orders", [service.orders for service in shops], ""),
        ("items", [service.items for service in shops], ""),
        ("first start, s", [service.seconds for service in shops], ""),
        ("size, MB", [service.megabytes for service in shops], ""),
    ]
    for name in (name for name in shops[0].answers if all(name in service.answers for service in shops)):
        took = [service.answers[name] for service in shops]
        lines.append((f"{name}, ms", [answer.ms for answer in took], _growth([answer.pages for answer in took])))
    return [[name, *map(_short, values), _growth(values), grown] for name, values, grown in lines]


def head(shops: list[Shop]) -> list[str]:
    return ["", *(service.name for service in shops), "growth", "of pages"]


def _growth(values: list[float]) -> str:
    return f"{values[-1] / values[0]:.1f} ×"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


def write(mark: str, shops: list[Shop]) -> None:
    """Writes the table with the day."""
    cells = [head(shops), ["---", *["---:"] * (len(shops) + 2)], *table(shops)]
    lines = "".join(f"| {' | '.join(row)} |\n" for row in cells)
    intro = f"Measured on {datetime.now(UTC).date()}, {os.cpu_count()} cores, the fastest of up to {_TIMES} times:"
    put(mark, f"{intro}\n\n{lines}", MEASUREMENTS)


def earlier(file: Path) -> list[Shop]:
    """The figures of an earlier run."""

    def shop(entry: dict[str, Any]) -> Shop:
        return Shop(**{**entry, "answers": {name: Answer(**answer) for name, answer in entry["answers"].items()}})

    return [shop(entry) for entry in json.loads(file.read_text(encoding="utf-8"))]


def wanted_samples(scales: list[float], others: list[float]) -> list[tuple[Sample, str]]:
    """The sizes to measure, each with its name; the others' growth at the first of the scales."""
    if others:
        return [(Sample(scale=(scales or [1.0])[0], others=times), f"others × {times:g}") for times in others]
    return [(Sample(scale=scale), f"scale {scale:g}") for scale in scales]


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench scale", description=__doc__)
    parser.add_argument("--scale", type=float, action="append", help="repeatable; 1 is about 200,000 orders")
    parser.add_argument("--others", type=float, action="append", help="repeatable; how many times the other stores")
    parser.add_argument("--with", type=Path, action="append", dest="files", help="a file of --json; repeatable")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    parser.add_argument("--write", action="store_true", help="write the table into scripts/measure/README.md")
    wanted = parser.parse_args()
    askers = ASKERS[:1] if wanted.others else ASKERS
    samples = wanted_samples(wanted.scale or ([] if wanted.files else [1.0, 10.0]), wanted.others or [])
    shops = [service for file in wanted.files or [] for service in earlier(file)]
    shops += [measure(sample, name, askers) for sample, name in samples]
    shops.sort(key=lambda service: service.orders)
    if wanted.write:
        write("others" if shops[0].name.startswith("others") else "scale", shops)
    if wanted.json:
        print(json.dumps([asdict(service) for service in shops], indent=1))
    else:
        show_table(head(shops), table(shops), set(range(1, len(shops) + 3)))


if __name__ == "__main__":
    main()
