"""Finds out how a file writes numbers and dates, and converts cells to the notation of PostgreSQL."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from zava_mcp.admin.load.fields import Field
from zava_mcp.errors import InputError

#: Formats of dates: name, pattern with the groups y, m and d.
_FORMATS = {
    "YYYY-MM-DD": re.compile(r"(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)"),
    "YYYY/MM/DD": re.compile(r"(?P<y>\d{4})/(?P<m>\d\d?)/(?P<d>\d\d?)"),
    "DD.MM.YYYY": re.compile(r"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{4})"),
    "DD/MM/YYYY": re.compile(r"(?P<d>\d\d?)/(?P<m>\d\d?)/(?P<y>\d{4})"),
    "MM/DD/YYYY": re.compile(r"(?P<m>\d\d?)/(?P<d>\d\d?)/(?P<y>\d{4})"),
    "DD-MM-YYYY": re.compile(r"(?P<d>\d\d?)-(?P<m>\d\d?)-(?P<y>\d{4})"),
}
DATE_FORMATS = tuple(_FORMATS)
_TIME = re.compile(r"[T ](\d\d?:\d\d(?::\d\d(?:\.\d{1,6})?)?)(?:Z| UTC|\+00:00)?")
_COMMA = re.compile(r"-?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?")
_POINT = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_EITHER = re.compile(r"-?\d{1,3}[.,]\d{3}")  # thousands or decimals
_DECORATION = re.compile(r"[\s\u00a0\u202f€$£¥%']|^\+")
_TRUE, _FALSE = {"true", "yes", "1", "ja", "y", "j", "x", "wahr"}, {"false", "no", "0", "nein", "n", "falsch"}
_MAX_CACHED = 50_000
_MAX_WHOLE, _MAX_AMOUNT = 2_147_483_647, 8  # digits before the point
_SHOWN = 40  # characters of a cell in a message


class Unreadable(ValueError):
    """A cell is not a value of its field; the text is the reason."""


@dataclass
class Notation:
    """How a file writes values: the decimal separator and the format of dates, each "" if it has none to tell by."""

    decimal: str = ""
    date_format: str = ""

    def described(self) -> list[str]:
        """For people."""
        point = {",": "decimal comma", ".": "decimal point"}.get(self.decimal)
        return [*([point] if point else []), *([f"dates {self.date_format}"] if self.date_format else [])]


@dataclass
class Evidence:
    """What the cells of a file say about its notation: for each possibility the first cell that only it explains."""

    numbers: dict[str, str] = field(default_factory=dict)  # {"," or "." or "either": cell}
    dates: dict[str, int] = field(default_factory=dict)  # {format: number of different cells}
    samples: dict[str, str] = field(default_factory=dict)  # {format: cell}
    days: dict[str, str] = field(default_factory=dict)  # {DD/MM/YYYY or MM/DD/YYYY: a cell that only it explains}
    _seen: set[str] = field(default_factory=set)

    def add_numbers(self, cells: set[str]) -> None:
        for cell in self._unseen(cells):
            text = _DECORATION.sub("", cell)
            if text.lstrip("-").isdigit():
                continue
            if _EITHER.fullmatch(text):
                self.numbers.setdefault("either", cell)
            elif _COMMA.fullmatch(text):
                self.numbers.setdefault(",", cell)
            elif _POINT.fullmatch(text):
                self.numbers.setdefault(".", cell)

    def add_dates(self, cells: set[str]) -> None:
        for cell in self._unseen(cells):
            readable = [name for name in _FORMATS if _readable(cell, name)]
            for name in readable:
                self.dates[name] = self.dates.get(name, 0) + 1
                self.samples.setdefault(name, cell)
            if len(readable) == 1 and "/" in readable[0]:
                self.days.setdefault(readable[0], cell)

    def _unseen(self, cells: set[str]) -> set[str]:
        """The cells that no earlier chunk had, as far as memory goes."""
        new = cells - self._seen
        if len(self._seen) > _MAX_CACHED:
            self._seen.clear()
        self._seen |= new
        return new

    def notation(self, name: str, decimal: str, date_format: str) -> Notation:
        """The notation that explains the cells. Raises InputError if it is ambiguous or mixed."""
        return Notation(decimal or self._decimal(name), date_format or self._date_format(name))

    def _decimal(self, name: str) -> str:
        kinds = [kind for kind in ",." if kind in self.numbers]
        if len(kinds) == 2:
            raise Mixed(
                f"{name} writes numbers in two ways",
                [self.numbers[kind] for kind in kinds],
                "Correct them, or choose: --decimal comma or point.",
            )
        if not kinds and "either" in self.numbers:
            raise Mixed(
                f"{name}: a number has thousands or decimals",
                [self.numbers["either"]],
                "Choose: --decimal comma or point.",
            )
        return kinds[0] if kinds else ""

    def _date_format(self, name: str) -> str:
        if not self.dates:
            return ""
        slashed = [format_ for format_ in ("DD/MM/YYYY", "MM/DD/YYYY") if format_ in self.dates]
        others = [format_ for format_ in self.dates if format_ not in slashed]
        if len(self.days) == 2:
            raise Mixed(
                f"{name} writes dates in two ways",
                list(self.days.values()),
                "Correct them: days and months cannot be told apart.",
            )
        if slashed and others or len(others) > 1:
            groups = [*others, *slashed[:1]]
            raise Mixed(
                f"{name} writes dates in two ways",
                [self.samples[group] for group in groups],
                "Correct them, or choose one, which rejects the others: --dates FORMAT.",
            )
        if slashed and not self.days:
            raise Mixed(
                f"{name}: days and months cannot be told apart",
                [self.samples[slashed[0]]],
                "Choose: --dates DD/MM/YYYY or MM/DD/YYYY.",
            )
        return others[0] if others else next(iter(self.days))


class Mixed(InputError):
    """The notation of a file is not certain; `cells` are examples whose lines the message will name."""

    def __init__(self, message: str, cells: list[str], hint: str) -> None:
        super().__init__(message, hint)
        self.cells = cells


def _readable(cell: str, name: str) -> str:
    """The date of a cell in ISO format with its time of day, if it has one; "" if the cell is no date of this format."""
    text, time = cell.strip(), ""
    if found := _FORMATS[name].match(text):
        if found.end() < len(text):
            rest = _TIME.fullmatch(text[found.end() :])
            if rest is None:
                return ""
            time = rest[1]
        try:
            day = date(int(found["y"]), int(found["m"]), int(found["d"])).isoformat()
            datetime.fromisoformat(f"{day} {time.zfill(5)}" if time else day)
        except ValueError:
            return ""
        return f"{day} {time}".strip()
    return ""


class Converter(dict[str, str | None]):
    """{cell: value in COPY's text format}, or None for a cell whose reason is in `reasons`; computed when asked for."""

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
        plain = _DECORATION.sub("", text.replace("\u2212", "-"))
        if self._notation.decimal == ",":
            if not _COMMA.fullmatch(plain):
                raise Unreadable(f"{_quoted(text)} is not a number with a decimal comma")
            return plain.replace(".", "").replace(",", ".")
        if not _POINT.fullmatch(plain):
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
        if not name or not (value := _readable(text, name)):
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
