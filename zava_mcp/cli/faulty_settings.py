"""Faulty settings of a server that an MCP client starts: the client and its user read them through the protocol."""

import os
import re
import stat
import sys
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from zava_mcp.errors import SettingsError, ZavaError
from zava_mcp.settings.table import SETTINGS
from zava_mcp.suggestions import did_you_mean

_CHOICE = re.compile(r"'([^']*)' is not one of (.*)")
_ADDRESS = re.compile(r"\S*(?:://|@)\S*")  # which may hold a password


#: Typer brings its own copy of click, whose errors it does not export.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class ServingGroup(TyperGroup):
    """The commands; arguments that make none of them are a fault of the settings where a client waits for an answer."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except _UsageError as error:
            _serve_usage_fault(error)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The settings that have no option."""
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
        """As Typer's; a value that is none of an option's choices is answered with the nearest."""
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
    found = _CHOICE.search(message)
    if found is None:
        return message
    meant = did_you_mean(found[1], re.findall(r"'([^']*)'", found[2]))
    return f"{message.replace('Value error, ', '').rstrip('.')}{meant}."


def _serve_usage_fault(error: Any) -> NoReturn:
    if not client_waits():
        raise error
    text = _ADDRESS.sub("(hidden)", error.format_message())
    serve_fault(SettingsError(text.rstrip("."), "Correct `args` in the client's configuration."))


def client_waits() -> bool:
    """Whether stdin is a pipe or a socket, as from an MCP client; not a terminal, a file or nothing."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def serve_fault(fault: ZavaError) -> NoReturn:
    """Serves the fault, and nothing else, until the client goes; ends the process with the fault's exit code.

    Raises the fault where no client waits.
    """
    if not client_waits():
        raise fault
    from zava_mcp.cli.display.output import print_error
    from zava_mcp.cli.logging_setup import start_logging
    from zava_mcp.server.run import run_faulty
    from zava_mcp.settings import load

    print_error(fault)
    settings = load({}, {})
    start_logging(settings)
    sys.stderr.flush()
    run_faulty(settings, fault)
