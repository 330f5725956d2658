"""Splits text into the word pieces of a BERT vocabulary, in lower case and without accents.

The package `tokenizers` does the same, and a test compares both. It installs 30 MB with what it needs, most of it for
downloads.
"""

import unicodedata
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

_MAX_WORD = 100  # characters. The model maps longer words to the unknown token.
_CJK_BLOCKS = (  # each of their characters is a word
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


class WordPieces:
    """A vocabulary, and the ids of texts in it."""

    def __init__(self, vocabulary: Path) -> None:
        self._ids = {piece: number for number, piece in enumerate(vocabulary.read_text(encoding="utf-8").splitlines())}
        self._first, self._last, self._unknown = (self._ids[name] for name in ("[CLS]", "[SEP]", "[UNK]"))

    def ids(self, text: str, limit: int) -> list[int]:
        """Returns at most `limit` ids, with those of the start and the end of a text."""
        pieces = (piece for word in _words(text) for piece in self._pieces(word))
        return [self._first, *islice(pieces, limit - 2), self._last]

    def _pieces(self, word: str) -> list[int]:
        """The longest piece that the word begins with, then the longest of the rest; or unknown."""
        found: list[int] = []
        start = 0
        while start < len(word) <= _MAX_WORD:
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                if (number := self._ids.get(prefix + word[start:end])) is not None:
                    found.append(number)
                    start = end
                    break
            else:
                return [self._unknown]
        return found or [self._unknown]


def _words(text: str) -> Iterator[str]:
    """The words of a text, and each of its punctuation marks."""
    for raw in "".join(map(_readable, text)).split():
        word = ""
        for character in unicodedata.normalize("NFD", raw):
            category = unicodedata.category(character)
            if category == "Mn":  # an accent
                continue
            if category.startswith("P") or (character.isascii() and category.startswith("S")):
                if word:
                    yield word
                    word = ""
                yield character
            else:
                word += character.lower()
        if word:
            yield word


def _readable(character: str) -> str:
    """The character; blanks around it if it is a word of its own; nothing for a control character."""
    if character in "\t\n\r":
        return " "
    if character == "\ufffd" or unicodedata.category(character) in ("Cc", "Cf", "Co"):
        return ""
    code = ord(character)
    return f" {character} " if any(low <= code <= high for low, high in _CJK_BLOCKS) else character
