"""Tables that fit the terminal."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from zava_mcp.cli.display.escape import Column

_GAP = 2  # between columns
_NARROWEST = 12  # a text column that cannot have so much is not worth a table
_MOST_LINES = 3  # of a text in a table
_MOST_LINES_ALONE = 12  # of a text in a record
_NULL = "NULL"


def layout_of(columns: Sequence[Column], width: int | None, whole: bool = False, null: str = _NULL) -> "Layout":
    """Columns within a width, None for as wide as they are; a record a row where the columns do not fit side by side.

    Texts are cut to some lines unless all of them is wanted.
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
    cut = False
    shown: list[list[Text]] = []
    for column, room in zip(columns, widths or [0] * len(columns), strict=True):
        table.add_column(
            Text(column.name), justify="right" if column.number else "left", width=room or None, overflow="fold"
        )
        most = None if whole or column.solid or not room else room * _MOST_LINES
        texts = [_cell(column, cell, most, null) for cell in column.cells]
        cut = cut or any(shortened for _, shortened in texts)
        shown.append([text for text, _ in texts])
    for row in zip(*shown, strict=True):
        table.add_row(*row)
    return Layout(table, cut)


class Layout:
    """What is printed, and whether texts in it are cut."""

    def __init__(self, printed: RenderableType, cut: bool) -> None:
        self.printed = printed
        self.cut = cut


def _widths(columns: Sequence[Column], width: int | None) -> list[int] | None:
    """A width for each column, None if there is no room: numbers and dates have theirs, texts share the rest."""
    natural = [max([cell_len(column.name), *(cell_len(cell or _NULL) for cell in column.cells)]) for column in columns]
    if width is None:
        return natural
    room = width - _GAP * (len(columns) - 1)
    words = [
        size if column.solid else min(size, _longest_word(column))
        for column, size in zip(columns, natural, strict=True)
    ]
    short = [word if column.solid else min(word, _NARROWEST) for column, word in zip(columns, words, strict=True)]
    sizes = words if sum(words) <= room else short  # long words are broken rather than columns set apart
    return _grown(sizes, natural, room - sum(sizes)) if sum(sizes) <= room else None


def _longest_word(column: Column) -> int:
    words = (word for text in (column.name, *column.cells) for word in (text or _NULL).split())
    return max(map(cell_len, words), default=0)


def _grown(sizes: list[int], natural: list[int], room: int) -> list[int]:
    """Sizes with the room shared out evenly among those that are not yet what they would be."""
    while room and (small := [place for place, size in enumerate(sizes) if size < natural[place]]):
        for place in small[:room]:
            more = min(max(1, room // len(small)), natural[place] - sizes[place], room)
            sizes[place] += more
            room -= more
    return sizes


def _records(columns: Sequence[Column], width: int, whole: bool, null: str) -> Layout:
    """Each row as lines of name and value."""
    names = max(cell_len(column.name) for column in columns)
    names = min(names, width // 2)
    room = max(1, width - names - _GAP)
    cut = False
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(width=names, overflow="fold", style="bold")
    grid.add_column(overflow="fold")
    for place in range(len(columns[0].cells) if columns else 0):
        if place:
            grid.add_row("", "")
        for column in columns:
            text, shortened = _cell(column, column.cells[place], None if whole else room * _MOST_LINES_ALONE, null)
            cut = cut or shortened
            grid.add_row(Text(column.name), text)
    return Layout(grid, cut)


def _cell(column: Column, cell: str | None, most: int | None, null: str) -> tuple[Text, bool]:
    """A cell's text within so many columns of the terminal, and whether it was cut."""
    if cell is None:
        return Text(null, style="dim"), False
    if most is not None and cell_len(cell) > most:
        return Text(clipped(cell, most)), True
    return Text(cell, style=column.styles.get(cell, "")), False


def clipped(text: str, most: int) -> str:
    """A text within so many columns of the terminal; the cut is seen."""
    return text if cell_len(text) <= most else f"{set_cell_size(text, most - 1).rstrip()}…"
