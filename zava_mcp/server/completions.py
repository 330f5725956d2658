"""Completes arguments of prompts and resources with values that the identity may see."""

from typing import TYPE_CHECKING

import anyio.to_thread
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference

from zava_mcp.errors import ZavaError
from zava_mcp.guide import pages
from zava_mcp.server.server_context import ServerContext

if TYPE_CHECKING:
    from zava_mcp.sales.descriptions import SchemaSummary

_MAX_VALUES = 100  # the limit of MCP
_SET_UP_SECONDS = 5.0  # short, because a person is typing


async def read_summary(app: ServerContext) -> "SchemaSummary | None":
    """The names that arguments can have, read once and kept; None if they cannot be read within five seconds."""
    try:
        service = await anyio.to_thread.run_sync(app.source.wait, _SET_UP_SECONDS, abandon_on_cancel=True)
        if service is None:
            return None
        reading = service.new_reader()
        return await app.executor.call(lambda: service.schema_summary(reading), reading.cancel)
    except (ToolError, ZavaError):
        return None


def add_completions(app: ServerContext) -> None:
    """Completes stores, categories and product types, months, tables and pages of the guide."""

    async def complete(
        _reference: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        _others: CompletionContext | None,
    ) -> Completion:
        if argument.name == "page":
            return _match(list(pages()), argument.value)
        candidates = _CANDIDATES.get(argument.name)
        if candidates is None or (summary := await read_summary(app)) is None:
            return Completion(values=[], total=0, has_more=False)
        return _match(candidates(summary), argument.value)

    app.server.completion()(complete)  # type: ignore[no-untyped-call]  # the SDK's decorator has no types


def _match(values: list[str], typed: str) -> Completion:
    """Values that begin with the typed text, then those with a word that begins with it, then those that contain it."""
    text = typed.strip().casefold()
    matches = [value for value in values if text in value.casefold()]
    matches.sort(key=lambda value: _match_rank(value.casefold(), text))
    return Completion(values=matches[:_MAX_VALUES], total=len(matches), has_more=len(matches) > _MAX_VALUES)


def _match_rank(value: str, text: str) -> int:
    return 0 if value.startswith(text) else 1 if f" {text}" in value else 2


def categories_of(known: "SchemaSummary") -> list[str]:
    """The names of all categories, then those of all product types."""
    types = [name for names in known.types.values() for name in names]
    return list(dict.fromkeys([*known.types, *types]))


#: By the name of an argument, which means the same in every prompt and resource.
_CANDIDATES = {
    "table": lambda known: list(known.tables),
    "store": lambda known: known.stores,
    "month": lambda known: known.months(),
    "category": categories_of,
}
