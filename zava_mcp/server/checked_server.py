"""An MCPServer that checks names and arguments of requests, and bounds the length of what its errors repeat."""

from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.context import Context
from mcp.server.mcpserver.exceptions import ResourceError, ToolError, UnexpectedToolError
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, INVALID_REQUEST, CallToolResult, Prompt, TextContent, Tool

from zava_mcp import call_context
from zava_mcp.errors import InputError, ZavaError
from zava_mcp.server.argument_values import WrongArgument
from zava_mcp.server.arguments import MAX_LISTED, normalize_arguments
from zava_mcp.server.request_shapes import SQL_ARGUMENT, unreadable_arguments
from zava_mcp.server.resource_uris import check_parameters
from zava_mcp.server.sdk_internals import registered_tool, registered_tools, without_prefix
from zava_mcp.server.tool_errors import error_text, tool_error
from zava_mcp.suggestions import did_you_mean

_NAME_CHARACTERS = 60  # characters of an unknown name that an error repeats
_URI_CHARACTERS = 30_000  # enough for the longest search text with each of its characters escaped


class CheckedServer(MCPServer[Any]):
    """Accepts arguments in the forms that clients write, and explains what is wrong with a request.

    With a `fault` of the settings, every call fails with that fault. `is_listed` says which tools and prompts are
    listed; the others can be called all the same.
    """

    def __init__(self, is_listed: Callable[[str], bool], fault: ZavaError | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self._is_listed = is_listed
        self._fault = fault

    async def list_tools(self) -> list[Tool]:
        return [tool for tool in await super().list_tools() if self._is_listed(tool.name)]

    async def list_prompts(self) -> list[Prompt]:
        return [prompt for prompt in await super().list_prompts() if self._is_listed(prompt.name)]

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None) -> Any:
        if self._fault is not None:
            raise tool_error(self._fault)
        accepted = self._tool_arguments(name, arguments)
        call = call_context.current_call()
        try:
            result = await super().call_tool(name, accepted, context)
        except ToolError as error:
            if isinstance(error, UnexpectedToolError):
                call.record_error(error.__cause__ or error)
            raise ToolError(" ".join([without_prefix(str(error), name), *call.take_remarks()])) from None
        if (remarks := call.take_remarks()) and isinstance(result, CallToolResult):
            # The tool's own hint did not include these remarks.
            result.content.append(TextContent(text=f"hint: {' '.join(remarks)}"))
        return result

    def _tool_arguments(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments that the tool accepts, recorded in the current call. Raises ToolError."""
        tool = registered_tool(self, name)
        if tool is None:
            raise tool_error(InputError(self._unknown_tool(name)))
        call = call_context.current_call()
        try:
            if fault := unreadable_arguments.get():
                raise WrongArgument(fault)
            schemas, required = tool.parameters["properties"], set(tool.parameters.get("required", ()))
            accepted, ignored = normalize_arguments(arguments, schemas, required)
        except WrongArgument as error:
            raise tool_error(InputError(str(error))) from None
        call.sql = accepted.get(SQL_ARGUMENT, call.sql)
        call.remarks += [ignored] * bool(ignored)
        return accepted

    def _unknown_tool(self, name: str) -> str:
        names = [tool.name for tool in registered_tools(self)]
        fault = f"there is no tool {name[:_NAME_CHARACTERS]!r}{did_you_mean(name, names)}"
        return f"{fault}. The tools are: {', '.join(names)}."

    async def read_resource(self, uri: Any, context: Context[Any, Any] | None = None) -> Any:
        if self._fault is not None:
            raise ResourceError(error_text(self._fault))
        if len(str(uri)) > _URI_CHARACTERS:
            raise MCPError(INVALID_PARAMS, f"the URI is longer than {_URI_CHARACTERS:,} characters")
        try:
            check_parameters(str(uri), [template.uri_template for template in await self.list_resource_templates()])
        except WrongArgument as fault:
            raise MCPError(INVALID_PARAMS, str(fault)) from None
        return await super().read_resource(uri, context)

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[Any, Any] | None = None
    ) -> Any:
        if self._fault is not None:
            raise MCPError(INVALID_REQUEST, error_text(self._fault))
        prompts = {prompt.name: prompt for prompt in await super().list_prompts()}
        if name not in prompts:
            fault = f"there is no prompt {name[:_NAME_CHARACTERS]!r}{did_you_mean(name, list(prompts))}"
            raise MCPError(INVALID_PARAMS, f"{fault}. The prompts are: {', '.join(prompts)}.")
        known = {argument.name: bool(argument.required) for argument in prompts[name].arguments or []}
        values = {name: value for name, value in (arguments or {}).items() if value not in (None, "")}
        if faults := _prompt_faults(values, known):
            raise MCPError(INVALID_PARAMS, f"{'; '.join(faults)}. The arguments are: {', '.join(known)}.")
        return await super().get_prompt(name, values, context)


def _prompt_faults(values: dict[str, Any], known: dict[str, bool]) -> list[str]:
    """The faults of the arguments of a prompt; `known` has whether each argument is required."""
    faults = [
        f"there is no argument {name[:_NAME_CHARACTERS]!r}" for name in list(values)[:MAX_LISTED] if name not in known
    ]
    return faults + [
        f"the argument {name!r} is missing" for name, required in known.items() if required and name not in values
    ]
