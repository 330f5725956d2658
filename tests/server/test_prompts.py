"""Tests of prompts and of completions of their arguments."""

import re

import psycopg
import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import PromptReference, ResourceTemplateReference, TextContent

from tests.conftest import HEAD_OFFICE, REDMOND, SEATTLE, STORES, Ask, ToolClient, asking, settings_for

pytestmark = [pytest.mark.anyio, pytest.mark.portable]

REVIEW = PromptReference(name="monthly_review")
FIND = PromptReference(name="find_product")


async def prompt(asker: ToolClient, name: str, **arguments: str) -> str:
    (message,) = (await asker.client.get_prompt(name, arguments)).messages
    assert isinstance(message.content, TextContent)
    return message.content.text


async def offered(
    asker: ToolClient, ref: PromptReference | ResourceTemplateReference, name: str, typed: str = ""
) -> list[str]:
    completion = (await asker.client.complete(ref, {"name": name, "value": typed})).completion
    assert completion.total is not None
    assert (completion.has_more or False) == (completion.total > len(completion.values))
    return completion.values


async def test_prompts_name_only_existing_tools(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        tools = {tool.name for tool in (await seattle.client.list_tools()).tools}
        prompts = (await seattle.client.list_prompts()).prompts
        assert len(prompts) == 4
        for listed in prompts:
            assert listed.title
            assert listed.description
            assert all(argument.description for argument in listed.arguments or [])
            needed = {argument.name: "stop a door" for argument in listed.arguments or [] if argument.required}
            text = await prompt(seattle, listed.name, **needed)
            named = {
                word.strip("`.,;()") for word in text.split() if word.startswith(("get_", "execute_", "semantic_"))
            }
            assert named
            assert named <= tools


async def test_prompt_contains_its_arguments(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        text = await prompt(seattle, "monthly_review", month="2026-10", store="Zava Retail Seattle")
        assert text.startswith('Review the sales of the month 2026-10, only of the store "Zava Retail Seattle", in six')
        assert "the last complete month" in await prompt(seattle, "compare_stores")
        assert '"POWER TOOLS"' in await prompt(seattle, "slow_movers", category="POWER TOOLS")
        assert '"a ladder"' in await prompt(seattle, "find_product", description="a\n ladder")


async def test_monthly_review_leads_to_chart_and_reorder_list_in_six_calls(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        tools = {tool.name for tool in (await seattle.client.list_tools()).tools}
        steps = re.findall(r"^(\d)\. (\w+)", await prompt(seattle, "monthly_review"), re.MULTILINE)
    assert [int(number) for number, _ in steps] == [1, 2, 3, 4, 5, 6]
    assert {tool for _, tool in steps} <= tools
    assert [tool for _, tool in steps].count("chart_sales_query") == 1


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("find_product", {}, "the argument 'description' is missing. The arguments are: description, category"),
        ("monthly_review", {"shop": "Seattle"}, "there is no argument 'shop'. The arguments are: month, store"),
        ("monthly_review", {"month": "October"}, "2026-10"),
        ("monthly_review", {"month": "2026-13"}, "2026-10"),
        ("monthly_revue", {}, "there is no prompt 'monthly_revue' (did you mean monthly_review?). The prompts are: "),
    ],
)
async def test_prompt_with_wrong_name_or_arguments_is_rejected_with_a_hint(
    ask: Ask, name: str, arguments: dict[str, str], said: str
) -> None:
    async with ask(SEATTLE) as seattle:
        with pytest.raises(MCPError) as refused:
            await prompt(seattle, name, **arguments)
    assert said in str(refused.value)
    assert refused.value.error.code == -32602


@pytest.mark.parametrize("name", ["monthly_review", "slow_movers"])
async def test_prompt_accepts_only_a_store_of_the_identity(ask: Ask, name: str) -> None:
    async with ask(SEATTLE) as seattle, ask(HEAD_OFFICE) as head_office:
        for said in ("Zava Retail Seattle", "zava retail SEATTLE", "seattle", " Seattle "):
            assert 'only of the store "Zava Retail Seattle"' in await prompt(seattle, name, store=said)
        refusals = []
        for said in ("Zava Retail Redmond", "Zava Retail Nowhere", "Sea", "Zava Retail", "%", "Zava Retail Seattl_"):
            with pytest.raises(MCPError) as refused:
                await prompt(seattle, name, store=said)
            assert refused.value.error.code == -32602
            refusals.append(str(refused.value).replace(repr(said), "…"))
        assert set(refusals) == {"there is no store … that this identity may see. There are: Zava Retail Seattle."}, (
            "hidden and unknown read alike"
        )
        for store in STORES:
            assert f'"Zava Retail {store}"' in await prompt(head_office, name, store=store)


@pytest.mark.parametrize("name", ["compare_stores", "slow_movers", "find_product"])
async def test_prompt_accepts_only_an_existing_category_or_type(ask: Ask, name: str) -> None:
    more = {"description": "a ladder"} if name == "find_product" else {}
    async with ask(SEATTLE) as seattle:
        for said, expected in (("power tools", "POWER TOOLS"), ("garden hand tools", "Garden Hand Tools")):
            assert f'"{expected}"' in await prompt(seattle, name, category=said, **more)
        with pytest.raises(MCPError, match="there is no category or product type 'gadgets' that this identity may see"):
            await prompt(seattle, name, category="gadgets", **more)


async def test_completions_contain_only_what_the_identity_may_see(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle, ask(HEAD_OFFICE) as head_office, ask(REDMOND) as redmond:
        assert await offered(seattle, REVIEW, "store") == ["Zava Retail Seattle"]
        assert await offered(seattle, REVIEW, "store", "Redmond") == []
        assert await offered(
            head_office, REVIEW, "store", "re"
        ) == [  # matches at the begin of a word come before others
            *(f"Zava Retail {name}" for name in STORES)
        ]
        months = await offered(redmond, REVIEW, "month")
        assert months == sorted(months, reverse=True)
        first = await redmond.value("SELECT to_char(min(order_date), 'YYYY-MM') FROM retail.orders")
        last = await redmond.value("SELECT to_char(max(order_date), 'YYYY-MM') FROM retail.orders")
        assert (months[-1], months[0]) == (first, last)
        assert await offered(redmond, REVIEW, "month", last) == [last]


async def test_completions_rank_values_that_begin_with_the_text_first(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        found = await offered(seattle, FIND, "category", "PAINT")
        assert found[0].lower().startswith("paint")
        assert all("paint" in name.lower() for name in found)
        assert any(not name.lower().startswith("paint") for name in found)
        table = ResourceTemplateReference(uri="zava://schema/{table}")
        assert await offered(seattle, table, "table", "ord") == ["order_items", "orders"]
        search = ResourceTemplateReference(uri="zava://products/search{?query,similar_to,category,max_rows}")
        assert "HAND TOOLS" in await offered(seattle, search, "category", "hand")
        assert await offered(seattle, FIND, "description", "x") == []
        assert await offered(seattle, ResourceTemplateReference(uri="zava://results/{handle}.csv"), "handle") == []


async def test_completions_have_at_most_a_hundred_values(ask: Ask, admin: psycopg.Connection) -> None:
    admin.execute("INSERT INTO retail.categories SELECT g, 'ZZ ' || g FROM generate_series(1001, 1150) g")
    try:
        async with ask(SEATTLE) as seattle:
            completion = (await seattle.client.complete(FIND, {"name": "category", "value": "zz"})).completion
            assert (len(completion.values), completion.total, completion.has_more) == (100, 150, True)
    finally:
        admin.execute("DELETE FROM retail.categories WHERE category_id > 1000")


async def test_completions_read_the_database_once(ask: Ask, admin: psycopg.Connection) -> None:
    async with ask(SEATTLE) as seattle:
        before = await offered(seattle, FIND, "category", "hand tools")
        admin.execute("UPDATE retail.categories SET category_name = 'RENAMED' WHERE category_id = 1")
        try:
            assert (
                await offered(seattle, FIND, "category", "hand tools") == before == ["HAND TOOLS", "Garden Hand Tools"]
            )
        finally:
            admin.execute("UPDATE retail.categories SET category_name = 'HAND TOOLS' WHERE category_id = 1")


async def test_prompts_without_a_database_work_without_completions(era: str) -> None:
    nowhere = {"ZAVA_DATABASE_URL": "postgresql://127.0.0.1:1/zava", "ZAVA_USER_ID": SEATTLE}
    async with asking(settings_for(None, **nowhere), era) as seattle:  # type: ignore[arg-type]  # it is a server's
        assert await offered(seattle, REVIEW, "store") == []
        assert "Review the sales" in await prompt(seattle, "monthly_review")
        unchecked = await prompt(seattle, "monthly_review", store="Zava Retail Seattle")
        assert 'store "Zava Retail Seattle" (the database cannot be reached now' in unchecked
