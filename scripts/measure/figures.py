"""What was measured: medians beside a floor's, taken in turn."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """Medians of what it took and of its floor; `spread` is the middle half of the former, relative to its median."""

    name: str
    floor_name: str
    took: float
    floor: float
    spread: float = 0.0
    unit: str = "ms"

    @property
    def ratio(self) -> float:
        return self.took / self.floor


def compare(name: str, floor_name: str, measured: Callable[[], Any], floor: Callable[[], Any], times: int) -> Figure:
    """Medians of both, run in turn."""
    return figure(name, floor_name, *in_turn(measured, floor, times))


def milliseconds(work: Callable[[], Any]) -> float:
    """How long one call of it takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def in_turn(
    measured: Callable[[], Any],
    floor: Callable[[], Any],
    times: int,
    timed: Callable[[Callable[[], Any]], float] = milliseconds,
) -> tuple[list[float], list[float]]:
    """Milliseconds of both, so that whatever else the machine does hits both; the first round is for warming up.

    Each comes first every other time: who comes second finds in the processor's caches what the first one read.
    """
    took: list[float] = []
    base: list[float] = []
    both = ((measured, took), (floor, base))
    for turn in range(times + 1):
        for work, into in both if turn % 2 else both[::-1]:
            into.append(timed(work))
    return took[1:], base[1:]


def figure(name: str, floor_name: str, took: list[float], floor: list[float], unit: str = "ms") -> Figure:
    lower, _, upper = statistics.quantiles(took, n=4)
    median = statistics.median(took)
    return Figure(name, floor_name, median, statistics.median(floor), (upper - lower) / median, unit)


def slowest(name: str, floor_name: str, took: list[float], floor: list[float]) -> Figure:
    """What ninety-nine in a hundred are faster than."""
    late, base = (statistics.quantiles(each, n=100)[-1] for each in (took, floor))
    return Figure(f"{name}, 99th percentile", floor_name, late, base)
