"""Markdown on a terminal, with tables that truncate no cell and code that can be copied."""

from collections.abc import Iterable
from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Markdown, MarkdownElement, TableElement
from rich.syntax import Syntax
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


class _Code(CodeBlock):
    """Code without a margin, whose lines the terminal wraps: what is copied is what was written."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = Syntax("", self.lexer_name, theme=self.theme).highlight(str(self.text).rstrip())
        code.no_wrap, code.overflow = True, "ignore"
        yield code


class WholeText(Markdown):
    """Markdown that truncates nothing: tables fold long words, and lines of code keep their length."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "table_open": _Table,
        "fence": _Code,
        "code_block": _Code,
    }
