"""Texts of administrators that identities and assistants read: what is in them must be visible."""

import re
import unicodedata

from zava_mcp.errors import InputError

_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"  # they join letters and emoji, or choose an emoji's style
#: Characters of other categories that Unicode lists as ignorable, and blank ones. Several joiners could hide a text.
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U0001d159\U000e0000-\U000e0fff]"
    f"|^[{_JOINERS}]|[{_JOINERS}]{{3}}"
)


def has_invisible(text: str) -> bool:
    """Whether a text has characters that are not shown, or that reorder others."""
    return bool(_IGNORABLE.search(text)) or any(
        unicodedata.category(character) in _INVISIBLE and character not in _JOINERS for character in text
    )


def refuse_invisible(subject: str, text: str) -> None:
    """Raises InputError if a text has characters that are not shown, or that reorder others."""
    if has_invisible(text):
        raise InputError(f"{subject} contains a character that is not shown", "Write it as plain text.")
