"""People at their machines: a login, a home with a passfile, and a client that starts the server over stdio."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mcp import StdioServerParameters
from mcp.client import Client
from mcp.types import TextContent

from scripts.first_week.office import Office, must

SEES = (
    "SELECT store_name, count(DISTINCT order_id) AS orders, sum(total_amount) AS revenue "
    "FROM retail.order_items JOIN retail.stores USING (store_id) GROUP BY 1 ORDER BY 1"
)


@dataclass
class Machine:
    """Somebody's: the name of their home, their name, their user id, and how many questions they asked."""

    home: str
    name: str
    user_id: str
    asked: int = 0

    def take_password(self, office: Office) -> None:
        """The line that the operator handed over becomes the whole passfile."""
        office.home(self.home, office.passwords()[self.user_id])


class Connected:
    """A machine whose client is open."""

    def __init__(self, machine: Machine, client: Client) -> None:
        self.machine, self._client = machine, client

    async def asks(self, sql: str = SEES) -> tuple[str, bool]:
        """The answer's text, and whether it is an error."""
        self.machine.asked += 1
        result = await self._client.call_tool("execute_sales_query", {"postgresql_query": sql})
        return "".join(block.text for block in result.content if isinstance(block, TextContent)), bool(result.is_error)

    async def sees(self) -> list[str]:
        """The stores with their orders and revenue, a line each. Raises NotAsItShouldBe if the question fails."""
        text, failed = await self.asks()
        must(not failed, f"{self.machine.name} is told: {text}")
        return [json.dumps(row) for row in json.loads(text)["rows"]]

    async def answer(self) -> str:
        """The error that a question gets. Raises NotAsItShouldBe if it gets an answer."""
        text, failed = await self.asks()
        must(failed, f"{self.machine.name} still sees: {text}")
        return text


@asynccontextmanager
async def connected(office: Office, machine: Machine, **settings: str) -> AsyncIterator[Connected]:
    """The real server as a child of a real client, with nothing but the machine's home and env file."""
    parameters = StdioServerParameters(
        command=str(Path(sys.executable).with_name("zava-mcp")),
        args=["--env-file", "zava.env", "--user-id", machine.user_id],
        env={**office.environment(machine.home), **settings},
        cwd=office.folder,
    )
    async with Client(parameters) as client:
        yield Connected(machine, client)
