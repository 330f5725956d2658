"""The result of a search: short, and with what was corrected, left out or not good enough said."""

import json
import re
from dataclasses import dataclass, field
from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING

from zava_mcp import call_context
from zava_mcp.sales.result import QueryResult, size
from zava_mcp.sales.search_literals import Literal

if TYPE_CHECKING:
    from zava_mcp.postgres.pipeline import Column, Rows

Row = dict[str, str | None]  # a row of the statement, as PostgreSQL's text

LEXICAL = "none: products were found by words (PostgreSQL full-text search), not by meaning"
WHOLE_DESCRIPTIONS = 3  # the rest are shortened
_SHORT = 80  # characters
_NEED, _REMARK = 100, 300  # of a need that is repeated, of a remark
_FAR_BELOW = 0.55  # of the best similarity: results below it are left out, unless a threshold was asked for
_LOOSE = 40  # percent; below it the best result is seldom what was meant
LEAST_TOGETHER = 5  # orders in which two products must be for "bought with"
_ADVICE = "Name the thing itself (wall anchor, not: to hang a mirror), or set category."
_ENGLISH = (
    "The text seems not to be English, which is what the local model and full-text search read: these products may "
    "have little to do with it. Ask in English."
)
_BYTES_ADVICE = "Ask for fewer with max_rows, or filter by category or price."


@dataclass
class SearchResult:
    """What was found. `closest` is the best product below the threshold, if none is above it; `notes` are further
    entries of the answer, {name: JSON text}.
    """

    answer: QueryResult
    model: str
    closest: dict[str, str]
    notes: dict[str, str] = field(default_factory=dict)

    def json(self) -> str:
        """As `text`, with as much of it as fits."""
        self.answer.remarks += [remark[:_REMARK] for remark in call_context.current_call().take_remarks()]
        text = self.text()
        while size(text) > self.answer.max_bytes and self.shed():
            text = self.text()
        return text

    def shed(self) -> bool:
        """Leaves out what is least needed, and notes that; False if nothing is left to leave out."""
        if (bought := json.loads(self.notes.get("bought_with", "{}"))).get("rows"):
            bought |= {"rows": bought["rows"][:-1], "truncated": True}
            self.notes["bought_with"] = _compact(bought)
            return True
        self.answer.cut = "bytes"
        if self.answer.rows:
            self.answer.rows.pop()
            if "more" in self.notes:
                self.notes["more"] = quoted(f"{len(self.answer.rows)} shown, more exist")
        elif self.notes:
            del self.notes[max(self.notes, key=lambda name: len(self.notes[name]))]
        elif self.closest or self.answer.remarks:
            self.closest, self.answer.remarks = {}, []
        else:
            return False
        return True

    def text(self) -> str:
        """The answer's JSON with "search" (semantic or lexical), "model", and what else there is to say."""
        more = {"search": quoted("lexical" if self.model == LEXICAL else "semantic"), "model": quoted(self.model)}
        if self.closest:
            more["closest"] = "{" + ",".join(f"{quoted(name)}:{value}" for name, value in self.closest.items()) + "}"
        notes = {name: text for name, text in self.notes.items() if name != "hint" or not self.answer.cut}
        return self.answer.json(more | notes)

    def remarks(self) -> list[str]:
        """The notes as a person reads them."""
        told = {name: json.loads(text) for name, text in self.notes.items()}
        lines = [f"searched for {new!r} instead of {old!r}" for old, new in told.pop("corrected", {}).items()]
        if bought := told.pop("bought_with", None):
            names = ", ".join(f"{row[1]} ({row[3]} times as often as by chance)" for row in bought["rows"])
            lines.append(f"bought with {bought['sku']}: {names or 'nothing often enough'}")
        return [*lines, *map(str, told.values())]


@dataclass(frozen=True)
class Wording:
    """What a search made of its text, and what it noticed of it: words that were corrected, literal parts, language."""

    corrected: dict[str, str] = field(default_factory=dict)
    rephrased: str = ""  # what was searched for instead, if anything
    foreign: bool = False
    only_code: bool = False  # it is nothing but a SKU, or the beginning of one
    literal: tuple[Literal, ...] = ()


def listed(
    columns: "list[Column]", table: list[Row], names: set[str], model: str, max_rows: int, max_bytes: int,
    every: bool, wording: Wording,
) -> SearchResult:  # fmt: skip
    """The rows that pass as an answer of the columns `names`; `every` keeps those far below the best too."""
    passing = [row for row in table if row["passes"] == "t"]
    kept = passing if every else _near(passing, wording.only_code)
    answer = QueryResult(max_rows, max_bytes, bytes_advice=_BYTES_ADVICE)
    shown = [column for column in columns if column.name in names]
    answer.begin(shown)
    for place, row in enumerate(kept[:max_rows]):
        if place >= WHOLE_DESCRIPTIONS:
            row["description"] = _shortened(row["description"])
    answer.take([tuple(row[column.name] for column in shown) for row in kept[:max_rows]])
    found = SearchResult(answer, model, {} if passing else _closest(table))
    found.notes = {
        **({"corrected": json.dumps(wording.corrected, ensure_ascii=False)} if wording.corrected else {}),
        **({"searched_for": quoted(_cut_need(wording.rephrased))} if wording.rephrased else {}),
        **_literal(kept[:max_rows], wording),
        **_missing(len(answer.rows), len(kept), len(passing), len(table) > max_rows),
        **_hint(passing, wording, found.model),
    }
    return found


