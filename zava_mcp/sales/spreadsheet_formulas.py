"""CSV lines in which a spreadsheet finds no formula, whichever separator it uses."""

import re
from collections.abc import Sequence

#: The characters that begin a formula, in ASCII and full width.
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_CELL_ENDS = ";,|\t\r\n\x0b\x0c\x1c-\x1f\x85\u2028\u2029\uff1b\uff0c"  # characters that end a cell in some spreadsheet
#: The beginning of a formula, after optional quotation marks and spaces, where a cell begins or may begin.
_FORMULA = re.compile(f"(^|[{_CELL_ENDS}])(?=[\\s\"'\u200b\ufeff]*[{_SIGNS}])")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_NUMBER_TYPES = frozenset({20, 21, 23, 26, 700, 701, 1700})


def line_without_formulas(row: Sequence[str | None], types: Sequence[int]) -> str:
    """Returns a row as a line of CSV: numbers unchanged, texts quoted, with an apostrophe before each formula."""
    return ",".join(_cell(text, type_oid) for text, type_oid in zip(row, types, strict=True)) + "\n"


def _cell(text: str | None, type_oid: int) -> str:
    if text is None:
        return ""
    if type_oid in _NUMBER_TYPES and _NUMBER.fullmatch(text):
        return text
    apostrophe = "'" if text[:1] in ("\t", "\r", "\n") else ""
    return '"' + apostrophe + _FORMULA.sub(r"\1'", text).replace('"', '""') + '"'
