"""Where in a query a mistake is, as psql shows it."""

from rich.cells import cell_len

from zava_mcp.cli.display.escape import escape
from zava_mcp.errors import QueryError


def position_of(error: QueryError, width: int) -> str:
    """The line with the mistake and a caret under it, as psql shows them; "" where no place is known."""
    if not error.sql or not error.position:
        return ""
    before, at = error.sql[: error.position - 1], error.sql[error.position - 1 :]
    number = before.count("\n") + 1
    left, right = escape(before.rpartition("\n")[2].rstrip("\r")), escape(at.partition("\n")[0].rstrip("\r"))
    head = f"LINE {number}: "
    room = max(20, width - len(head) - 2)
    if cell_len(left + right) > room:
        left, right = _ending(left, room // 2), _beginning(right, room // 2)
    return f"{head}{left}{right}\n{' ' * cell_len(head + left)}^"


def _ending(text: str, room: int) -> str:
    """As much of a text's end as there is room for."""
    if cell_len(text) <= room:
        return text
    while cell_len(text) > room - 3:
        text = text[max(1, (len(text) - room) // 2) :]
    return f"...{text}"


def _beginning(text: str, room: int) -> str:
    return text if cell_len(text) <= room else f"{text[: (room - 3) // max(1, cell_len(text) // len(text))]}..."
