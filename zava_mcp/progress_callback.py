"""The type of callbacks that report the progress of long work."""

from collections.abc import Callable

#: Called with the finished part of the work, from 0 to 1, and the current step.
Progress = Callable[[float, str], None]
