"""What the time of a statement reveals about rows that an identity may not see: foreign rows against none.

Each probe is sent in pairs, as Seattle's manager and along the way of a tool's call: once about rows of another store,
once about rows that do not exist, or with a value that they do not have. `scripts/bench isolation` compares the times
on three databases: the embedded one, an adopted one, and the adopted one without the policy `isolation`.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import cycle
from math import erfc, sqrt
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from psycopg.rows import dict_row

from scripts.documents import SECURITY, put
from scripts.measure.figures import in_turn
from scripts.measure.isolation import connected
from scripts.measure.older import OLDER, adopted
from scripts.measure.processes import SEATTLE
from scripts.servers import Postgres, postgres_18
from zava_mcp import sql
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.sample import Sample
from zava_mcp.cli.display.output import show_table
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.open_database import database_for
from zava_mcp.postgres.pool import Database
from zava_mcp.postgres.query import Query
from zava_mcp.postgres.user_ids import require_identity
from zava_mcp.settings import Settings, load

HEAD = ["database", "probe", "none, µs", "foreign, µs", "difference", "P(foreign > none)", "p"]
_SLOW = "(SELECT count(*) > 0 FROM generate_series(1, 50000))"
_KINDS = ("none", "existence", "value", "count")
_ORDERS = 20_000
_PAIRS = 1_000

Target = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """A database as Seattle's manager asks it, rows of another store there, and rows that were deleted."""

    name: str
    database: Database
    foreign: list[Target]
    gone: list[Target]


@dataclass(frozen=True)
class Difference:
    """Microseconds of both, the median difference of a pair, and the rank test; `probability` .5 is no difference."""

    subject: str
    probe: str
    none: float
    foreign: float
    difference: float
    probability: float
    p: float


@cache
def statements() -> dict[str, str]:
    return sql.statements(Path(__file__).with_name("timing.sql").read_text(encoding="utf-8"))


def probes() -> dict[str, tuple[str, str]]:
    """The probes by what they ask: [kind, statement]."""
    found = {}
    for name, text in statements().items():
        kind, (comment, statement) = name.partition("_")[0], text.split("\n", 1)
        if kind in _KINDS:
            found[comment.removeprefix("-- ")] = (kind, statement.strip())
    return found


def rank_test(first: list[float], second: list[float]) -> tuple[float, float]:
    """Mann and Whitney's: how probably one of the first is greater than one of the second, and p for both alike."""
    n, m = len(first), len(second)
    merged = sorted([(value, 1) for value in first] + [(value, 0) for value in second])
    greater = sum(rank for rank, (_, of_first) in enumerate(merged, 1) if of_first) - n * (n + 1) / 2
    z = (greater - n * m / 2) / sqrt(n * m * (n + m + 1) / 12)
    return greater / (n * m), erfc(abs(z) / sqrt(2))


def compare(subject: Subject, probe: str, pairs: int) -> Difference:
    """Sends a probe about foreign rows and about none in turn, each time about others."""
    kind, statement = probes()[probe]
    foreign, none = subject.foreign, subject.gone
    if kind == "none":
        foreign = none[1:] + none[:1]
    if kind == "value":
        none = [{**target, "product": target["other_product"], "name": "Another"} for target in foreign]
    rounds = [cycle([statement.format(slow=_SLOW, **target) for target in targets]) for targets in (foreign, none)]
    longer, base = in_turn(lambda: _ask(subject, rounds[0]), lambda: _ask(subject, rounds[1]), pairs)
    micro = [(one * 1000, other * 1000) for one, other in zip(longer, base, strict=True)]
    difference = median(one - other for one, other in micro)
    return Difference(
        subject.name, probe, median(base) * 1000, median(longer) * 1000, difference, *rank_test(longer, base)
    )


def _ask(subject: Subject, texts: Iterator[str]) -> None:
    list(subject.database.run(Query(next(texts), 10, 100_000, 30.0)))


def _prepared(admin: psycopg.Connection, customers: str) -> tuple[list[Target], list[Target]]:
    """Adds customers of another store and deletes some of its rows: [rows that are there, rows that are gone]."""
    admin.execute(statements()["customers_added"].format(customers=customers).encode())
    rows = admin.cursor(row_factory=dict_row).execute(statements()["targets"].encode()).fetchall()
    admin.execute(statements()["blocks_emptied"].format(customers=customers).encode())
    admin.execute("VACUUM (FREEZE, ANALYZE)")
    for row in rows:
        row["name"] = f"Last{row['customer']}"
    return [row for row in rows if not row["gone"]], [row for row in rows if row["gone"]]


