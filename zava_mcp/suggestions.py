"""Suggests the known name that a misspelt one probably means."""

import difflib
from collections.abc import Iterable

_MAX_CHARACTERS = 100  # compared of a name
_MIN_PREFIX = 3  # characters that identify a name by its beginning


def did_you_mean(text: str, names: Iterable[str]) -> str:
    """Return " (did you mean X?)" with the nearest name or up to three that begin with the text; "" if none is near."""
    by_fold = {name.casefold(): name for name in names}
    fold = text.strip().casefold()[:_MAX_CHARACTERS]
    near = [name for name in by_fold if len(fold) >= _MIN_PREFIX and name.startswith(fold)][:3]
    near = near or difflib.get_close_matches(fold, by_fold, n=1)
    return f" (did you mean {' or '.join(by_fold[name] for name in near)}?)" if near else ""
