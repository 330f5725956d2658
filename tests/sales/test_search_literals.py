"""Tests of literals in searches: SKUs, sizes, phrases, misspelt words, and the notes about them."""

import json
import re
from collections.abc import Iterator

import psycopg
import pytest

from scripts.search.labels import labelled
from tests.conftest import HEAD_OFFICE, SEATTLE, Ask
from tests.sales.test_product_search import refusal, search, skus
from zava_mcp.embeddings.english_words import is_english
from zava_mcp.sales.search_literals import find_literals, looks_like_code, rephrase
from zava_mcp.sales.search_spelling import CatalogueWords, is_foreign
from zava_mcp.settings import SEARCH_THRESHOLD

FRAMING = ["LB-FRM-001", "LB-FRM-002", "LB-FRM-003", "LB-FRM-004", "LB-FRM-005"]


@pytest.mark.parametrize(
    ("text", "has", "has_not"),
    [
        ("2x4", ["2x4 8 ft Stud", "Panel 2 X 4", "stud, 2x4x8"], ["2x44", "12x4", "2x4.5", "4x2"]),
        ("2 x 4 stud", ["2x4"], ["2x10"]),
        ("2×4", ["2x4"], ["24"]),
        ("2 by 4", ["2x4"], ["2x6"]),
        (
            "1/2 in",
            ["1/2 in pipe", '1/2" pipe', "1/2 Inch pipe", "1/2-inch"],
            ["3-1/2 in", "11/2 in", "1/2 ft", "1/2 index"],
        ),
        ('1/2" drywall', ["1/2 in Drywall"], ["1/2 ft"]),
        ("half inch pipe", ["1/2 in"], ["1 in"]),
        ("½ inch", ["1/2 in"], ["2 in"]),
        ("7½ inch blade", ["7-1/2 in", "7 1/2 Inch"], ["1/2 in", "7 in"]),
        ("7 1/4 saw", ["7-1/4 Inch Saw", "Saw 7 1/4"], ["17-1/4", "7-1/2"]),
        ("12-2 cable", ["12/2 Cable"], ["12/3 Cable"]),
        ("1/4-20 nuts", ["1/4-20 Stainless"], ["1/4 in"]),
        ("18 ga", ["18 Gauge Nailer"], ["18 gal", "118 gauge"]),
        ("20V drill", ["20 V Drill", "20V", "20-volt"], ["120 V", "20 W"]),
        ("50' hose", ["50 ft", "50-foot"], ["50 in", "150 ft"]),
        ("22 ounces", ["22 oz"], ["2 oz", "22 qt"]),
        ("1.5 cu ft", ["1.5 cu ft"], ["11.5 cu", "1,5"]),
        ("M6 bolt", ["M6 Furniture", "M-6"], ["M60", "AM6"]),
        ("r15", ["R-15 Batts"], ["R-150", "BR15"]),
        ("a box of 12", [], ["12 pack"]),
        ('"red oak" board', ["Solid Red Oak Strip", "red-oak"], ["Red Oakwood", "oak red"]),
        ("“soft close” hinge", ["Soft-Close Hinge"], ["softclose"]),
        ("'matte black' tap", ["Matte Black"], ["Black Matte"]),
        ("painter's tape for a baker's shop", [], ["s tape for a baker"]),
        ("hang it on brick", ["for masonry", "Brick"], ["drywall"]),
        ("a brick walkway", [], ["brick"]),
        ("HEPA", ["HEPA Filter"], ["cheap"]),
        ("x" * 2_000, [], ["x"]),
        ("1" * 2_000 + "/" * 2_000, [], ["1"]),
        ("((((a+)+)+)+ [[ {2} \\1 (?#", [], ["aaaa"]),
    ],
)
def test_literals_match_their_products_only(text: str, has: list[str], has_not: list[str]) -> None:
    found = find_literals(text, is_english).items

    def matches(product: str) -> bool:
        return bool(found) and all(re.search(part.pattern, product, re.IGNORECASE) for part in found)

    assert [product for product in has if not matches(product)] == [], found
    assert [product for product in has_not if matches(product)] == [], found


