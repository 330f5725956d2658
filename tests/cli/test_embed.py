"""Tests of `zava-mcp embed`: new and changed products are embedded, and the embeddings are published atomically."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.cli.test_commands import zava
from tests.conftest import ADMIN, SEATTLE, admin_keywords, keep_products, small_embedded
from tests.polling import until
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.embeddings.local import LOCAL_MODEL
from zava_mcp.errors import DatabaseUnavailable, SettingsError

PRODUCTS = 130
COUNT = "SELECT count(*), count(DISTINCT text_sha256) FROM retail.product_description_embeddings WHERE model_id = %s"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A small embedded database that a test may change, with few products."""
    with small_embedded(tmp_path) as postgres:
        with psycopg.connect(**admin_keywords(postgres), autocommit=True) as connection:
            keep_products(connection, PRODUCTS)
        yield postgres


@pytest.fixture
def owner(small: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    with psycopg.connect(**admin_keywords(small), autocommit=True) as connection:
        yield connection


def embed(small: EmbeddedPostgres, *more: str) -> str:
    return zava("embed", "--data-dir", str(small.folder), *more)


def first_found(small: EmbeddedPostgres, text: str) -> str:
    options = ["--data-dir", str(small.folder), "--user-id", SEATTLE, "--threshold", "0", "--max-rows", "1"]
    output = zava("search", text, *options)
    return str(json.loads(output)["rows"][0][0])


def count(connection: psycopg.Connection, model: str = LOCAL_MODEL) -> int:
    row = connection.execute(COUNT, [model]).fetchone()
    assert row
    return int(row[0])


def test_embed_on_the_sample_has_nothing_to_do(small: EmbeddedPostgres) -> None:
    assert embed(small, "--dry-run") == f"0 of {PRODUCTS} products need an embedding by {LOCAL_MODEL}\n"
    assert embed(small) == f"0 new embeddings by {LOCAL_MODEL}; {PRODUCTS} products have an embedding\n"


def test_embed_embeds_only_new_and_changed_products(small: EmbeddedPostgres, owner: psycopg.Connection) -> None:
    owner.execute(
        "UPDATE retail.products SET product_name = 'Smiling Gnome', product_description = 'A dwarf for the grass.'"
        " WHERE sku = 'HT-HAM-001'"
    )
    owner.execute(
        "INSERT INTO retail.products (product_id, sku, product_name, category_id, type_id, cost, base_price,"
        " gross_margin_percent, product_description)"
        " SELECT 9001, 'NEW-1', 'Beehive starter set', category_id, type_id, 10, 20, 50, 'Frames and smoker for honey.'"
        " FROM retail.products WHERE sku = 'HT-HAM-001'"
    )
    assert first_found(small, "a dwarf figure for the lawn") != "HT-HAM-001"
    assert embed(small, "--dry-run").startswith(f"2 of {PRODUCTS + 1} products need an embedding")
    assert count(owner) == PRODUCTS
    assert embed(small).startswith("2 new embeddings")
    assert first_found(small, "a dwarf figure for the lawn") == "HT-HAM-001"
    assert first_found(small, "a beehive for keeping bees and making honey") == "NEW-1"
    owner.execute("DELETE FROM retail.products WHERE sku = 'NEW-1'")
    assert count(owner) == PRODUCTS


def test_embed_replaces_embeddings_of_another_model(small: EmbeddedPostgres, owner: psycopg.Connection) -> None:
    owner.execute("UPDATE retail.product_description_embeddings SET model_id = 'openai/text-embedding-3-small'")
    assert embed(small, "--dry-run").startswith(f"{PRODUCTS} of {PRODUCTS} products need an embedding")
    assert embed(small).startswith(f"{PRODUCTS} new embeddings")
    assert (count(owner), count(owner, "openai/text-embedding-3-small")) == (PRODUCTS, 0)
    assert embed(small, "--all").startswith(f"{PRODUCTS} new embeddings")


def start_embed(small: EmbeddedPostgres, *more: str) -> subprocess.Popen[bytes]:
    """Start the command as a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ZAVA_")}
    command = [sys.executable, "-m", "zava_mcp", "embed", "--data-dir", str(small.folder), *more]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def test_embed_after_a_kill_continues_and_keeps_old_embeddings_until_then(
    small: EmbeddedPostgres, owner: psycopg.Connection
) -> None:
    owner.execute("UPDATE retail.products SET product_description = product_description || ' New.'")
    newest = "SELECT max(created_at), count(*) FROM retail.product_description_embeddings"
    before = owner.execute(newest).fetchone()

    def count_unpublished() -> int:
        row = owner.execute("SELECT count(*) FROM zava.new_embeddings").fetchone()
        return int(row[0]) if row else 0

    with start_embed(small) as process:
        until(lambda: count_unpublished() > 0)
        process.kill()
        process.wait()
    done = count_unpublished()
    assert 0 < done < PRODUCTS
    assert owner.execute(newest).fetchone() == before
    assert embed(small, "--dry-run").startswith(f"{PRODUCTS - done} of {PRODUCTS} products need")
    assert first_found(small, "a hammer")
    assert embed(small).startswith(f"{PRODUCTS} new embeddings")
    assert count_unpublished() == 0
    assert embed(small, "--dry-run").startswith("0 of")


def test_embed_publishes_new_embeddings_atomically(small: EmbeddedPostgres, owner: psycopg.Connection) -> None:
    owner.execute("UPDATE retail.products SET product_description = product_description || ' New.'")
    old = [row[0] for row in owner.execute("SELECT text_sha256 FROM retail.product_description_embeddings").fetchall()]
    seen = set()
    with start_embed(small) as process:
        while process.poll() is None:
            row = owner.execute(
                "SELECT count(*) FILTER (WHERE text_sha256 = ANY (%s)), count(*)"
                " FROM retail.product_description_embeddings",
                [old],
            ).fetchone()
            seen.add(row)
    assert process.returncode == 0
    assert seen <= {(PRODUCTS, PRODUCTS), (0, PRODUCTS)}
    assert (PRODUCTS, PRODUCTS) in seen


def test_embed_refuses_to_run_twice_at_once(small: EmbeddedPostgres, owner: psycopg.Connection) -> None:
    owner.execute("SELECT pg_advisory_lock(7283416)")
    with pytest.raises(DatabaseUnavailable, match="another `zava-mcp embed` is running"):
        embed(small)
    owner.execute("SELECT pg_advisory_unlock(7283416)")
    assert embed(small).startswith("0 new embeddings")


def test_embed_on_a_server_needs_only_a_restricted_administrator(server: str, database: str, tmp_path: Path) -> None:
    with psycopg.connect(ADMIN.format(database=database, host=server), autocommit=True) as connection:
        connection.execute("CREATE ROLE cloud_admin LOGIN CREATEROLE PASSWORD 'x'")
        connection.execute(f"ALTER DATABASE {database} OWNER TO cloud_admin".encode())
        connection.execute("CREATE EXTENSION vector")
        url = f"postgresql://cloud_admin:x@/{database}?host={server}"
        zava("init", "--scale", "0.002", "--admin-database-url", url)
        keep_products(connection, PRODUCTS)
        connection.execute("UPDATE retail.products SET product_description = 'A gnome.' WHERE sku = 'HT-HAM-001'")
        assert zava("embed", "--admin-database-url", url).startswith("1 new embeddings")
        assert count(connection) == PRODUCTS
    with pytest.raises(SettingsError, match="admin"):
        zava("--database-url", f"postgresql:///{database}?host={server}", "embed")


def test_a_database_that_is_not_set_up_says_so(server: str, database: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="not set up"):
        zava("embed", "--admin-database-url", ADMIN.format(database=database, host=server))


def test_embed_prints_progress_on_stderr(small: EmbeddedPostgres, owner: psycopg.Connection) -> None:
    owner.execute("UPDATE retail.products SET product_description = 'A gnome.' WHERE product_id <= 130")
    result = CliRunner().invoke(app, ["embed", "--data-dir", str(small.folder)], catch_exceptions=False)
    assert "64 of 130 products embedded" in result.stderr
    assert "130 of 130 products embedded" in result.stderr
