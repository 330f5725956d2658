"""Embeds texts with all-MiniLM-L6-v2 on this machine, without a key or a network.

A machine may run several servers, so each uses one thread and returns memory to the system.
"""

import ctypes
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from zava_mcp.embeddings.model_files import verified_model_file
from zava_mcp.embeddings.prepared_model import NETWORK, WEIGHTS, prepared_model
from zava_mcp.embeddings.word_pieces import WordPieces
from zava_mcp.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession

LOCAL_MODEL = "local/all-MiniLM-L6-v2-int8"

_CANNOT_RUN = (
    "Install zava-mcp again, or configure Azure OpenAI or OpenAI. On Windows, onnxruntime needs Microsoft's Visual C++ "
    "runtime."
)
_MAX_TOKENS = 256  # the length that the model was trained on; longer texts are truncated
_M_MMAP_THRESHOLD = -3  # From glibc's malloc.h; larger blocks are allocated with mmap.
_BATCH_DOCUMENTS = 16  # documents in one run; more are not faster on one thread


class LocalEmbedder:
    """The packaged model, or the same model from a folder. It is loaded for the first text."""

    id = LOCAL_MODEL
    dimensions = 384
    batch = 64

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = Lock()
        self._model: _Model | None = None

    def embed_query(self, text: str, stop: Event | None = None) -> list[float]:  # noqa: ARG002  # it takes milliseconds
        """Embeds a search text."""
        return self.embed_documents([text])[0]

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """Embeds texts in batches of similar length, because a batch is padded to its longest text."""
        model = self._loaded()
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        vectors: list[list[float]] = [[]] * len(texts)
        for start in range(0, len(order), _BATCH_DOCUMENTS):
            indexes = order[start : start + _BATCH_DOCUMENTS]
            for index, vector in zip(indexes, model.vectors([texts[index] for index in indexes]), strict=True):
                vectors[index] = vector
        return vectors

    def close(self) -> None:
        """Releases the model."""
        self._model = None

    def _loaded(self) -> "_Model":
        with self._lock:
            if self._model is None:
                _use_mmap_for_large_blocks()
                self._model = _Model(self._folder)
                _return_memory()
            return self._model


class _Model:
    """The loaded vocabulary and network."""

    def __init__(self, folder: Path | None) -> None:
        try:
            # The network is loaded first, because loading it needs the most memory.
            self._session = _session(verified_model_file("model.onnx", folder))
            _return_memory()
            self._vocabulary = WordPieces(verified_model_file("vocab.txt", folder))
        except ImportError as error:
            raise EmbeddingError(f"the local embedding model cannot run here: {error}", _CANNOT_RUN) from None

    def vectors(self, texts: Sequence[str]) -> list[list[float]]:
        """Returns the mean of the token embeddings of each text, normalized to length 1."""
        import numpy as np

        ids, mask = self._tokens(texts)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states: NDArray[np.float32] = self._session.run(None, inputs)[0]
        sums = (states * mask[..., None].astype(np.float32)).sum(axis=1)
        vectors: list[list[float]] = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).tolist()
        return vectors

    def _tokens(self, texts: Sequence[str]) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
        import numpy as np

        encoded = [self._vocabulary.ids(text, _MAX_TOKENS) for text in texts]
        ids = np.zeros((len(texts), max(map(len, encoded))), np.int64)  # 0 is [PAD]
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(encoded):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        return ids, mask


def _session(network: Path) -> "InferenceSession":
    """Load the prepared model from the cache, preparing it if necessary; without a cache, load the packaged model."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # It would send telemetry on import.
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # Some versions ignore the variable.
    version = f"{onnxruntime.__version__}-{platform.machine()}"
    prepared = prepared_model(version, lambda folder: _prepare(network, folder))
    if prepared is None:
        return _load(network, {})
    # Prepacked weights are a little faster, but each process would have its own copy.
    return _load(prepared / NETWORK, {"session.disable_prepacking": "1"})


def _prepare(network: Path, folder: Path) -> None:
    """Write the model to a folder, with its weights as floats in a file of their own."""
    entries = {
        "session.optimized_model_external_initializers_file_name": WEIGHTS,
        "session.optimized_model_external_initializers_min_size_in_bytes": "1024",
    }
    _load(network, entries, folder / NETWORK)


def _load(network: Path, entries: Mapping[str, str], output: Path | None = None) -> "InferenceSession":
    from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # it would keep the memory of the largest batch
    options.enable_mem_pattern = False  # it helps only if all inputs have one shape
    options.log_severity_level = 3
    for name, value in entries.items():
        options.add_session_config_entry(name, value)
    if output:
        options.optimized_model_filepath = str(output)
        options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_EXTENDED  # not for this processor only
    return InferenceSession(str(network), options, providers=["CPUExecutionProvider"])


def _use_mmap_for_large_blocks() -> None:
    """Makes free() return large blocks to the system while loading; by default, glibc keeps ever larger ones."""
    if mallopt := getattr(_c_library(), "mallopt", None):
        mallopt(_M_MMAP_THRESHOLD, 128 * 1024)


def _return_memory() -> None:
    """Returns freed small blocks to the system, and keeps larger blocks for searches again, which is faster."""
    library = _c_library()
    if trim := getattr(library, "malloc_trim", None):
        trim(0)
        library.mallopt(_M_MMAP_THRESHOLD, 8 * 1024 * 1024)


def _c_library() -> Any:
    return ctypes.CDLL(None) if sys.platform == "linux" else None
