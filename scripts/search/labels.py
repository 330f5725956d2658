"""Questions as shoppers ask them, with the products that answer each."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psycopg

HERE = Path(__file__).parent
CATALOGUES = ("own", "other")


@dataclass(frozen=True)
class Labelled:
    """A question, the SKUs of every product a fair shopper would accept, and three facts about it.

    `kind` is "direct" if it says what is wanted, "british" if it was written in that country's words for the sample's
    American catalogue, "oblique" if it tells of a situation from which one has to guess; those of the literal set are
    "size", "code" (a SKU or the beginning of one), "phrase" or "typo". `split` is "tune" for what
    code may be tuned on and "report" for what is only reported; `stem` is "shared" if the question has a word stem
    in common with one of those products, else "none", and "" in the literal set.
    """

    query: str
    wanted: frozenset[str]
    kind: str
    split: str
    stem: str


def labelled(catalogue: str) -> list[Labelled]:
    """The questions on a catalogue, "own" or "other"; "literal" are those on our own that are literal or misspelt."""
    with (HERE / f"{catalogue}.csv").open(newline="", encoding="utf-8") as file:
        return [
            Labelled(row["query"], frozenset(row["wanted"].split()), row["kind"], row["split"], row["stem"])
            for row in csv.DictReader(file)
        ]


def twins() -> list[dict[str, str]]:
    """Questions in four languages: {english, german, spanish, french, wanted}, the last SKUs with spaces between."""
    with (HERE / "twins.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shared_stems(connection: psycopg.Connection, question: Labelled) -> set[str]:
    """The word stems that a question has in common with the names and descriptions of what it wants.

    PostgreSQL's English dictionary says what a stem is, and which words are too common to count.
    """
    row = connection.execute(
        "SELECT array(SELECT unnest(tsvector_to_array(to_tsvector('english', %s))) INTERSECT"
        " SELECT unnest(tsvector_to_array(to_tsvector('english', product_name || '. ' || product_description)))"
        " FROM retail.products WHERE sku = ANY (%s))",
        [question.query, list(question.wanted)],
    ).fetchone()
    assert row is not None
    return set(row[0])


def parts(questions: Iterable[Labelled]) -> dict[str, list[Labelled]]:
    """The questions as they are reported: by kind, the direct ones also by split and by stem."""
    all_of_them = list(questions)
    direct = [question for question in all_of_them if question.kind == "direct"]
    chosen = {
        "direct": direct,
        "direct, to tune on": [question for question in direct if question.split == "tune"],
        "direct, only reported": [question for question in direct if question.split == "report"],
        "direct, a stem shared": [question for question in direct if question.stem == "shared"],
        "direct, no stem shared": [question for question in direct if question.stem == "none"],
        "british": [question for question in all_of_them if question.kind == "british"],
        "oblique": [question for question in all_of_them if question.kind == "oblique"],
        **{
            f"{kind}, {how}": [question for question in all_of_them if (question.kind, question.split) == (kind, split)]
            for kind in ("size", "code", "phrase", "typo")
            for split, how in (("tune", "to tune on"), ("report", "only reported"))
        },
    }
    return {name: some for name, some in chosen.items() if some and (some is direct or some != direct)}
