"""The tool `get_current_utc_date`, because models do not know the current date."""

import json
from datetime import UTC, datetime

from zava_mcp import call_context
from zava_mcp.server.calendar import describe_time
from zava_mcp.server.tools.common import Server, read_only


def add_date(server: Server) -> None:
    """Adds `get_current_utc_date`."""

    @server.tool(
        title="Today's date",
        description="The current time in UTC, and by the calendar: weekday, ISO week, quarter, and the last complete "
        "week, month, quarter and year, for relative dates.",
        annotations=read_only("Today's date", idempotent=False),
        structured_output=False,
    )
    async def get_current_utc_date() -> str:
        description = describe_time(datetime.now(UTC))
        if remarks := call_context.current_call().take_remarks():
            description["hint"] = " ".join(remarks)
        return json.dumps(description, ensure_ascii=False, separators=(",", ":"))
