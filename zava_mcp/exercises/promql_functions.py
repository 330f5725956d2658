"""Functions of Prometheus over a range of samples, extrapolated as Prometheus does."""

import itertools
import math
from collections.abc import Callable

Samples = list[tuple[float, float]]

_GAP = 1.1  # Beyond this many usual intervals without a sample, a series is taken to begin or end in the range.


def increase(samples: Samples, start: float, end: float) -> float | None:
    """How much a counter grew between start and end; a fall is a restart at 0. None with fewer than two samples."""
    if len(samples) < 2:
        return None
    values = [value for _, value in samples]
    resets = sum(before for before, after in itertools.pairwise(values) if after < before)
    grown = values[-1] - values[0] + resets
    return grown * _extrapolation(samples, start, end, values[0] / grown if grown > 0 and values[0] >= 0 else math.inf)


def delta(samples: Samples, start: float, end: float) -> float | None:
    """The difference of a gauge between start and end; None with fewer than two samples."""
    if len(samples) < 2:
        return None
    return (samples[-1][1] - samples[0][1]) * _extrapolation(samples, start, end, math.inf)


def rate(samples: Samples, start: float, end: float) -> float | None:
    """How much a counter grew in a second."""
    grown = increase(samples, start, end)
    return None if grown is None else grown / (end - start)


def _extrapolation(samples: Samples, start: float, end: float, share_before: float) -> float:
    """The factor from the samples' time to the whole range; a counter is not extrapolated to before it was 0."""
    sampled = samples[-1][0] - samples[0][0]
    interval = sampled / (len(samples) - 1)
    before, after = min(samples[0][0] - start, sampled * share_before), end - samples[-1][0]
    longest = interval * _GAP
    return (sampled + sum(gap if gap < longest else interval / 2 for gap in (before, after))) / sampled


def _over_values(function: Callable[[list[float]], float]) -> Callable[[Samples, float, float], float | None]:
    return lambda samples, _start, _end: float(function([value for _, value in samples])) if samples else None


OVER_TIME: dict[str, Callable[[Samples, float, float], float | None]] = {
    "increase": increase,
    "rate": rate,
    "delta": delta,
    "sum_over_time": _over_values(math.fsum),
    "max_over_time": _over_values(max),
    "min_over_time": _over_values(min),
    "count_over_time": _over_values(len),
    "last_over_time": _over_values(lambda values: values[-1]),
    "avg_over_time": _over_values(lambda values: math.fsum(values) / len(values)),
}
