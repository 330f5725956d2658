"""What a service answered: exactly the vectors that were asked for, or an error."""

import json
import math
import sys
from array import array
from base64 import b64decode
from typing import Any

from zava_mcp.errors import EmbeddingError

DIMENSIONS = 1536
MOST_BYTES_A_VECTOR = 50_000  # as decimal numbers, which some servers send; a third of that is usual

_HINT = "Check the address in the settings: does it speak OpenAI's embeddings API?"


def read_vectors(content: bytes, count: int, model: str, asked: str) -> list[list[float]]:
    """`count` vectors of length 1 in the order of the texts.

    `model` is whose vectors they must be, `asked` the name it was asked for by. Raises EmbeddingError.
    """
    try:
        reply = json.loads(content)
        items = sorted(reply["data"], key=lambda item: _number(item["index"]))
        places = [item["index"] for item in items]
        vectors = [_unit(_numbers(item["embedding"])) for item in items]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise EmbeddingError("the answer is no list of vectors", _HINT) from None
    _check_model(str(reply.get("model") or ""), model, asked)
    if places != list(range(count)):
        raise EmbeddingError(f"the answer's {len(places):,} vectors are not those of the {count:,} texts sent", _HINT)
    return vectors


def _number(index: object) -> int:
    if type(index) is not int:
        raise TypeError(index)
    return index


def _numbers(embedding: Any) -> list[float]:
    """Base64 of little-endian float32, as asked for, or a list of numbers from a server that knows no base64."""
    if isinstance(embedding, list):
        if any(type(number) not in (int, float) for number in embedding):
            raise TypeError("not numbers")
        return [float(number) for number in embedding]
    packed = array("f", b64decode(embedding, validate=True))
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tolist()


def _unit(vector: list[float]) -> list[float]:
    if len(vector) != DIMENSIONS:
        raise EmbeddingError(
            f"the answer's vectors have {len(vector):,} numbers, not {DIMENSIONS:,}",
            "The model must be text-embedding-3-small.",
        )
    length = math.sqrt(sum(number * number for number in vector))
    if not 0 < length < math.inf:  # NaN neither
        raise EmbeddingError("the answer has a vector that is all zeros or has numbers that are none", _HINT)
    return [number / length for number in vector]


def _check_model(named: str, model: str, asked: str) -> None:
    """Vectors of another model must not be stored under this one's name; some gateways name what was asked for."""
    if not named or model in named or (named == asked and not named.startswith("text-embedding-")):
        return
    raise EmbeddingError(
        f"{asked!r} is the model {named[:60]!r}, not {model}",
        f"Name a deployment of {model} in EMBEDDING_MODEL_DEPLOYMENT_NAME.",
    )
