"""Numbers in a chart: what they count, the ticks of their axis, and how people read them beside a bar."""

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from zava_mcp.charts.labels import words_of

_MONEY = {
    "revenue",
    "price",
    "amount",
    "cost",
    "profit",
    "margin",
    "turnover",
    "spend",
    "spent",
    "spending",
    "income",
    "usd",
    "dollars",
}
_MAYBE_MONEY = {"total", "sum", "sales", "sold", "value", "avg", "average", "max", "min", "subtotal", "median"}
_NOT_MONEY = {
    "count",
    "orders",
    "order",
    "units",
    "quantity",
    "qty",
    "rank",
    "customers",
    "items",
    "products",
    "days",
    "id",
}
_PERCENT = {"pct", "percent", "percentage"}
_FRACTION = _PERCENT | {"share", "rate", "margin", "growth", "portion", "proportion", "fraction", "ratio"}
_RATIO = {"ratio", "fraction", "proportion"}
_NUMERIC, _MONEY_TYPE = 1700, 790

_WRITTEN = re.compile(r"[-−(]?\s*(\$)?\s*-?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?\s*(%)?\)?")
_LARGEST = 1e300  # an axis has to reach beyond it
_LETTERS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k"))
_SCIENTIFIC = 1e15
_MOST_DECIMALS = 6


def unit_of(name: str, type_oid: int, values: Sequence[float | None], texts: Sequence[Any]) -> str:
    """What a column counts: dollars, percent, fraction (0.25 is 25%) or "" for things, by its name and values."""
    words, given = set(words_of(name)), [value for value in values if value is not None]
    written = [text for text in texts if isinstance(text, str)]
    if type_oid == _MONEY_TYPE or (written and all("$" in text for text in written)):
        return "dollars"
    if written and all("%" in text for text in written):
        return "percent"
    small = bool(given) and all(abs(value) <= 1 for value in given) and any(value % 1 for value in given)
    if words & _PERCENT:
        return "" if small else "percent"  # 0.25 may be 25 % or a quarter of one
    if words & _FRACTION and not words & {"exchange", "hourly"} and small:
        return "" if words & _RATIO else "fraction"
    if "share" in words and given and all(0 <= value <= 100 for value in given):
        return "percent"
    if words & (_NOT_MONEY | {"share", "rate", "ratio"}):
        return ""
    # a sum of prices has cents; a sum of pieces has none
    cents = type_oid == _NUMERIC and any(value % 1 for value in given)
    return "dollars" if words & _MONEY or (cents and words & _MAYBE_MONEY) else ""


def are_written(values: Sequence[Any]) -> bool:
    """Whether a column of texts holds numbers as to_char writes them: each with $, % or a decimal point."""
    texts = (
        [value.strip() for value in values if value is not None]
        if all(value is None or isinstance(value, str) for value in values)
        else []
    )
    return bool(texts) and all(
        any(mark in text for mark in "$%.") and re.search(r"\d", text) and _WRITTEN.fullmatch(text) for text in texts
    )


def numbers(values: Sequence[Any]) -> tuple[float | None, ...]:
    """Numbers, also those that come as texts. Raises ValueError for a text that is none."""
    return tuple(map(_number, values))


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        raise ValueError
    try:
        number = _read(value) if isinstance(value, str) else float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) < _LARGEST else None


def _read(text: str) -> float:
    for mark in ",$% ":
        text = text.replace(mark, "")
    if text.startswith("(") and text.endswith(")"):  # as accountants write a loss
        text = f"-{text[1:-1]}"
    return float(text.replace("−", "-"))


