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
    """Runs both in turn, so that whatever else the machine does hits both; the first round is for warming up."""
    took: list[float] = []
    base: list[float] = []
    for _ in range(times + 1):
        took.append(milliseconds(measured))
        base.append(milliseconds(floor))
    return figure(name, floor_name, took[1:], base[1:])


def figure(name: str, floor_name: str, took: list[float], floor: list[float], unit: str = "ms") -> Figure:
    lower, _, upper = statistics.quantiles(took, n=4)
    median = statistics.median(took)
    return Figure(name, floor_name, median, statistics.median(floor), (upper - lower) / median, unit)


def milliseconds(work: Callable[[], Any]) -> float:
    """How long one call of it takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000
