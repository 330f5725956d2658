"""The result of one check."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """The result of a check. `state` is ok, warn or fail; `fix` says what to do about it, as SQL where possible."""

    name: str
    state: str
    found: str
    fix: str = ""
