"""Shows the position of an error in a query, as psql does."""

from rich.cells import cell_len

from zava_mcp.cli.display.escape import escape
from zava_mcp.errors import QueryError


def format_position(error: QueryError, width: int) -> str:
    """Return the line with the error and a caret below it; "" if the position is unknown."""
    if not error.sql or not error.position:
        return ""
    before, after = error.sql[: error.position - 1], error.sql[error.position - 1 :]
    number = before.count("\n") + 1
    left, right = escape(before.rpartition("\n")[2].rstrip("\r")), escape(after.partition("\n")[0].rstrip("\r"))
    label = f"LINE {number}: "
    line_width = max(20, width - len(label) - 2)
    if cell_len(left + right) > line_width:
        left, right = _truncate_start(left, line_width // 2), _truncate_end(right, line_width // 2)
    return f"{label}{left}{right}\n{' ' * cell_len(label + left)}^"


def _truncate_start(text: str, width: int) -> str:
    """Return the end of a text within a width."""
    if cell_len(text) <= width:
        return text
    while cell_len(text) > width - 3:
        text = text[max(1, (len(text) - width) // 2) :]
    return f"...{text}"


def _truncate_end(text: str, width: int) -> str:
    """Return the beginning of a text within a width."""
    return text if cell_len(text) <= width else f"{text[: (width - 3) // max(1, cell_len(text) // len(text))]}..."
