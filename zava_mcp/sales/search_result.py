"""The result of a product search, with notes on corrections, omitted products and weak matches."""

import json
import re
from dataclasses import dataclass, field
from json.encoder import encode_basestring as quoted

from zava_mcp import call_context
from zava_mcp.company import NEUTRAL, CompanyProfile
from zava_mcp.currencies import name_of
from zava_mcp.postgres.pipeline import Column, RowChunk, Rows
from zava_mcp.sales.json_values import compact_json
from zava_mcp.sales.result import QueryResult, byte_count
from zava_mcp.sales.search_literals import Literal
from zava_mcp.sales.search_request import SearchRequest

Row = dict[str, str | None]  # {column name: value in PostgreSQL's text format}

FULL_TEXT = "none: products were found by PostgreSQL full-text search, not by semantic search"
FULL_DESCRIPTIONS = 3  # the descriptions of further products are shortened
MIN_ORDERS_TOGETHER = 5  # orders that must contain two products for "bought with"
_SHORT_CHARACTERS = 80  # the length of a shortened description
_MAX_DESCRIPTION_CHARACTERS, _MAX_REMARK_CHARACTERS = 100, 300  # limits for repeated descriptions and for remarks
_MIN_SHARE = 0.55  # Products below this share of the best similarity are omitted.
_WEAK = 40  # percent; below it the best product seldom matches
_ADVICE = "Name the thing itself, not what it is for, or set category."
_SAMPLE_ADVICE = "Name the thing itself (wall anchor, not: to hang a mirror), or set category."
_ENGLISH = (
    "The text does not seem to be English, the language of the local model and of full-text search, so these products "
    "may not match it. Search in English."
)
_OTHER_LANGUAGE = (
    "The catalogue does not seem to be English, the language of the local model and of full-text search: use its words "
    "as they are spelled there. An administrator can choose another model: `zava-mcp guide embedding-providers`."
)
_BYTES_ADVICE = "Lower max_rows, or filter by category or price."


@dataclass
class SearchResult:
    """Products found. `closest` is the best product below the threshold, if none is above it.

    `notes` are additional entries of the JSON result as {name: JSON text}.
    """

    rows: QueryResult
    model: str
    closest: dict[str, str]
    notes: dict[str, str] = field(default_factory=dict)

    def json(self) -> str:
        """Returns `text` without the least needed parts, so that it fits into `max_bytes`."""
        self.rows.remarks += [remark[:_MAX_REMARK_CHARACTERS] for remark in call_context.current_call().take_remarks()]
        text = self.text()
        while byte_count(text) > self.rows.max_bytes and self.drop_least_needed():
            text = self.text()
        return text

    def drop_least_needed(self) -> bool:
        """Drops the least needed part and notes that. Returns False if nothing is left to drop."""
        if (bought := json.loads(self.notes.get("bought_with", "{}"))).get("rows"):
            bought |= {"rows": bought["rows"][:-1], "truncated": True}
            self.notes["bought_with"] = compact_json(bought)
            return True
        self.rows.truncated_by = "bytes"
        if self.rows.rows:
            self.rows.rows.pop()
            if "more" in self.notes:
                self.notes["more"] = quoted(f"{len(self.rows.rows)} shown, more exist")
        elif self.notes:
            del self.notes[max(self.notes, key=lambda name: len(self.notes[name]))]
        elif self.closest or self.rows.remarks:
            self.closest, self.rows.remarks = {}, []
        else:
            return False
        return True

    def text(self) -> str:
        """Returns the JSON result with "search" ("semantic" or "lexical"), "model", "closest" and the notes."""
        more = {"search": quoted("lexical" if self.model == FULL_TEXT else "semantic"), "model": quoted(self.model)}
        if self.closest:
            more["closest"] = "{" + ",".join(f"{quoted(name)}:{value}" for name, value in self.closest.items()) + "}"
        notes = {name: text for name, text in self.notes.items() if name != "hint" or not self.rows.truncated_by}
        return self.rows.json(more | notes)

    def remarks(self) -> list[str]:
        """Returns the notes as sentences for a terminal."""
        notes = {name: json.loads(text) for name, text in self.notes.items()}
        if currency := notes.pop("currency", ""):
            notes["currency"] = f"amounts are in {name_of(currency)}"
        lines = [f"searched for {new!r} instead of {old!r}" for old, new in notes.pop("corrected", {}).items()]
        if literal := notes.pop("literal", None):
            lines.append(f"found as written: {', '.join(literal)}")
        if bought := notes.pop("bought_with", None):
            names = ", ".join(f"{row[1]} ({row[3]} times as often as by chance)" for row in bought["rows"])
            lines.append(f"bought with {bought['sku']}: {names or 'nothing often enough'}")
        return [*lines, *map(str, notes.values())]


@dataclass(frozen=True)
class TextInterpretation:
    """How a search interpreted its text: corrected words, literal parts, language."""

    corrected: dict[str, str] = field(default_factory=dict)
    company: CompanyProfile = NEUTRAL
    rephrased: str = ""  # the text that was searched for instead, "" if none
    foreign: bool = False  # it is in a language that neither the model nor full-text search knows
    foreign_catalogue: bool = False  # The products are in such a language, too.
    only_code: bool = False  # the text may be nothing but a SKU or the beginning of one
    looks_like_code: bool = False  # The text looks like a SKU.
    literals: tuple[Literal, ...] = ()


