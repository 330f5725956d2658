"""What a client offers while somebody types an argument, as this identity sees it."""

from typing import TYPE_CHECKING

import anyio.to_thread
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference

from zava_mcp.errors import ZavaError
from zava_mcp.server.executor import BoundedExecutor
from zava_mcp.server.startup import Startup
from zava_mcp.server.tools.common import Server

if TYPE_CHECKING:
    from zava_mcp.sales.descriptions import SchemaSummary

_MOST = 100  # values, by the protocol
_SET_UP_SECONDS = 5.0  # seconds: somebody is typing


async def known_soon(startup: Startup, executor: BoundedExecutor) -> "SchemaSummary | None":
    """What there is to ask about, read once and kept; None if it cannot be read soon."""
    try:
        service = await anyio.to_thread.run_sync(startup.wait, _SET_UP_SECONDS, abandon_on_cancel=True)
        if service is None:
            return None
        reading = service.new_reader()
        return await executor.call(lambda: service.schema_summary(reading), reading.cancel)
    except (ToolError, ZavaError):
        return None


def add_completions(server: Server, startup: Startup, executor: BoundedExecutor) -> None:
    """Stores, categories and types, months and tables, for the arguments of prompts and resources."""

    async def complete(
        _of: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        _others: CompletionContext | None,
    ) -> Completion:
        offered = _OFFERED.get(argument.name)
        if offered is None or (there := await known_soon(startup, executor)) is None:
            return Completion(values=[], total=0, has_more=False)
        return _matching(offered(there), argument.value)

    server.completion()(complete)  # type: ignore[no-untyped-call]  # the SDK's decorator has no types


def _matching(values: list[str], typed: str) -> Completion:
    """Values that begin with what is typed, then those with a word that does, then those that contain it."""
    wanted = typed.strip().casefold()
    found = [value for value in values if wanted in value.casefold()]
    found.sort(key=lambda value: _distance(value.casefold(), wanted))
    return Completion(values=found[:_MOST], total=len(found), has_more=len(found) > _MOST)


def _distance(value: str, wanted: str) -> int:
    return 0 if value.startswith(wanted) else 1 if f" {wanted}" in value else 2


def categories_of(known: "SchemaSummary") -> list[str]:
    types = [name for names in known.types.values() for name in names]
    return list(dict.fromkeys([*known.types, *types]))


#: By the name of an argument, which means the same wherever it stands.
_OFFERED = {
    "table": lambda known: list(known.tables),
    "store": lambda known: known.stores,
    "month": lambda known: known.months(),
    "category": categories_of,
}
