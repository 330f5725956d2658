"""Splits texts into requests within the limits of the service, without the tokenizer of the model."""

from collections.abc import Iterator, Sequence

_MAX_TEXT_TOKENS = 8_191
_MAX_REQUEST_TOKENS = 300_000
_MAX_REQUEST_TEXTS = 2_048


def truncate(text: str) -> str:
    """Truncates a text so that it does not exceed the tokens of the model. The result is never empty.

    A token of a byte-level tokenizer is at least one byte, so a text may have as many bytes as tokens. English has
    about four bytes per token, but descriptions of products are short enough.
    """
    return text.encode()[:_MAX_TEXT_TOKENS].decode(errors="ignore") or " "


def split_requests(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yields the truncated texts in their order, in one list per request."""
    batch: list[str] = []
    size = 0
    for text in map(truncate, texts):
        tokens = len(text.encode())  # an upper bound
        if batch and (len(batch) == _MAX_REQUEST_TEXTS or size + tokens > _MAX_REQUEST_TOKENS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += tokens
    if batch:
        yield batch
