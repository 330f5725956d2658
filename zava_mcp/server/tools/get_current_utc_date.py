"""The tool `get_current_utc_date`, because models do not know the current date."""

import json
from datetime import UTC, datetime

from zava_mcp import call_context
from zava_mcp.company import NEUTRAL
from zava_mcp.server.calendar import describe_time
from zava_mcp.server.known_company import known_company
from zava_mcp.server.server_context import ServerContext
from zava_mcp.server.tools.common import read_only

_UNKNOWN_ZONE = (
    "The database is not reached yet, so these dates use UTC and calendar years; the company's time zone and fiscal "
    "year may differ."
)


def add_date(app: ServerContext) -> None:
    """Adds `get_current_utc_date`."""

    @app.server.tool(
        title="Today's date",
        description="The current time in the company's time zone and in UTC, and by its calendar: weekday, ISO week, "
        "quarter, and the last complete week, month, quarter and year, for relative dates.",
        annotations=read_only("Today's date", idempotent=False),
        structured_output=False,
    )
    async def get_current_utc_date() -> str:
        company = await known_company(app.source)
        description = describe_time(datetime.now(UTC), company or NEUTRAL)
        remarks = call_context.current_call().take_remarks()
        if company is None:
            remarks = [*remarks, _UNKNOWN_ZONE]
        elif company.zone is UTC and company.time_zone != "UTC":
            remarks = [
                *remarks,
                f"This machine does not know the time zone {company.time_zone}: this is UTC.",
            ]
        if remarks:
            description["hint"] = " ".join(remarks)
        return json.dumps(description, ensure_ascii=False, separators=(",", ":"))
