"""Plans how a file is loaded, from its content alone: its table, its columns and its notation."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from zava_mcp.admin.load.fields import FLAT, TABLES
from zava_mcp.admin.load.mapping import ColumnMapping, choose
from zava_mcp.admin.load.notation import AmbiguousNotation, Evidence, Notation
from zava_mcp.admin.load.sources import Source
from zava_mcp.errors import InputError
from zava_mcp.plurals import counted

_DECIMALS = {"comma": ",", "point": ".", "": ""}
_LISTED = 10  # ignored columns that are named
_ORDER = [table.name for table in TABLES]


@dataclass(frozen=True)
class Choices:
    """What the administrator chose instead of what a file says: "" and None leave it to the file."""

    table: str | None = None
    columns: Mapping[str, str] | None = None
    decimal: str = ""
    date_format: str = ""


@dataclass(frozen=True)
class Plan:
    """One file, its table and columns, its notation, its number of rows, and the first value of each column."""

    source: Source
    mapping: ColumnMapping
    notation: Notation
    rows: int
    examples: dict[str, str]

    @property
    def place(self) -> int:
        """The place of its table among those that refer to each other."""
        return _ORDER.index("orders" if self.mapping.table is FLAT else self.mapping.table.name)

    @property
    def loaded_as(self) -> str:
        """The table, columns and notation, which another load of the same content must share."""
        columns = ",".join(f"{name}={index}" for name, index in self.mapping.columns.items())
        return f"{self.mapping.table.name}({columns}){self.notation.decimal}{self.notation.date_format}"

    def described(self) -> list[str]:
        """The plan for people: a line for the file, and a line for each column."""
        header = self.source.header
        how = ", ".join([self.source.written, *self.notation.described()])
        lines = [f"{self.source.path.name} -> {self.mapping.table.name}: {counted(self.rows, 'row')}; {how}"]
        for field in self.mapping.fields:
            column = header[self.mapping.columns[field.name]]
            lines.append(
                f"  {column[:60]} -> {field.name}, e.g. {self.examples.get(field.name, '')[:60]}".removesuffix(
                    ", e.g. "
                )
            )
        if ignored := self.mapping.ignored:
            more = f" and {len(ignored) - _LISTED} more" if len(ignored) > _LISTED else ""
            lines.append(f"  ignored: {', '.join(text[:60] or '(no name)' for text in ignored[:_LISTED])}{more}")
            lines += [f"  {advice}" for advice in self.mapping.advice()]
        return lines


def plan(source: Source, choices: Choices) -> Plan:
    """Reads a file once and plans its load. Raises InputError with the ambiguous lines."""
    path = source.path
    mapping = choose(path, source.header, choices.table, choices.columns or {})
    numbers = [mapping.columns[field.name] for field in mapping.fields if field.kind in ("whole", "amount")]
    dates = [mapping.columns[field.name] for field in mapping.fields if field.kind in ("date", "moment")]
    evidence, examples, rows = Evidence(), dict[str, str](), 0
    for _, chunk in source.chunks():
        rows += len(chunk)
        if not examples:
            examples = {name: chunk[0][index] for name, index in mapping.columns.items() if index < len(chunk[0])}
        for index in numbers if not source.typed else ():
            evidence.add_numbers([row[index] for row in chunk if index < len(row)])
        for index in dates:
            evidence.add_dates([row[index] for row in chunk if index < len(row)])
    if not rows:
        raise InputError(f"{path.name} has a header and no rows", "There is nothing to load.")
    decimal = _DECIMALS[choices.decimal] or ("." if source.typed and numbers else "")
    try:
        notation = evidence.notation(path.name, decimal, choices.date_format)
    except AmbiguousNotation as mixed:
        raise InputError(
            f"{mixed.message}: {_lines_of(source, mixed.cells, numbers + dates)}", f"{mixed.hint} Nothing was written."
        ) from None
    return Plan(source, mapping, notation, rows, examples)


def _lines_of(source: Source, cells: list[str], indexes: list[int]) -> str:
    """The first lines with each of these cells, in the order of the lines."""
    found: dict[str, list[int]] = {cell: [] for cell in cells}
    for lines, chunk in source.chunks():
        for line, row in zip(lines, chunk, strict=True):
            for index in islice(indexes, len(row)):
                if index < len(row) and row[index] in found and len(found[row[index]]) < 3:
                    found[row[index]].append(line)
        if all(found.values()):
            break
    return " and ".join(
        f"{cell.strip()!r} (line {', '.join(map(str, lines))})"
        for cell, lines in sorted(found.items(), key=lambda entry: entry[1])
    )
