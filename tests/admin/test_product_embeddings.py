"""The vector index, on more products than a search scans."""

import json
from collections.abc import Iterator

import psycopg
import pytest

from tests.cli.test_commands import zava
from tests.conftest import SEATTLE, admin_keywords, small_embedded
from tests.polling import until
from zava_mcp import sql
from zava_mcp.embedded import EmbeddedPostgres

MANY = 10_000
TEXT_HASH = f"encode(sha256(convert_to({sql.product_text()}, 'UTF8')), 'hex')"


@pytest.fixture
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """An embedded database with 10,000 more products, whose embeddings are scattered around the sample's."""
    with small_embedded(tmp_path_factory.mktemp("many")) as postgres:
        with psycopg.connect(**admin_keywords(postgres), autocommit=True) as connection:
            connection.execute(
                "INSERT INTO retail.products SELECT 1000 + n, 'MANY-' || n, 'Thing ' || n, category_id, type_id, cost,"
                " base_price, gross_margin_percent, 'One of many' FROM generate_series(1, %s) AS n"
                " JOIN retail.products ON product_id = 1 + n %% 424",
                [MANY],
            )
            connection.execute("SELECT setseed(0.5)")
            connection.execute(
                "INSERT INTO retail.product_description_embeddings SELECT 1000 + n,"
                " ((SELECT array_agg(x + (random() - 0.5) * 0.1 * (o <= 384 AND n > 0)::int ORDER BY o)"
                "     FROM unnest(description_embedding::real[]) WITH ORDINALITY AS u(x, o))::real[])::vector,"
                f" now(), model_id, (SELECT {TEXT_HASH} FROM retail.products p WHERE product_id = 1000 + n)"
                " FROM generate_series(1, %s) AS n"
                " JOIN retail.product_description_embeddings ON product_id = 1 + n %% 424".encode(),
                [MANY],
            )
        yield postgres


def found(small: EmbeddedPostgres, *more: str) -> list[str]:
    output = zava(
        "search",
        "containers for paint",
        "--data-dir",
        str(small.folder),
        "--user-id",
        SEATTLE,
        "--max-rows",
        "10",
        *more,
    )
    return [row[0] for row in json.loads(output)["rows"]]


def test_vector_index_is_used_and_finds_what_a_scan_finds(small: EmbeddedPostgres) -> None:
    wishes: list[list[str]] = [
        [],
        ["--min-price", "9", "--threshold", "0"],
        ["--category", "HAND TOOLS", "--threshold", "0"],
    ]
    exact = [found(small, *request) for request in wishes]
    assert all(len(skus) == 10 for skus in exact)
    assert zava("embed", "--data-dir", str(small.folder)).startswith("0 new embeddings")
    with psycopg.connect(**admin_keywords(small), autocommit=True) as connection:
        used = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'product_embeddings_nearest'"
        assert connection.execute(used).fetchone() == (0,)
        through_index = [found(small, *request) for request in wishes]
        until(lambda: connection.execute(used).fetchone() != (0,))
        definition = "SELECT indexrelid FROM pg_index WHERE indexrelid = 'retail.product_embeddings_nearest'::regclass"
        before = connection.execute(definition).fetchone()
        zava("embed", "--data-dir", str(small.folder))
        assert connection.execute(definition).fetchone() == before
        connection.execute("DELETE FROM retail.products WHERE product_id > 1000")
        zava("embed", "--data-dir", str(small.folder))
        assert connection.execute("SELECT to_regclass('retail.product_embeddings_nearest')").fetchone() == (None,)
    same = [len(set(a) & set(b)) for a, b in zip(exact, through_index, strict=True)]
    assert sum(same) >= 28, same
