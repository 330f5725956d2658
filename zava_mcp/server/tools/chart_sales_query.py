"""Charts, as a tool that gives a picture and its data, and as a view for clients that show one (MCP Apps)."""

import base64
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.server.apps import Apps, ResourceCsp
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.types import CallToolResult, ImageContent, TextContent
from pydantic import Field

from zava_mcp import call_context
from zava_mcp.errors import InputError, ZavaError
from zava_mcp.server.executor import BoundedExecutor, opened_service
from zava_mcp.server.result_links import LIFETIME_MINUTES, ResultLinks
from zava_mcp.server.startup import Startup
from zava_mcp.server.tools.common import Server, ToolContext, read_only
from zava_mcp.settings import HARD_ROWS, Settings

if TYPE_CHECKING:
    from zava_mcp.charts.chart import Chart

_VIEW = "ui://zava/chart.html"
_DRAWN = "zava/chart"  # in the result's _meta, for the view alone: no model reads it
_HANDLE_CHARACTERS = 40  # of a result that nobody knows are repeated
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


def add_charts(
    server: Server, startup: Startup, executor: BoundedExecutor, settings: Settings, results: ResultLinks
) -> None:
    """`chart_sales_query`: a picture of the rows that the model's own SQL gives."""
    renderer = BoundedExecutor(_PICTURES_AT_ONCE)

    @server.tool(
        title="Chart sales",
        description="Draw a query's rows: a picture, and the rows as JSON. Select one row per date, month or category, "
        "and its numbers. Periods give a line, categories bars, two categories stacked bars or a heat map, two numbers "
        "a scatter plot; ORDER BY is kept.",
        annotations=read_only("Chart sales"),
        meta={"ui": {"resourceUri": _VIEW}},
        structured_output=False,
    )
    async def chart_sales_query(
        ctx: ToolContext,
        postgresql_query: Annotated[str, Field(description="As for execute_sales_query.")] = "",
        result: Annotated[str, Field(description="Instead: result of an earlier answer.")] = "",
        chart: Annotated[Kind, Field(description="auto: by what the columns are.")] = "auto",
        x: Annotated[str, Field(description="Column along; chosen if empty.")] = "",
        y: Annotated[str, Field(description="Numbers, with commas.")] = "",
        series: Annotated[str, Field(description="Tells lines apart.")] = "",
        title: Annotated[str, Field(description="Above the chart.")] = "",
    ) -> CallToolResult:
        from zava_mcp.charts.chart import ChartRequest, chart_of
        from zava_mcp.charts.client_view import view

        with executor.errors():
            sql = call_context.current_call().sql = _query_of(postgresql_query, result, results)
        service = await opened_service(startup, ctx)
        with executor.errors():
            query = service.sales_query(sql, min(settings.max_rows, HARD_ROWS))
        answer = await executor.call(lambda: service.run_query(query), query.cancel)
        with executor.errors():
            drawn = chart_of(answer, ChartRequest(chart, x, y, series, title), sql)
        picture, more = await _picture(renderer, drawn)
        text = answer.json({"chart": drawn.summary()} | {name: _json(value) for name, value in more.items()})
        return CallToolResult(content=[TextContent(text=text), *picture], _meta={_DRAWN: view(drawn)})


def _query_of(sql: str, result: str, results: ResultLinks) -> str:
    """The query to draw. Raises InputError unless exactly one of the two is given, and for a result that is unknown."""
    if bool(sql.strip()) == bool(result.strip()):
        given = "both postgresql_query and result are" if result.strip() else "neither postgresql_query nor result is"
        raise InputError(f"{given} given", "Give one of them.")
    if sql.strip():
        return sql
    try:
        return results.query(result.strip())
    except ResourceNotFoundError:
        raise InputError(
            f"there is no result {result[:_HANDLE_CHARACTERS]!r} here, or it is older than {LIFETIME_MINUTES} minutes",
            "Send the SQL as postgresql_query.",
        ) from None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def _picture(renderer: BoundedExecutor, chart: "Chart") -> tuple[list[ImageContent], dict[str, Any]]:
    """The picture, with the names that it numbers; or none, and why: the rows are worth having all the same."""
    from zava_mcp.charts.render import HOW_TO_GET_IT, Drawing, can_draw
    from zava_mcp.charts.vega import spec

    if chart.kind == "value":
        return [], {"no_picture": "One row needs no chart: say its numbers."}
    if not can_draw():
        return [], {"no_picture": HOW_TO_GET_IT}
    drawing = Drawing(spec(chart))

    def draw() -> tuple[bytes, str]:
        try:
            return drawing.run(), ""
        except ZavaError as error:
            return b"", error.full_message()

    png, without = await renderer.call(draw, drawing.cancel)
    if not png:
        return [], {"no_picture": without}
    picture = ImageContent(data=base64.b64encode(png).decode(), mime_type="image/png")
    return [picture], {"numbered_names": drawing.renamed} if drawing.renamed else {}
