"""Measures search: what it finds of what labelled questions want, how fast, and with how much memory.

Each set of questions was written by somebody who had seen the catalogue and no search; the sample's descriptions were
rewritten between the oblique and british sets and the direct one, by people who had seen no question. "words" is the
search that a platform without vectors gets. recall@5 is the share of the wanted products that are among the first
five; MRR@10 is one over the place of the first wanted product, 0 if it is not among ten.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg

from scripts.search.labels import labelled, parts
from scripts.search.quality import Finder, passing, ranked, scores
from scripts.search.shops import HEAD_OFFICE, command, open_shop
from scripts.search.speed import Cost, cost
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.sample import Sample
from zava_mcp.cli.display.output import show_table
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.embedded.host import change_owner_to_runner
from zava_mcp.embeddings.local import LocalEmbedder
from zava_mcp.open_database import database_for
from zava_mcp.postgres.connection_parameters import embedded_parameters
from zava_mcp.postgres.pool import Database
from zava_mcp.postgres.user_ids import require_identity
from zava_mcp.settings import Settings, load

Row = dict[str, Any]


def quality(database: Database, settings: Settings, catalogue: str) -> Iterator[Row]:
    """One row for each part of the questions and each way to search."""
    questions = labelled(catalogue)
    for how, embedder in (("meaning", LocalEmbedder()), ("words", None)):
        find = Finder(database, settings, embedder)
        best = ranked(find, questions)
        above = ranked(find, questions, 30) if embedder else best
        for part, some in parts(questions).items():
            let_through = passing(find, some)
            yield {
                "catalogue": catalogue,
                "part": part,
                "search": how,
                **asdict(scores(best, some)),
                "mrr_at_30": scores(above, some).mrr,
                "recall_at_30": scores(above, some).recall,
                "median_at_30": let_through.median,
                "empty_at_30": let_through.empty,
            }


@contextmanager
def asked_as_head_office(settings: Settings, embedded: EmbeddedPostgres | None) -> Iterator[Database]:
    database = database_for(settings, require_identity(settings, embedded), embedded)
    try:
        yield database
    finally:
        database.close()


def admin_of(embedded: EmbeddedPostgres, name: str) -> str:
    """The URL of a new database beside the sample's."""
    admin = embedded_parameters(embedded.open(), embedded.logins()[""])
    with psycopg.connect(**admin.keywords(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        info = connection.info
        return f"postgresql://{info.user}:{info.password}@/{name}?host={info.host}&port={info.port}"


def measure(folder: Path, scale: float) -> tuple[list[Row], Cost]:
    settings = load({"ZAVA_DATA_DIR": str(folder / "data"), "ZAVA_USER_ID": HEAD_OFFICE}, {})
    embedded = embedded_postgres(settings, lambda *_: None, Sample(scale=scale))
    try:
        embedded.open()
        command("", "embed", "--data-dir", str(folder / "data"))
        with asked_as_head_office(settings, embedded) as database:
            rows = [*quality(database, settings, "own"), *quality(database, settings, "literal")]
            queries = [question.query for question in labelled("own")]
            spent = cost(folder / "data", database, settings, LocalEmbedder(), queries)
        other = open_shop("other", admin_of(embedded, "other"), folder / "passwords")
        with asked_as_head_office(other, None) as database:
            return rows + list(quality(database, other, "other")), spent
    finally:
        embedded.close()


def show(rows: list[Row], spent: Cost) -> None:
    show_table(
        ["catalogue", "questions", "", "search", "MRR@10", "recall@5", "median found ≥ 30 %", "none ≥ 30 %"],
        [
            [row["catalogue"], row["part"], str(row["questions"]), row["search"], f"{row['mrr']:.3f}"]
            + [f"{row['recall']:.3f}"]
            + ([f"{row['median_at_30']:g}", f"{row['empty_at_30']:.0%}"] if row["search"] == "meaning" else ["", ""])
            for row in rows
        ],
        {2, 4, 5, 6, 7},
    )
    print()
    floor = spent.embedding + spent.statement
    show_table(
        ["cost of a search", "", "floor", "", "ratio"],
        [
            ["first of a process", f"{spent.first:,.0f} ms", "", "", ""],
            ["the same, from the process's start", f"{spent.first_from_start:,.0f} ms", "", "", ""],
            [
                "later, median",
                f"{spent.later:.1f} ms",
                "embedding + statement",
                f"{floor:.1f} ms",
                f"{spent.ratio:.2f}",
            ],
            ["later, 95th percentile", f"{spent.later_95:.1f} ms", "", "", ""],
            ["embedding alone, median", f"{spent.embedding:.1f} ms", "", "", ""],
            ["statement alone, median", f"{spent.statement:.1f} ms", "", "", ""],
            ["resident memory after", f"{spent.memory:.0f} MB", "before", f"{spent.memory_before:.0f} MB", ""],
        ],
        {1, 3, 4},
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench search", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the sample; 1 is about 200,000 orders")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zava-search-") as folder:
        change_owner_to_runner(Path(folder))
        rows, spent = measure(Path(folder), wanted.scale)
    if wanted.json:
        print(json.dumps({"quality": rows, "cost": {**asdict(spent), "ratio": spent.ratio}}, indent=1))
    else:
        show(rows, spent)


if __name__ == "__main__":
    main()
