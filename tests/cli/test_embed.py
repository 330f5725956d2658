"""`zava-mcp embed`: the vectors of what is new or has changed, and nobody ever meets half of them."""

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
from tests.conftest import ADMIN, SEATTLE, admin_keywords, small_embedded
from tests.polling import until
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.embeddings.local import LOCAL_MODEL
from zava_mcp.errors import DatabaseUnavailable, SettingsError

PRODUCTS = 424
COUNT = "SELECT count(*), count(DISTINCT text_sha256) FROM retail.product_description_embeddings WHERE model_id = %s"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """An embedded database of its own, with vectors that may be changed."""
    with small_embedded(tmp_path) as postgres:
        yield postgres


@pytest.fixture
def owner(small: EmbeddedPostgres) -> Iterator[psycopg.Connection]:
    with psycopg.connect(**admin_keywords(small), autocommit=True) as connection:
        yield connection


def embed(small: EmbeddedPostgres, *more: str) -> str:
    return zava("embed", "--data-dir", str(small.folder), *more)


def first_found(small: EmbeddedPostgres, text: str) -> str:
    told = zava("search", text, "--data-dir", str(small.folder), "--user-id", SEATTLE, "--max-rows", "1")
    return str(json.loads(told)["rows"][0][0])


def count(connection: psycopg.Connection, model: str = LOCAL_MODEL) -> int:
    row = connection.execute(COUNT, [model]).fetchone()
    assert row
    return int(row[0])


def test_the_sample_needs_no_run(small: EmbeddedPostgres) -> None:
    assert embed(small, "--dry-run") == f"0 of {PRODUCTS} products need a vector of {LOCAL_MODEL}\n"
    assert embed(small) == f"0 new vectors of {LOCAL_MODEL}; {PRODUCTS} products have one\n"


def test_only_what_is_new_or_has_changed_is_embedded(small: EmbeddedPostgres, owner: psycopg.Connection) -> None:
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
    assert embed(small, "--dry-run").startswith(f"2 of {PRODUCTS + 1} products need a vector")
    assert count(owner) == PRODUCTS
    assert embed(small).startswith("2 new vectors")
    assert first_found(small, "a dwarf figure for the lawn") == "HT-HAM-001"
    assert first_found(small, "a beehive for keeping bees and making honey") == "NEW-1"
    owner.execute("DELETE FROM retail.products WHERE sku = 'NEW-1'")
    assert count(owner) == PRODUCTS


def test_vectors_of_another_model_are_replaced_as_a_whole(small: EmbeddedPostgres, owner: psycopg.Connection) -> None:
    owner.execute("UPDATE retail.product_description_embeddings SET model_id = 'openai/text-embedding-3-small'")
    assert embed(small, "--dry-run").startswith(f"{PRODUCTS} of {PRODUCTS} products need a vector")
    assert embed(small).startswith(f"{PRODUCTS} new vectors")
    assert (count(owner), count(owner, "openai/text-embedding-3-small")) == (PRODUCTS, 0)
    assert embed(small, "--all").startswith(f"{PRODUCTS} new vectors")


def started(small: EmbeddedPostgres, *more: str) -> subprocess.Popen[bytes]:
    """The command as a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZAVA_")}
    command = [sys.executable, "-m", "zava_mcp", "embed", "--data-dir", str(small.folder), *more]
    return subprocess.Popen(command, env=kept, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def test_a_killed_run_is_continued_and_meanwhile_the_old_vectors_stand(
    small: EmbeddedPostgres, owner: psycopg.Connection
) -> None:
    owner.execute("UPDATE retail.products SET product_description = product_description || ' New.'")
    newest = "SELECT max(created_at), count(*) FROM retail.product_description_embeddings"
    before = owner.execute(newest).fetchone()

    def kept() -> int:
        row = owner.execute("SELECT count(*) FROM zava.new_embeddings").fetchone()
        return int(row[0]) if row else 0

    with started(small) as process:
        until(lambda: kept() > 0)
        process.kill()
        process.wait()
    done = kept()
    assert 0 < done < PRODUCTS
    assert owner.execute(newest).fetchone() == before
    assert embed(small, "--dry-run").startswith(f"{PRODUCTS - done} of {PRODUCTS} products need")
    assert first_found(small, "a hammer")
    assert embed(small).startswith(f"{PRODUCTS} new vectors")
    assert kept() == 0
    assert embed(small, "--dry-run").startswith("0 of")


def test_a_search_meets_the_old_vectors_or_the_new_ones_never_both(
    small: EmbeddedPostgres, owner: psycopg.Connection
) -> None:
    owner.execute("UPDATE retail.products SET product_description = product_description || ' New.'")
    old = [row[0] for row in owner.execute("SELECT text_sha256 FROM retail.product_description_embeddings").fetchall()]
    seen = set()
    with started(small) as process:
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


def test_two_at_once_are_refused(small: EmbeddedPostgres, owner: psycopg.Connection) -> None:
    owner.execute("SELECT pg_advisory_lock(7283416)")
    with pytest.raises(DatabaseUnavailable, match="another `zava-mcp embed` is running"):
        embed(small)
    owner.execute("SELECT pg_advisory_unlock(7283416)")
    assert embed(small).startswith("0 new vectors")


def test_it_needs_an_admin_on_a_server_and_a_restricted_one_is_enough(
    server: str, database: str, tmp_path: Path
) -> None:
    with psycopg.connect(ADMIN.format(database=database, host=server), autocommit=True) as connection:
        connection.execute("CREATE ROLE cloud_admin LOGIN CREATEROLE PASSWORD 'x'")
        connection.execute(f"ALTER DATABASE {database} OWNER TO cloud_admin".encode())
        connection.execute("CREATE EXTENSION vector")
        url = f"postgresql://cloud_admin:x@/{database}?host={server}"
        zava("init", "--scale", "0.002", "--admin-database-url", url)
        assert count(connection) == PRODUCTS
        connection.execute("UPDATE retail.products SET product_description = 'A gnome.' WHERE sku = 'HT-HAM-001'")
        assert zava("embed", "--admin-database-url", url).startswith("1 new vectors")
        assert count(connection) == PRODUCTS
    with pytest.raises(SettingsError, match="admin"):
        zava("--database-url", f"postgresql:///{database}?host={server}", "embed")


def test_a_database_that_is_not_set_up_says_so(server: str, database: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="not set up"):
        zava("embed", "--admin-database-url", ADMIN.format(database=database, host=server))


def test_the_progress_is_told_on_stderr(small: EmbeddedPostgres, owner: psycopg.Connection) -> None:
    owner.execute("UPDATE retail.products SET product_description = 'A gnome.' WHERE product_id <= 130")
    result = CliRunner().invoke(app, ["embed", "--data-dir", str(small.folder)], catch_exceptions=False)
    assert "64 of 130 products embedded" in result.stderr
    assert "130 of 130 products embedded" in result.stderr
