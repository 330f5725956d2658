"""Formats values for a terminal, and escapes every character that a terminal would interpret.

Numbers get thousands separators, and times of day that are all midnight are omitted. CSV and JSON keep the exact
values.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

_IDENTIFIER, _UUID = 26, 2950
NUMERIC = 1700
NUMBERS = {20, 21, 23, _IDENTIFIER, 700, 701, NUMERIC}  # oids of PostgreSQL's number types
TIMES = {1082, 1083, 1114, 1184, 1186, 1266}  # oids of its date and time types
_INTERVAL = 1186
_BOOLEAN = 16

#: Names of columns with identifiers or years, whose numbers get no thousands separators.
_IDENTIFIER_NAMES = re.compile(
    r"(?:^|[\s_-])(?:ids?|oid|pid|sku|code|zip|port|phone|year|isoyear)$|[\s_-](?:number|no|nr)$"
    r"|^(?:extract|date_part)$|(?-i:[a-z]I[dD]$)",
    re.IGNORECASE,
)
_UUIDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MAX_DIGITS = 30  # Longer numbers are not amounts.
_MAX_DECIMALS = 4  # Averages have more, and are rounded.
_JOINERS = "\u200c\u200d"  # They join letters and emoji, and do not move the cursor.
_LINE_BREAK = "⏎"


@dataclass(frozen=True)
class Column:
    """A formatted column. A `number` column is aligned right; an `unbroken` one is not wrapped. None is NULL.

    `styles` has the colours of certain values.
    """

    name: str
    cells: list[str | None]
    number: bool = False
    unbroken: bool = False
    rounded: bool = False
    styles: Mapping[str, str] = field(default_factory=dict)


def column(
    name: str, cells: Sequence[str | None], type_oid: int = 0, styles: Mapping[str, str] | None = None
) -> Column:
    """Format a column of values in their JSON form; without a type oid they are texts."""
    values = [cell for cell in cells if cell is not None]
    unbroken = type_oid in NUMBERS | TIMES | {_UUID, _BOOLEAN} or bool(values and all(map(_UUIDS.fullmatch, values)))
    rounded = False
    if type_oid in NUMBERS:
        if is_quantity(name, type_oid):
            values, rounded = _format_numbers(values)
    elif type_oid in TIMES:
        values = _format_intervals(values) if type_oid == _INTERVAL else _format_times(values)
    formatted = iter(values)
    shown = [None if cell is None else escape(next(formatted)) for cell in cells]
    return Column(escape(name), shown, type_oid in NUMBERS, unbroken, rounded, styles or {})


def is_quantity(name: str, type_oid: int) -> bool:
    """Whether the numbers of a column are quantities, rather than identifiers or years."""
    return type_oid in NUMBERS and type_oid != _IDENTIFIER and not _IDENTIFIER_NAMES.search(name)


def escape(text: str) -> str:
    """Return a text on one line, with control, bidirectional and other invisible characters escaped."""
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    return "".join(
        character if character.isprintable() or character in _JOINERS else _escape_character(character)
        for character in text
    )


def escape_lines(text: str) -> str:
    """Escape a text, and keep its line ends."""
    return "\n".join(map(escape, text.split("\n")))


def number(text: str, decimals: int | None = None) -> str:
    """Return a number with thousands separators, and its own or `decimals` decimals; return other texts unchanged."""
    value = _decimal(text)
    if value is None:
        return text
    return f"{value:,.{_count_decimals(value) if decimals is None else decimals}f}"


def _escape_character(character: str) -> str:
    if character == "\n":
        return _LINE_BREAK
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode()


def _format_numbers(texts: list[str]) -> tuple[list[str], bool]:
    """Return numbers with equally many decimals, and whether they were rounded; no number is rounded to zero."""
    values = [value for text in texts if (value := _decimal(text)) is not None]
    decimals = max(map(_count_decimals, values), default=0)
    rounded = decimals > _MAX_DECIMALS
    if rounded:
        largest = max(map(abs, values))
        decimals = 2 if largest >= 1 else _MAX_DECIMALS if largest >= Decimal("0.01") else 6
        if any(value and not round(value, decimals) for value in values):
            return texts, False
    return [number(text, decimals) for text in texts], rounded


def _decimal(text: str) -> Decimal | None:
    """Return a number, or None for other texts, infinity, and numbers too large or too small to format."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    formattable = value.is_finite() and len(text) <= _MAX_DIGITS and abs(value.adjusted()) <= _MAX_DIGITS
    return value if formattable else None


def _count_decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _format_times(texts: list[str]) -> list[str]:
    """Return times as 2026-11-22 08:11:12 UTC, or only the dates if every time is midnight."""
    if texts and all(re.fullmatch(r"\d+-\d\d-\d\dT00:00:00(\+00:00)?", text) for text in texts):
        return [text.partition("T")[0] for text in texts]
    return [re.sub(r"(\d)T(\d)", r"\1 \2", text).replace("+00:00", " UTC") for text in texts]


def _format_intervals(texts: list[str]) -> list[str]:
    """Return intervals as 1 day 2 h 30 min instead of P1DT2H30M."""
    return [_format_interval(text) for text in texts]


def _format_interval(text: str) -> str:
    date, _, time = text.removeprefix("P").partition("T")
    units = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}, {"H": "h", "M": "min", "S": "s"}
    parts = [
        f"{amount} {names[unit][:-1] if amount == '1' and len(names[unit]) > 3 else names[unit]}"
        for half, names in zip((date, time), units, strict=True)
        for amount, unit in re.findall(r"(-?[\d.]+)([A-Z])", half)
        if unit in names
    ]
    return " ".join(parts) or text
