"""Lays out tables and sentences within the width of a terminal."""

import re
from collections.abc import Sequence
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from zava_mcp.cli.display.escape import Column

_GAP = 2  # between columns
_MIN_TEXT_WIDTH = 12  # A table with a narrower text column is unreadable.
_MAX_LINES = 3  # of a text in a table
_MAX_RECORD_LINES = 12  # of a text in a record
_NULL = "NULL"
_WORDS = re.compile(r"(?:`[^`]*`|[^ ])+")  # a command in backquotes is one word


def lay_out(columns: Sequence[Column], width: int | None, whole: bool = False, null: str = _NULL) -> "Layout":
    """Lay out columns side by side within a width, or one record below the other if they do not fit.

    Without a width, columns are as wide as their texts. Long texts are truncated unless `whole` is true.
    """
    widths = _widths(columns, width)
    if widths is None and width is not None:
        return _records(columns, width, whole, null)
    table = Table(
        box=None if width is None else SIMPLE_HEAD,
        header_style="bold",
        show_edge=False,
        pad_edge=False,
        padding=(0, _GAP if width is None else _GAP - 1, 0, 0),
    )
    truncated = False
    cells: list[list[Text]] = []
    for column, column_width in zip(columns, widths or [0] * len(columns), strict=True):
        justify: Literal["left", "right"] = "right" if column.number else "left"
        table.add_column(Text(column.name), justify=justify, width=column_width or None, overflow="fold")
        limit = None if whole or column.unbroken or not column_width else column_width * _MAX_LINES
        texts = [_cell(column, cell, limit, null) for cell in column.cells]
        truncated = truncated or any(shortened for _, shortened in texts)
        cells.append([text for text, _ in texts])
    for row in zip(*cells, strict=True):
        table.add_row(*row)
    return Layout(table, truncated)


class Layout:
    """A table or records to print, and whether texts in it are truncated."""

    def __init__(self, renderable: RenderableType, truncated: bool) -> None:
        self.renderable = renderable
        self.truncated = truncated


def _widths(columns: Sequence[Column], width: int | None) -> list[int] | None:
    """Return a width for each column, or None if they do not fit.

    Numbers and dates get their full width, and texts share the rest.
    """
    natural = [max([cell_len(column.name), *(cell_len(cell or _NULL) for cell in column.cells)]) for column in columns]
    if width is None:
        return natural
    available = width - _GAP * (len(columns) - 1)
    words = [
        size if column.unbroken else min(size, _longest_word(column))
        for column, size in zip(columns, natural, strict=True)
    ]
    narrow = [
        word if column.unbroken else min(word, _MIN_TEXT_WIDTH) for column, word in zip(columns, words, strict=True)
    ]
    sizes = words if sum(words) <= available else narrow  # Breaking long words is better than printing records.
    return _distribute(sizes, natural, available - sum(sizes)) if sum(sizes) <= available else None


def _longest_word(column: Column) -> int:
    words = (word for text in (column.name, *column.cells) for word in (text or _NULL).split())
    return max(map(cell_len, words), default=0)


def _distribute(sizes: list[int], natural: list[int], rest: int) -> list[int]:
    """Distribute the remaining width evenly among the columns that are narrower than their texts."""
    while rest and (narrow := [index for index, size in enumerate(sizes) if size < natural[index]]):
        for index in narrow[:rest]:
            extra = min(max(1, rest // len(narrow)), natural[index] - sizes[index], rest)
            sizes[index] += extra
            rest -= extra
    return sizes


def _records(columns: Sequence[Column], width: int, whole: bool, null: str) -> Layout:
    """Lay out each row as lines of a name and a value."""
    name_width = max(cell_len(column.name) for column in columns)
    name_width = min(name_width, width // 2)
    value_width = max(1, width - name_width - _GAP)
    limit = None if whole else value_width * _MAX_RECORD_LINES
    truncated = False
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(width=name_width, overflow="fold", style="bold")
    grid.add_column(overflow="fold")
    for index in range(len(columns[0].cells) if columns else 0):
        if index:
            grid.add_row("", "")
        for column in columns:
            text, shortened = _cell(column, column.cells[index], limit, null)
            truncated = truncated or shortened
            grid.add_row(Text(column.name), text)
    return Layout(grid, truncated)


def _cell(column: Column, cell: str | None, limit: int | None, null: str) -> tuple[Text, bool]:
    """Return a cell's text within a width in terminal columns, and whether it was truncated."""
    if cell is None:
        return Text(null, style="dim"), False
    if limit is not None and cell_len(cell) > limit:
        return Text(truncate(cell, limit)), True
    return Text(cell, style=column.styles.get(cell, "")), False


def wrap_words(text: str, width: int) -> str:
    """Return lines of text within a width, broken between words but not within `commands`; list items stay indented."""
    return "\n".join(line for long in text.split("\n") for line in _wrap_line(long, width))


def _wrap_line(line: str, width: int) -> list[str]:
    if cell_len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip(" ")))
    first, *words = _WORDS.findall(line[len(indent) :])
    lines, hanging = [indent + first], f"{indent}  " if indent else ""
    for word in words:
        if cell_len(lines[-1]) + 1 + cell_len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(hanging + word)
    return lines


def truncate(text: str, width: int) -> str:
    """Return a text within a width in terminal columns; an ellipsis marks the truncation."""
    return text if cell_len(text) <= width else f"{set_cell_size(text, width - 1).rstrip()}…"
