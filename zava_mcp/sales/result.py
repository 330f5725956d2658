"""Answers that fit: rows collected while they stream, within bounds, as one compact JSON text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring as quoted

from zava_mcp import call_context
from zava_mcp.errors import QueryError
from zava_mcp.postgres.pipeline import Column, Rows
from zava_mcp.sales.json_values import NUMBERS, ColumnEncoder, cell_texts, cells, encoder

CELL_CHARACTERS = 8_000
_CUT_CHARACTERS = 40  # what a cut cell says about its cut
_LEAST_CHARACTERS = 60  # dates, numbers and ids are never cut
_TO_BE_QUOTED = re.compile(r'[",\r\n]|^\s|\s$|^\\\.$')


@dataclass
class QueryResult:
    """Columns and rows within `max_rows` rows and `max_bytes` bytes, collected chunk by chunk.

    Each row is kept as the JSON text of an array; `cut` says why rows are missing, "" if none are, and
    the two advices what to do about it.
    """

    max_rows: int
    max_bytes: int
    columns: list[str] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    cut: str = ""
    rows_advice: str = "Aggregate, filter, or ask for more with max_rows."
    bytes_advice: str = (
        "Select fewer columns, shorten texts with left(column, 200), aggregate, or page with LIMIT and OFFSET."
    )
    remarks: list[str] = field(default_factory=list)  # sentences on what was corrected or ignored
    reserve: int = 200  # bytes for all that is not rows
    _encoders: list[ColumnEncoder] = field(default_factory=list)
    _texts: set[int] = field(default_factory=set)  # places of columns of numbers in which a text was met
    _bytes: int = 0

    def begin(self, columns: list[Column]) -> None:
        """Takes the columns. Raises QueryError if they alone would not fit."""
        self.columns = [column.name for column in columns]
        self.types = [column.type_oid for column in columns]
        self._bytes = sum(len(quoted(name).encode()) + 1 for name in self.columns) + self.reserve
        self._bytes += sum(
            len(quoted(remark).encode()) for remark in [*self.remarks, *call_context.current_call().remarks]
        )
        if self._bytes > self.max_bytes:
            raise QueryError(
                f"{len(columns)} columns are too many for an answer of {self.max_bytes:,} bytes",
                "Name the columns you need.",
                "54000",
            )
        share = (self.max_bytes - self._bytes) // max(1, len(columns)) - _CUT_CHARACTERS
        room = max(_LEAST_CHARACTERS, min(CELL_CHARACTERS, share))
        self._encoders = [encoder(column.type_oid, room) for column in columns]

    def take(self, rows: Rows) -> bool:
        """Takes a chunk of rows; False when there is no more room."""
        for row in self._encode(rows):
            size = (len(row) if row.isascii() else len(row.encode())) + 1
            if len(self.rows) >= self.max_rows:
                self.cut = "rows"
            elif self._bytes + size > self.max_bytes:
                self.cut = "bytes"
            if self.cut:
                return False
            self.rows.append(row)
            self._bytes += size
        return True

    def unify(self) -> None:
        """Makes each column of numbers hold texts alone where one of its values is a text: it fits no double.

        The quotation marks take room, for which the last rows may have to leave. To be called when all rows are taken.
        """
        if not (places := self._mixed()):
            return
        kept, self._bytes = self.rows, self._bytes - sum(len(row.encode()) + 1 for row in self.rows)
        self.rows = []
        for row in kept:
            texts = cell_texts(row)
            for place in places:
                if texts[place][0] not in ('"', "n"):  # a text, null
                    texts[place] = quoted(texts[place])
            written = f"[{','.join(texts)}]"
            self._bytes += len(written.encode()) + 1
            if self.max_bytes < self._bytes:
                self.cut = "bytes"
                return
            self.rows.append(written)

    def add_remark(self, remark: str) -> None:
        """Adds a sentence to the hint, if there is room for it."""
        self._bytes += len(quoted(remark).encode())
        if remark and self._bytes <= self.max_bytes:
            self.remarks.append(remark)

    def _mixed(self) -> list[int]:
        """The places of columns of numbers in which both numbers and texts stand."""
        if not self._texts:
            return []
        columns = list(zip(*map(cell_texts, self.rows), strict=True))
        return [place for place in sorted(self._texts) if columns and _is_mixed(columns[place])]

    def json(self, more: dict[str, str] | None = None) -> str:
        """`{"columns": […], "rows": [[…]], "row_count": n, "truncated": false}`, with a hint where one helps.

        The hint has the remarks on the call too, which are then said. `more` are further entries, {name: JSON text}.
        """
        columns = ",".join(map(quoted, self.columns))
        text = (
            f'{{"columns":[{columns}],"rows":[{",".join(self.rows)}],'
            f'"row_count":{len(self.rows)},"truncated":{"true" if self.cut else "false"}'
        )
        text += "".join(f",{quoted(name)}:{value}" for name, value in (more or {}).items())
        hint = " ".join(filter(None, [self.hint(), *self.remarks, *call_context.current_call().take_remarks()]))
        text += f',"hint":{quoted(hint)}}}' if hint else "}"
        self.note(size(text))
        return text

    def note(self, size: int | None = None) -> None:
        """Notes in the record of the call what this answer holds, and its size in bytes where it has one."""
        call_context.current_call().record_result(len(self.rows), size, bool(self.cut))

    def csv(self) -> str:
        """Column names and rows as CSV; what is missing is said in a last row."""
        rows: list[Sequence[str | None]] = [
            self.columns,
            *map(cells, self.rows),
            *[[f"… {self.hint()}"]] * bool(self.cut),
        ]
        text = "".join(map(csv_line, rows))
        self.note(len(text.encode()))
        return text

    def hint(self) -> str:
        """What to do about missing rows; "" if none are missing."""
        if self.cut == "rows":
            return f"There are more than {self.max_rows:,} rows. {self.rows_advice}"
        if self.cut:
            return f"Only {len(self.rows):,} rows fit into {self.max_bytes:,} bytes. {self.bytes_advice}"
        return ""

    def _encode(self, rows: Rows) -> list[str]:
        """Column by column, because a column has one encoder; back to rows by zip."""
        if not (rows and self._encoders):
            return ["[]"] * len(rows)
        columns = [write(cells) for write, cells in zip(self._encoders, zip(*rows, strict=True), strict=True)]
        self._texts |= {
            place for place, type_oid in enumerate(self.types) if type_oid in NUMBERS and '"' in "".join(columns[place])
        }
        return [f"[{','.join(cells)}]" for cells in zip(*columns, strict=True)]


def _is_mixed(texts: Sequence[str]) -> bool:
    """Whether both JSON strings and JSON numbers are among the texts of a column's cells."""
    kinds = {text[0] == '"' for text in texts if text != "null"}
    return len(kinds) > 1


def csv_line(row: Sequence[str | None]) -> str:
    """A row as a line of CSV, as PostgreSQL writes it: NULL is nothing, and an empty text is ""."""
    return ",".join("" if cell is None else _csv_cell(cell) for cell in row) + "\n"


def _csv_cell(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if not cell or _TO_BE_QUOTED.search(cell) else cell


def shortened(text: str, max_bytes: int) -> str:
    """Lines of text that fit, the last of which says that there are more."""
    if size(text) <= max_bytes:
        return text
    told = f"… cut: all of it is {size(text):,} bytes, and {max_bytes:,} fit. Ask for fewer tables."
    kept = text.encode()[: max_bytes - size(told) - 1].decode(errors="ignore")
    return f"{kept.rpartition(chr(10))[0] or kept}\n{told}"


def size(text: str) -> int:
    """Bytes of a text."""
    return len(text) if text.isascii() else len(text.encode())
