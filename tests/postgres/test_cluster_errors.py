"""Errors of a Citus cluster: PostgreSQL without Citus raises their texts here. tests/cluster has the real ones."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import SEATTLE, Ask

pytestmark = pytest.mark.anyio


@pytest.fixture
def raising(admin: psycopg.Connection) -> Iterator[None]:
    """A function that raises an error with a text."""
    admin.execute(
        "CREATE FUNCTION public.raise_error(said text) RETURNS integer LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE EXCEPTION USING MESSAGE = said; END $$"
    )
    yield
    admin.execute("DROP FUNCTION public.raise_error(text)")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "connection to the remote node zava_seattle@10.0.0.7:5432 failed with: no route",
            "a node of the database cluster cannot be reached",
        ),
        (
            "the query contains a join that requires repartitioning",
            "join orders and order_items USING (order_id, store_id)",
        ),
        (
            "complex joins are only supported when all distributed tables are co-located and joined on ...",
            "join orders and order_items USING (order_id, store_id)",
        ),
    ],
)
async def test_errors_of_a_cluster_say_what_to_do_and_name_no_node(
    raising: None, ask: Ask, said: str, expected: str
) -> None:
    async with ask(SEATTLE) as seattle:
        refusal = await seattle.refusal(f"SELECT public.raise_error('{said}')")
    assert expected in refusal
    assert "10.0.0.7" not in refusal
