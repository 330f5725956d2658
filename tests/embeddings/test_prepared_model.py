"""The local model in the user's cache: made once, shared by processes, made again if damaged, never another user's."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from zava_mcp.embeddings.local import LocalEmbedder
from zava_mcp.embeddings.prepared_model import NETWORK, WEIGHTS

_TEXTS = ["16 oz Curved Claw Hammer", "", "Größe 5½″ " * 100]
_IN_A_PROCESS = """
import sys
from zava_mcp.embeddings.local import LocalEmbedder
embedder = LocalEmbedder()
print(*embedder.embed_query(sys.argv[1]))
print(*(line.split()[-1] for line in open("/proc/self/maps")))
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "zava-mcp"


def _vectors() -> list[list[float]]:
    return LocalEmbedder().embed_documents(_TEXTS)


def _model(cache: Path) -> Path:
    (folder,) = (entry for entry in cache.glob("minilm-*") if entry.is_dir())
    return folder


def _as_packaged(monkeypatch: pytest.MonkeyPatch) -> list[list[float]]:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    return _vectors()


def test_vectors_of_the_prepared_model_equal_those_of_the_packaged(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, again = _vectors(), _vectors()
    files = {file.name: file.stat().st_mode & 0o777 for file in _model(cache).iterdir()}
    assert files == {NETWORK: 0o600, WEIGHTS: 0o600, "checksums": 0o600}
    for one, other, packaged in zip(first, again, _as_packaged(monkeypatch), strict=True):
        assert one == other == pytest.approx(packaged, abs=1e-6)


def test_processes_that_start_at_once_share_one_model(cache: Path) -> None:
    def embed(_: int) -> str:
        command = [sys.executable, "-c", _IN_A_PROCESS, "paint"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    with ThreadPoolExecutor() as pool:
        vectors, mapped = zip(*(printed.splitlines() for printed in pool.map(embed, range(3))), strict=True)
    assert len(set(vectors)) == 1
    assert all(str(_model(cache) / WEIGHTS) in line.split() for line in mapped)
    assert {entry.name for entry in cache.iterdir()} <= {_model(cache).name, "minilm.lock"}


@pytest.mark.parametrize("file", [NETWORK, WEIGHTS, "checksums"])
@pytest.mark.parametrize("fault", ["changed", "truncated", "missing"])
def test_damaged_model_is_made_again(cache: Path, file: str, fault: str) -> None:
    vectors = _vectors()
    damaged = _model(cache) / file
    content = damaged.read_bytes()
    if fault == "missing":
        damaged.unlink()
    else:
        changed = content[:20] + bytes([content[20] ^ 1]) + content[21:]
        damaged.write_bytes(changed if fault == "changed" else content[:-1])
    assert _vectors() == vectors
    assert damaged.read_bytes() == content


@pytest.mark.parametrize("fault", ["writable for others", "of another user", "a file", "a link", "read-only disk"])
def test_cache_that_cannot_be_trusted_or_written_is_not_used(
    cache: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files in it are a model of zeros, so a vector would show that they were used."""
    if fault == "a file":
        cache.parent.write_text("no folder")
    elif fault == "read-only disk":
        monkeypatch.setenv("XDG_CACHE_HOME", "/proc")
    else:
        _vectors()
        planted = _model(cache)
        (planted / WEIGHTS).write_bytes(bytes((planted / WEIGHTS).stat().st_size))
        if fault == "writable for others":
            cache.chmod(0o777)
        elif fault == "of another user":
            os.chown(planted / "checksums", 4711, -1)
        else:
            (planted / "checksums").rename(cache / "elsewhere")
            (planted / "checksums").symlink_to(cache / "elsewhere")
    vectors = _vectors()
    for one, packaged in zip(vectors, _as_packaged(monkeypatch), strict=True):
        assert one == pytest.approx(packaged, abs=1e-6)


def test_models_of_other_versions_and_abandoned_drafts_are_removed(cache: Path) -> None:
    old = [cache / "minilm-1.0.0-x86_64", cache / ".minilm-1.0.0-x86_64.0123"]
    recent = [cache / "minilm-9.0.0-x86_64", cache / ".minilm-9.0.0-x86_64.4567"]
    for folder in (*old, *recent):
        folder.mkdir(parents=True)
        (folder / WEIGHTS).write_bytes(b"")
    for folder in old:
        os.utime(folder, (0, 0))
    kept = cache / "replies-01234567.json"
    kept.write_text("{}")
    _vectors()
    assert [folder for folder in (*old, *recent, kept) if not folder.exists()] == old
