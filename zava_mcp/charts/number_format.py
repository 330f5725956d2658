"""Numbers of a chart: their unit, the ticks of their axis, and their texts beside marks."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from zava_mcp import currencies
from zava_mcp.charts.labels import words_of

_MONEY_WORDS = {
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
    *("preis", "betrag", "umsatz", "kosten", "gewinn", "rohertrag", "prix", "montant", "precio", "importe"),
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

_WRITTEN = re.compile(r"[-−(]?\s*-?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?\s*(%)?\)?")
_LARGEST = 1e300  # the ends of an axis are larger than its numbers, and must be finite
_SUFFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k"))
_SCIENTIFIC = 1e15
_MAX_DECIMALS = 6


def unit_of(name: str, type_oid: int, values: Sequence[float | None], texts: Sequence[Any], money: str) -> str:
    """The unit of a column by its name and values: a currency's, percent, fraction (0.25 is 25%), or "" for counts.

    `money` is the unit of amounts whose currency neither the name nor the texts state.
    """
    words, present = set(words_of(name)), [value for value in values if value is not None]
    written = [text for text in texts if isinstance(text, str)]
    if type_oid == _MONEY_TYPE:  # its symbol is that of the database's locale, whatever the currency
        return money
    marks = {currencies.unit_of_text(text) for text in written}
    if len(marks) == 1 and (mark := marks.pop()):
        return mark
    if written and all("%" in text for text in written):
        return "percent"
    small = bool(present) and all(abs(value) <= 1 for value in present) and any(value % 1 for value in present)
    if words & _PERCENT:
        return "" if small else "percent"  # 0.25 may mean 25 % or 0.25 %
    if words & _FRACTION and not words & {"exchange", "hourly"} and small:
        return "" if words & _RATIO else "fraction"
    if "share" in words and present and all(0 <= value <= 100 for value in present):
        return "percent"
    if words & (_NOT_MONEY | {"share", "rate", "ratio"}):
        return ""
    if named := currencies.unit_of_words(words):
        return named
    # An ambiguous name such as total means money if the values have cents.
    cents = type_oid == _NUMERIC and any(value % 1 for value in present)
    return money if words & _MONEY_WORDS or (cents and words & _MAYBE_MONEY) else ""


def amount_unit(name: str, unit: str, money: str) -> str:
    """The unit of a column whose query computes it from amounts: money, unless its name or values say otherwise."""
    return unit if unit or set(words_of(name)) & (_NOT_MONEY | _RATIO | {"share", "rate"}) else money


def are_written(values: Sequence[Any]) -> bool:
    """Whether a column of texts holds numbers as to_char writes them: each with a currency, % or a decimal point."""
    texts = (
        [value.strip() for value in values if value is not None]
        if all(value is None or isinstance(value, str) for value in values)
        else []
    )
    return bool(texts) and all(
        ("%" in text or "." in text or currencies.unit_of_text(text))
        and re.search(r"\d", text)
        and _WRITTEN.fullmatch(currencies.remove_mark(text))
        for text in texts
    )


def numbers(values: Sequence[Any]) -> tuple[float | None, ...]:
    """The values as numbers, also those that are texts. Raises ValueError for a text that is not a number."""
    return tuple(map(_number, values))


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        raise ValueError
    try:
        number = _parse(value) if isinstance(value, str) else float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) < _LARGEST else None


def _parse(text: str) -> float:
    text = currencies.remove_mark(text)
    for mark in ",% ":
        text = text.replace(mark, "")
    if text.startswith("(") and text.endswith(")"):  # accountants write negative numbers in parentheses
        text = f"-{text[1:-1]}"
    return float(text.replace("−", "-"))


class Axis(NamedTuple):
    """The ends of an axis of numbers, and its ticks with their labels."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


def axis(values: Sequence[float], unit: str, zero: bool = True, intervals: int = 6) -> Axis:
    """An axis for these numbers, including 0 if `zero`, with labels in one format: $0, $0.5M, $1.0M."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        low, high = low - (abs(low) or 1.0) * (not zero), high + (abs(high) or 1.0)
    whole = all(number == int(number) for number in values) and unit != "fraction"
    step = _round_step((high - low) / intervals, whole)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    digits = max(0, 1 - math.floor(math.log10(step)))
    ticks = [round(number * step, digits) for number in range(first, last + 1)]
    return Axis(ticks[0], ticks[-1], tuple(zip(ticks, _tick_labels(ticks, unit), strict=True)))


def _round_step(rough: float, whole: bool) -> float:
    """The next larger 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((factor * power for factor in (1, 2, 5) if factor * power >= rough * (1 - 1e-9)), 10 * power)
    return max(step, 1.0) if whole else step


