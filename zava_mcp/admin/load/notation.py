"""Finds out how a file writes numbers and dates."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from zava_mcp.errors import InputError

#: Formats of dates: name, pattern with the groups y, m and d. PostgreSQL reads no digits but those of ASCII.
_FORMATS = {
    "YYYY-MM-DD": re.compile(r"(?a)(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)"),
    "YYYY/MM/DD": re.compile(r"(?a)(?P<y>\d{4})/(?P<m>\d\d?)/(?P<d>\d\d?)"),
    "DD.MM.YYYY": re.compile(r"(?a)(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{4})"),
    "DD/MM/YYYY": re.compile(r"(?a)(?P<d>\d\d?)/(?P<m>\d\d?)/(?P<y>\d{4})"),
    "MM/DD/YYYY": re.compile(r"(?a)(?P<m>\d\d?)/(?P<d>\d\d?)/(?P<y>\d{4})"),
    "DD-MM-YYYY": re.compile(r"(?a)(?P<d>\d\d?)-(?P<m>\d\d?)-(?P<y>\d{4})"),
}
DATE_FORMATS = tuple(_FORMATS)
_TIME = re.compile(r"(?a)[T ](\d\d?:\d\d(?::\d\d(?:\.\d{1,6})?)?)(?:Z| UTC|\+00:00)?")
COMMA = re.compile(r"(?a)-?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?")
POINT = re.compile(r"(?a)-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_EITHER = re.compile(r"(?a)-?\d{1,3}[.,]\d{3}")  # thousands or decimals
DECORATION = re.compile(r"[\s\u00a0\u202f€$£¥%']|^\+")
_MAX_SEEN = 50_000  # cells in memory


@dataclass
class Notation:
    """The decimal separator and the format of dates in a file, each "" if its cells do not decide it."""

    decimal: str = ""
    date_format: str = ""

    def described(self) -> list[str]:
        """The notation in words, for messages."""
        point = {",": "decimal comma", ".": "decimal point"}.get(self.decimal)
        return [*([point] if point else []), *([f"dates {self.date_format}"] if self.date_format else [])]


@dataclass
class Evidence:
    """What the cells of a file say about its notation: for each notation the first cell that is valid in it only."""

    numbers: dict[str, str] = field(default_factory=dict)  # {"," or "." or "either": cell}
    dates: dict[str, int] = field(default_factory=dict)  # {format: number of different cells}
    samples: dict[str, str] = field(default_factory=dict)  # {format: cell}
    days: dict[str, str] = field(default_factory=dict)  # {DD/MM/YYYY or MM/DD/YYYY: a cell that is valid in it only}
    _seen: set[str] = field(default_factory=set)

    def add_numbers(self, cells: Iterable[str]) -> None:
        for cell in self._unseen(cells):
            text = DECORATION.sub("", cell)
            if text.lstrip("-").isdigit():
                continue
            if _EITHER.fullmatch(text):
                self.numbers.setdefault("either", cell)
            elif COMMA.fullmatch(text):
                self.numbers.setdefault(",", cell)
            elif POINT.fullmatch(text):
                self.numbers.setdefault(".", cell)

    def add_dates(self, cells: Iterable[str]) -> None:
        for cell in self._unseen(cells):
            formats = [name for name in _FORMATS if parse_date(cell, name)]
            for name in formats:
                self.dates[name] = self.dates.get(name, 0) + 1
                self.samples.setdefault(name, cell)
            if len(formats) == 1 and "/" in formats[0]:
                self.days.setdefault(formats[0], cell)

    def _unseen(self, cells: Iterable[str]) -> list[str]:
        """The different cells of a chunk that no earlier chunk had, in their order. It remembers a bounded number."""
        new = [cell for cell in dict.fromkeys(cells) if cell not in self._seen]
        if len(self._seen) > _MAX_SEEN:
            self._seen.clear()
        self._seen.update(new)
        return new

    def notation(self, name: str, decimal: str, date_format: str) -> Notation:
        """The notation that explains the cells. Raises InputError if it is ambiguous or mixed."""
        return Notation(decimal or self._decimal(name), date_format or self._date_format(name))

    def _decimal(self, name: str) -> str:
        kinds = [kind for kind in ",." if kind in self.numbers]
        if len(kinds) == 2:
            raise AmbiguousNotation(
                f"{name} writes numbers in two ways",
                [self.numbers[kind] for kind in kinds],
                "Correct them, or choose: --decimal comma or point.",
            )
        if not kinds and "either" in self.numbers:
            raise AmbiguousNotation(
                f"{name}: a number can be read with thousands separators or with decimals",
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
            raise AmbiguousNotation(
                f"{name} writes dates in two ways",
                [self.days[format_] for format_ in slashed],
                "Correct them: days and months cannot be distinguished.",
            )
        if (slashed and others) or len(others) > 1:
            groups = [*others, *slashed[:1]]
            raise AmbiguousNotation(
                f"{name} writes dates in two ways",
                [self.samples[group] for group in groups],
                "Correct them, or choose one, which rejects the others: --dates FORMAT.",
            )
        if slashed and not self.days:
            raise AmbiguousNotation(
                f"{name}: days and months cannot be distinguished",
                [self.samples[slashed[0]]],
                "Choose: --dates DD/MM/YYYY or MM/DD/YYYY.",
            )
        return others[0] if others else next(iter(self.days))


class AmbiguousNotation(InputError):
    """The notation of a file is not certain; `cells` are examples whose lines the message will name."""

    def __init__(self, message: str, cells: list[str], hint: str) -> None:
        super().__init__(message, hint)
        self.cells = cells


def parse_date(cell: str, name: str) -> str:
    """The date of a cell in ISO format, with its time of day if it has one; "" if it is not a date of this format."""
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
