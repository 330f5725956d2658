"""Evaluates expressions of Prometheus on planted series: selectors, common functions, aggregations and operators.

It is for alert rules of learners. What it does not know, it refuses by name, so that no rule is judged by half.
"""

import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from zava_mcp.exercises.promql_functions import OVER_TIME, Samples
from zava_mcp.exercises.promql_operators import COMPARISONS, Labels, Value, Vector, chosen, combine

_LOOKBACK_SECONDS = 300.0
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_DURATION = re.compile(r"(\d+)(ms|[smhdw])")
_TOKEN = re.compile(
    r"\s+|\#[^\n]*|(?P<token>(?:\d+(?:ms|[smhdw]))+(?![\w.])|\d+\.?\d*(?:[eE][-+]?\d+)?|[A-Za-z_][\w:]*"
    r"|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|=~|!~|!=|==|>=|<=|[-+*/%^<>=(){}\[\],])"
)
_AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": math.fsum,
    "max": max,
    "min": min,
    "count": len,
    "avg": lambda values: math.fsum(values) / len(values),
}
#: Operators from the weakest to the strongest.
_LEVELS = (("or",), ("and", "unless"), tuple(COMPARISONS), ("+", "-"), ("*", "/"))
_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "=~": lambda value, pattern: re.fullmatch(pattern, value) is not None,
    "!~": lambda value, pattern: re.fullmatch(pattern, value) is None,
}


@dataclass(frozen=True)
class Series:
    """Planted samples of one series: its labels, with the metric as `__name__`, and (second, value) pairs."""

    labels: dict[str, str]
    samples: list[tuple[float, float]]


def duration(text: str) -> float:
    """The seconds of a duration such as 1h30m. Raises ValueError."""
    if not re.fullmatch(f"(?:{_DURATION.pattern})+", text):
        raise ValueError(f"{text} is no duration")
    return sum(int(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))


def evaluate(expression: str, series: Iterable[Series], second: float) -> Value:
    """The value of an expression at a second: a number, or a number by labels. Raises ValueError."""
    parser = _Parser(list(_tokens(expression)), list(series), second)
    value = parser.binary(0)
    if parser.peek():
        raise ValueError(f"{parser.peek()} is not expected there")
    return value


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"{text[place : place + 10]} cannot be read")
        if match["token"]:
            yield match["token"]
        place = match.end()


@dataclass
class _Parser:
    """Parses and evaluates at once, from left to right."""

    tokens: list[str]
    series: list[Series]
    second: float
    place: int = field(default=0)

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            raise ValueError(f"{expected or 'something'} is missing before {token or 'the end'}")
        self.place += 1
        return token

    def accept(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.place += 1
        return True

    def binary(self, level: int) -> Value:
        if level == len(_LEVELS):
            return self._unary()
        left = self.binary(level + 1)
        while (sign := self.peek()) in _LEVELS[level]:
            self.take()
            as_number = self.accept("bool")
            matching = self._matching()
            right = self.binary(level + 1)
            left = combine(sign, left, right, matching, as_number)
        return left

    def _matching(self) -> Callable[[Labels], Labels]:
        for word, keep in (("on", True), ("ignoring", False)):
            if self.accept(word):
                names = self._names()
                if self.peek() in ("group_left", "group_right"):
                    raise ValueError(f"this check does not know {self.peek()}")
                return lambda labels: chosen(labels, names, keep)
        return lambda labels: labels

    def _unary(self) -> Value:
        if self.accept("-"):
            return combine("*", -1.0, self._unary(), lambda labels: labels, False)
        if self.accept("("):
            value = self.binary(0)
            self.take(")")
            return value
        token = self.take()
        if re.match(r"\d", token):
            return float(token)
        if token in _AGGREGATIONS:
            return self._aggregation(token)
        if self.peek() == "(":
            return self._function(token)
        if not re.match(r"[A-Za-z_:{]", token):
            raise ValueError(f"{token} is not expected there")
        return self._instant(token)

    def _aggregation(self, name: str) -> Value:
        grouping = self._grouping()
        self.take("(")
        value = self.binary(0)
        self.take(")")
        names, keep = grouping or self._grouping() or (set(), True)
        if isinstance(value, float):
            raise ValueError(f"{name} needs series, not a number")
        groups: dict[Labels, list[float]] = {}
        for labels, number in value.items():
            groups.setdefault(chosen(labels, names, keep), []).append(number)
        return {labels: float(_AGGREGATIONS[name](numbers)) for labels, numbers in groups.items()}

    def _grouping(self) -> tuple[set[str], bool] | None:
        for word, keep in (("by", True), ("without", False)):
            if self.accept(word):
                return self._names(), keep
        return None

    def _names(self) -> set[str]:
        self.take("(")
        names = set()
        while not self.accept(")"):
            names.add(self.take())
            if self.peek() != ")":
                self.take(",")
        return names

    def _function(self, name: str) -> Vector:
        if name not in OVER_TIME:
            raise ValueError(f"this check does not know the function {name}")
        self.take("(")
        selected = self._selected(self.take())
        self.take("[")
        seconds = duration(self.take())
        self.take("]")
        self.take(")")
        start = self.second - seconds
        return {
            labels: result
            for labels, samples in selected.items()
            if (result := OVER_TIME[name](_between(samples, start, self.second), start, self.second)) is not None
        }

    def _instant(self, name: str) -> Vector:
        selected = self._selected(name)
        if self.peek() == "[":
            raise ValueError(f"{name}[…] needs a function such as increase")
        start = self.second - _LOOKBACK_SECONDS
        recent = {labels: _between(samples, start, self.second) for labels, samples in selected.items()}
        return {labels: samples[-1][1] for labels, samples in recent.items() if samples}

    def _selected(self, name: str) -> dict[Labels, Samples]:
        matchers = [] if name == "{" else [("__name__", "=", name)]
        if name == "{" or self.accept("{"):
            while not self.accept("}"):
                label, sign, text = self.take(), self.take(), self.take()
                if sign not in _MATCHES or text[0] not in "\"'":
                    raise ValueError(f'{label}{sign}{text} is no condition such as {label}="…"')
                matchers.append((label, sign, text[1:-1].replace("\\\\", "\\")))
                if self.peek() != "}":
                    self.take(",")
        return {
            frozenset((label, value) for label, value in one.labels.items() if label != "__name__"): one.samples
            for one in self.series
            if all(_MATCHES[sign](one.labels.get(label, ""), text) for label, sign, text in matchers)
        }


def _between(samples: Samples, start: float, end: float) -> Samples:
    return [sample for sample in samples if start < sample[0] <= end]
