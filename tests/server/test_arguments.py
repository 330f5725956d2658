"""Tests of arguments that do not match the schema: accepted if they have one meaning, else rejected with a reason."""

import json
from typing import Any

import pytest

from tests.stdio_client import StdioClient

QUERY, TABLES, SEARCH, CHART = (
    "execute_sales_query",
    "get_multiple_table_schemas",
    "semantic_search_products",
    "chart_sales_query",
)
ONE = {"postgresql_query": "SELECT 1 AS one"}
ROWS = {"postgresql_query": "SELECT g FROM generate_series(1, 2000) g"}
BARS = {"postgresql_query": "VALUES ('a', 1), ('b', 2)"}
PAINT = {"query_description": "paint", "similarity_threshold": 10}


def call(server: StdioClient, tool: str, arguments: Any) -> tuple[str, bool]:
    """All text of a tool's result, and whether it is an error."""
    result = server.request("tools/call", name=tool, arguments=arguments)["result"]
    return "\n".join(block.get("text", "") for block in result["content"]), result.get("isError", False)


NOTHING: list[Any] = [None, "", "null", "None", {}, []]
#: Accepted arguments, and a text that the result contains.
TAKEN: list[tuple[str, Any, str]] = [
    # whole argument objects
    (QUERY, json.dumps(ONE), '"rows":[[1]]'),
    (QUERY, json.dumps(json.dumps(ONE)), '"rows":[[1]]'),
    (QUERY, {"arguments": ONE}, '"rows":[[1]]'),
    (QUERY, {"input": json.dumps(ONE)}, '"rows":[[1]]'),
    *[(TABLES, nothing, "retail.stores: ") for nothing in [*NOTHING, "{}", "[]"] if nothing != "None"],
    ("get_current_utc_date", [], "+00:00"),
    # texts
    (QUERY, {"postgresql_query": ["SELECT 1"]}, '"rows":[[1]]'),
    (SEARCH, {**PAINT, "query_description": 3}, '"row_count"'),
    *[(SEARCH, {**PAINT, "category": text}, '"row_count":8') for text in NOTHING],
    (SEARCH, {**PAINT, "category": ["PAINT & FINISHES"]}, '"row_count":8'),
    (SEARCH, {**PAINT, "similar_to": "undefined"}, '"row_count":8'),
    # whole numbers
    *[(QUERY, {**ROWS, "max_rows": n}, '"row_count":7,') for n in (7, "7", " 7 ", 7.0, "7.0", "7e0", [7], ["7"])],
    *[(QUERY, {**ROWS, "max_rows": n}, '"row_count":1000,') for n in ("1,000", "1e3", 1e3)],
    *[(QUERY, {**ROWS, "max_rows": nothing}, '"row_count":100,') for nothing in NOTHING],
    # numbers
    *[(SEARCH, {**PAINT, "max_price": n}, '"row_count"') for n in ("$50", "50.50", "1,000.50", "1e2", ".5", "")],
    (SEARCH, {**PAINT, "similarity_threshold": "10 %"}, '"row_count":8'),
    # switches
    *[(SEARCH, {**PAINT, "in_stock_only": yes}, '"row_count":8') for yes in ("yes", "TRUE", 1, "1", [True], "", None)],
    # choices
    *[(CHART, {**BARS, "chart": kind}, '"kind":"bar"') for kind in ("Bar chart", None)],
    (CHART, {**BARS, "title": 2025}, '"title":"2025"'),
    # names of tables
    *[
        (TABLES, {"table_names": names}, "retail.orders: ")
        for names in (
            *("orders", '["orders"]', "['orders']", '"orders"', "`orders`", "[orders]", "orders;", "RETAIL.ORDERS"),
            *("orders, customers", "orders; customers", "orders\ncustomers", "orders and customers", "retail.*", "all"),
            *(['"orders"'], ['retail."orders"'], ['"retail"."orders"'], ["zava.retail.orders"], ["orders, stores"]),
            *(["*"], [["orders"]], [{"name": "orders"}], {"table": "orders"}, ['["orders"]'], [None], [" orders "]),
        )
    ],
]

