"""Lists saved queries for a model, within a number of bytes."""

from zava_mcp.postgres.saved_query import SavedQuery

MAX_BRIEF_BYTES = 1_000
_BRIEF_TITLE = "Saved queries, for the tool run_saved_query; without that tool, their SQL is in zava.saved_queries:"


def list_briefly(queries: list[SavedQuery]) -> str:
    """Returns the lines that table descriptions end with, at most MAX_BRIEF_BYTES; "" without saved queries."""
    return _join(_BRIEF_TITLE, [f"  {query.describe()}" for query in queries], MAX_BRIEF_BYTES) if queries else ""


def list_fully(queries: list[SavedQuery], max_bytes: int) -> str:
    """Returns all saved queries with the descriptions of their parameters, as far as they fit into `max_bytes`."""
    if not queries:
        return "There are no saved queries."
    lines: list[str] = []
    for query in queries:
        details = [f"  {p.describe()}{f' -- {p.description}' * bool(p.description)}" for p in query.parameters]
        lines.append("\n".join([f"{query.name}: {query.description}", *details]))
    return _join("Saved queries, and their parameters:", lines, max_bytes)


def _join(title: str, lines: list[str], max_bytes: int) -> str:
    """Returns the title and the first lines that fit, then how many are left out."""
    text = title
    for index, line in enumerate(lines):
        more = f"\n  and {len(lines) - index:,} more: run_saved_query without a name lists them."
        if len(f"{text}\n{line}{more}".encode()) > max_bytes:
            return text + more
        text = f"{text}\n{line}"
    return text
