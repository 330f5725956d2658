"""Recognizes English words with the vocabulary of the local model and a dictionary, and stop words of all languages."""

from collections import defaultdict
from functools import cache
from importlib.resources import files
from threading import Lock

_lock = Lock()  # prevents two threads from loading the dictionary


def is_english(word: str) -> bool:
    """Returns whether a word in lower case is English. The first rare word of a process takes 0.2 s."""
    if word in _vocabulary():
        return True
    return in_dictionary(word)


def is_stop_word(word: str) -> bool:
    """Returns whether a word in lower case carries no meaning in one of the languages that full-text search knows."""
    return word in _stop_words()


def in_dictionary(word: str) -> bool:
    """Returns whether the dictionary has a word. The model's vocabulary also has names and words of other languages."""
    with _lock:
        return f" {word} " in _dictionary().get(word[:2], "")


@cache
def _vocabulary() -> frozenset[str]:
    text = files("zava_mcp.embeddings").joinpath("minilm", "vocab.txt").read_text(encoding="utf-8")
    return frozenset(text.splitlines())


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(files("zava_mcp.embeddings").joinpath("stop_words.txt").read_text(encoding="utf-8").split())


@cache
def _dictionary() -> dict[str, str]:
    """Returns {first two letters: words separated by spaces}, which takes 2 MB; the library's table takes 40 MB."""
    from spellchecker import SpellChecker

    words = defaultdict(list)
    for word in SpellChecker(language="en", distance=1).word_frequency.words():
        words[word[:2]].append(word)
    return {first: f" {' '.join(same)} " for first, same in words.items()}