#: Rejected arguments, and a text that the error contains.
REFUSED: list[tuple[str, Any, str]] = [
    *[
        (QUERY, nothing, "'postgresql_query' is missing")
        for nothing in [*NOTHING, {"postgresql_query": None}]
        if nothing != "None"
    ],
    *[(QUERY, other, "arguments must be a JSON object, such as") for other in (["SELECT 1"], "SELECT 1", 7, True)],
    (QUERY, {"postgresql_query": ""}, "The text contains no statement: send a SELECT."),
    (QUERY, {"postgresql_query": {"sql": "SELECT 1"}}, "must be one string, not an object"),
    (QUERY, {"postgresql_query": ["SELECT 1", "SELECT 2"]}, "must be one string, not a list of 2"),
    (QUERY, {"postgresql_query": True}, "must be one string, not true"),
    *[(QUERY, {**ONE, "max_rows": n}, "must be a whole number, such as") for n in (2.5, "ten", True, [1, 2], "1,0")],
    *[(SEARCH, {**PAINT, "max_price": n}, "must be a number, such as") for n in ("5,50", "cheap", False, "NaN", "1_0")],
    *[(SEARCH, {**PAINT, "in_stock_only": x}, "must be true or false") for x in ("oui", 2, [1, 2], {"a": 1})],
    *[(CHART, {**BARS, "chart": x}, "must be one of auto, line") for x in ("pie", 3, {"a": 1})],
    *[(TABLES, {"table_names": x}, "must be a list of strings, such as") for x in (5, True, [5], {"a": "b", "c": "d"})],
    (TABLES, {"table_names": [[[[["orders"]]]]]}, "must be a list of strings"),
    (TABLES, {"table_names": ["public.orders"]}, "did you mean orders?"),
    (TABLES, {"table_names": ["ordres"]}, "did you mean orders?"),
    # another name for a real argument
    *[(QUERY, {name: "SELECT 1"}, "did you mean postgresql_query?") for name in ("sql", "query", "postgresqlQuery")],
    *[
        (QUERY, {**ONE, name: 3}, "did you mean max_rows?")
        for name in ("maxrows", "max-rows", "maxRows", "MAX_ROWS", "limit", "row_limit", "rows", "max_row", "top_k")
    ],
    *[(TABLES, {name: ["orders"]}, "did you mean table_names?") for name in ("tables", "table", "tableNames")],
    *[(SEARCH, {name: "paint"}, "did you mean query_description?") for name in ("query", "description", "text")],
    (SEARCH, {**PAINT, "threshhold": 40}, "did you mean similarity_threshold?"),
    (SEARCH, {**PAINT, "catgory": "PAINT"}, "did you mean category?"),
    (CHART, {**BARS, "x_axis": "a"}, "did you mean x?"),
    (CHART, {**BARS, "chart_type": "bar"}, "did you mean chart?"),
    ("execute-sales-query", ONE, "did you mean execute_sales_query?"),
]

#: Arguments of clients, agents and models, which no tool has.
EXTRA = (
    *("toolCallId", "tool_call_id", "sessionId", "session_id", "requestId", "threadId", "conversation_id", "query_id"),
    *("random_string", "explanation", "thought", "reasoning", "_meta", "metadata", "action", "chatInput", "tool"),
    *("timezone", "locale", "max_tokens", "timeout", "user_id", "userId", "store", "dummy", "", "signal", "x" * 500),
)


@pytest.mark.parametrize(("tool", "arguments", "contains"), TAKEN, ids=[str(row[:2])[:90] for row in TAKEN])
def test_tool_arguments_with_one_meaning_are_accepted(
    seattle: StdioClient, tool: str, arguments: Any, contains: str
) -> None:
    text, failed = call(seattle, tool, arguments)
    assert not failed, text
    assert contains in text
    assert "Ignored" not in text


@pytest.mark.parametrize(("tool", "arguments", "expected"), REFUSED, ids=[str(row[:2])[:90] for row in REFUSED])
def test_tool_arguments_without_clear_meaning_are_rejected_with_reason(
    seattle: StdioClient, tool: str, arguments: Any, expected: str
) -> None:
    text, failed = call(seattle, tool, arguments)
    assert failed
    assert expected in text
    assert len(text) < 600
    assert "Input should" not in text


