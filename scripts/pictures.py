"""Draws each kind of chart from the sample's sales, as PNG and as the view in a real browser, into a folder.

Everything goes through the server's own tool, asked in memory. The browser is Chromium, headless; the page around
the view is a host that speaks MCP Apps' messages and gives the view no more than the specification's strictest
rules do.
"""

import base64
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from mcp.client import Client
from mcp.types import CallToolResult, ImageContent, TextResourceContents

from zava_mcp.server.mcp_server import build_server
from zava_mcp.server.startup import Startup
from zava_mcp.settings import load

HEAD_OFFICE = "00000000-0000-0000-0000-000000000000"
SALES = "FROM retail.order_items JOIN retail.orders USING (order_id)"
MONTH = "date_trunc('month', order_date)"


@dataclass(frozen=True)
class Question:
    """What is drawn, and how."""

    name: str
    sql: str
    arguments: dict[str, str] = field(default_factory=dict)


QUESTIONS = (
    Question(
        "line",
        f"SELECT {MONTH}::date AS month, sum(total_amount) AS revenue {SALES} "
        "WHERE order_date >= '2023-01-01' GROUP BY 1 ORDER BY 1",
        {"title": "What was the revenue of each month?"},
    ),
    Question(
        "lines",
        f"SELECT to_char(order_date, 'YYYY-MM') AS month, store_name, sum(total_amount) AS revenue {SALES} "
        "JOIN retail.stores s ON s.store_id = orders.store_id WHERE order_date >= '2024-01-01' GROUP BY 1, 2",
    ),
    Question(
        "bar",
        "SELECT store_name, sum(total_amount) AS revenue FROM retail.order_items JOIN retail.stores USING (store_id) "
        "GROUP BY 1",
        {"title": "What did each store sell?"},
    ),
    Question(
        "many_bars",
        "SELECT product_name, sum(quantity) AS units_sold FROM retail.order_items JOIN retail.products "
        "USING (product_id) GROUP BY 1",
    ),
    Question(
        "standing_bars",
        "SELECT extract(quarter FROM order_date)::int AS quarter, count(*) AS orders FROM retail.orders GROUP BY 1",
        {"chart": "bar"},
    ),
    Question(
        "stacked_bar",
        f"SELECT extract(year FROM order_date)::int AS year, category_name, sum(total_amount) AS revenue {SALES} "
        "JOIN retail.products USING (product_id) JOIN retail.categories USING (category_id) GROUP BY 1, 2",
        {"chart": "stacked_bar"},
    ),
    Question(
        "heat_map",
        "SELECT store_name, category_name, sum(total_amount) AS revenue FROM retail.order_items "
        "JOIN retail.stores USING (store_id) JOIN retail.products USING (product_id) "
        "JOIN retail.categories USING (category_id) GROUP BY 1, 2",
        {"chart": "heat_map"},
    ),
    Question(
        "area",
        f"SELECT {MONTH} AS month, category_name, sum(total_amount) AS revenue {SALES} JOIN retail.products "
        "USING (product_id) JOIN retail.categories USING (category_id) WHERE order_date >= '2024-01-01' GROUP BY 1, 2",
        {"chart": "area"},
    ),
    Question(
        "scatter",
        "SELECT base_price, sum(quantity) AS units_sold FROM retail.products JOIN retail.order_items "
        "USING (product_id) GROUP BY product_id, base_price",
    ),
    Question(
        "losses",
        "SELECT * FROM (VALUES ('Seattle', 1250.50), ('Tacoma', -820.00), ('Everett', 310.25), ('Online', NULL)) "
        "AS t(store, profit)",
    ),
    Question(
        "hostile",
        "SELECT * FROM (VALUES ('<img src=x onerror=alert(1)>', 3), (E'a\\\\b''c\"d\\n[0].x', 2), ('datum.c0', 1), "
        "('</script><script>alert(2)</script>', 4)) AS t(\"<b>datum['x']</b>.y\\\", n)",
        {"title": "<svg onload=alert(3)> ${1+1} {{title}} \\ \"'"},
    ),
)


