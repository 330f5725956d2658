"""`get_current_utc_date`: models do not know what day it is."""

import json
from datetime import UTC, datetime

from zava_mcp import call_context
from zava_mcp.server.calendar import reading_of
from zava_mcp.server.tools.common import Server, read_only


def add_date(server: Server) -> None:
    """`get_current_utc_date`: models do not know what day it is."""

    @server.tool(
        title="Today's date",
        description="The current time in UTC, and by the calendar: weekday, ISO week, quarter, and the last complete "
        "week, month, quarter and year, for relative dates.",
        annotations=read_only("Today's date", idempotent=False),
        structured_output=False,
    )
    async def get_current_utc_date() -> str:
        reading = reading_of(datetime.now(UTC))
        if remarks := call_context.current_call().take_remarks():
            reading["hint"] = " ".join(remarks)
        return json.dumps(reading, ensure_ascii=False, separators=(",", ":"))
