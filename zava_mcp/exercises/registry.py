"""Finds the exercises of a chapter: the module `chapter_NN` has them in `EXERCISES`."""

from importlib import import_module
from importlib.util import find_spec

from zava_mcp.exercises.exercise import Exercise


def exercises_of(number: str) -> tuple[Exercise, ...]:
    """The exercises of a chapter, by its number of two digits; none if the chapter has no module."""
    module = f"{__package__}.chapter_{number}"
    if not number or find_spec(module) is None:
        return ()
    exercises: tuple[Exercise, ...] = import_module(module).EXERCISES
    return exercises
