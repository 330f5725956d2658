"""Promise 1 as a property: two databases that differ only in rows an identity may not see are the same to it.

The statements know nothing of leaks. The second database is the first with the hidden rows deleted, multiplied or
rewritten; whatever a client can observe must be equal, byte for byte: rows and their order, errors, plans,
descriptions, completions, resources, what a search finds. ZAVA_TEST_EXAMPLES asks for more than 300 statements.
"""

import logging
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from mcp.types import PromptReference, ResourceTemplateReference

from tests.admin.older import OLDER, adopted
from tests.conftest import ADMIN
from tests.promises.observing import Observer, observing
from tests.promises.statements import Pair, pairs, statements
from tests.promises.test_generated_attacks import EXAMPLES
from tests.promises.twins import CHANGES, Host, Twins, embedded_host, server_host, twins
from tests.promises.vocabulary import Vocabulary, vocabulary
from zava_mcp.settings import Settings

SERVERS = ("18", "18 as it comes", "16", "15")
FIXTURES = {"18 as it comes": "postgres_18_as_it_comes", "16": "postgres_16_hardened", "15": "debian_15"}
#: Who compares what on each server.
CASES = (
    *(("manager", change) for change in CHANGES),
    ("regional manager", "multiplied"),
    ("nobody", "deleted"),
)
STATEMENTS = EXAMPLES // len(CASES)
PAIRS = max(300, EXAMPLES // 6)
#: The planner of an adopted database knows of all rows; with this, that shows neither in the order of rows nor in
#: which rows a condition is evaluated on.
ONE_PLAN = {"enable_indexscan": "off", "enable_indexonlyscan": "off", "enable_bitmapscan": "off"}
_HANDLE = re.compile(r',"result":"[0-9a-f]+"')  # a hash of the statement, which the key is part of
EACH = settings(
    deadline=None,
    derandomize=EXAMPLES <= 300,
    phases=(Phase.generate, Phase.shrink),
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """The first of two databases on one of SERVERS, which the test is parametrised with."""
    name = FIXTURES.get(request.param)
    host = server_host(request.getfixturevalue(name)) if name else embedded_host(request.getfixturevalue("embedded"))
    with twins(host, tmp_path_factory.mktemp("twins")) as found:
        yield found


@pytest.fixture(autouse=True)
def silent(caplog: pytest.LogCaptureFixture) -> None:
    """A line for each refusal takes longer than the refusal."""
    caplog.set_level(logging.ERROR, "mcp")


@pytest.mark.parametrize("made", SERVERS, indirect=True)
@pytest.mark.parametrize(("who", "change"), CASES)
def test_statement_over_twins_has_one_outcome(made: Twins, who: str, change: str) -> None:
    words = vocabulary(made, who)
    with made.second(who, change) as both, observing(*both) as observer:

        @settings(EACH, max_examples=STATEMENTS)
        @given(statements(words))
        def compare(sql: str) -> None:
            assert_same(observer, sql)

        compare()


@pytest.mark.parametrize("made", SERVERS, indirect=True)
@pytest.mark.parametrize("who", ["manager", "nobody"])
def test_statement_about_hidden_row_is_as_about_no_row(made: Twins, who: str) -> None:
    ask_for_pairs(made, who)


@pytest.mark.parametrize("made", SERVERS[:1], indirect=True)
@pytest.mark.parametrize("change", CHANGES)
def test_other_requests_to_twins_have_one_outcome(made: Twins, change: str) -> None:
    with made.second("regional manager", change) as both, observing(*both) as observer:
        for request in requests():
            first, second = observer.requests(*request)
            assert first == second, request
        for tool, arguments in calls():
            found, other = observer.calls(tool, arguments)
            assert found == other, (tool, arguments)
            assert not found[1], found[0]


@pytest.mark.parametrize("change", CHANGES)
def test_statement_over_twins_of_adopted_database_has_one_outcome(
    adopted_host: Host, change: str, tmp_path: Path
) -> None:
    with twins(adopted_host, tmp_path) as made:
        words = vocabulary(made, "manager", own_plans=False)
        with made.second("manager", change) as both, observing(*both) as observer:

            @settings(EACH, max_examples=EXAMPLES // len(CHANGES))
            @given(statements(words))
            def compare(sql: str) -> None:
                assert_same(observer, sql, plans=False)

            compare()


def test_statement_about_hidden_row_of_adopted_database_is_as_about_no_row(adopted_host: Host, tmp_path: Path) -> None:
    with twins(adopted_host, tmp_path) as made:
        ask_for_pairs(made, "manager")


@pytest.fixture
def adopted_host(server: str, database: str, tmp_path: Path) -> Host:
    """A database that somebody else made, adopted."""
    with psycopg.connect(ADMIN.format(database=database, host=server), autocommit=True) as admin:
        admin.execute(OLDER.replace("{orders}", "2400").encode())
    adopted(ADMIN.format(database=database, host=server), "--passwords-file", str(tmp_path / "passwords"))
    return Host(
        database,
        lambda name: psycopg.connect(ADMIN.format(database=name, host=server), autocommit=True),
        lambda login, password, name: f"postgresql://{login}:{password}@/{name}?host={server}",
        ONE_PLAN,
    )


def ask_for_pairs(made: Twins, who: str) -> None:
    """Asks for hidden rows and for rows that do not exist; replies may differ in the key alone that was asked for."""
    compare_pairs(vocabulary(made, who), made.settings(who), PAIRS)


def compare_pairs(words: Vocabulary, asked: Settings, examples: int) -> None:
    """Compares the replies to pairs of statements."""
    with observing(asked) as observer:

        @settings(EACH, max_examples=examples)
        @given(pairs(words))
        def compare(pair: Pair) -> None:
            hidden, absent, differing = pair
            key = re.compile(rf"(?<![\w.])({'|'.join(differing)})(?!\w)")

            def outcome(sql: str) -> list[str]:
                return [key.sub("«key»", _HANDLE.sub("", text)) for text in observer.answers(sql)[0]]

            if outcome(hidden) != outcome(absent):  # once more: a deadline may have met one of them alone
                assert outcome(hidden) == outcome(absent)

        compare()


def assert_same(observer: Observer, sql: str, plans: bool = True) -> None:
    """Two databases give a statement the same outcome."""
    first, second = observer.answers(sql, plans)
    if first != second:  # once more: a deadline may have met one of them alone
        first, second = observer.answers(sql, plans)
    assert first == second


def requests() -> Iterator[tuple[Any, ...]]:
    """Methods of a client, with their arguments, beside the calls of tools."""
    for uri in ("about", "schema", "schema/customers", "schema/none", "products/search?query=paint&max_rows=3"):
        yield "read_resource", f"zava://{uri}"
    # after the database was read, which the list of tools depends on
    for method in ("list_tools", "list_resources", "list_resource_templates", "list_prompts"):
        yield (method,)
    for prompt in ("monthly_review", "compare_stores", "slow_movers"):
        yield "get_prompt", prompt, {}
    for name, typed in product(("store", "month", "category", "table"), ("", "2", "Zava", "pa", "x")):
        for of in (
            PromptReference(name="monthly_review"),
            ResourceTemplateReference(uri="zava://schema/{table}"),
        ):
            yield "complete", of, {"name": name, "value": typed}


ADDED = ("include_sales", "include_bought_with")  # what a search adds from orders


def calls() -> Iterator[tuple[str, dict[str, Any]]]:
    """Calls of the tools that take no SQL."""
    yield "get_multiple_table_schemas", {"table_names": []}
    searches: tuple[dict[str, Any], ...] = (
        {"query_description": "something to keep rain out of an outdoor socket"},
        {"query_description": "paint", "category": "PLUMBING", "similarity_threshold": 0},
        {"query_description": "drill", "min_price": 20, "max_price": 90, "max_rows": 5},
        {"similar_to": "HT-HAM-001"},
    )
    for wanted, in_stock, sales in product(searches, (False, True), (False, True)):
        yield "semantic_search_products", {**wanted, "in_stock_only": in_stock, **dict.fromkeys(ADDED, sales)}
