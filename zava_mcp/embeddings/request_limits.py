"""What one request may hold, measured without the model's own tokenizer."""

from collections.abc import Iterator, Sequence

_TOKENS_A_TEXT = 8_191
_TOKENS_A_REQUEST = 300_000
_TEXTS_A_REQUEST = 2_048


def truncate(text: str) -> str:
    """The beginning of a text that surely has no more tokens than the model reads; never empty.

    A token of a byte-level tokenizer is at least one byte, so as many bytes as tokens are allowed always
    fit. English would fit some four times longer, but products are told in a paragraph.
    """
    return text.encode()[:_TOKENS_A_TEXT].decode(errors="ignore") or " "


def requests(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts, cut, in their order, in as few lists as one request each may hold."""
    held: list[str] = []
    size = 0
    for text in map(truncate, texts):
        tokens = len(text.encode())  # at most
        if held and (len(held) == _TEXTS_A_REQUEST or size + tokens > _TOKENS_A_REQUEST):
            yield held
            held, size = [], 0
        held.append(text)
        size += tokens
    if held:
        yield held
