"""Tests of chart_sales_query: its image, its rows, its view, and hostile texts in them."""

import base64
import io
import json
import re
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest
from mcp.types import ImageContent, TextContent, TextResourceContents
from PIL import Image

from tests.conftest import HEAD_OFFICE, SEATTLE, Ask, ToolClient, asking, settings_for
from zava_mcp.charts.chart import ChartRequest, choose_chart
from zava_mcp.charts.render import Drawing
from zava_mcp.charts.vega import PALETTE, spec
from zava_mcp.errors import ZavaError
from zava_mcp.sales.result import QueryResult

VIEW = "ui://zava/chart.html"
REVENUE = "SELECT store_name, sum(total_amount) AS revenue FROM retail.order_items JOIN retail.stores USING (store_id)"
BY_QUANTITY = "SELECT quantity, sum(total_amount) AS revenue FROM retail.order_items GROUP BY 1 ORDER BY 1"
GRID = "SELECT chr(65 + a) AS store, chr(97 + b) AS category, (a * b + 1)::numeric(10,2) AS revenue FROM "
GRID += "generate_series(0, 3) a, generate_series(0, 2) b"


async def chart(asker: ToolClient, sql: str, **arguments: str) -> tuple[dict[str, Any], bytes]:
    """The JSON result of the tool, and its image as PNG."""
    result = await asker.client.call_tool("chart_sales_query", {"postgresql_query": sql, **arguments})
    assert not result.is_error, result.content
    assert result.structured_content is None
    text, *pictures = result.content
    assert isinstance(text, TextContent)
    for picture in pictures:
        assert isinstance(picture, ImageContent)
        assert picture.mime_type == "image/png"
    return json.loads(text.text), b"".join(base64.b64decode(p.data) for p in pictures if isinstance(p, ImageContent))


def colours(picture: bytes) -> dict[str, int]:
    """The number of pixels of each colour in an image."""
    with Image.open(io.BytesIO(picture)) as image:
        counts: Any = image.convert("RGB").getcolors(1 << 24)
    return {"#{:02X}{:02X}{:02X}".format(*colour): count for count, colour in counts}


@pytest.mark.anyio
async def test_chart_result_has_an_image_and_the_rows(ask: Ask) -> None:
    async with ask(HEAD_OFFICE) as head_office:
        reply, picture = await chart(head_office, f"{REVENUE} GROUP BY 1 ORDER BY 1")
        rows = await head_office.query(f"{REVENUE} GROUP BY 1 ORDER BY 1")
        again, _ = await head_office.call("chart_sales_query", result=rows.pop("result"))
    assert json.loads(again) == reply
    assert {name: reply[name] for name in rows} == rows
    assert set(reply) - set(rows) == {"chart"}
    assert reply["chart"]["kind"] == "bar"
    found = colours(picture)
    assert found[PALETTE[0]] > 20_000
    assert found["#FFFFFF"] > 100_000
    assert len(picture) < 150_000