def _near(passing: list[Row], only_code: bool) -> list[Row]:
    """The rows that are not far below the best; a code alone names what it names, and nothing like it."""
    exact = [row for row in passing if row["exact"] != "0"]
    if exact and only_code:  # the SKU itself if there is one, else what begins with it
        return [row for row in exact if row["exact"] == exact[0]["exact"]]
    scores = [_score(row) for row in passing if row["exact"] == "0"]
    least = _FAR_BELOW * max(scores, default=0.0)
    return [row for row in passing if row["exact"] != "0" or row["similarity"] is None or _score(row) >= least]


def _score(row: Row) -> float:
    return float(row["similarity"] or 0) + float(row["bonus"] or 0)


def _shortened(text: str | None) -> str | None:
    if text is None or len(text) <= _SHORT:
        return text
    return text[:_SHORT].rsplit(" ", 1)[0].rstrip(" ,.;:") + " …"


def _missing(shown: int, kept: int, passing: int, full: bool) -> dict[str, str]:
    """That there are more rows, and how many were left out: at least so many if the statement's limit was reached."""
    notes = {}
    if kept > shown:
        notes["more"] = quoted(f"{shown} shown, more exist")
    elif passing > kept:
        least = "at least " if full else ""
        notes["left_out"] = quoted(f"{least}{passing - kept} far less similar; set similarity_threshold to see them")
    return notes


def _literal(rows: list[Row], wording: Wording) -> dict[str, str]:
    """The literal parts of the text that put products first which have them."""
    texts = [f"{row['product_name']} {row['description']}" for row in rows if row["bonus"] not in ("0", "0.0")]
    has = [part.written for part in wording.literal if any(re.search(part.pattern, text, re.I) for text in texts)]
    return {"literal": json.dumps(has, ensure_ascii=False)} if has else {}


def _hint(passing: list[Row], wording: Wording, model: str) -> dict[str, str]:
    exact = any(row["exact"] != "0" or row["bonus"] not in ("0", "0.0") for row in passing)
    loose = not exact and (not passing or (model != LEXICAL and max(map(_score, passing)) < _LOOSE))
    if wording.only_code and not exact:
        return {"hint": quoted("No SKU is this or begins with it.")}
    parts = [_ADVICE] * (loose and not wording.foreign) + [_ENGLISH] * wording.foreign
    return {"hint": quoted(" ".join(parts))} if parts else {}


def _closest(table: list[Row]) -> dict[str, str]:
    """The best of what does not pass, as JSON texts; {} if there is nothing."""
    for row in table:
        sku, name, similarity = row["sku"] or "", row["product_name"] or "", row["similarity"] or "null"
        return {"sku": quoted(sku), "product_name": quoted(name), "similarity": similarity}
    return {}


def bought_with(rows: "Rows") -> str:
    """The rows of the statement of that name as JSON: of which product, in how many orders, and what with it."""
    pairs = [[sku, name, int(count or 0), float(lift or 0)] for _, _, sku, name, count, lift in rows if sku]
    columns = ["sku", "product_name", "orders_together", "lift"]
    orders = int(rows[0][1] or 0)
    about = {
        "sku": rows[0][0],
        "orders": orders,
        "least_orders_together": LEAST_TOGETHER,
        "columns": columns,
        "rows": pairs,
    }
    return _compact(about)


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass
class GroupedSearchResult:
    """What was found for each of several needs, in their order, in so many bytes."""

    needs: list[tuple[str, SearchResult]]
    max_bytes: int

    def json(self) -> str:
        """`{"needs": [{"need": "…", "columns": …}, …]}`: the answer of each need, named by it."""
        every = len(self.needs)
        while size(text := self._text(every)) > self.max_bytes and self.needs:
            longest = max((found for _, found in self.needs), key=lambda found: size(found.text()))
            if not any(found.answer.rows for _, found in self.needs) or not longest.shed():
                self.needs.pop()
        answers = [found.answer for _, found in self.needs]
        call_context.current_call().record_result(
            sum(len(answer.rows) for answer in answers),
            size(text),
            any(answer.cut for answer in answers) or every > len(self.needs),
        )
        return text

    def _text(self, every: int) -> str:
        texts = [f'{{"need":{quoted(_cut_need(need))},{found.text()[1:]}' for need, found in self.needs]
        said = f"Only {len(self.needs)} of {every} needs fit. Ask for the others by themselves."
        hint = f',"truncated":true,"hint":{quoted(said)}' if every > len(self.needs) else ""
        return f'{{"needs":[{",".join(texts)}]{hint}}}'


def _cut_need(need: str) -> str:
    return need if len(need) <= _NEED else f"{need[:_NEED]}…"
