"""Waiting for what is about to happen, without sleeping."""

from collections.abc import Callable
from time import monotonic


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Asks again until it is true; fails after some seconds."""
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end, "it did not happen"