@contextmanager
def _embedded(folder: Path) -> Iterator[Subject]:
    settings = load({"ZAVA_DATA_DIR": str(folder), "ZAVA_USER_ID": SEATTLE}, {})
    embedded = embedded_postgres(settings, lambda *_: None, Sample(scale=_ORDERS / 200_000))
    try:
        embedded.open()
        with connected(embedded, embedded.logins()[""]) as admin:
            targets = _prepared(admin, "zava.customers")
        with _as_seattle(settings, embedded) as database:
            yield Subject("embedded", database, *targets)
    finally:
        embedded.close()


@contextmanager
def _adopted(folder: Path) -> Iterator[list[Subject]]:
    """A database that somebody else made and that is adopted, and a copy of it with the policies of before.

    Neither is partitioned; no function is revoked.
    """
    passwords = folder / "passwords"
    with postgres_18(folder) as postgres, ExitStack() as stack:
        _execute(postgres, "postgres", "CREATE DATABASE adopted")
        _execute(postgres, "adopted", OLDER.replace("{orders}", str(_ORDERS)))
        with postgres.as_superuser("adopted") as admin:
            url = postgres.url("postgres", admin.info.password, "adopted")
            adopted(url, "--passwords-file", str(passwords))
            targets = _prepared(admin, "retail.customers")
        _execute(postgres, "postgres", "CREATE DATABASE without_isolation TEMPLATE adopted")
        _execute(postgres, "without_isolation", statements()["isolation_removed"])
        _execute(postgres, "without_isolation", "VACUUM (FREEZE, ANALYZE)")
        names = {"adopted": "adopted", "adopted, without isolation": "without_isolation"}
        yield [
            Subject(name, stack.enter_context(_as_seattle(_settings(postgres, database, passwords))), *targets)
            for name, database in names.items()
        ]


def _execute(postgres: Postgres, database: str, statement: str) -> None:
    with postgres.as_superuser(database) as connection:
        connection.execute(statement.encode())


def _settings(postgres: Postgres, database: str, passwords: Path) -> Settings:
    password = next(line.split(":")[4] for line in passwords.read_text().splitlines() if f":{SEATTLE}:" in line)
    url = f"postgresql://127.0.0.1:{postgres.port}/{database}?{postgres.query}"
    return load({"ZAVA_DATABASE_URL": url, "POSTGRES_PASSWORD": password, "ZAVA_USER_ID": SEATTLE}, {})


@contextmanager
def _as_seattle(settings: Settings, embedded: EmbeddedPostgres | None = None) -> Iterator[Database]:
    database = database_for(settings, require_identity(settings, embedded), embedded)
    try:
        yield database
    finally:
        database.close()


def measure(pairs: int) -> list[Difference]:
    """Every probe on the three databases."""
    with ExitStack() as stack:
        first, second = (Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zava-bench-"))) for _ in range(2))
        subjects = [stack.enter_context(_embedded(first)), *stack.enter_context(_adopted(second))]
        return [compare(subject, probe, pairs) for subject in subjects for probe in probes()]


def cells(found: list[Difference]) -> list[list[str]]:
    return [
        [
            d.subject,
            d.probe,
            f"{d.none:,.0f}",
            f"{d.foreign:,.0f}",
            f"{d.difference:+,.1f}",
            f"{d.probability:.2f}",
            _short(d.p),
        ]
        for d in found
    ]


def table(found: list[Difference]) -> str:
    """A line for each probe, a column for each database."""
    lines: dict[str, list[str]] = {}
    for d in found:
        shown = f"{d.none:,.0f} · {d.difference:+,.0f} · {d.probability:.2f} · {_short(d.p)}"
        lines.setdefault(d.probe, [d.probe]).append(shown)
    subjects = list(dict.fromkeys(d.subject for d in found))
    rows = [["none, µs · difference, µs · P · p", *subjects], ["---", *["---:"] * len(subjects)], *lines.values()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _short(p: float) -> str:
    return f"{p:.2f}" if p >= 0.01 else f"{p:.3f}" if p >= 0.001 else "< 0.001"


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench isolation", description=__doc__)
    parser.add_argument("--pairs", type=int, default=_PAIRS, help="of each probe on each database")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    parser.add_argument("--write", action="store_true", help="write the table into .github/SECURITY.md")
    wanted = parser.parse_args()
    found = measure(wanted.pairs)
    if wanted.write:
        intro = (
            f"Measured on {datetime.now(UTC).date()}, {os.cpu_count()} cores, {wanted.pairs:,} pairs of each probe,"
            f" {_ORDERS:,} orders:"
        )
        put("timing", f"{intro}\n\n{table(found)}", SECURITY)
    if wanted.json:
        print(json.dumps([asdict(difference) for difference in found], indent=1))
    else:
        show_table(HEAD, cells(found), {2, 3, 4, 5, 6})


if __name__ == "__main__":
    main()
