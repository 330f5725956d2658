"""The known name that a misspelt one probably means."""

import difflib
from collections.abc import Iterable

_CHARACTERS = 100  # of a name that is compared
_BEGINNING = 3  # characters that are enough to be the beginning of a name


def did_you_mean(text: str, names: Iterable[str]) -> str:
    """ " (did you mean X?)" with the nearest of the names, or those that begin with the text; "" if none is near."""
    by_fold = {name.casefold(): name for name in names}
    wanted = text.strip().casefold()[:_CHARACTERS]
    near = [fold for fold in by_fold if len(wanted) >= _BEGINNING and fold.startswith(wanted)][:3]
    near = near or difflib.get_close_matches(wanted, by_fold, n=1)
    return f" (did you mean {' or '.join(by_fold[fold] for fold in near)}?)" if near else ""
