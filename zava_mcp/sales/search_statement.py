"""The SQL of a search and its values, put together of the parts of search.sql."""

from dataclasses import dataclass

from zava_mcp import sql
from zava_mcp.embeddings import padded
from zava_mcp.postgres.statement import INDEX_FROM
from zava_mcp.sales.search_literals import Literals


@dataclass(frozen=True)
class SearchStatement:
    """What decides the SQL of a search: the text's literal parts, a product instead of a text, and where to look.

    `dimensions` are those of the server's model if only its vectors are looked at, for which there may be an index,
    else 0.
    """

    like_product: bool
    by_meaning: bool
    dimensions: int
    literals: Literals

    def sql(self) -> str:
        """The statement, in which values are still parameters."""
        parts, literals = sql.named("search.sql"), self.literals
        ours, sought = bool(self.dimensions), bool(literals.found)
        how = ("of_many" if ours else "one_by_one", "by_meaning") if self.by_meaning else ("by_words",)
        statement = "".join(parts[name] for name in ("target", "wanted", *how, "described"))
        words = {
            "begins": parts["begins"] if literals.prefixes else "",
            "written": parts["written"] if sought else "",
            "or_written": parts["or_written"] if sought else "",
            "or_literal": parts["or_literal"] if sought else "",
            "bonus": parts["bonus"] if sought else "0",
            "dimensions": str(self.dimensions),
            "many": str(INDEX_FROM),
            **self._compared(parts, ours),
        }
        for word, text in words.items():
            statement = statement.replace(f"{{{word}}}", text)
        return statement

    def _compared(self, parts: dict[str, str], ours: bool) -> dict[str, str]:
        """With what products are compared: a text and its vector, or a product's."""
        words = {name: f"%({name})s" for name in ("model", "text")} | {
            "vector": "%(vector)s::public.vector",
            "but": "true",
        }
        if self.like_product:
            words |= {name: parts[f"its_{name}"] for name in words if name != "model" or not ours}
        return {"name": words["text"] if self.like_product else "%(name)s", **words}

    def values(self, vector: list[float] | None) -> dict[str, object]:
        """The values of the parameters that stand for literals and the vector."""
        found = self.literals.found
        return {
            "vector": f"[{','.join(map(repr, padded(vector)))}]" if vector else None,
            "prefixes": list(self.literals.prefixes),
            "written": [literal.written for literal in found],
            "patterns": [literal.pattern for literal in found],
            "weights": [literal.weight for literal in found],
            "in_descriptions": [literal.in_description for literal in found],
        }
