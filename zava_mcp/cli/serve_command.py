"""`zava-mcp` without a command: serves MCP on stdin and stdout."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Literal, NoReturn

import typer

from zava_mcp.cli.app import app, keep_options, load_settings
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile, LogLevel, UserId
from zava_mcp.cli.start_server import start_server
from zava_mcp.errors import ZavaError


def print_version(requested: bool) -> None:
    """Print the version and exit, if the option was given."""
    if requested:
        from importlib.metadata import version

        print(f"zava-mcp {version('zava-mcp')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def serve(
    ctx: typer.Context,
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    log_level: LogLevel = None,
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version.")
    ] = False,
    check_settings: Annotated[
        Literal["read", "write"] | None,
        typer.Option("--check-settings", hidden=True, help="Print the version and the fault of the settings."),
    ] = None,
) -> None:
    """Keep the options for a command, or start the server if there is no command."""
    keep_options(ctx)
    if check_settings:
        _check_settings(ctx, check_settings)
    if ctx.invoked_subcommand is None:
        start_server(ctx.obj)


def _check_settings(ctx: typer.Context, access: str) -> NoReturn:
    """Print the version, and the error with which the server would reject every call; `doctor` reads both.

    Only the access "write" opens the audit log, which creates it.
    """
    from zava_mcp.server.startup import Startup

    with suppress(typer.Exit):
        print_version(True)
    try:
        settings = load_settings(ctx)
        if access == "read":
            settings = replace(settings, telemetry=replace(settings.telemetry, audit_log=None))
        Startup(settings).close()
    except ZavaError as error:
        print(json.dumps([type(error).__name__, error.message, error.hint]))
    raise typer.Exit