CODES = ("HW HNG 005", "hw-hng-005", "HW_HNG_005", "HW.HNG.005", "hw/hng/005", "HW–HNG–005", "ＨＷ－ＨＮＧ－００５")


@pytest.mark.parametrize("text", [*CODES, "[HW-HNG-005]", "sku: HW-HNG-005, please", "do you have hw hng 005?"])
def test_codes_are_recognized_with_any_separator(text: str) -> None:
    assert "HW-HNG-005" in find_literals(text, is_english).codes


def test_codes_without_separators_are_recognized_as_prefixes() -> None:
    assert "HWHNG005" in find_literals("is hwhng005 there?", is_english).prefixes


def test_words_are_not_codes() -> None:
    for text in ("something for my car", "paint", "a heavy-duty hook", "fix a tap in 5 min"):
        assert not find_literals(text, is_english).only_code
    assert find_literals("paint for the shed", is_english).prefixes == ()
    for text in ("nail", "saw", "LED", "the", "18v", "2x4", "o-ring", "pvc pipe", "3/4 bit", "pack 20", "paint roller"):
        assert not looks_like_code(text), text
    for text in ("HT-HMA-001", "LB-FRM", "hwhng005", "hw hng 005", "PT-SAW-999"):
        assert looks_like_code(text), text


def test_misspelt_words_are_corrected_and_others_unchanged() -> None:
    read: list[int] = []

    def words() -> tuple[str, str]:
        read.append(1)
        return "hammer screwdriver trowel faucet toilet", "bleach tilted"

    catalogue = CatalogueWords()
    for text in (
        "a hammer for nails",
        "tilted",
        "sledgehammer",
        "GFCI",
        "LB-FRM",
        "HAM-001",
        '"hamer"',
        "ham",
        "x" * 2_000,
    ):
        assert catalogue.correct(text, words) == (text, {})
    corrected = {
        text: catalogue.correct(text, words)[0] for text in ("hamer", "HAMER.", "toliet and fawcet", "scrwdriver")
    }
    assert list(corrected.values()) == ["hammer", "hammer.", "toilet and faucet", "screwdriver"]
    assert len(read) == 1  # a search does not read the catalogue each time


@pytest.mark.parametrize(
    "text", ["martillo para clavos", "etwas zum Streichen", "un marteau pour les clous", "wasserdichte Farbe"]
)
def test_foreign_text_is_recognized(text: str) -> None:
    assert is_foreign(text)


def test_english_text_is_not_foreign() -> None:
    questions = [question.query for catalogue in ("own", "other") for question in labelled(catalogue)]
    questions += ["plumers tape", "dewalt sander", "hamer", "ryobi hammer drill"]
    assert [text for text in questions if is_foreign(text)] == []


