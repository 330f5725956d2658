"""The sample: its sizes and distributions, and that the same parameters generate the same rows."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.admin.older import set_back
from tests.conftest import SCALE, admin_keywords, settings_for, small_embedded
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.sample import Sample
from zava_mcp.admin.sample_dice import hashes
from zava_mcp.admin.sample_extension import extend_sample
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import InputError


def one(admin: psycopg.Connection, sql: str) -> Any:
    row = admin.execute(sql.encode()).fetchone()
    assert row is not None
    return row[0]


def test_sample_catalogue_has_its_sizes(admin: psycopg.Connection) -> None:
    sizes = [one(admin, f"SELECT count(*) FROM retail.{table}") for table in ("stores", "categories", "product_types")]
    assert sizes == [8, 9, 89]
    assert one(admin, "SELECT count(*) FROM retail.products") == 424
    assert one(admin, "SELECT count(*) FROM retail.inventory") == 3392
    counts = admin.execute(
        "SELECT category_name, count(*) FROM retail.products JOIN retail.categories USING (category_id) GROUP BY 1"
    ).fetchall()
    assert dict(counts) == {
        "HAND TOOLS": 31,
        "POWER TOOLS": 49,
        "PAINT & FINISHES": 51,
        "HARDWARE": 50,
        "LUMBER & BUILDING MATERIALS": 50,
        "ELECTRICAL": 50,
        "PLUMBING": 50,
        "GARDEN & OUTDOOR": 43,
        "STORAGE & ORGANIZATION": 50,
    }


def test_sample_prices_follow_from_costs(admin: psycopg.Connection) -> None:
    assert one(admin, "SELECT min(cost) >= 2 AND max(cost) <= 475 FROM retail.products")
    assert one(admin, "SELECT count(*) FROM retail.products WHERE base_price <> round(cost / 0.67, 2)") == 0


def test_sample_orders_and_items_scale(admin: psycopg.Connection) -> None:
    assert one(admin, "SELECT count(*) FROM retail.customers") == 50_000 * SCALE
    orders = one(admin, "SELECT count(*) FROM retail.orders")
    assert 0.93 < orders / (200_000 * SCALE) < 1.05
    assert 2.0 < one(admin, "SELECT count(*) FROM retail.order_items") / orders < 2.25


def test_sample_dates_run_from_2020_to_today(admin: psycopg.Connection) -> None:
    today = datetime.now(UTC).date()
    assert one(admin, "SELECT min(order_date) FROM retail.orders") == date(2020, 1, 1)
    assert (today - one(admin, "SELECT max(order_date) FROM retail.orders")).days <= 2
    assert one(admin, "SELECT count(*) FROM retail.orders WHERE order_date > current_date") == 0
    assert one(admin, "SELECT count(*) FROM retail.customers WHERE created_at > localtimestamp") == 0
    late = "retail.orders JOIN retail.customers USING (customer_id) WHERE created_at::date > order_date"
    assert one(admin, f"SELECT count(*) FROM {late}") == 0


def test_sample_totals_add_up_and_some_are_discounted(admin: psycopg.Connection) -> None:
    wrong = "total_amount <> quantity * unit_price - discount_amount"
    assert one(admin, f"SELECT count(*) FROM retail.order_items WHERE {wrong}") == 0
    share = one(admin, "SELECT avg((discount_percent > 0)::int) FROM retail.order_items")
    assert Decimal("0.13") < share < Decimal("0.17")


def test_sample_sales_have_trend_and_seasons(admin: psycopg.Connection) -> None:
    years: dict[int, int] = dict(
        admin.execute("SELECT extract(year FROM order_date)::int, count(*) FROM retail.orders GROUP BY 1").fetchall()
    )
    assert years[2021] > years[2020]
    assert years[2022] > years[2021]
    assert years[2023] < years[2022]
    assert years[2025] > years[2023]
    garden: dict[int, int] = dict(
        admin.execute(
            "SELECT extract(month FROM order_date)::int, count(*) FROM retail.orders JOIN retail.order_items"
            " USING (order_id) JOIN retail.products USING (product_id) JOIN retail.categories USING (category_id)"
            " WHERE category_name = 'GARDEN & OUTDOOR' AND order_date < '2026-01-01' GROUP BY 1"
        ).fetchall()
    )
    assert max(garden, key=lambda month: garden[month]) in (4, 5)
    assert garden[4] > 2 * garden[12]


def rows_of(folder: Path, sample: Sample) -> list[tuple[str]]:
    postgres = embedded_postgres(settings_for(folder), lambda *_: None, sample)
    postgres.open()
    try:
        with psycopg.connect(**admin_keywords(postgres)) as connection:
            assert extend_sample(connection, datetime.now(UTC).date()) == 0, "somebody chose its last day"
            return [
                (one(connection, f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM retail.{table} t"),)
                for table in ("customers", "products", "inventory", "orders", "order_items")
            ]
    finally:
        postgres.close()


def test_sample_rows_depend_on_seed_and_date_only(tmp_path: Path) -> None:
    day = date(2025, 6, 30)
    first = rows_of(tmp_path / "first", Sample(0.004, day, seed=7))
    assert rows_of(tmp_path / "second", Sample(0.004, day, seed=7)) == first
    # as every version has generated them: what people have seen stays, whichever way the rows are made
    assert [row[:8] for (row,) in first] == ["1698dd65", "409660f6", "07e8a528", "4a96a0b0", "63b40fda"]
    other = rows_of(tmp_path / "other", Sample(0.004, day, seed=8))
    assert [a == b for a, b in zip(first, other, strict=True)] == [False, True, False, False, False]


WHOLE = st.integers(-(2**63), 2**63 - 1)


@given(numbers=st.lists(WHOLE, min_size=1, max_size=50), seed=WHOLE)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_draws_are_those_of_postgresql(admin: psycopg.Connection, numbers: list[int], seed: int) -> None:
    expected = admin.execute(
        "SELECT hashint8extended(n, %s) FROM unnest(%s::bigint[]) AS n", [seed, numbers]
    ).fetchall()
    assert hashes(np.array(numbers, np.int64), seed).astype(np.int64).tolist() == [value for (value,) in expected]


@pytest.mark.parametrize("sample", [Sample(as_of=date(2019, 12, 31)), Sample(scale=0), Sample(scale=float("nan"))])
def test_sample_with_values_out_of_range_is_refused(tmp_path: Path, sample: Sample) -> None:
    with pytest.raises(InputError):
        rows_of(tmp_path, sample)
    assert not list(tmp_path.glob("setup-*"))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with small_embedded(tmp_path) as postgres:
        yield postgres


def test_older_embedded_database_is_upgraded_with_embeddings(small: EmbeddedPostgres) -> None:
    record = small.folder / "postgres-18" / "schema_version"
    newest = record.read_text()
    with psycopg.connect(**admin_keywords(small), autocommit=True) as connection:
        connection.execute("DELETE FROM retail.product_description_embeddings")
        set_back(connection)
        connection.execute("DROP TABLE zava.new_embeddings; DROP INDEX retail.inventory_product_store")
        connection.execute("DROP INDEX retail.products_sku_upper, retail.products_name_lower, retail.products_words")
        connection.execute("DROP INDEX retail.orders_store_date_order, retail.order_items_order_store")
        connection.execute("CREATE INDEX orders_store_date ON retail.orders (store_id, order_date)")
        connection.execute("UPDATE zava.about SET schema_version = 5")
    record.write_text("5\n")
    small.open()
    assert record.read_text() == newest
    with psycopg.connect(**admin_keywords(small)) as connection:
        assert connection.execute("SELECT schema_version FROM zava.about").fetchone() == (int(newest),)
        assert connection.execute("SELECT count(*) FROM retail.product_description_embeddings").fetchone() == (424,)
        indexes = {
            name for (name,) in connection.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'orders'")
        }
        assert "orders_store_date_order" in indexes
        assert "orders_store_date" not in indexes
