"""Operators of Prometheus between numbers and series: arithmetic, comparisons that filter, and, or, unless."""

import math
import operator
from collections.abc import Callable

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Value = float | Vector

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left / right if right else math.copysign(math.inf, left) if left else math.nan,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


def chosen(labels: Labels, names: set[str], keep: bool) -> Labels:
    """The labels of these names, or with keep False the others."""
    return frozenset(label for label in labels if (label[0] in names) == keep)


def combine(sign: str, left: Value, right: Value, key: Callable[[Labels], Labels], as_number: bool) -> Value:
    """The value of an operator; `key` has the labels by which series of both sides match. Raises ValueError."""
    if sign in ("and", "or", "unless"):
        if isinstance(left, float) or isinstance(right, float):
            raise ValueError(f"{sign} needs series on both sides")
        return _combine_sets(sign, left, right, key)
    if isinstance(left, float) and isinstance(right, float):
        result = _apply(sign, left, right, as_number)
        return math.nan if result is None else result
    if isinstance(left, float):
        pairs = [(labels, left, number, number) for labels, number in right.items()] if isinstance(right, dict) else []
    elif isinstance(right, float):
        pairs = [(labels, number, right, number) for labels, number in left.items()]
    else:
        by_key = {key(labels): number for labels, number in right.items()}
        pairs = [(key(ls), number, by_key[key(ls)], number) for ls, number in left.items() if key(ls) in by_key]
    results = ((labels, _apply(sign, one, other, as_number), kept) for labels, one, other, kept in pairs)
    is_filter = sign in COMPARISONS and not as_number
    return {labels: kept if is_filter else result for labels, result, kept in results if result is not None}


def _combine_sets(sign: str, left: Vector, right: Vector, key: Callable[[Labels], Labels]) -> Vector:
    keys = {key(labels) for labels in (left if sign == "or" else right)}
    if sign == "or":
        return left | {labels: number for labels, number in right.items() if key(labels) not in keys}
    return {labels: number for labels, number in left.items() if (key(labels) in keys) == (sign == "and")}


def _apply(sign: str, left: float, right: float, as_number: bool) -> float | None:
    """The result of an operator; None if a comparison does not hold."""
    if sign in _ARITHMETIC:
        return _ARITHMETIC[sign](left, right)
    holds = COMPARISONS[sign](left, right)
    return float(holds) if as_number else left if holds else None
