"""Markdown on a terminal, with tables that truncate no cell."""

from collections.abc import Iterable
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Markdown, MarkdownElement, TableElement
from rich.table import Table


class _Table(TableElement):
    """A table whose first column, usually a name to be typed, stays on one line where that leaves half of the room."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        tables: Iterable[Table] = super().__rich_console__(console, options)  # type: ignore[assignment]  # it yields one
        for table in tables:
            for column in table.columns:
                column.overflow = "fold"
            names = [str(cell) for cell in table.columns[0].cells]
            table.columns[0].no_wrap = max(map(len, names), default=0) <= options.max_width // 2
            yield table


class WholeCells(Markdown):
    """Markdown whose tables fold long words instead of truncating them."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {**Markdown.elements, "table_open": _Table}