async def answers(folder: Path) -> tuple[str, dict[str, CallToolResult]]:
    """The view's page, and what the tool answers to each question."""
    settings = load({"ZAVA_DATA_DIR": str(folder), "ZAVA_USER_ID": HEAD_OFFICE}, {})
    startup = Startup(settings)
    startup.start()
    results = {}
    try:
        async with Client(build_server(startup, settings, startup.observer)) as client:
            page = (await client.read_resource("ui://zava/chart.html")).contents[0]
            assert isinstance(page, TextResourceContents)
            for question in QUESTIONS:
                arguments = {"postgresql_query": question.sql, **question.arguments}
                result = await client.call_tool("chart_sales_query", arguments)
                assert not result.is_error, (question.name, result.content)
                results[question.name] = result
    finally:
        startup.close()
    return page.text, results


HOST = """<!doctype html><meta charset="utf-8">
<style>
  body {{ margin: 0; background: {background} }}
  iframe {{ border: 0; width: 720px; height: 100px; display: block }}
</style>
<script>
const result = {result}, page = {page}, context = {{ theme: "{theme}", locale: "en-US" }};
const sent = [];
addEventListener("message", ({{ data, source }}) => {{
  sent.push(data.method);
  const tell = (message) => source.postMessage({{ jsonrpc: "2.0", ...message }}, "*");
  if (data.method === "ui/initialize")
    tell({{ id: data.id, result: {{ protocolVersion: data.params.protocolVersion, hostCapabilities: {{}},
      hostInfo: {{ name: "h", version: "1" }}, hostContext: context }} }});
  if (data.method === "ui/notifications/initialized") {{
    tell({{ method: "ui/notifications/tool-input", params: {{ arguments: {{}} }} }});
    tell({{ method: "ui/notifications/tool-result", params: result }});
  }}
  if (data.method === "ui/notifications/size-changed")
    document.querySelector("iframe").style.height = data.params.height + "px";
  document.title = sent.join(" ");
}});
addEventListener("DOMContentLoaded", () => {{
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.srcdoc = page.replace("<head>", `<head><meta http-equiv="Content-Security-Policy" content="default-src 'none';
    script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'none'">`);
  document.body.append(frame);
}});
</script>"""


def photograph(page: str, result: CallToolResult, theme: str, picture: Path) -> None:
    """The view as a browser shows it."""
    result_json: dict[str, Any] = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    inline = (json.dumps(value).replace("<", "\\u003c") for value in (result_json, page))
    background = "#1b1b1b" if theme == "dark" else "#ffffff"
    with tempfile.TemporaryDirectory() as folder:
        host = Path(folder, "host.html")
        host.write_text(HOST.format(result=next(inline), page=next(inline), theme=theme, background=background))
        subprocess.run(
            [
                shutil.which("chromium") or "google-chrome",
                *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
                *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
                "--disable-features=IsolateSandboxedIframes",  # or time does not wait for the view
                *(f"--user-data-dir={folder}/profile", "--window-size=720,860", "--force-device-scale-factor=1.5"),
                *("--virtual-time-budget=3000", f"--screenshot={picture}", host.as_uri()),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


def main() -> None:
    """Into the folder of the first argument; the others name the charts, all if there are none."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page, results = anyio.run(answers, Path(folder))
    for name, result in results.items():
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        picture = next(block for block in result.content if isinstance(block, ImageContent))
        data = base64.b64decode(picture.data)
        (target / f"{name}.png").write_bytes(data)
        for theme in ("light", "dark"):
            photograph(page, result, theme, target / f"{name}_view_{theme}.png")
        print(name, f"{len(data):,} bytes", flush=True)


if __name__ == "__main__":
    main()
