"""Everything that a client can observe of a server, as texts that can be compared."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp.shared.exceptions import MCPError

from tests.conftest import ToolClient, asking
from zava_mcp.settings import Settings

T = TypeVar("T")

_ROWS = 20


class Observer:
    """Sends the same to one or two servers, to both at the same time. Made by `observing`."""

    def __init__(self, portal: BlockingPortal, askers: list[ToolClient]) -> None:
        self._portal = portal
        self._askers = askers

    def answers(self, sql: str, plans: bool = True) -> list[tuple[str, str]]:
        """From each: the reply to a statement, and its plan. Without `plans`, rows are sorted instead."""

        async def ask(asker: ToolClient) -> tuple[str, str]:
            answer, failed = await asker.call("execute_sales_query", postgresql_query=sql, max_rows=_ROWS)
            plan = (await asker.call("explain_sales_query", postgresql_query=sql))[0] if plans else ""
            return answer if failed or plans else _sorted(answer), plan

        return self._each(ask)

    def calls(self, tool: str, arguments: dict[str, Any]) -> list[tuple[str, bool]]:
        """From each: the reply of a tool, and whether it is an error."""
        return self._each(lambda asker: asker.call(tool, **arguments))

    def requests(self, method: str, *arguments: Any) -> list[str]:
        """From each: the reply to one of the client's methods, as JSON; an error's code and text."""

        async def ask(asker: ToolClient) -> str:
            try:
                result = await getattr(asker.client, method)(*arguments)
            except MCPError as error:
                return f"{error.error.code}: {error.error.message}"
            return str(result.model_dump_json(exclude={"meta"}))

        return self._each(ask)

    def _each(self, ask: Callable[[ToolClient], Awaitable[T]]) -> list[T]:
        async def all_at_once() -> list[T]:
            return list(await asyncio.gather(*map(ask, self._askers)))

        return self._portal.call(all_at_once)


def _sorted(answer: str) -> str:
    reply = json.loads(answer)
    reply["rows"].sort(key=str)
    return json.dumps(reply)


@contextmanager
def observing(*each: Settings) -> Iterator[Observer]:
    """Servers with these settings, which are observed. What is raised meanwhile does not pass through them."""
    with start_blocking_portal() as portal, ExitStack() as stack:
        servers = [portal.wrap_async_context_manager(asking(settings)) for settings in each]
        askers = []
        for server in servers:
            askers.append(server.__enter__())
            stack.callback(server.__exit__, None, None, None)
        yield Observer(portal, askers)
