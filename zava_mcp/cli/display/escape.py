"""Values as people read them, and nothing in them that a terminal would obey.

Exact values are what csv and json are for; here numbers get their thousands, dates lose what says nothing, and
whatever is not a letter, a mark or a sign is written out.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

_IDENTIFIER, _UUID = 26, 2950
NUMERIC = 1700
NUMBERS = {20, 21, 23, _IDENTIFIER, 700, 701, NUMERIC}  # PostgreSQL's number types
TIMES = {1082, 1083, 1114, 1184, 1186, 1266}  # and those of dates and times
_INTERVAL = 1186
_BOOLEAN = 16

#: Numbers that name something are not counted in thousands: order_id, "Order ID", orderId, year, extract(year …).
_NAMING = re.compile(
    r"(?:^|[\s_-])(?:ids?|oid|pid|sku|code|zip|port|phone|year|isoyear)$|[\s_-](?:number|no|nr)$"
    r"|^(?:extract|date_part)$|(?-i:[a-z]I[dD]$)",
    re.IGNORECASE,
)
_UUIDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST_NUMBER = 30  # digits; longer ones are nobody's money
_MOST_PLACES = 4  # of more decimals, which averages have, some are rounded away
_JOINERS = "\u200c\u200d"  # of letters and of emoji; they move nothing
_BREAK = "⏎"


@dataclass(frozen=True)
class Column:
    """A column as it is shown. `solid` ones are not wrapped, numbers are solid and aligned right; None is NULL.

    `styles` are the colours of some values.
    """

    name: str
    cells: list[str | None]
    number: bool = False
    solid: bool = False
    rounded: bool = False
    styles: Mapping[str, str] = field(default_factory=dict)


def column(
    name: str, cells: Sequence[str | None], type_oid: int = 0, styles: Mapping[str, str] | None = None
) -> Column:
    """A column of values in their JSON form, made readable; without a type they are texts."""
    values = [cell for cell in cells if cell is not None]
    solid = type_oid in NUMBERS | TIMES | {_UUID, _BOOLEAN} or bool(values and all(map(_UUIDS.fullmatch, values)))
    rounded = False
    if type_oid in NUMBERS:
        if counts(name, type_oid):
            values, rounded = _numbers(values)
    elif type_oid in TIMES:
        values = _intervals(values) if type_oid == _INTERVAL else _times(values)
    following = iter(values)
    shown = [None if cell is None else escape(next(following)) for cell in cells]
    return Column(escape(name), shown, type_oid in NUMBERS, solid, rounded, styles or {})


def counts(name: str, type_oid: int) -> bool:
    """Whether a column holds numbers of something, rather than numbers that name something."""
    return type_oid in NUMBERS and type_oid != _IDENTIFIER and not _NAMING.search(name)


def escape(text: str) -> str:
    """A text on one line that a terminal only shows: control, bidi and other invisible characters written out."""
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    return "".join(mark if mark.isprintable() or mark in _JOINERS else _visible(mark) for mark in text)


def escape_lines(text: str) -> str:
    """The same, its line ends kept."""
    return "\n".join(map(escape, text.split("\n")))


def number(text: str, places: int | None = None) -> str:
    """A number with its thousands, and as many decimals as it has or as wanted; other texts as they are."""
    value = _decimal(text)
    if value is None:
        return text
    return f"{value:,.{_places(value) if places is None else places}f}"


def _visible(mark: str) -> str:
    if mark == "\n":
        return _BREAK
    if mark == "\t" or unicodedata.category(mark) == "Zs":
        return " "
    return mark.encode("unicode_escape").decode()


def _numbers(texts: list[str]) -> tuple[list[str], bool]:
    """With equally many decimals, and whether some were rounded away; never to nought."""
    values = [value for text in texts if (value := _decimal(text)) is not None]
    places = max(map(_places, values), default=0)
    rounded = places > _MOST_PLACES
    if rounded:
        largest = max(map(abs, values))
        places = 2 if largest >= 1 else _MOST_PLACES if largest >= Decimal("0.01") else 6
        if any(value and not round(value, places) for value in values):
            return texts, False
    return [number(text, places) for text in texts], rounded


def _decimal(text: str) -> Decimal | None:
    """None for what is no number, or infinite, or too large or small to be written out."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    sized = value.is_finite() and len(text) <= _LONGEST_NUMBER and abs(value.adjusted()) <= _LONGEST_NUMBER
    return value if sized else None


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _times(texts: list[str]) -> list[str]:
    """2026-11-22 08:11:12 UTC; the date alone where no value has a time of day."""
    if texts and all(re.fullmatch(r"\d+-\d\d-\d\dT00:00:00(\+00:00)?", text) for text in texts):
        return [text.partition("T")[0] for text in texts]
    return [re.sub(r"(\d)T(\d)", r"\1 \2", text).replace("+00:00", " UTC") for text in texts]


def _intervals(texts: list[str]) -> list[str]:
    """1 day 2 h 30 min instead of P1DT2H30M."""
    return [_interval(text) for text in texts]


def _interval(text: str) -> str:
    date, _, time = text.removeprefix("P").partition("T")
    words = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}, {"H": "h", "M": "min", "S": "s"}
    parts = [
        f"{amount} {names[unit][:-1] if amount == '1' and len(names[unit]) > 3 else names[unit]}"
        for half, names in zip((date, time), words, strict=True)
        for amount, unit in re.findall(r"(-?[\d.]+)([A-Z])", half)
        if unit in names
    ]
    return " ".join(parts) or text
