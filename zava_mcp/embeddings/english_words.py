"""Which words are English: those that the local model's vocabulary or a dictionary has."""

from collections import defaultdict
from functools import cache
from importlib.resources import files
from threading import Lock

_lock = Lock()  # two threads would load the dictionary twice


def is_english(word: str) -> bool:
    """Whether a word in lower case is English. The first rare word of a process costs some 0.2 s."""
    if word in _vocabulary():
        return True
    return in_dictionary(word)


def in_dictionary(word: str) -> bool:
    """The same without the model's vocabulary, which has words of other languages and names too."""
    with _lock:
        return f" {word} " in _dictionary().get(word[:2], "")


@cache
def _vocabulary() -> frozenset[str]:
    text = files("zava_mcp.embeddings").joinpath("minilm", "vocab.txt").read_text(encoding="utf-8")
    return frozenset(text.splitlines())


@cache
def _dictionary() -> dict[str, str]:
    """All words that begin with the same two letters, a space around each: 2 MB where the library's table takes 40."""
    from spellchecker import SpellChecker

    words = defaultdict(list)
    for word in SpellChecker(language="en", distance=1).word_frequency.words():
        words[word[:2]].append(word)
    return {first: f" {' '.join(same)} " for first, same in words.items()}
