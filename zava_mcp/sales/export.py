"""Exports all rows of a query to a CSV file, JSON lines or a workbook while they stream."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date, datetime
from json.encoder import encode_basestring as quoted
from pathlib import Path
from typing import Any, Protocol, TextIO

from zava_mcp import call_context
from zava_mcp.errors import InputError, install_extra
from zava_mcp.postgres.bound_sql import BoundSql
from zava_mcp.postgres.pipeline import Column, RowChunk
from zava_mcp.postgres.pool import Database
from zava_mcp.postgres.query import Query
from zava_mcp.sales.column_hints import Catalogue
from zava_mcp.sales.fenced_sql import FencedSql
from zava_mcp.sales.json_values import ColumnEncoder, encoder, json_cells, plain_cells
from zava_mcp.sales.result import csv_line
from zava_mcp.sales.sales_query import check_sql
from zava_mcp.sales.spreadsheet_formulas import line_without_formulas
from zava_mcp.settings import MAX_RESULT_BYTES

FORMATS = (".csv", ".jsonl", ".xlsx")
_NO_LIMIT = 2**63 - 1  # PostgreSQL's largest LIMIT
_MAX_SHEET_ROWS = 1_048_576
_MAX_CELL_CHARACTERS = 32_767
_DATES = {1082: date.fromisoformat, 1114: datetime.fromisoformat}


class Writer(Protocol):
    """Receives the columns once, then each row as the JSON text of an array."""

    def write_header(self, columns: list[Column]) -> None: ...
    def write_row(self, row: str) -> None: ...


class Export:
    """One query whose rows go to a writer. It runs once."""

    def __init__(self, sql: str | BoundSql, seconds: float, writer: Writer, progress: Callable[[int], None]) -> None:
        """Raises InputError if the text is out of range."""
        sql, values = (sql.sql, sql.values) if isinstance(sql, BoundSql) else (sql, ())
        check_sql(sql)
        self.rows = 0
        self._writer = writer
        self._progress = progress
        self._encoders: list[ColumnEncoder] | None = None
        self._fenced = FencedSql(sql)
        self._query = Query(
            self._fenced.inner,
            limit=_NO_LIMIT,
            row_bytes=MAX_RESULT_BYTES,
            seconds=seconds,
            values=values,
        )

    def run(self, database: Database, catalogue: Catalogue) -> int:
        """Writes all rows and returns their number. Raises the errors of `SalesQuery.run`, OSError and InputError."""
        with self._fenced.errors(catalogue), closing(database.run(self._query)) as chunks:
            for chunk in chunks:
                self._write(chunk)
        call_context.current_call().remarks += self._fenced.remarks
        call_context.current_call().record_result(self.rows, None, False)
        return self.rows

    def _write(self, chunk: RowChunk) -> None:
        if self._encoders is None:
            self._encoders = [encoder(column.type_oid, MAX_RESULT_BYTES) for column in chunk.columns]
            self._writer.write_header(chunk.columns)
        if not chunk.rows:
            return
        cells_by_column = zip(*chunk.rows, strict=True)
        columns = [encode(texts) for encode, texts in zip(self._encoders, cells_by_column, strict=True)]
        for row in zip(*columns, strict=True) if columns else [()] * len(chunk.rows):
            self._writer.write_row(f"[{','.join(row)}]")
        self.rows += len(chunk.rows)
        self._progress(self.rows)


@contextmanager
def open_writer(path: Path, bom: bool, formulas: bool) -> Iterator[Writer]:
    """Opens a writer for a file, chosen by its extension. The file is replaced only after the last row was written.

    `bom` writes a byte order mark, which Excel needs to read CSV as UTF-8. Without `formulas`, texts that a spreadsheet
    would execute get an apostrophe before them. Raises InputError and OSError.
    """
    extension = path.suffix.lower()
    if extension not in FORMATS:
        raise InputError(f"{path.name[:80]!r} has none of the extensions {', '.join(FORMATS)}", "Use one of them.")
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        if extension == ".xlsx":
            with _workbook(draft) as writer:
                yield writer
        else:
            with open(draft, "x", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
                yield _Csv(file, formulas) if extension == ".csv" else _JsonLines(file)
        with suppress(FileNotFoundError):  # the new file keeps the permissions of the old one
            draft.chmod(path.stat().st_mode & 0o777)
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink()


class _Csv:
    """Writes one line of CSV per row."""

    def __init__(self, file: TextIO, formulas: bool) -> None:
        self._file = file
        self._formulas = formulas
        self._types: list[int] = []

    def write_header(self, columns: list[Column]) -> None:
        self._types = [column.type_oid for column in columns]
        names = [column.name for column in columns]
        self._file.write(csv_line(names) if self._formulas else line_without_formulas(names, [0] * len(names)))

    def write_row(self, row: str) -> None:
        values = plain_cells(row)
        self._file.write(csv_line(values) if self._formulas else line_without_formulas(values, self._types))


class _JsonLines:
    """Writes one JSON object per row."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._names: list[str] = []

    def write_header(self, columns: list[Column]) -> None:
        self._names = [column.name for column in columns]
        if len(set(self._names)) < len(self._names):
            raise InputError(
                "two columns have the same name, which a JSON object cannot have", "Rename one with AS, or write CSV."
            )

    def write_row(self, row: str) -> None:
        values = json_cells(row)
        self._file.write("{" + ",".join(map("{}:{}".format, map(quoted, self._names), values)) + "}\n")


