"""Reads Excel workbooks, and refuses those that unpack to more bytes than the limit for a sheet."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO
from xml.parsers.expat import ParserCreate

from zava_mcp.admin.load.text_files import MAX_CELL
from zava_mcp.errors import InputError, install_extra

_MAX_ROW = 1_048_576  # Excel's limit
_MAX_COLUMNS = 2_000
_MAX_UNPACKED = 1_000_000_000  # bytes of all parts
_MAX_RATIO = 200  # The limit for a large part; sheets have factors of 5 to 30.
_LARGE = 10_000_000
_MAX_WHOLE = 200_000_000  # bytes of a part that is read as a whole: the texts, the styles
_CHUNK = 2 * MAX_CELL
_PROLOG = 4_096
_AS_CSV = "Save the sheet as CSV."


def check_workbook(path: Path) -> None:
    """Raises InputError if a workbook unpacks to too much, or has a text that no cell can have."""
    with _translate_faults(path), zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if (unpacked := sum(part.file_size for part in parts)) > _MAX_UNPACKED:
            raise InputError(
                f"{path.name} unpacks to {unpacked // 1_000_000:,} MB, the limit is {_MAX_UNPACKED // 1_000_000:,} MB",
                _AS_CSV,
            )
        for part in parts:
            if part.file_size > max(_LARGE, _MAX_RATIO * part.compress_size):
                raise InputError(
                    f"{path.name}: {part.filename[:100]} is compressed by a factor of"
                    f" {part.file_size // max(1, part.compress_size):,}; the limit is {_MAX_RATIO}",
                    _AS_CSV,
                )
        for part in parts:
            if part.filename.lower().endswith((".xml", ".rels")):
                _check_part(path, archive, part)


def _check_part(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    name = part.filename.lower()
    if part.file_size > _MAX_WHOLE and not name.startswith("xl/worksheets/"):
        raise InputError(f"{path.name}: {name[:100]} is larger than {_MAX_WHOLE // 1_000_000:,} MB", _AS_CSV)
    with archive.open(part) as file:
        if has_declarations(file):
            raise InputError(f"{path.name}: {name[:100]} has a document type, as no workbook needs", _AS_CSV)
    if part.file_size >= _CHUNK:
        _check_texts(path, archive, part)


def has_declarations(file: IO[bytes]) -> bool:
    """Whether the prolog of an XML file declares a document type, whose entities could expand without limit."""
    found: list[bool] = []
    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: found.append(True)
    parser.StartElementHandler = lambda *_: found.append(False)
    while not found and (chunk := file.read(_PROLOG)):
        parser.Parse(chunk, False)
    return bool(found) and found[0]


def _check_texts(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    with archive.open(part) as file:
        while len(chunk := file.read(_CHUNK)) == _CHUNK:
            if b"<" not in chunk:
                raise _large_cell(path, part.filename[:100])


def _large_cell(path: Path, place: str) -> InputError:
    return InputError(
        f"{path.name}, {place}: a cell has more than {MAX_CELL:,} characters, the limit of a cell",
        "Shorten the cell, or leave its column out.",
    )


def sheet_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first sheet, with the values that Excel computed for formulas. Raises InputError."""
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise InputError(
            "reading Excel files needs the extra xlsx", f"{install_extra('xlsx')} Or save the sheet as CSV."
        ) from None
    with _translate_faults(path):
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # The file's declared size would add empty rows and cells.
            for number, cells in enumerate(sheet.iter_rows(min_row=1, values_only=True), 1):
                if number > _MAX_ROW or len(cells) > _MAX_COLUMNS:
                    raise InputError(
                        f"{path.name} has a cell beyond row {_MAX_ROW:,} or column {_MAX_COLUMNS:,}",
                        f"Remove what is there. {_AS_CSV}",
                    )
                row = [cell_text(cell) for cell in cells]
                if any(row):
                    if any(len(cell) > MAX_CELL for cell in row):
                        raise _large_cell(path, f"line {number}")
                    yield number, row
        finally:
            book.close()


@contextmanager
def _translate_faults(path: Path) -> Iterator[None]:
    """Raises InputError for a file that is not a workbook."""
    try:
        yield
    except (InputError, PermissionError, FileNotFoundError):
        raise
    except Exception as error:  # a damaged archive, XML or workbook raises many kinds
        raise InputError(
            f"{path.name} is not an Excel workbook: {str(error)[:100]}", "Save it as .xlsx, or as CSV."
        ) from None


def cell_text(value: object) -> str:
    """The text of a cell of a workbook, or of a value in JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time() != value.min.time() else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, (dict, list)) else str(value)
