"""Parses the response of an embedding service, which must contain exactly the requested vectors."""

import json
import math
import sys
from array import array
from base64 import b64decode
from typing import Any

from zava_mcp.errors import EmbeddingError

DIMENSIONS = 1536
MAX_BYTES_PER_VECTOR = 50_000  # Some servers send decimal numbers; a third of that is usual.

_HINT = "Check that the address in the settings serves OpenAI's embeddings API."


def read_vectors(content: bytes, count: int, model: str, requested_name: str) -> list[list[float]]:
    """Returns `count` vectors of length 1 in the order of the texts.

    `model` is the required model, `requested_name` its name in the request. Raises EmbeddingError.
    """
    try:
        response = json.loads(content)
        items = sorted(response["data"], key=lambda item: _index(item["index"]))
        indexes = [item["index"] for item in items]
        vectors = [_normalize(_numbers(item["embedding"])) for item in items]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise EmbeddingError("the response is not a list of embeddings", _HINT) from None
    _check_model(str(response.get("model") or ""), model, requested_name)
    if indexes != list(range(count)):
        raise EmbeddingError(
            f"the response has {len(indexes):,} embeddings, which do not match the {count:,} texts sent", _HINT
        )
    return vectors


def _index(index: object) -> int:
    if type(index) is not int:
        raise TypeError(index)
    return index


def _numbers(embedding: Any) -> list[float]:
    """Decodes base64 of little-endian float32, or a list of numbers from a server that ignores `encoding_format`."""
    if isinstance(embedding, list):
        if any(type(number) not in (int, float) for number in embedding):
            raise TypeError("not numbers")
        return [float(number) for number in embedding]
    packed = array("f", b64decode(embedding, validate=True))
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tolist()


def _normalize(vector: list[float]) -> list[float]:
    if len(vector) != DIMENSIONS:
        raise EmbeddingError(
            f"the embeddings in the response have {len(vector):,} dimensions, not {DIMENSIONS:,}",
            "The model must be text-embedding-3-small.",
        )
    length = math.sqrt(sum(number * number for number in vector))
    if not 0 < length < math.inf:  # also rejects NaN
        raise EmbeddingError("an embedding in the response is zero or not finite", _HINT)
    return [number / length for number in vector]


def _check_model(reported: str, model: str, requested_name: str) -> None:
    """Raises EmbeddingError if another model answered. Some gateways report the requested name instead of the model."""
    if not reported or model in reported or (reported == requested_name and not reported.startswith("text-embedding-")):
        return
    raise EmbeddingError(
        f"{requested_name!r} is the model {reported[:60]!r}, not {model}",
        f"Name a deployment of {model} in EMBEDDING_MODEL_DEPLOYMENT_NAME.",
    )
