"""Converts the cells of a file to the notation of PostgreSQL."""

from collections.abc import Callable
from uuid import UUID

from zava_mcp.admin.load.fields import Field
from zava_mcp.admin.load.notation import COMMA, DECORATION, POINT, Notation, parse_date

_TRUE, _FALSE = {"true", "yes", "1", "ja", "y", "j", "x", "wahr"}, {"false", "no", "0", "nein", "n", "falsch"}
_MAX_CACHED = 50_000
_MAX_WHOLE, _MAX_AMOUNT = 2_147_483_647, 8  # digits before the point
_SHOWN = 40  # characters of a cell in a message


class Unreadable(ValueError):
    """A cell is not a value of its field; the text is the reason."""


class Converter(dict[str, str | None]):
    """{cell: value in COPY's text format}, or None for a cell whose reason is in `reasons`; computed on first use."""

    def __init__(self, column: Field, notation: Notation) -> None:
        super().__init__()
        self._column, self._notation = column, notation
        self._convert: Callable[[str], str] = getattr(self, f"_{column.kind}")
        self.reasons: dict[str, str] = {}

    def __missing__(self, cell: str) -> str | None:
        if len(self) >= _MAX_CACHED:
            self.clear()
        try:
            text = cell.strip()
            if not text and self._column.required:
                raise Unreadable("is empty")
            value: str | None = self._convert(text) if text else r"\N"
        except Unreadable as error:
            if len(self.reasons) >= _MAX_CACHED:
                self.reasons.clear()
            self.reasons[cell] = str(error)
            value = None
        self[cell] = value
        return value

    def reason(self, cell: str) -> str:
        """Why a cell is not a value of this field."""
        if cell not in self.reasons:
            self.pop(cell, None)
            self[cell]
        return self.reasons[cell]

    def _text(self, text: str) -> str:
        if "\0" in text:
            raise Unreadable("has a NUL character")
        if "\\" in text or "\t" in text or "\n" in text or "\r" in text:
            return text.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")
        return text

    def _number(self, text: str) -> str:
        plain = DECORATION.sub("", text.replace("\u2212", "-"))
        if self._notation.decimal == ",":
            if not COMMA.fullmatch(plain):
                raise Unreadable(f"{_quoted(text)} is not a number with a decimal comma")
            return plain.replace(".", "").replace(",", ".")
        if not POINT.fullmatch(plain):
            raise Unreadable(
                f"{_quoted(text)} is not a number{' with a decimal point' if self._notation.decimal else ''}"
            )
        return plain.replace(",", "")

    def _whole(self, text: str) -> str:
        whole, _, decimals = self._number(text).partition(".")
        if decimals.strip("0"):
            raise Unreadable(f"{_quoted(text)} is not a whole number")
        if abs(int(whole[:30])) > _MAX_WHOLE:
            raise Unreadable(f"{_quoted(text)} is too large")
        return whole

    def _amount(self, text: str) -> str:
        number = self._number(text)
        whole, _, decimals = number.partition(".")
        if len(decimals.rstrip("0")) > 2:
            raise Unreadable(f"{_quoted(text)} has more than two decimals")
        if len(whole.lstrip("-0")) > _MAX_AMOUNT:
            raise Unreadable(f"{_quoted(text)} is too large")
        return number

    def _date(self, text: str) -> str:
        return self._moment(text).partition(" ")[0]

    def _moment(self, text: str) -> str:
        name = self._notation.date_format
        if not name or not (value := parse_date(text, name)):
            raise Unreadable(f"{_quoted(text)} is not a date{f' {name}' if name else ''}")
        return value

    def _yes_no(self, text: str) -> str:
        if text.casefold() in _TRUE | _FALSE:
            return "t" if text.casefold() in _TRUE else "f"
        raise Unreadable(f"{_quoted(text)} is not yes or no")

    def _uuid(self, text: str) -> str:
        try:
            return str(UUID(text))
        except ValueError:
            raise Unreadable(f"{_quoted(text)} is not a user id (a UUID)") from None


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
