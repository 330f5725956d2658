"""Builds the SQL of a product search from the parts of search.sql."""

from dataclasses import dataclass

from zava_mcp import sql
from zava_mcp.embeddings import padded
from zava_mcp.postgres.statement import INDEX_FROM
from zava_mcp.sales.search_literals import Literals


@dataclass(frozen=True)
class SearchStatement:
    """The choices that determine the SQL of a search.

    `similar_to_product` compares with a product instead of a text; `semantic` uses embeddings. `dimensions` are
    those of the server's model if only its embeddings are searched, for which there may be an index, else 0.
    `distributed`: on a Citus cluster.
    """

    similar_to_product: bool
    semantic: bool
    dimensions: int
    literals: Literals
    distributed: bool = False

    def sql(self) -> str:
        """Returns the statement with its parameters."""
        parts, has_literals = sql.named("search.sql"), bool(self.literals.items)
        candidates = "nearest_with_index" if self.dimensions else "nearest_exact"
        method = (candidates, "semantic_matches") if self.semantic else ("full_text_matches",)
        details = "select_details_of_nodes" if self.distributed else "select_details"
        statement = "".join(parts[name] for name in ("target", "filtered", *method, details))
        fragments = {
            "sku_prefix": parts["sku_prefix"] if self.literals.prefixes else "",
            "literal_candidates": parts["literal_candidates"] if has_literals else "",
            "union_literal_candidates": parts["union_literal_candidates"] if has_literals else "",
            "union_literal_matches": parts["union_literal_matches"] if has_literals else "",
            "bonus": parts["bonus"] if has_literals else "0",
            "dimensions": str(self.dimensions),
            "index_from": str(INDEX_FROM),
            **self._reference(parts),
        }
        for name, text in fragments.items():
            statement = statement.replace(f"{{{name}}}", text)
        return statement

    def _reference(self, parts: dict[str, str]) -> dict[str, str]:
        """Returns the fragments for what products are compared with: a text and its embedding, or a product's."""
        fragments = {name: f"%({name})s" for name in ("model", "text")} | {
            "vector": "%(vector)s::public.vector",
            "condition": "true",
        }
        if self.similar_to_product:
            from_target = [name for name in fragments if name != "model" or not self.dimensions]
            fragments |= {name: parts[f"target_{name}"] for name in from_target}
        return {"name": fragments["text"] if self.similar_to_product else "%(name)s", **fragments}

    def values(self, vector: list[float] | None) -> dict[str, object]:
        """Returns the parameters for the literals and the vector."""
        items = self.literals.items
        return {
            "vector": f"[{','.join(map(repr, padded(vector)))}]" if vector else None,
            "prefixes": list(self.literals.prefixes),
            "literal_texts": [literal.text for literal in items],
            "patterns": [literal.pattern for literal in items],
            "name_weights": [literal.name_weight for literal in items],
            "description_weights": [literal.description_weight for literal in items],
        }