class _Sheet:
    """Writes a worksheet. Exact numbers and dates keep their type; all else is text, never a formula."""

    def __init__(self, book: Any) -> None:
        self._sheet = book.add_worksheet()
        self._formats = {
            1082: book.add_format({"num_format": "yyyy-mm-dd"}),
            1114: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        self._types: list[int] = []
        self._row = 0

    def write_header(self, columns: list[Column]) -> None:
        self._types = [column.type_oid for column in columns]
        for index, column in enumerate(columns):
            self._sheet.write_string(0, index, column.name)

    def write_row(self, row: str) -> None:
        self._row += 1
        if self._row >= _MAX_SHEET_ROWS:
            raise InputError(
                f"a worksheet has at most {_MAX_SHEET_ROWS:,} rows, and the query returns more", "Write CSV, or filter."
            )
        values = zip(json.loads(row), plain_cells(row), self._types, strict=True)
        for index, (value, text, type_oid) in enumerate(values):
            self._cell(index, value, text, type_oid)

    def _cell(self, index: int, value: Any, text: str | None, type_oid: int) -> None:
        if text is None:
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(self._row, index, value)
        elif isinstance(value, int | float):
            self._sheet.write_number(self._row, index, value)
        elif (moment := _sheet_date(text, type_oid)) is not None:
            self._sheet.write_datetime(self._row, index, moment, self._formats[type_oid])
        elif len(text) > _MAX_CELL_CHARACTERS:
            raise InputError(f"a cell has more than {_MAX_CELL_CHARACTERS:,} characters", "Write CSV, or shorten it.")
        else:
            self._sheet.write_string(self._row, index, text)


@contextmanager
def _workbook(path: Path) -> Iterator[Writer]:
    try:
        from xlsxwriter import Workbook
        from xlsxwriter.exceptions import XlsxFileError
    except ImportError:
        raise InputError("workbooks need the extra export", install_extra("export")) from None
    book = Workbook(str(path), {"constant_memory": True, "strings_to_urls": False})
    try:
        yield _Sheet(book)
    finally:
        try:
            book.close()
        except XlsxFileError as error:
            raise OSError(0, str(error)) from None


def _sheet_date(text: str, type_oid: int) -> date | None:
    """Returns a date that a worksheet can represent, else None. Worksheet dates are unreliable before 1901."""
    if type_oid not in _DATES:
        return None
    try:
        moment = _DATES[type_oid](text)
    except ValueError:  # infinity, years BC or beyond 9999
        return None
    return moment if moment.year > 1900 else None
