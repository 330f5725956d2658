"""Which words are English: those that the local model's vocabulary or a dictionary has."""

from functools import cache
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spellchecker import SpellChecker

_lock = Lock()  # two threads would load the dictionary twice


def is_english(word: str) -> bool:
    """Whether a word in lower case is English. The first rare word of a process costs some 0.2 s."""
    if word in _vocabulary():
        return True
    return in_dictionary(word)


def in_dictionary(word: str) -> bool:
    """The same without the model's vocabulary, which has words of other languages and names too."""
    with _lock:
        return bool(_dictionary().known([word]))


@cache
def _vocabulary() -> frozenset[str]:
    text = files("zava_mcp.embeddings").joinpath("minilm", "vocab.txt").read_text(encoding="utf-8")
    return frozenset(text.splitlines())


@cache
def _dictionary() -> "SpellChecker":
    from spellchecker import SpellChecker

    return SpellChecker(language="en", distance=1)