def test_tool_arguments_of_clients_are_ignored_and_named(seattle: StdioClient) -> None:
    for tool, arguments in ((QUERY, ONE), (TABLES, {}), (SEARCH, PAINT), (CHART, BARS), ("get_current_utc_date", {})):
        plain, _ = call(seattle, tool, arguments)
        for name in EXTRA if tool == QUERY else EXTRA[:2]:
            text, failed = call(seattle, tool, {**arguments, name: "x"})
            assert not failed, text
            expected = f"Ignored, because this tool has no such argument: {name[:60]!r}."
            if plain.startswith("{"):
                answer, without = json.loads(text), json.loads(plain)
                assert answer.pop("hint") == f"{without.pop('hint', '')} {expected}".strip()
                answer |= {"now": without["now"]} if "now" in without else {}  # a second may have passed
                assert answer == without
            else:
                assert text.endswith(f"\nhint: {expected}")
    text, failed = call(seattle, QUERY, {"postgresql_query": "SELEC 1", "toolCallId": 1})
    assert failed
    assert "Ignored" in text
    assert "and 995 more." in call(seattle, QUERY, {**ONE, **{f"a{number}": 1 for number in range(1000)}})[0]


def test_result_bounds_include_the_remark_on_ignored_arguments(seattle: StdioClient) -> None:
    wide = {"postgresql_query": "SELECT repeat('x', 300) FROM generate_series(1, 1000)", "max_rows": 1000}
    text, _ = call(seattle, QUERY, {**wide, **{f"{number}" * 60: 1 for number in range(9)}})
    assert len(text.encode()) <= 40_000
    assert "Ignored" in json.loads(text)["hint"]


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("tools/call", {}, "params.name: Field required"),
        ("tools/call", {"name": 7}, "params.name: Input should be a valid string"),
        ("resources/read", {"uri": 7}, "params.uri: Input should be a valid string"),
        ("completion/complete", {"argument": {"name": "store", "value": 7}}, "params.argument.value: Input should be"),
        ("prompts/get", {"name": "monthly_review", "arguments": "month"}, "arguments must be a JSON object"),
        ("prompts/get", {"name": "monthly_review", "arguments": {"month": ["2026-10"]}}, "month"),
        ("prompts/get", {"name": "monthly_review", "arguments": {"month": 7}}, "written as a year and a month"),
    ],
)
def test_request_with_wrong_parameters_is_rejected_with_their_names(
    seattle: StdioClient, method: str, params: dict[str, Any], expected: str
) -> None:
    error = seattle.request(method, **params)["error"]
    assert error["code"] == -32602
    assert expected in error["message"]


@pytest.mark.parametrize("arguments", ['{"month": "2026-10"}', {"month": "2026-10", "store": None}])
def test_prompt_arguments_with_one_meaning_are_accepted(seattle: StdioClient, arguments: Any) -> None:
    result = seattle.request("prompts/get", name="monthly_review", arguments=arguments)["result"]
    assert "the month 2026-10" in result["messages"][0]["content"]["text"]


#: The kinds of content in each version of MCP. A client rejects a result with a kind that it does not know.
CONTENT = {
    "2024-11-05": {"text", "image", "resource"},
    "2025-03-26": {"text", "image", "resource", "audio"},
    "2025-06-18": {"text", "image", "resource", "audio", "resource_link"},
    "2025-11-25": {"text", "image", "resource", "audio", "resource_link"},
}


@pytest.mark.parametrize("version", CONTENT)
def test_result_has_only_content_of_the_protocol_version(seattle: StdioClient, version: str) -> None:
    assert seattle.shake_hands(version)["protocolVersion"] == version
    wide = {"postgresql_query": "SELECT g, repeat('x', 300) FROM generate_series(1, 1000) g", "max_rows": 1000}
    for tool, arguments in ((QUERY, ROWS), (QUERY, wide), (TABLES, {}), (CHART, BARS)):
        result = seattle.request("tools/call", name=tool, arguments=arguments)["result"]
        kinds = {block["type"] for block in result["content"]}
        assert kinds <= CONTENT[version]
        if tool == QUERY:
            answer = result["content"][0]["text"]
            assert len(answer.encode()) <= 40_000
            links = [block["uri"] for block in result["content"] if block["type"] == "resource_link"]
            links += [word.strip(",.") for word in json.loads(answer)["hint"].split() if word.startswith("zava://")]
            (content,) = seattle.request("resources/read", uri=links[0].removesuffix("."))["result"]["contents"]
            assert (len(links), content["text"].count("\n") > 900) == (1, True)