def _tick_labels(ticks: Sequence[float], unit: str) -> list[str]:
    """Labels that all have the same suffix and number of decimals."""
    if unit == "fraction":
        ticks, unit = [tick * 100 for tick in ticks], "percent"
    largest = max(map(abs, ticks))
    if largest >= _SCIENTIFIC or 0 < largest < 10.0**-_MAX_DECIMALS:
        return [with_unit(f"{tick:.3g}", unit) for tick in ticks]
    size, suffix = _scale(largest)
    decimals = next(
        (d for d in range(_MAX_DECIMALS) if all(abs(round(t / size, d) * size - t) <= 1e-9 * largest for t in ticks)),
        _MAX_DECIMALS,
    )
    if currencies.is_money(unit) and decimals and not suffix:
        decimals = max(currencies.decimals(unit), decimals)
    return [with_unit(f"{tick / size:,.{decimals}f}{suffix}" if tick else "0", unit) for tick in ticks]


def _scale(number: float) -> tuple[float, str]:
    """The divisor of a number of this size, and its suffix."""
    for least, suffix in _SUFFIXES:
        if abs(number) >= least:
            return (1e3 if suffix == "k" else least), suffix
    return 1.0, ""


def with_unit(text: str, unit: str) -> str:
    """A number's text with its unit: $1,234, −€5, CHF 9, 12%."""
    sign, text = ("−", text[1:]) if text.startswith("-") else ("", text)
    return f"{sign}{currencies.prefix(unit)}{text}{'%' if unit == 'percent' else ''}"


def short_texts(values: Sequence[float | None], unit: str) -> list[str]:
    """Short texts for a column of numbers in one format: 65.00 and 69.20, $10.3M and $0.6M."""
    if unit == "fraction":
        values, unit = [None if value is None else value * 100 for value in values], "percent"
    sizes = [abs(value) for value in values if value]
    write = _common_format(sizes, unit, all(value == int(value) for value in values if value is not None))
    return ["" if value is None else with_unit(write(value), unit) for value in values]


def _common_format(sizes: list[float], unit: str, whole: bool) -> Callable[[float], str]:
    """The function that formats numbers of these sizes alike, or each with its own suffix if they differ too much."""
    largest, smallest = max(sizes, default=0.0), min(sizes, default=0.0)
    size, suffix = _scale(largest)
    if largest >= _SCIENTIFIC:
        return "{:.1e}".format
    if not suffix:
        decimals = 0 if whole else currencies.decimals(unit) if currencies.is_money(unit) else _decimals(sizes)
        return f"{{:,.{decimals}f}}".format if decimals <= _MAX_DECIMALS else "{:.2g}".format
    if smallest / size >= 0.095:
        most = 1 if smallest / size >= 0.95 else 2
        decimals = next((d for d in range(most) if all(round(one / size, d) == one / size for one in sizes)), most)
        return lambda value: f"{value / size:,.{decimals}f}{suffix}"
    return _three_digits


def _decimals(sizes: list[float]) -> int:
    """The decimals of the values, at most two; more for small values, so that each shows two digits."""
    if all(abs(round(one, 1) - one) < 1e-9 * one for one in sizes):
        return 1
    return max(2, 1 - math.floor(math.log10(min(sizes))))


def _three_digits(value: float) -> str:
    """A number with its own suffix and three digits: 10.3M, 647k, 1,200."""
    size, suffix = _scale(value)
    if not suffix:
        return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.2f}"
    short = value / size
    return f"{short:,.{0 if abs(short) >= 100 else 1}f}".removesuffix(".0") + suffix


def exact(value: float | None, unit: str) -> str:
    """A number with all its digits and thousands separators, as a tooltip shows it."""
    if value is None:
        return "no value"
    if unit == "fraction":
        value, unit = round(value * 100, 10), "percent"
    if abs(value) >= _SCIENTIFIC:
        return with_unit(f"{value:.15g}", unit)
    if currencies.is_money(unit):
        text = f"{value:,.{currencies.decimals(unit)}f}"
    else:
        text = f"{value:,.6f}".rstrip("0").rstrip(".")
    if value and not float(text.replace(",", "")):
        text = f"{value:.4g}"
    return with_unit(text, unit)
