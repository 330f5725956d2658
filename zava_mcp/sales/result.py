"""Collects streamed rows within the limits on rows, bytes and cells, and writes them as compact JSON or CSV."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring as quoted

from zava_mcp import call_context
from zava_mcp.company import NEUTRAL, CompanyProfile
from zava_mcp.errors import QueryError
from zava_mcp.plurals import counted
from zava_mcp.postgres.pipeline import Column, RowChunk, Rows
from zava_mcp.sales.json_values import NUMBERS, ColumnEncoder, encoder, json_cells, plain_cells

MAX_CELL_CHARACTERS = 8_000
_NOTICE_CHARACTERS = 40  # the length of the notice at the end of a truncated cell
_MIN_CELL_CHARACTERS = 60  # Dates, numbers and ids are never longer.
_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$|^\\\.$')


@dataclass
class QueryResult:
    """Columns and rows within `max_rows` rows and `max_bytes` bytes, collected chunk by chunk.

    Each row is stored as the JSON text of an array. `truncated_by` is the limit that was reached, "rows" or "bytes", or
    "" if all rows are there. `rows_advice` and `bytes_advice` say what the reader can do about each.
    """

    max_rows: int
    max_bytes: int
    columns: list[str] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    truncated_by: str = ""
    rows_advice: str = "Aggregate, filter, or ask for more with max_rows."
    bytes_advice: str = (
        "Select fewer columns, shorten texts with left(column, 200), aggregate, or page with LIMIT and OFFSET."
    )
    all_rows_advice: str = ""  # how a person gets all rows of a truncated result
    total: int | None = None  # the number of all rows, None if it is not known
    seen: int = 0  # the number of rows that were received, of which `rows` has the first
    remarks: list[str] = field(default_factory=list)  # sentences on what was corrected or ignored
    company: CompanyProfile = NEUTRAL  # the company of the rows
    reserve: int = 200  # bytes for everything except rows
    _encoders: list[ColumnEncoder] | None = None  # one per column, once the columns are known
    _texts: set[int] = field(default_factory=set)  # indexes of number columns that contain a JSON string
    _bytes: int = 0

    def add(self, chunk: RowChunk) -> bool:
        """Adds a row chunk. Returns False once a limit is reached.

        Raises QueryError if the columns alone exceed `max_bytes`.
        """
        if self._encoders is None:
            self._set_columns(chunk.columns)
        return self._add_rows(chunk.rows)

    def _set_columns(self, columns: list[Column]) -> None:
        self.columns = [column.name for column in columns]
        self.types = [column.type_oid for column in columns]
        self._bytes = sum(len(quoted(name).encode()) + 1 for name in self.columns) + self.reserve
        self._bytes += sum(
            len(quoted(remark).encode()) for remark in [*self.remarks, *call_context.current_call().remarks]
        )
        if self._bytes > self.max_bytes:
            raise QueryError(
                f"{len(columns)} columns are too many for a result of {self.max_bytes:,} bytes",
                "Name the columns you need.",
                "54000",
            )
        share = (self.max_bytes - self._bytes) // max(1, len(columns)) - _NOTICE_CHARACTERS
        room = max(_MIN_CELL_CHARACTERS, min(MAX_CELL_CHARACTERS, share))
        self._encoders = [encoder(column.type_oid, room) for column in columns]

    def _add_rows(self, rows: Rows) -> bool:
        self.seen += len(rows)
        for row in self._encode(rows):
            size = (len(row) if row.isascii() else len(row.encode())) + 1
            if len(self.rows) >= self.max_rows:
                self.truncated_by = "rows"
            elif self._bytes + size > self.max_bytes:
                self.truncated_by = "bytes"
            if self.truncated_by:
                return False
            self.rows.append(row)
            self._bytes += size
        return True

    def count_rows(self, more: int, is_complete: bool) -> None:
        """Counts `more` rows that came after a limit was reached; `is_complete` if none followed them.

        The query itself stops after `max_rows` and one more row, so that no row is computed to be counted.
        """
        self.seen += more
        self.total = self.seen if is_complete and self.seen <= self.max_rows else None

    def unify_number_columns(self) -> None:
        """Writes all values of a number column as strings if one of them is a string because no double can hold it.

        The added quotation marks may push the last rows over `max_bytes`. Call this after the last row chunk.
        """
        if not (indexes := self._mixed_columns()):
            return
        kept, self._bytes = self.rows, self._bytes - sum(len(row.encode()) + 1 for row in self.rows)
        self.rows = []
        for row in kept:
            texts = json_cells(row)
            for index in indexes:
                if texts[index][0] not in ('"', "n"):  # neither a string nor null
                    texts[index] = quoted(texts[index])
            written = f"[{','.join(texts)}]"
            self._bytes += len(written.encode()) + 1
            if self.max_bytes < self._bytes:
                self.truncated_by = "bytes"
                return
            self.rows.append(written)

    def add_remark(self, remark: str) -> None:
        """Adds a sentence to the hint if it fits into `max_bytes`."""
        self._bytes += len(quoted(remark).encode())
        if remark and self._bytes <= self.max_bytes:
            self.remarks.append(remark)

    def _mixed_columns(self) -> list[int]:
        """Returns the indexes of columns that contain both JSON numbers and JSON strings."""
        if not self._texts:
            return []
        columns = list(zip(*map(json_cells, self.rows), strict=True))
        return [index for index in sorted(self._texts) if columns and _is_mixed(columns[index])]

    def json(self, more: dict[str, str] | None = None) -> str:
        """Returns `{"columns": […], "rows": [[…]], "row_count": n, "truncated": false}`, with a hint where one helps.

        The hint includes the remarks of the current call and marks them as delivered. `more` has additional entries as
        {name: JSON text}.
        """
        columns = ",".join(map(quoted, self.columns))
        text = (
            f'{{"columns":[{columns}],"rows":[{",".join(self.rows)}],'
            f'"row_count":{len(self.rows)},"truncated":{"true" if self.truncated_by else "false"}'
        )
        text += f',"total_rows":{self.total}' if self.truncated_by and self.total is not None else ""
        text += "".join(f",{quoted(name)}:{value}" for name, value in (more or {}).items())
        hint = " ".join(filter(None, [self.hint(), *self.remarks, *call_context.current_call().take_remarks()]))
        text += f',"hint":{quoted(hint)}}}' if hint else "}"
        self.record(byte_count(text))
        return text

    def record(self, size: int | None = None) -> None:
        """Records rows, size in bytes and truncation in the current call."""
        call_context.current_call().record_result(len(self.rows), size, bool(self.truncated_by))

    def csv(self) -> str:
        """Returns column names and rows as CSV. If rows are missing, the last row says so."""
        rows: list[Sequence[str | None]] = [
            self.columns,
            *map(plain_cells, self.rows),
            *[[f"… {self.hint()}"]] * bool(self.truncated_by),
        ]
        text = "".join(map(csv_line, rows))
        self.record(len(text.encode()))
        return text

    def hint(self) -> str:
        """Returns what to do about missing rows, "" if none are missing."""
        if not self.truncated_by:
            return ""
        if self.truncated_by == "rows":
            missing = f"There are more than {counted(self.max_rows, 'row')}."
            advice = self.rows_advice
        else:
            least = f" of at least {self.seen:,}" if self.seen > len(self.rows) else ""
            number = least if self.total is None else f" of {self.total:,}"
            missing = f"Only {len(self.rows):,}{number} rows fit into {self.max_bytes:,} bytes."
            advice = self.bytes_advice
        return " ".join(filter(None, [missing, advice, self.all_rows_advice]))

    def _encode(self, rows: Rows) -> list[str]:
        """Encodes column by column, because each column has one encoder, and returns the rows as JSON texts."""
        if not (rows and self._encoders):
            return ["[]"] * len(rows)
        columns = [write(cells) for write, cells in zip(self._encoders, zip(*rows, strict=True), strict=True)]
        self._texts |= {
            index for index, type_oid in enumerate(self.types) if type_oid in NUMBERS and '"' in "".join(columns[index])
        }
        return [f"[{','.join(cells)}]" for cells in zip(*columns, strict=True)]


def _is_mixed(texts: Sequence[str]) -> bool:
    """Returns whether the cells of a column contain both JSON strings and JSON numbers."""
    kinds = {text[0] == '"' for text in texts if text != "null"}
    return len(kinds) > 1


def csv_line(row: Sequence[str | None]) -> str:
    """Returns a row as a line of CSV in PostgreSQL's format: nothing for NULL, "" for an empty string."""
    return ",".join("" if cell is None else _csv_cell(cell) for cell in row) + "\n"


def _csv_cell(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if not cell or _NEEDS_QUOTES.search(cell) else cell


def truncate_lines(text: str, max_bytes: int) -> str:
    """Returns the lines of a text that fit into `max_bytes`, then a line that reports the truncation."""
    if byte_count(text) <= max_bytes:
        return text
    notice = (
        f"… truncated: the text has {byte_count(text):,} bytes, and the limit is {max_bytes:,}. Ask for fewer tables."
    )
    kept = text.encode()[: max_bytes - byte_count(notice) - 1].decode(errors="ignore")
    return f"{kept.rpartition(chr(10))[0] or kept}\n{notice}"


def byte_count(text: str) -> int:
    """Returns the number of bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())
