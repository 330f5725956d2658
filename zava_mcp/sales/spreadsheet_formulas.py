"""CSV in which a spreadsheet finds no formula, by whichever separator it splits the lines."""

import re
from collections.abc import Sequence

#: What begins a formula, also in full width.
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_ENDS = ";,|\t\r\n\x0b\x0c\x1c-\x1f\x85\u2028\u2029\uff1b\uff0c"  # of a cell, for one spreadsheet or another
#: A formula's beginning, after quotation marks and spaces, at the beginning of a text or of what may become a cell.
_FORMULA = re.compile(f"(^|[{_ENDS}])(?=[\\s\"'\u200b\ufeff]*[{_SIGNS}])")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_NUMBER_TYPES = frozenset({20, 21, 23, 26, 700, 701, 1700})


def line_without_formulas(row: Sequence[str | None], types: Sequence[int]) -> str:
    """A row as a line of CSV: numbers as they are, texts quoted, with an apostrophe before each formula in them."""
    return ",".join(_cell(text, type_oid) for text, type_oid in zip(row, types, strict=True)) + "\n"


def _cell(text: str | None, type_oid: int) -> str:
    if text is None:
        return ""
    if type_oid in _NUMBER_TYPES and _NUMBER.fullmatch(text):
        return text
    begins = "'" if text[:1] in ("\t", "\r", "\n") else ""
    return '"' + begins + _FORMULA.sub(r"\1'", text).replace('"', '""') + '"'
