"""All rows of a query, written to a file while they stream: CSV, JSON lines or a workbook."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from json.encoder import encode_basestring as quoted
from pathlib import Path
from typing import Any, Protocol, TextIO

from zava_mcp import call_context
from zava_mcp.errors import InputError
from zava_mcp.postgres.pipeline import Column, Rows
from zava_mcp.postgres.pool import Database
from zava_mcp.postgres.query import Query
from zava_mcp.sales.column_hints import Catalogue
from zava_mcp.sales.fenced_sql import FencedSql
from zava_mcp.sales.json_values import ColumnEncoder, cell_texts, cells, encoder
from zava_mcp.sales.result import csv_line
from zava_mcp.sales.sales_query import check
from zava_mcp.sales.spreadsheet_formulas import line_without_formulas
from zava_mcp.settings import MAX_RESULT_BYTES

FORMATS = (".csv", ".jsonl", ".xlsx")
HOW_TO_GET_IT = "Install the extra `export`: uvx 'zava-mcp[export]', or pip install 'zava-mcp[export]'."
_EVERY = 2**63 - 1  # PostgreSQL's largest LIMIT
_SHEET_ROWS = 1_048_576
_CELL_CHARACTERS = 32_767
_DATES = {1082: date.fromisoformat, 1114: datetime.fromisoformat}


class Writer(Protocol):
    """What takes columns once, then rows as the JSON texts of arrays."""

    def begin(self, columns: list[Column]) -> None: ...
    def row(self, written: str) -> None: ...


class Export:
    """One query whose rows go to a writer, runnable once and cancellable from any other thread."""

    def __init__(self, sql: str, seconds: float, writer: Writer, progress: Callable[[int], None]) -> None:
        """Raises InputError if the text is out of range."""
        check(sql)
        self.rows = 0
        self._writer = writer
        self._progress = progress
        self._encoders: list[ColumnEncoder] = []
        self._text = FencedSql(sql)
        self._question = Query(
            self._text.inner,
            limit=_EVERY,
            row_bytes=MAX_RESULT_BYTES,
            seconds=seconds,
            columns=self._begin,
            rows=self._take,
        )

    def run(self, database: Database, catalogue: Catalogue) -> int:
        """Writes every row and returns how many. Raises what `SalesQuery.run` raises, OSError and InputError."""
        with self._text.errors(catalogue):
            database.run(self._question)
        call_context.current_call().remarks += self._text.remarks
        call_context.current_call().record_result(self.rows, None, False)
        return self.rows

    def _begin(self, columns: list[Column]) -> None:
        self._encoders = [encoder(column.type_oid, MAX_RESULT_BYTES) for column in columns]
        self._writer.begin(columns)

    def _take(self, rows: Rows) -> bool:
        columns = [write(texts) for write, texts in zip(self._encoders, zip(*rows, strict=True), strict=True)]
        for row in zip(*columns, strict=True) if columns else [()] * len(rows):
            self._writer.row(f"[{','.join(row)}]")
        self.rows += len(rows)
        self._progress(self.rows)
        return True


@contextmanager
def written_to(path: Path, bom: bool, formulas: bool) -> Iterator[Writer]:
    """A writer for a file, by its extension; the file is there whole at the end, or as it was before.

    `bom` puts a byte order mark first, which Excel needs to read CSV as UTF-8; without `formulas` a text that a
    spreadsheet would run as one gets an apostrophe before it. Raises InputError, OSError.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise InputError(f"{path.name[:80]!r} has none of the extensions {', '.join(FORMATS)}", "Name the file so.")
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        if kind == ".xlsx":
            with _workbook(draft) as writer:
                yield writer
        else:
            with open(draft, "x", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
                yield _Csv(file, formulas) if kind == ".csv" else _JsonLines(file)
        with suppress(FileNotFoundError):  # what could not be read by others does not become readable
            draft.chmod(path.stat().st_mode & 0o777)
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink()


class _Csv:
    def __init__(self, file: TextIO, formulas: bool) -> None:
        self._file = file
        self._formulas = formulas
        self._types: list[int] = []

    def begin(self, columns: list[Column]) -> None:
        self._types = [column.type_oid for column in columns]
        names = [column.name for column in columns]
        self._file.write(csv_line(names) if self._formulas else line_without_formulas(names, [0] * len(names)))

    def row(self, written: str) -> None:
        values = cells(written)
        self._file.write(csv_line(values) if self._formulas else line_without_formulas(values, self._types))


class _JsonLines:
    """An object a row."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._names: list[str] = []

    def begin(self, columns: list[Column]) -> None:
        self._names = [column.name for column in columns]
        if len(set(self._names)) < len(self._names):
            raise InputError(
                "two columns have the same name, and an object has each name once", "Rename one with AS, or write CSV."
            )

    def row(self, written: str) -> None:
        values = cell_texts(written)
        self._file.write("{" + ",".join(map("{}:{}".format, map(quoted, self._names), values)) + "}\n")


class _Sheet:
    """Numbers that a double holds are numbers, dates are dates, all else is text: no cell is a formula."""

    def __init__(self, book: Any) -> None:
        self._sheet = book.add_worksheet()
        self._formats = {
            1082: book.add_format({"num_format": "yyyy-mm-dd"}),
            1114: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        self._types: list[int] = []
        self._row = 0

    def begin(self, columns: list[Column]) -> None:
        self._types = [column.type_oid for column in columns]
        for place, column in enumerate(columns):
            self._sheet.write_string(0, place, column.name)

    def row(self, written: str) -> None:
        self._row += 1
        if self._row >= _SHEET_ROWS:
            raise InputError(f"a sheet has {_SHEET_ROWS:,} rows, and there are more", "Write CSV, or filter.")
        values = zip(json.loads(written), cells(written), self._types, strict=True)
        for place, (value, text, type_oid) in enumerate(values):
            self._cell(place, value, text, type_oid)

    def _cell(self, place: int, value: Any, text: str | None, type_oid: int) -> None:
        if text is None:
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(self._row, place, value)
        elif isinstance(value, int | float):
            self._sheet.write_number(self._row, place, value)
        elif (moment := _moment(text, type_oid)) is not None:
            self._sheet.write_datetime(self._row, place, moment, self._formats[type_oid])
        elif len(text) > _CELL_CHARACTERS:
            raise InputError(f"a cell has more than {_CELL_CHARACTERS:,} characters", "Write CSV, or shorten it.")
        else:
            self._sheet.write_string(self._row, place, text)


@contextmanager
def _workbook(path: Path) -> Iterator[Writer]:
    try:
        from xlsxwriter import Workbook
        from xlsxwriter.exceptions import XlsxFileError
    except ImportError:
        raise InputError("workbooks need the extra `export`", HOW_TO_GET_IT) from None
    book = Workbook(str(path), {"constant_memory": True, "strings_to_urls": False})
    try:
        yield _Sheet(book)
    finally:
        try:
            book.close()
        except XlsxFileError as error:
            raise OSError(0, str(error)) from None


def _moment(text: str, type_oid: int) -> date | None:
    """A date that a sheet can hold; it begins with 1900, and its dates before March of that year are wrong."""
    if type_oid not in _DATES:
        return None
    try:
        moment = _DATES[type_oid](text)
    except ValueError:  # infinity, years BC or beyond 9999
        return None
    return moment if moment.year > 1900 else None
