"""Reports faulty settings through MCP when an MCP client started the server, so that its user can read them."""

import re
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from zava_mcp.cli.start_server import client_waits, serve_fault
from zava_mcp.errors import SettingsError
from zava_mcp.settings.table import SETTINGS
from zava_mcp.suggestions import did_you_mean

_CHOICE = re.compile(r"'([^']*)' is not one of (.*)")
_ADDRESS = re.compile(r"\S*(?:://|@)\S*")  # An address may contain a password.


#: Typer has its own copy of click, whose errors it does not export.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class ServingGroup(TyperGroup):
    """The commands; for an MCP client, invalid arguments are reported as a fault of its configuration."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except _UsageError as error:
            _serve_usage_fault(error)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Add the settings that have no option to the help."""
        options = {option.envvar for option in self.params}
        super().format_epilog(ctx, formatter)
        with formatter.section("Settings in the environment or the file of --env-file"):
            formatter.write_dl(
                [
                    (setting.name, setting.meaning.replace("`", ""))
                    for setting in SETTINGS
                    if setting.name not in options
                ]
            )

    def invoke(self, ctx: Any) -> Any:
        """Run the command; the error about an invalid choice suggests the nearest valid one."""
        try:
            return super().invoke(ctx)
        except _UsageError as error:
            error.message = _with_suggestion(str(getattr(error, "message", "")))  # type: ignore[attr-defined]
            raise

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except _UsageError as error:
            _serve_usage_fault(error)


def _with_suggestion(message: str) -> str:
    match = _CHOICE.search(message)
    if match is None:
        return message
    suggestion = did_you_mean(match[1], re.findall(r"'([^']*)'", match[2]))
    return f"{message.replace('Value error, ', '').rstrip('.')}{suggestion}."


def _serve_usage_fault(error: Any) -> NoReturn:
    if not client_waits():
        raise error
    text = _ADDRESS.sub("(hidden)", error.format_message())
    serve_fault(SettingsError(text.rstrip("."), "Correct `args` in the client's configuration."))