def to_search_result(
    columns: "list[Column]",
    table: list[Row],
    model: str,
    request: SearchRequest,
    max_bytes: int,
    text: TextInterpretation,
) -> SearchResult:
    """Builds the result from the rows of the statement, of which `columns` are shown.

    Without a requested threshold, products far below the best are omitted.
    """
    max_rows = request.max_rows
    passing = [row for row in table if row["passes"] == "t"]
    kept = passing if request.similarity_threshold is not None else _near_the_best(passing, text.only_code)
    rows = QueryResult(max_rows, max_bytes, bytes_advice=_BYTES_ADVICE)
    for index, row in enumerate(kept[:max_rows]):
        if index >= FULL_DESCRIPTIONS:
            row["description"] = _shorten(row["description"])
    rows.add(RowChunk(columns, [tuple(row[column.name] for column in columns) for row in kept[:max_rows]]))
    result = SearchResult(rows, model, {} if passing else _closest(table))
    result.notes = {
        **({"corrected": json.dumps(text.corrected, ensure_ascii=False)} if text.corrected else {}),
        **({"searched_for": quoted(truncate_description(text.rephrased))} if text.rephrased else {}),
        **_matched_literals(kept[:max_rows], text),
        **_omitted(len(rows.rows), len(kept), len(passing), len(table) > max_rows),
        **({"currency": quoted(text.company.currency)} if text.company.currency and not text.company.is_sample else {}),
        **_hint(passing, text, model),
    }
    return result


def _near_the_best(passing: list[Row], only_code: bool) -> list[Row]:
    """Returns the rows that are not far below the best; for a text that is a code, the exact matches alone."""
    exact = [row for row in passing if row["exact"] != "0"]
    if exact and only_code:  # full matches of the SKU, else matches of its beginning
        return [row for row in exact if row["exact"] == exact[0]["exact"]]
    scores = [_score(row) for row in passing if row["exact"] == "0"]
    minimum = _MIN_SHARE * max(scores, default=0.0)
    return [row for row in passing if row["exact"] != "0" or row["similarity"] is None or _score(row) >= minimum]


def _score(row: Row) -> float:
    return float(row["similarity"] or 0) + float(row["bonus"] or 0)


def _shorten(text: str | None) -> str | None:
    if text is None or len(text) <= _SHORT_CHARACTERS:
        return text
    return text[:_SHORT_CHARACTERS].rsplit(" ", 1)[0].rstrip(" ,.;:") + " …"


def _omitted(shown: int, kept: int, passing: int, limit_reached: bool) -> dict[str, str]:
    """Notes that there are more rows, or how many rows far below the best were omitted."""
    notes = {}
    if kept > shown:
        notes["more"] = quoted(f"{shown} shown, more exist")
    elif passing > kept:
        prefix = "at least " if limit_reached else ""
        notes["left_out"] = quoted(
            f"{prefix}{passing - kept} far less similar products were omitted; set similarity_threshold to see them"
        )
    return notes


def _matched_literals(rows: list[Row], text: TextInterpretation) -> dict[str, str]:
    """Notes the literal parts of the text that a product contains."""
    products = [f"{row['product_name']} {row['description']}" for row in rows if row["bonus"] not in ("0", "0.0")]
    matched = [part.text for part in text.literals if any(re.search(part.pattern, each, re.I) for each in products)]
    return {"literal": json.dumps(matched, ensure_ascii=False)} if matched else {}


def _hint(passing: list[Row], text: TextInterpretation, model: str) -> dict[str, str]:
    exact = any(row["exact"] != "0" or row["bonus"] not in ("0", "0.0") for row in passing)
    weak = not exact and (not passing or (model != FULL_TEXT and max(map(_score, passing)) < _WEAK))
    if text.looks_like_code and not exact:
        return {"hint": quoted("No SKU is or begins with this.")}
    if text.foreign_catalogue:
        return {"hint": quoted(_OTHER_LANGUAGE)} if weak else {}
    advice = _SAMPLE_ADVICE if text.company.is_sample else _ADVICE
    parts = [advice] * (weak and not text.foreign) + [_ENGLISH] * text.foreign
    return {"hint": quoted(" ".join(parts))} if parts else {}


def _closest(table: list[Row]) -> dict[str, str]:
    """Returns the best product below the threshold as {name: JSON text}, {} if there is none."""
    for row in table:
        sku, name, similarity = row["sku"] or "", row["product_name"] or "", row["similarity"] or "null"
        return {"sku": quoted(sku), "product_name": quoted(name), "similarity": similarity}
    return {}


def bought_with_json(rows: "Rows") -> str:
    """Returns the rows of list_bought_with as JSON: the product, the number of its orders, and the related products."""
    pairs = [[sku, name, int(count or 0), float(lift or 0)] for _, _, sku, name, count, lift in rows if sku]
    columns = ["sku", "product_name", "orders_together", "lift"]
    orders = int(rows[0][1] or 0)
    content = {
        "sku": rows[0][0],
        "orders": orders,
        "least_orders_together": MIN_ORDERS_TOGETHER,
        "columns": columns,
        "rows": pairs,
    }
    return compact_json(content)


def truncate_description(text: str) -> str:
    """Returns a text that a search repeats, truncated."""
    return text if len(text) <= _MAX_DESCRIPTION_CHARACTERS else f"{text[:_MAX_DESCRIPTION_CHARACTERS]}…"
