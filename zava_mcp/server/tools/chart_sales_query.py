"""The tool `chart_sales_query`, and the view that draws its charts in clients with MCP Apps."""

import base64
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.server.apps import Apps, ResourceCsp
from mcp.types import CallToolResult, ImageContent, TextContent
from pydantic import Field

from zava_mcp import call_context
from zava_mcp.errors import InputError, ZavaError
from zava_mcp.postgres.bound_sql import BoundSql
from zava_mcp.server.executor import BoundedExecutor, wait_for_service
from zava_mcp.server.query_handles import LIFETIME_MINUTES, QueryHandles
from zava_mcp.server.server_context import ServerContext
from zava_mcp.server.tool_errors import raise_tool_errors
from zava_mcp.server.tools.common import ToolContext, read_only
from zava_mcp.settings import DEFAULT_MAX_ROWS

if TYPE_CHECKING:
    from zava_mcp.charts.chart import Chart

_VIEW = "ui://zava/chart.html"
_VIEW_DATA = "zava/chart"  # the key in the result's _meta; the view reads it, models do not
_HANDLE_CHARACTERS = 40  # characters of an unknown result that an error repeats
_RENDERERS = 1  # each takes one processor and 120 MB for half a second

Kind = Literal["auto", "line", "bar", "stacked_bar", "area", "scatter", "heat_map"]


def chart_view() -> Apps:
    """The view that draws the tool's charts; it loads nothing and connects to nothing."""
    apps = Apps()
    apps.add_html_resource(
        _VIEW,
        files("zava_mcp.server").joinpath("chart.html").read_text(encoding="utf-8"),
        name="chart",
        title="Chart",
        description="Draws the charts of chart_sales_query.",
        csp=ResourceCsp(connect_domains=[], resource_domains=[]),
        prefers_border=True,
    )
    return apps


def add_charts(app: ServerContext) -> None:
    """Adds `chart_sales_query`."""
    renderer = BoundedExecutor(_RENDERERS)

    @app.server.tool(
        title="Chart sales",
        description="Draw a query's rows: an image, and the rows as JSON. Select one row per date, month or category, "
        "and its numbers. Periods give a line, categories bars, two categories stacked bars or a heat map, two "
        "numbers a scatter plot; ORDER BY is kept.",
        annotations=read_only("Chart sales"),
        meta={"ui": {"resourceUri": _VIEW}},
        structured_output=False,
    )
    async def chart_sales_query(
        ctx: ToolContext,
        postgresql_query: Annotated[str, Field(description="As for execute_sales_query.")] = "",
        result: Annotated[str, Field(description='The "result" of an earlier call, instead of SQL.')] = "",
        chart: Annotated[Kind, Field(description="auto: chosen by the columns.")] = "auto",
        x: Annotated[str, Field(description="x axis; chosen if empty.")] = "",
        y: Annotated[str, Field(description="Numeric columns, with commas.")] = "",
        series: Annotated[str, Field(description="Column whose values become separate lines.")] = "",
        title: Annotated[str, Field(description="Title.")] = "",
    ) -> CallToolResult:
        from zava_mcp.charts.chart import ChartRequest, choose_chart
        from zava_mcp.charts.client_view import view

        with raise_tool_errors():
            selected = _select_query(postgresql_query, result, app.handles)
            call_context.current_call().sql = selected.sql
        service = await wait_for_service(app.source, ctx)
        with raise_tool_errors():
            query = service.sales_query(selected, min(app.settings.max_rows, DEFAULT_MAX_ROWS))
        result_drawn = await app.executor.call(lambda: service.run_query(query), query.cancel)
        with raise_tool_errors():
            chart_drawn = choose_chart(result_drawn, ChartRequest(chart, x, y, series, title), selected.sql)
        images, more = await _render(renderer, chart_drawn)
        text = result_drawn.json(
            {"chart": chart_drawn.summary()} | {name: _json(value) for name, value in more.items()}
        )
        return CallToolResult(content=[TextContent(text=text), *images], _meta={_VIEW_DATA: view(chart_drawn)})


def _select_query(sql: str, result: str, handles: QueryHandles) -> BoundSql:
    """The query to draw. Raises InputError unless exactly one of the two is passed, and for an unknown result."""
    if bool(sql.strip()) == bool(result.strip()):
        fault = "both postgresql_query and result are" if result.strip() else "neither postgresql_query nor result is"
        raise InputError(f"{fault} given", "Pass one of them.")
    if sql.strip():
        return BoundSql(sql)
    if (query := handles.find(result)) is None:
        raise InputError(
            f"there is no result {result[:_HANDLE_CHARACTERS]!r} here, or it is older than {LIFETIME_MINUTES} minutes",
            "Send the SQL as postgresql_query.",
        )
    return query


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def _render(renderer: BoundedExecutor, chart: "Chart") -> tuple[list[ImageContent], dict[str, Any]]:
    """The image and the names that it replaces by numbers; or no image and the reason.

    A chart without image is not an error, because the result also has the rows.
    """
    from zava_mcp.charts.render import HOW_TO_GET_IT, Drawing, can_draw
    from zava_mcp.charts.vega import spec

    if chart.kind == "value":
        return [], {"no_picture": "One row needs no chart: state its numbers."}
    if not can_draw():
        return [], {"no_picture": HOW_TO_GET_IT}
    drawing = Drawing(spec(chart))

    def draw() -> tuple[bytes, str]:
        try:
            return drawing.run(), ""
        except ZavaError as error:
            return b"", error.full_message()

    png, failure = await renderer.call(draw, drawing.cancel)
    if not png:
        return [], {"no_picture": failure}
    image = ImageContent(data=base64.b64encode(png).decode(), mime_type="image/png")
    return [image], {"numbered_names": drawing.renamed} if drawing.renamed else {}
