"""The exercises on search: labelled questions, and a query for similar products."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from zava_mcp import sql
from zava_mcp.exercises.exercise import Exercise, Wrong, read_answer
from zava_mcp.exercises.lab import Lab
from zava_mcp.exercises.sql_answer import SqlAnswer

_SQL = sql.named("exercises/07.sql")
_LEAST_QUESTIONS, _MOST_QUESTIONS, _LEAST_CATEGORIES, _MOST_SKUS = 8, 100, 4, 3
_SHORTEST_QUESTION = 8
_SEARCHED_ROWS = 20


@dataclass(frozen=True)
class _Label:
    """A question, and the SKUs that it wants."""

    query: str
    wanted: tuple[str, ...]


def _check_labels(file: Path, lab: Lab) -> None:
    labels = _read(read_answer(file))
    _check_products(labels, lab)
    _check_search(labels, lab)


def _read(text: str) -> list[_Label]:
    rows = list(csv.DictReader(text.splitlines()))
    if not rows or set(rows[0]) != {"query", "wanted"}:
        raise Wrong("the first line does not name the columns query and wanted, or no line follows")
    labels = [_Label((row["query"] or "").strip(), tuple((row["wanted"] or "").split())) for row in rows]
    if not _LEAST_QUESTIONS <= len(labels) <= _MOST_QUESTIONS:
        raise Wrong(f"it has {len(labels)} questions, and needs {_LEAST_QUESTIONS} to {_MOST_QUESTIONS}")
    if len({label.query.lower() for label in labels}) < len(labels):
        raise Wrong("a question stands twice")
    for label in labels:
        if len(label.query) < _SHORTEST_QUESTION:
            raise Wrong(f"{label.query!r} is too short to be a question as people ask it")
        if not 1 <= len(set(label.wanted)) <= _MOST_SKUS or len(set(label.wanted)) < len(label.wanted):
            raise Wrong(f"{label.query!r} wants {len(label.wanted)} SKUs, or one of them twice")
    return labels


def _check_products(labels: list[_Label], lab: Lab) -> None:
    entries = [
        {"number": number, "query": label.query, "wanted": " ".join(label.wanted)}
        for number, label in enumerate(labels)
    ]
    query = _SQL["wanted"].replace("{labels}", json.dumps(entries).replace("'", "''"))
    rows = lab.query("head-office", query).rows
    for label, (_, count, _, _) in zip(labels, rows, strict=True):
        if count != len(label.wanted):
            raise Wrong(f"{label.query!r} wants {' '.join(label.wanted)}, of which {count} exist")
    categories = {category for _, _, some, _ in rows for category in some.split()}
    if len(categories) < _LEAST_CATEGORIES:
        raise Wrong(f"the products are of {len(categories)} categories")
    without = [
        label
        for label, (_, _, _, shared) in zip(labels, rows, strict=True)
        if not shared and not any(sku in label.query.upper() for sku in label.wanted)
    ]
    if 2 * len(without) < len(labels):
        sharing = "; ".join(label.query for label in labels if label not in without)
        raise Wrong(
            f"{len(without)} of {len(labels)} questions share no word stem with their products; these do: {sharing}"
        )


def _check_search(labels: list[_Label], lab: Lab) -> None:
    """Whether most questions find what they want, so that labels are no riddles."""
    import anyio

    found = anyio.run(_search, labels, lab)
    missed = [label for label, skus in zip(labels, found, strict=True) if not set(label.wanted) & skus]
    if 2 * len(missed) >= len(labels):
        names = "; ".join(label.query for label in missed[:3])
        raise Wrong(f"{len(missed)} of {len(labels)} questions do not find what they want, such as: {names}")


async def _search(labels: list[_Label], lab: Lab) -> list[set[str]]:
    from zava_mcp.server.trial_client import trial_client

    found = []
    async with trial_client(lambda _: None, lab.settings_of("head-office")) as client:
        for label in labels:
            text, _ = await client.call(
                "semantic_search_products",
                query_description=label.query,
                max_rows=_SEARCHED_ROWS,
                similarity_threshold=0,
            )
            result = json.loads(text)
            found.append({row[result["columns"].index("sku")] for row in result["rows"]})
    return found


EXERCISES = (
    Exercise("07-1", ".csv", _check_labels, "the section Evaluate"),
    Exercise(
        "07-2", ".sql", SqlAnswer(_SQL["most_similar"], ordered=True, decimals=1), "the section Vectors in PostgreSQL"
    ),
)