class Axis(NamedTuple):
    """The ends of an axis of numbers, and the places on it that bear a label."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


def axis(given: Sequence[float], unit: str, zero: bool = True, wanted: int = 6) -> Axis:
    """An axis for these numbers, from nought if `zero`, all its labels written alike: $0, $0.5M, $1.0M."""
    low, high = min(given, default=0.0), max(given, default=1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        low, high = low - (abs(low) or 1.0) * (not zero), high + (abs(high) or 1.0)
    whole = all(number == int(number) for number in given) and unit != "fraction"
    step = _step((high - low) / wanted, whole)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    digits = max(0, 1 - math.floor(math.log10(step)))
    places = [round(place * step, digits) for place in range(first, last + 1)]
    return Axis(places[0], places[-1], tuple(zip(places, _alike(places, unit), strict=True)))


def _step(rough: float, whole: bool) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((factor * power for factor in (1, 2, 5) if factor * power >= rough * (1 - 1e-9)), 10 * power)
    return max(step, 1.0) if whole else step


def _alike(places: Sequence[float], unit: str) -> list[str]:
    """With one letter and as many decimals for all."""
    if unit == "fraction":
        places, unit = [place * 100 for place in places], "percent"
    largest = max(map(abs, places))
    if largest >= _SCIENTIFIC or 0 < largest < 10.0**-_MOST_DECIMALS:
        return [marked(f"{place:.3g}", unit) for place in places]
    size, letter = _size(largest)
    decimals = next(
        (d for d in range(_MOST_DECIMALS) if all(abs(round(p / size, d) * size - p) <= 1e-9 * largest for p in places)),
        _MOST_DECIMALS,
    )
    if unit == "dollars" and decimals and not letter:
        decimals = max(2, decimals)
    return [marked(f"{place / size:,.{decimals}f}{letter}" if place else "0", unit) for place in places]


def _size(number: float) -> tuple[float, str]:
    for least, letter in _LETTERS:
        if abs(number) >= least:
            return (1e3 if letter == "k" else least), letter
    return 1.0, ""


def marked(text: str, unit: str) -> str:
    """A number's text with what it counts: $1,234, −$5, 12%."""
    sign, text = ("−", text[1:]) if text.startswith("-") else ("", text)
    return f"{sign}{'$' if unit == 'dollars' else ''}{text}{'%' if unit == 'percent' else ''}"


def beside(given: Sequence[float | None], unit: str) -> list[str]:
    """Short texts for a column of numbers, all written alike: 65.00 and 69.20, $10.3M and $0.6M."""
    if unit == "fraction":
        given, unit = [None if value is None else value * 100 for value in given], "percent"
    sizes = [abs(value) for value in given if value]
    style = _style(sizes, unit, all(value == int(value) for value in given if value is not None))
    return ["" if value is None else marked(style(value), unit) for value in given]


def _style(sizes: list[float], unit: str, whole: bool) -> Any:
    largest, smallest = max(sizes, default=0.0), min(sizes, default=0.0)
    size, letter = _size(largest)
    if largest >= _SCIENTIFIC:
        return "{:.1e}".format
    if not letter:
        decimals = 0 if whole else 2 if unit == "dollars" else _decimals(sizes)
        return f"{{:,.{decimals}f}}".format if decimals <= _MOST_DECIMALS else "{:.2g}".format
    if smallest / size >= 0.095:
        most = 1 if smallest / size >= 0.95 else 2
        decimals = next((d for d in range(most) if all(round(one / size, d) == one / size for one in sizes)), most)
        return lambda value: f"{value / size:,.{decimals}f}{letter}"
    return _own


def _decimals(sizes: list[float]) -> int:
    """As many as the values have, at most two; more for small ones, so that two digits of each are seen."""
    if all(abs(round(one, 1) - one) < 1e-9 * one for one in sizes):
        return 1
    return max(2, 1 - math.floor(math.log10(min(sizes))))


def _own(value: float) -> str:
    """With a letter of its own and three digits: 10.3M, 647k, 1,200."""
    size, letter = _size(value)
    if not letter:
        return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.2f}"
    short = value / size
    return f"{short:,.{0 if abs(short) >= 100 else 1}f}".removesuffix(".0") + letter


def exact(value: float | None, unit: str) -> str:
    """A number as a reader wants it who points at it: all of it, with its thousands."""
    if value is None:
        return "no value"
    if unit == "fraction":
        value, unit = round(value * 100, 10), "percent"
    if abs(value) >= _SCIENTIFIC:
        return marked(f"{value:.15g}", unit)
    text = f"{value:,.2f}" if unit == "dollars" else f"{value:,.6f}".rstrip("0").rstrip(".")
    if value and not float(text.replace(",", "")):
        text = f"{value:.4g}"
    return marked(text, unit)
