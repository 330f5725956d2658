"""Corrects misspelt words of a search to words of the catalogue."""

import re
import time
from collections.abc import Callable, Container
from difflib import get_close_matches
from itertools import islice
from threading import Lock

from zava_mcp.embeddings.english_words import in_dictionary, is_english

_CACHE_SECONDS = 600
_MIN_SIMILARITY = 0.8  # difflib's ratio: one letter of five may differ
_SOME_WORDS = 30  # The language is recognized from this many words.
_MAX_WORDS = 10  # words of one text that are looked up
_WORD = re.compile(r"(?<![\w/.-])[^\W\d_]{4,30}(?![\w/]|[.-]\w)")
_ANY_WORD = re.compile(r"(?<![\w-])[^\W\d_]{2,30}(?![\w-])")
_QUOTED = re.compile(r"""["“„«][^"“”„«»]*["”“»]""")


class CatalogueWords:
    """The words of the catalogue that one identity sees. They are read when a search has a word that is not English.

    It is safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._words: frozenset[str] = frozenset()
        self._names: dict[str, list[str]] = {}
        self._expires = 0.0  # a time of the monotonic clock

    def correct(self, text: str, read: Callable[[], tuple[str, str]]) -> tuple[str, dict[str, str]]:
        """Returns the text with its misspelt words replaced, and the corrections as {misspelt word: replacement}.

        A word is misspelt if it is neither English nor in the catalogue, and a word of a product's name, type or
        category is similar. Quoted words are not changed. `read` returns the words of names and of descriptions,
        separated by spaces.
        """
        unquoted = _QUOTED.sub(lambda match: " " * len(match[0]), text)
        unknown = {word for word in _WORD.findall(unquoted) if not is_english(word.lower())}
        corrections = {}
        for word in sorted(unknown)[:_MAX_WORDS]:
            if replacement := self._similar_word(word.lower(), read):
                corrections[word] = replacement
        if is_foreign(text, self._words | {word.lower() for word in corrections}):
            return text, {}
        for word, replacement in corrections.items():
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", replacement, text)
        return text, corrections

    def __contains__(self, word: object) -> bool:
        """Returns whether the words read so far contain a word."""
        return word in self._words

    def some(self) -> str:
        """Returns some of the words read so far, from everywhere in the alphabet."""
        words = sorted(self._words)
        return " ".join(words[:: len(words) // _SOME_WORDS + 1])

    def _similar_word(self, word: str, read: Callable[[], tuple[str, str]]) -> str:
        with self._lock:
            if time.monotonic() >= self._expires:
                self._store(*read())
            if word in self._words:
                return ""
            return next(iter(get_close_matches(word, self._names.get(word[0], []), 1, _MIN_SIMILARITY)), "")

    def _store(self, names: str, descriptions: str) -> None:
        self._names = {}
        for word in sorted(set(names.split())):
            self._names.setdefault(word[0], []).append(word)
        self._words = frozenset(names.split()) | frozenset(descriptions.split())
        self._expires = time.monotonic() + _CACHE_SECONDS


def is_foreign(text: str, known: Container[str] = (), least_unknown: int = 2) -> bool:
    """Returns whether a text is probably not English.

    More than two in five of its words, and at least `least_unknown`, must be neither English nor in `known`. A single
    such word may be a brand or misspelt.
    Words in capitals are ignored, because names and abbreviations occur in every language.
    """
    first = (match[0] for match in islice(_ANY_WORD.finditer(text), _SOME_WORDS))
    words = [word for word in first if not word.isupper()]
    unknown = [word for word in map(str.lower, words) if word not in known and not in_dictionary(word)]
    return len(words) > 1 and len(unknown) >= least_unknown and len(unknown) * 5 > len(words) * 2