@pytest.mark.anyio
async def test_search_finds_literals_and_reports_corrections(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        stud = await search(seattle, "2x4")
        assert set(skus(stud)[:2]) == {"LB-FRM-001", "LB-PLY-005"}
        assert stud["literal"] == ["2x4"]
        assert sorted(skus(await search(seattle, "LB-FRM"))) == FRAMING
        assert skus(await search(seattle, "hw hng 005")) == ["HW-HNG-005"]
        assert skus(await search(seattle, similar_to="ht ham 001")) == skus(
            await search(seattle, similar_to="HT-HAM-001")
        )
        assert "No SKU is or begins with this." in (await search(seattle, "HT-HMA-001"))["hint"]
        misspelt = await search(seattle, "hamer")
        assert misspelt["corrected"] == {"hamer": "hammer"}
        assert skus(misspelt) == skus(await search(seattle, "hammer"))
        keep = await search(seattle, "something to keep paint in")
        assert keep["searched_for"] == rephrase("something to keep paint in") == "storage container for paint"
        assert keep["products"][0]["sku"].startswith("ST-JAR")
        assert (await search(seattle, "fix a dripping tap"))["products"][0]["sku"] == "PL-BFS-005"
        brick = skus(await search(seattle, "hang a heavy mirror on brick"))
        assert brick[0] == "HW-ANC-003"
        assert "HW-ANC-001" not in brick[:4]  # anchors for drywall


@pytest.mark.anyio
async def test_search_finds_literals_without_embeddings(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zava_mcp.embeddings.find_spec", lambda name: None)  # a platform that has no model
    async with ask(SEATTLE) as seattle:
        found = {
            text: await search(seattle, text) for text in ("20V drill", "2x4", "lb frm", "hamer", '"red oak"', "GFCI")
        }
        assert {answer["search"] for answer in found.values()} == {"lexical"}
        firsts = {text: skus(answer)[0] for text, answer in found.items()}
        assert firsts["20V drill"] == "PT-DRL-001"
        assert firsts["lb frm"] in FRAMING
        assert firsts["hamer"].startswith("HT-HAM")
        assert firsts['"red oak"'] in {"LB-FLR-004", "LB-TRM-005"}


@pytest.mark.anyio
async def test_search_results_are_short_and_report_omissions(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        paint = await search(seattle, "containers for paint")
        assert paint["row_count"] == 8
        lengths = [len(product["description"]) for product in paint["products"]]
        assert all(length <= 82 for length in lengths[3:])
        assert all(product["description"].endswith("…") for product in paint["products"][3:])
        screws = await search(seattle, "screws for drywall", max_rows=100)
        assert int(re.findall(r"\d+", screws["left_out"])[0]) > 0
        least = min(product["similarity"] for product in screws["products"])
        assert least >= 0.54 * screws["products"][0]["similarity"]
        wide = await search(seattle, "screws for drywall", max_rows=100, similarity_threshold=29)
        assert "left_out" not in wide
        assert wide["row_count"] > screws["row_count"]
        loose = await search(seattle, "xylophone of destiny")
        assert "set category" in loose["hint"]
        spanish = await search(seattle, "martillo para clavos")
        assert "Search in English" in spanish["hint"]
        assert "Use 30 if you mean 30 %" in await refusal(seattle, "hammer", similarity_threshold=0.3)
        tiny = await refusal(seattle, "hammer", similarity_threshold=0.005)
        assert "a percentage, from 1 to 100" in tiny
        assert "if you mean" not in tiny
        given = await search(seattle, "screws for drywall", max_rows=100, similarity_threshold=SEARCH_THRESHOLD)
        assert "left_out" not in given
        assert given["row_count"] > screws["row_count"]


@pytest.mark.anyio
async def test_words_and_brands_get_no_hint_about_codes_or_language(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        for text in (
            "nail",
            "saw",
            "glue",
            "rope",
            "pipe",
            "sink",
            "tape",
            "LED",
            "the",
            "18v",
            "dewalt sander",
            "plumers tape",
        ):
            hint = (await search(seattle, text)).get("hint", "")
            assert "No SKU" not in hint, text
            assert "English" not in hint, text
        assert sorted(skus(await search(seattle, "lbfrm"))) == FRAMING
        assert "Hammer" in await refusal(seattle, similar_to="hamer")


@pytest.mark.anyio
async def test_search_for_several_needs_equals_single_searches(ask: Ask) -> None:
    needs = ["fix a dripping tap", "hang a heavy mirror on brick", "hamer"]
    async with ask(SEATTLE) as seattle:
        reply, failed = await seattle.call("semantic_search_products", query_description=needs, max_rows=3)
        assert not failed, reply
        groups = json.loads(reply)["needs"]
        assert [group["need"] for group in groups] == needs
        for need, group in zip(needs, groups, strict=True):
            alone = await search(seattle, need, max_rows=3)
            assert group["rows"] == alone["rows"]
        one, _ = await seattle.call("semantic_search_products", query_description=["hammer"])
        assert json.loads(one)["rows"] == (await search(seattle, "hammer"))["rows"]
        reply, failed = await seattle.call("semantic_search_products", query_description=["hammer", 3, "hammer", 3.5])
        assert not failed, reply
        repeated = json.loads(reply)
        assert [group["need"] for group in repeated["needs"]] == ["hammer", "3", "3.5"]
        assert repeated["repeated"] == "1 repeated description was searched once"
        for nested in (
            ["hammer", ["saw"]],
            ["hammer", {"need": "saw"}],
            [["hammer", "saw"]],
            {"a": "saw"},
            [True, "a"],
        ):
            reply, failed = await seattle.call("semantic_search_products", query_description=nested)
            assert failed
            assert "must be a text or a list of texts" in reply
        for wrong in ([], [""], ["hammer", " "], ["hammer"] * 2 + [str(n) for n in range(6)], ["a", "b\0"]):
            reply, failed = await seattle.call("semantic_search_products", query_description=wrong)
            assert failed, wrong
            assert "internal" not in reply
        reply, failed = await seattle.call(
            "semantic_search_products", query_description=["a", "b"], similar_to="HT-HAM-001"
        )
        assert failed
    async with ask(SEATTLE, ZAVA_MAX_BYTES="4000") as seattle:
        reply, _ = await seattle.call("semantic_search_products", query_description=needs, max_rows=50)
        assert len(reply.encode()) < 6_000
        assert any(group["truncated"] for group in json.loads(reply)["needs"])


COUNTED = (
    "SELECT count(DISTINCT order_id) FROM retail.order_items JOIN retail.products USING (product_id)"
    " WHERE sku = 'HT-HAM-001'"
)
BASKET = """
INSERT INTO retail.order_items (order_item_id, order_id, store_id, product_id, quantity, unit_price, total_amount)
SELECT (SELECT max(order_item_id) FROM retail.order_items) + row_number() OVER (), o.order_id, o.store_id, p.product_id,
       1, 1, 1
  FROM (SELECT order_id, store_id FROM retail.orders WHERE store_id = %s ORDER BY order_id LIMIT %s) AS o
       CROSS JOIN (SELECT product_id FROM retail.products WHERE sku = ANY (%s)) AS p
"""


@pytest.fixture
def basket(admin: psycopg.Connection) -> Iterator[None]:
    """Two products together in six orders of Seattle, and two in twenty orders of Bellevue."""
    admin.execute(BASKET, [1, 6, ["HT-HAM-001", "GO-PES-005"]])
    admin.execute(BASKET, [2, 20, ["HT-HAM-001", "ST-KPO-005"]])
    yield
    admin.execute("DELETE FROM retail.order_items WHERE (quantity, unit_price, total_amount) = (1, 1, 1)")


@pytest.mark.anyio
async def test_bought_with_counts_orders_of_the_identity_only(ask: Ask, basket: None) -> None:
    async with ask(SEATTLE) as seattle, ask(HEAD_OFFICE) as head_office:
        for like in ({"similar_to": "ht ham 001"}, {"text": "HT-HAM-001"}):
            own = (await search(seattle, max_rows=1, include_bought_with=True, **like))["bought_with"]
            every = (await search(head_office, max_rows=1, include_bought_with=True, **like))["bought_with"]
            assert own["columns"] == ["sku", "product_name", "orders_together", "lift"]
            assert [own["sku"], every["sku"]] == ["HT-HAM-001"] * 2
            assert own["rows"][0][0] == "GO-PES-005"
            assert "ST-KPO-005" not in {row[0] for row in own["rows"]}
            assert "ST-KPO-005" in {row[0] for row in every["rows"]}
            counted = await seattle.value(COUNTED)
            assert own["orders"] == counted
            assert all(row[2] >= own["least_orders_together"] and row[3] > 1 for row in own["rows"])
        assert "bought_with" not in await search(seattle, "HT-HAM-001")
