"""Client machines: a login, a home folder with a passfile, and a client that starts the server over stdio."""

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
    """A client machine: its home folder, its identity's name and user id, and its number of calls."""

    home: str
    name: str
    user_id: str
    calls: int = 0

    def take_password(self, office: Office) -> None:
        """Replaces the passfile by the identity's line of the passwords file."""
        office.home(self.home, office.passwords()[self.user_id])


class Connected:
    """A machine with a connected client."""

    def __init__(self, machine: Machine, client: Client) -> None:
        self.machine, self._client = machine, client

    async def call(self, sql: str = SEES) -> tuple[str, bool]:
        """Calls execute_sales_query; returns the result's text, and whether it is an error."""
        self.machine.calls += 1
        result = await self._client.call_tool("execute_sales_query", {"postgresql_query": sql})
        return "".join(block.text for block in result.content if isinstance(block, TextContent)), bool(result.is_error)

    async def sees(self) -> list[str]:
        """The stores with their orders and revenue, a line each. Raises NotAsItShouldBe if the call fails."""
        text, failed = await self.call()
        must(not failed, f"{self.machine.name} got: {text}")
        return [json.dumps(row) for row in json.loads(text)["rows"]]

    async def refusal(self) -> str:
        """The error of a call. Raises NotAsItShouldBe if the call succeeds."""
        text, failed = await self.call()
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