@pytest.mark.anyio
async def test_chart_of_an_earlier_result_works_only_in_its_session(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle, ask(HEAD_OFFICE) as head_office:
        result = (await head_office.query(BY_QUANTITY))["result"]
        for unknown in (result, "x", "x" * 9_000, "../x", "é"):
            reply, failed = await seattle.call("chart_sales_query", result=unknown)
            assert failed
            assert reply.startswith(f"there is no result {unknown[:40]!r} here, or it is older than 30 minutes.")
        own = await seattle.query(BY_QUANTITY)
        mine = own["result"]
        assert mine == result, "it follows from the query"
        reply, failed = await seattle.call("chart_sales_query", result=mine)
        assert not failed
        assert json.loads(reply)["rows"] == own["rows"], "the query runs again as the current identity"
        for written in (f"zava://results/{mine}", f" zava://results/{mine}.csv", mine.upper(), f"{mine}.csv"):
            assert await seattle.call("chart_sales_query", result=written) == (reply, False), written
        reply, failed = await seattle.call("chart_sales_query", result=mine, postgresql_query="SELECT 1")
        assert failed
        assert reply == "both postgresql_query and result are given. Pass one of them."
        for number in range(70):
            await seattle.query(f"VALUES ({number}), (0)")
        reply, failed = await seattle.call("chart_sales_query", result=mine)
        assert failed, "only the latest are kept"


@pytest.mark.anyio
async def test_chart_shows_only_data_of_its_identity(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        reply, _ = await chart(seattle, f"{REVENUE} GROUP BY 1")
        assert [row[0] for row in reply["rows"]] == ["Zava Retail Seattle"]
        text, failed = await seattle.call("chart_sales_query", postgresql_query="DELETE FROM retail.orders")
        assert failed
        assert "42601" in text


@pytest.mark.anyio
async def test_chart_image_of_every_kind_is_not_blank(data_dir: Path) -> None:
    async with asking(settings_for(data_dir, SEATTLE)) as seattle:
        for kind in ("line", "stacked_bar", "area", "scatter", "heat_map"):
            axes = {"x": "revenue", "y": "revenue"} if kind == "scatter" else {"x": "category", "series": "store"}
            reply, picture = await chart(seattle, GRID, chart=kind, **axes)
            found = colours(picture)
            assert reply["chart"]["kind"] == kind
            assert sum(found.values()) - found["#FFFFFF"] > 2_000, kind
            if kind in ("line", "stacked_bar"):
                assert all(found[colour] > 100 for colour in PALETTE[:4]), kind


@pytest.mark.anyio
async def test_chart_draws_hostile_texts_as_texts_and_fetches_nothing(data_dir: Path) -> None:
    column = 'c0.d[""0""]\\\''
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a.png"
        names = [url, "datum.x", "a.b[0]['c'].d\\", "<script>alert(1)</script>", "x" * 10_000, "{{title}} ${1+1}\n%s"]
        values = ", ".join(f"('{name.replace(chr(39), chr(39) * 2)}', {n})" for n, name in enumerate(names, 1))
        async with asking(settings_for(data_dir, SEATTLE)) as seattle:
            reply, picture = await chart(
                seattle,
                f'SELECT * FROM (VALUES {values}) AS t("{column}", n)',
                title=f"</svg>'\"\\\n{{{{}}}} {url}",
            )
        with pytest.raises(BlockingIOError):
            server.accept()
    assert colours(picture)[PALETTE[0]] > 5_000
    assert reply["chart"]["x"]["name"] == 'c0.d["0"]\\\''


@pytest.mark.anyio
async def test_chart_errors_say_what_can_be_drawn(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:

        async def refused(**arguments: str) -> str:
            text, failed = await seattle.call("chart_sales_query", **arguments)
            assert failed
            return text

        query = "SELECT 'a' AS store, 1 AS orders"
        assert "did you mean orders?" in await refused(postgresql_query=query, y="order")
        assert "nothing to draw" in await refused(postgresql_query=f"{query} WHERE false")
        assert "GROUP BY" in await refused(postgresql_query="SELECT 'a' AS x, g FROM generate_series(1, 2000) g")
        assert "auto, line, bar" in await refused(postgresql_query=query, chart="pie")
        assert "did you mean series?" in await refused(postgresql_query=query, serie="x")


@pytest.mark.anyio
async def test_chart_without_the_extra_returns_rows_and_an_install_hint(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)  # an import of it raises ImportError
    async with ask(SEATTLE) as seattle:
        reply, picture = await chart(seattle, "SELECT * FROM (VALUES ('a', 1), ('b', 2)) AS t(store, orders)")
    assert not picture
    assert reply["rows"] == [["a", 1], ["b", 2]]
    assert reply["chart"]["kind"] == "bar"
    assert "uvx 'zava-mcp[charts]'" in reply["no_picture"]


@pytest.mark.anyio
async def test_chart_tool_names_its_view_and_the_view_loads_nothing(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        tools = {tool.name: tool for tool in (await seattle.client.list_tools()).tools}
        tool = tools["chart_sales_query"]
        page = (await seattle.client.read_resource(VIEW)).contents[0]
    assert tool.meta == {"ui": {"resourceUri": VIEW}}
    assert len(json.dumps(tool.model_dump(mode="json", by_alias=True, exclude_none=True)).encode()) <= 1_300
    assert isinstance(page, TextResourceContents)
    assert page.mime_type == "text/html;profile=mcp-app"
    assert page.meta == {"ui": {"csp": {"connectDomains": [], "resourceDomains": []}, "prefersBorder": True}}
    addresses = re.findall(r"[a-z]+://[^\s\"']*", page.text)
    assert addresses == ["http://www.w3.org/2000/svg"]
    for way_in in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "setTimeout"):
        assert way_in not in page.text
    for way_out in ("fetch(", "XMLHttp", "import", "src=", "href", "@font", "url(", "WebSocket", "open("):
        assert way_out not in page.text
    assert len(page.text.encode()) < 25_000


@pytest.mark.anyio
async def test_chart_view_draws_the_same_as_the_image(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        page = (await seattle.client.read_resource(VIEW)).contents[0]
    assert isinstance(page, TextResourceContents)
    assert tuple(re.findall(r"--c\d: (#\w+);", page.text)[: len(PALETTE)]) == PALETTE


@pytest.mark.anyio
async def test_chart_view_gets_the_texts_of_the_image(ask: Ask) -> None:
    async with ask(HEAD_OFFICE) as head_office:
        sql = f"{REVENUE} GROUP BY 1 ORDER BY 2"
        result = await head_office.client.call_tool("chart_sales_query", {"postgresql_query": sql})
    assert result.meta is not None
    drawn = result.meta["zava/chart"]
    assert isinstance(result.content[0], TextContent)
    rows = json.loads(result.content[0].text)["rows"]
    assert drawn["places"] == [row[0] for row in rows]  # the query's order
    assert [point[1] for point in drawn["panels"][0]["points"]] == [row[1] for row in rows]
    assert all(point[5] == f"${row[1]:,.2f}" for point, row in zip(drawn["panels"][0]["points"], rows, strict=True))


@pytest.mark.anyio
async def test_chart_of_one_row_has_no_image_and_says_so(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        reply, picture = await chart(seattle, "SELECT 'a' AS store, 1 AS orders")
    assert not picture
    assert reply["chart"]["kind"] == "value"
    assert "One row needs no chart" in reply["no_picture"]


def test_chart_image_has_no_boxes_for_letters_without_font() -> None:
    """U+0378 is unassigned, so no font has it; whether fonts have other letters depends on the machine."""
    values = [{"c0": "\u0378", "c1": 2}, {"c0": "é", "c1": 1}]
    made = {"data": {"values": values}, "mark": "bar", "title": {"text": ["t"], "subtitle": []}}
    made |= {"encoding": {"y": {"field": "c0"}, "x": {"field": "c1"}}, "config": {"font": "sans-serif"}}
    drawing = Drawing(made)
    assert drawing.run().startswith(b"\x89PNG")
    assert drawing.renamed == {"name 1": "\u0378"}


@pytest.mark.anyio
async def test_chart_result_lists_names_replaced_for_lack_of_a_font(data_dir: Path) -> None:
    sql = "SELECT * FROM (VALUES ('北京', 3), ('Zoë', 2)) AS t(store, n)"
    answer = QueryResult(10, 40_000, ["store", "n"], [25, 23], ['["北京",3]', '["Zoë",2]'])
    drawing = Drawing(spec(choose_chart(answer, ChartRequest())))
    drawing.run()
    async with asking(settings_for(data_dir, SEATTLE)) as seattle:
        reply, _ = await chart(seattle, sql)
    assert reply.get("numbered_names", {}) == drawing.renamed


PERIODS = {
    "extract(year FROM order_date)": ("line", "year"),
    "extract(month FROM order_date) AS month": ("line", "month"),
    "date_part('quarter', order_date) AS quarter": ("bar", "quarter"),
    "extract(isodow FROM order_date) AS weekday": ("bar", "weekday"),
    "date_trunc('week', order_date) AS week": ("line", "week"),
    "to_char(order_date, 'Month') AS month": ("line", "month"),
    "to_char(order_date, 'YYYY-\"Q\"Q') AS quarter": ("line", "quarter"),
    "order_date": ("line", "day"),
}


@pytest.mark.anyio
async def test_chart_recognizes_periods_of_every_sql_format(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)  # without images, the test is fast
    async with asking(settings_for(data_dir, SEATTLE)) as seattle:
        for expression, (kind, unit) in PERIODS.items():
            days = 10_000 if unit == "year" else 400
            recent = f"FROM retail.orders WHERE order_date >= current_date - {days}"
            reply, _ = await chart(seattle, f"SELECT {expression}, count(*) AS n {recent} GROUP BY 1")
            assert (reply["chart"]["kind"], reply["chart"]["x"]["as"]) == (kind, unit), expression


ENDLESS = {"data": {"sequence": {"start": 0, "stop": 1e12}}, "mark": "bar", "encoding": {"x": {"field": "data"}}}


def test_drawing_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(ZavaError, match=r"longer than 0\.05 s"):
        Drawing(ENDLESS, seconds=0.05).run()  # Python takes longer to start
    assert not pictures()


def test_cancelled_drawing_kills_its_process() -> None:
    drawing, failures = Drawing(ENDLESS), []

    def draw() -> None:
        try:
            drawing.run()
        except ZavaError as error:
            failures.append(str(error))

    thread = threading.Thread(target=draw)
    thread.start()
    while not pictures():
        assert thread.is_alive()
    drawing.cancel()
    thread.join()
    assert failures == ["the chart could not be drawn"]
    assert not pictures()


def pictures() -> list[psutil.Process]:
    """The child processes that render."""
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and "zava_mcp.charts.render" in child.cmdline()
    ]


@pytest.mark.parametrize(
    "made",
    [
        {"data": {"url": "http://127.0.0.1:9/x"}, "mark": "bar"},
        {"data": {"values": []}, "layer": [{"mark": {"type": "image", "url": "file:///etc/passwd"}}]},
        {"data": {"values": []}, "mark": "bar", "encoding": {"href": {"field": "c0"}}},
    ],
)
def test_drawing_rejects_a_specification_with_a_url(made: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="URL"):
        Drawing(made)
