"""Misspelt words of a search, corrected to words that the catalogue has."""

import re
import time
from collections.abc import Callable, Container
from difflib import get_close_matches
from threading import Lock

from zava_mcp.embeddings.english_words import in_dictionary, is_english

_GOOD_FOR = 600  # seconds that the catalogue's words are kept
_ALIKE = 0.8  # of difflib: one letter of five
_MOST = 10  # words of one text that are looked up
_WORD = re.compile(r"(?<![\w/.-])[^\W\d_]{4,30}(?![\w/]|[.-]\w)")
_QUOTED = re.compile(r"""["“„«][^"“”„«»]*["”“»]""")


class CatalogueWords:
    """The words of the catalogue as one identity sees it, read when the first word comes that is not English.

    Several threads may use it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._words: frozenset[str] = frozenset()
        self._names: dict[str, list[str]] = {}
        self._until = 0.0

    def corrected(self, text: str, read: Callable[[], tuple[str, str]]) -> tuple[str, dict[str, str]]:
        """The text with its misspelt words replaced, and these: {as written: as corrected}.

        A word is misspelt if it is neither English nor in the catalogue, and a word of a product's name, type or
        category is almost the same. What is quoted stays as it is. `read` gives the words of names and of
        descriptions, separated by spaces.
        """
        quoted = _QUOTED.sub(lambda match: " " * len(match[0]), text)
        unknown = {word for word in _WORD.findall(quoted) if not is_english(word.lower())}
        found = {}
        for word in sorted(unknown)[:_MOST]:
            if likely := self._likely(word.lower(), read):
                found[word] = likely
        if is_foreign(text, self._words | {word.lower() for word in found}):
            return text, {}
        for word, likely in found.items():
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", likely, text)
        return text, found

    def __contains__(self, word: object) -> bool:
        """Whether the catalogue has a word, as far as it was read."""
        return word in self._words

    def _likely(self, word: str, read: Callable[[], tuple[str, str]]) -> str:
        with self._lock:
            if time.monotonic() >= self._until:
                self._take(*read())
            if word in self._words:
                return ""
            return next(iter(get_close_matches(word, self._names.get(word[0], []), 1, _ALIKE)), "")

    def _take(self, names: str, descriptions: str) -> None:
        self._names = {}
        for word in sorted(set(names.split())):
            self._names.setdefault(word[0], []).append(word)
        self._words = frozenset(names.split()) | frozenset(descriptions.split())
        self._until = time.monotonic() + _GOOD_FOR


def is_foreign(text: str, known: Container[str] = ()) -> bool:
    """Whether a text is probably not English: more than two in five of its words are neither that nor known; of a
    longer text, at least two.

    Words in capitals are names and abbreviations of any language.
    """
    words = [word for word in re.findall(r"(?<![\w-])[^\W\d_]{2,30}(?![\w-])", text)[:30] if not word.isupper()]
    unknown = [word for word in map(str.lower, words) if word not in known and not in_dictionary(word)]
    least = 1 if 2 <= len(words) <= 3 else 2
    return len(unknown) >= least and len(unknown) * 5 > len(words) * 2
