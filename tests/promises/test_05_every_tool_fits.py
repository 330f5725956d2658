"""Promise 5 for all tools: whatever the arguments, the text fits into ZAVA_MAX_BYTES, and says what is missing."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import HEAD_OFFICE, Ask

pytestmark = pytest.mark.anyio

WORDS = st.sampled_from(["hammer", "red paint", "ladder " * 40, "é" * 150, "HT-HAM-001", "zzqx", '"half inch" ' * 20])
WIDE = "SELECT repeat('é\"', 400) AS a, n, now() FROM generate_series(1, 900) AS n"
SEARCHES = st.fixed_dictionaries(
    {"query_description": WORDS | st.lists(WORDS, min_size=1, max_size=6, unique=True)},
    optional={
        "max_rows": st.integers(1, 20),
        "similarity_threshold": st.sampled_from([0, 20, 99]),
        "include_sales": st.booleans(),
        "include_bought_with": st.booleans(),
        "sessionId" + "x" * 50: st.just("1"),
    },
)
CALLS = st.one_of(
    SEARCHES.map(lambda arguments: ("semantic_search_products", arguments)),
    st.just(("semantic_search_products", {"similar_to": "HT-HAM-001", "include_bought_with": True})),
    st.sampled_from([[], ["orders"], ["orders", "products"]]).map(
        lambda names: ("get_multiple_table_schemas", {"table_names": names})
    ),
    st.just(("execute_sales_query", {"postgresql_query": WIDE})),
    st.just(("explain_sales_query", {"postgresql_query": " UNION ALL ".join(["SELECT * FROM retail.orders"] * 60)})),
    st.just(("chart_sales_query", {"postgresql_query": "SELECT n, n FROM generate_series(1, 900) AS n"})),
    st.just(("get_current_utc_date", {})),
)


@pytest.mark.parametrize("most", [1_000, 1_700, 4_000])
async def test_the_text_of_every_tool_fits_and_says_what_is_missing(ask: Ask, most: int) -> None:
    made: list[tuple[str, dict[str, Any]]] = []

    @settings(max_examples=25, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(CALLS)
    def collect(call: tuple[str, dict[str, Any]]) -> None:
        made.append(call)

    collect()
    async with ask(HEAD_OFFICE, ZAVA_MAX_BYTES=str(most)) as head_office:
        for tool, arguments in made:
            text, failed = await head_office.call(tool, **arguments)
            assert failed or len(text.encode()) <= most, (tool, arguments, len(text.encode()))
            if not failed and text.startswith("{"):
                answer = json.loads(text, parse_constant=pytest.fail)
                parts = answer.get("needs", [answer])
                assert all("hint" in part for part in [answer, *parts] if part.get("truncated")), text
            elif tool == "get_multiple_table_schemas":
                assert text.endswith("Ask for fewer tables.") or len(text.encode()) < most
