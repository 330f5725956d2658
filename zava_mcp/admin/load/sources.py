"""Reads the rows of a file in chunks: CSV and TSV, JSON lines, and Excel workbooks."""

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

from zava_mcp.admin.load.text_files import MAX_CELL, MAX_LINE, examine, separator_of
from zava_mcp.admin.load.workbooks import cell_text, check_workbook, sheet_rows
from zava_mcp.errors import InputError

_ROWS = 4_000  # rows of a chunk: few enough to stay in the processor's cache
_CHUNK_BYTES = 4 * MAX_LINE  # A chunk has at most this many bytes if all its lines have the longest line's size.
_MAX_CHUNK = 16 * MAX_LINE  # characters of a chunk; a row in quotes can take any number of lines
_SEPARATOR_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_NO_HEADER = "The first line must name the columns; `zava-mcp load --template DIR` writes examples."

#: Lines and cells of some rows; the line of a row is where it begins.
Rows = tuple[list[int], list[list[str]]]


@dataclass
class Source:
    """An examined file: how it is written, its header, and the hash of its content.

    `written` is the encoding's name for messages. `typed` is whether numbers and dates have the notation of JSON.
    """

    path: Path
    sha256: str
    written: str
    header: list[str] = field(default_factory=list)
    encoding: str = ""
    separator: str = ""
    longest: int = 0  # bytes of a line

    @property
    def chunk_rows(self) -> int:
        """The rows of a chunk, fewer where lines are long."""
        return min(_ROWS, max(1, _CHUNK_BYTES // max(1, self.longest)))

    @property
    def typed(self) -> bool:
        return not self.separator

    def chunks(self) -> Iterator[Rows]:
        """The rows after the header, in chunks; blank ones are left out. Raises InputError."""
        if self.separator:
            yield from _csv_chunks(self)
        else:
            numbered = sheet_rows(self.path) if not self.encoding else _json_rows(self)
            if not self.encoding:
                next(numbered, None)
            width = len(self.header)
            while chunk := list(islice(numbered, self.chunk_rows)):
                yield [line for line, _ in chunk], [row + [""] * (width - len(row)) for _, row in chunk]


def open_source(path: Path) -> Source:
    """Examines a file. Raises InputError if it cannot be read, is empty, or is not a table."""
    try:
        if path.is_dir():
            raise InputError(f"{path.name} is a directory", "Name files: zava-mcp load DIR/*.csv.")
        if path.stat().st_size == 0:
            raise InputError(f"{path.name} is empty", _NO_HEADER)
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            return _open_sheet(path)
        text = examine(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or type(error).__name__}", "Check its name."
        ) from None
    if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
        source = Source(path, text.sha256, f"JSON lines, {text.encoding}", encoding=text.encoding, longest=text.longest)
        source.header = _json_header(source)
        return source
    separator = separator_of(path, text.encoding)
    written = f"CSV, {text.encoding}, separator {_SEPARATOR_NAMES[separator]}"
    source = Source(path, text.sha256, written, [], text.encoding, separator, text.longest)
    with path.open(encoding=text.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=separator, strict=True)
        with _refuse_quotes(source, reader):
            source.header = _header(path, next(reader, []))
    return source


def _header(path: Path, cells: Sequence[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    while header and not header[-1]:
        header.pop()
    if not header:
        raise InputError(f"{path.name} has no header", _NO_HEADER)
    return header


@contextmanager
def _refuse_quotes(source: Source, reader: Any) -> Iterator[None]:
    """Raises csv's errors as InputError with the line: mostly quotes that do not match."""
    try:
        yield
    except (csv.Error, UnicodeError) as error:
        raise InputError(
            f"{source.path.name}, line {reader.line_num}: {error}",
            "A cell with a separator, a quote or a line break must be in double quotes, and quotes in it are doubled.",
        ) from None


def _csv_chunks(source: Source) -> Iterator[Rows]:
    blank = [""] * len(source.header)
    with source.path.open(encoding=source.encoding, newline="") as file:
        lines_read = _Lines(source)
        reader = csv.reader(lines_read.of(file), delimiter=source.separator, strict=True)
        with _refuse_quotes(source, reader):
            next(reader)
            line = 1 + reader.line_num
            while chunk := list(islice(reader, source.chunk_rows)):
                lines_read.characters = 0
                if reader.line_num == line + len(chunk) - 1:
                    lines = list(range(line, line + len(chunk)))
                else:  # some rows take several lines
                    lines = list(accumulate(map(_height, chunk[:-1]), initial=line))
                line = reader.line_num + 1
                if [] in chunk or blank in chunk:
                    kept = [index for index, row in enumerate(chunk) if row and row != blank]
                    lines, chunk = [lines[index] for index in kept], [chunk[index] for index in kept]
                if chunk:
                    yield lines, chunk


class _Lines:
    """Counts the characters of the lines of a chunk. Raises InputError for too many."""

    def __init__(self, source: Source) -> None:
        self._source, self.characters = source, 0

    def of(self, file: Iterable[str]) -> Iterator[str]:
        for line in file:
            self.characters += len(line)
            if self.characters > _MAX_CHUNK:
                raise InputError(
                    f"{self._source.path.name} has rows of more than {_MAX_CHUNK:,} characters",
                    "A quote that is not closed takes all lines that follow into one cell.",
                )
            yield line


def _height(row: list[str]) -> int:
    """The number of lines that a row takes."""
    text = "".join(row)
    if "\n" not in text and "\r" not in text:
        return 1
    return 1 + text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


def _json_lines(source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    with source.path.open(encoding=source.encoding) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line, parse_float=str, parse_int=str)
            except (ValueError, RecursionError) as error:
                raise InputError(
                    f"{source.path.name}, line {number}: not JSON: {str(error)[:100]}", "Each line is one JSON object."
                ) from None
            if not isinstance(row, dict):
                raise InputError(f"{source.path.name}, line {number}: not an object", "Each line is one JSON object.")
            if "\\u" in line and not _is_text(row):
                raise InputError(
                    f"{source.path.name}, line {number} contains an unpaired surrogate, such as \\ud83d",
                    "Write both halves of the pair, or the character itself.",
                )
            yield number, row


def _is_text(row: dict[str, Any]) -> bool:
    """Whether all texts of a row can be written as UTF-8."""
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _json_header(source: Source) -> list[str]:
    names: dict[str, None] = {}
    for _, row in islice(_json_lines(source), 1000):
        names |= dict.fromkeys(row)
    return _header(source.path, list(names))


def _json_rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    for number, row in _json_lines(source):
        unknown = [name for name in row if name not in source.header]
        if unknown:
            raise InputError(
                f"{source.path.name}, line {number}: the first lines do not have the field {unknown[0][:60]!r}",
                "Name every field in the first line, with null where there is no value.",
            )
        cells = [cell_text(row.get(name)) for name in source.header]
        if any(len(cell) > MAX_CELL for cell in cells):
            raise InputError(
                f"{source.path.name}, line {number}: a cell has more than {MAX_CELL:,} characters", "Shorten it."
            )
        yield number, cells


def _open_sheet(path: Path) -> Source:
    check_workbook(path)
    rows = sheet_rows(path)
    header = _header(path, next(rows, (1, []))[1])
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Source(path, digest, "Excel, the first sheet", header)
