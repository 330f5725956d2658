"""Charts, as a tool that gives a picture and its data, and as a view for clients that show one (MCP Apps)."""

import base64
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Literal

from mcp.server.apps import Apps, ResourceCsp
from mcp.types import ImageContent, TextContent
from pydantic import Field

from zava_mcp.errors import ZavaError
from zava_mcp.server.replies import Desk, ready
from zava_mcp.server.startup import Startup
from zava_mcp.server.tools import Asked, Server, read_only
from zava_mcp.settings import HARD_ROWS, Settings

if TYPE_CHECKING:
    from zava_mcp.retail.charts import Chart

_VIEW = "ui://zava/chart.html"
_PICTURES_AT_ONCE = 1  # each takes a processor and 120 MB for half a second

Kind = Literal["auto", "line", "bar", "stacked_bar", "area", "scatter", "heat_map"]


def chart_view() -> Apps:
    """The view that draws a chart from the tool's text; it loads nothing and connects to nowhere."""
    apps = Apps()
    apps.add_html_resource(
        _VIEW,
        files("zava_mcp.server").joinpath("chart.html").read_text(encoding="utf-8"),
        name="chart",
        title="Chart",
        description="Draws what chart_sales_query answers.",
        csp=ResourceCsp(connect_domains=[], resource_domains=[]),
        prefers_border=True,
    )
    return apps


def add_charts(server: Server, startup: Startup, desk: Desk, settings: Settings) -> None:
    """`chart_sales_query`: a picture of the rows that the model's own SQL gives."""
    easel = Desk(_PICTURES_AT_ONCE)

    @server.tool(
        title="Chart sales",
        description="Draw a query's rows: a picture, and the rows as JSON. Select one row per date, month or category, "
        "and one number. Dates give a line, categories bars, two categories stacked bars or a heat map, two numbers a "
        "scatter plot.",
        annotations=read_only("Chart sales"),
        meta={"ui": {"resourceUri": _VIEW}},
        structured_output=False,
    )
    async def chart_sales_query(
        ctx: Asked,
        postgresql_query: Annotated[str, Field(description="As for execute_sales_query.")],
        chart: Annotated[Kind, Field(description="auto: by what the columns are.")] = "auto",
        x: Annotated[str, Field(description="Column to draw along; empty x, y, series are chosen.")] = "",
        y: Annotated[str, Field(description="Column of numbers.")] = "",
        series: Annotated[str, Field(description="Column that tells lines apart.")] = "",
        title: Annotated[str, Field(description="Stands above the chart.")] = "",
    ) -> list[TextContent | ImageContent]:
        from zava_mcp.retail.charts import Wish, chart_of

        shop = await ready(startup, ctx)
        with desk.errors():
            query = shop.sales_query(postgresql_query, min(settings.max_rows, HARD_ROWS))
        answer = await desk.call(lambda: shop.answer(query), query.cancel)
        with desk.errors():
            drawn = chart_of(answer, Wish(chart, x, y, series, title))
        picture, without = await _picture(easel, drawn)
        more = {"chart": drawn.told()} | ({"no_picture": json.dumps(without)} if without else {})
        return [TextContent(text=answer.json(more)), *picture]


async def _picture(easel: Desk, chart: "Chart") -> tuple[list[ImageContent], str]:
    """The picture; or none, and why: the rows are worth having all the same."""
    from zava_mcp.retail.drawing import HOW_TO_GET_IT, Drawing, can_draw
    from zava_mcp.retail.vega import spec

    if not can_draw():
        return [], HOW_TO_GET_IT
    drawing = Drawing(spec(chart))

    def draw() -> tuple[bytes, str]:
        try:
            return drawing.run(), ""
        except ZavaError as error:
            return b"", error.told()

    png, without = await easel.call(draw, drawing.cancel)
    return ([ImageContent(data=base64.b64encode(png).decode(), mime_type="image/png")] if png else []), without
