"""`zava-mcp` without a command: serves MCP on stdin and stdout."""

import gc
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.faulty_settings import serve_fault
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile, LogLevel, UserId
from zava_mcp.errors import ZavaError

if TYPE_CHECKING:
    from zava_mcp.server.startup import Startup


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
    version: Annotated[  # noqa: ARG001  # The callback reads it.
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version.")
    ] = False,
    check_settings: Annotated[
        Literal["read", "write"] | None,
        typer.Option("--check-settings", hidden=True, help="Print the version and the fault of the settings."),
    ] = None,
) -> None:
    """Keep the options for a command, or start the server if there is no command."""
    ctx.obj = {
        "ZAVA_USER_ID": user_id,
        "ZAVA_ENV_FILE": env_file,
        "ZAVA_DATABASE_URL": database_url,
        "ZAVA_DATA_DIR": data_dir,
        "ZAVA_LOG_LEVEL": log_level,
    }
    if check_settings:
        _check_settings(ctx, check_settings)
    if ctx.invoked_subcommand is None:
        _serve(ctx)


def _check_settings(ctx: typer.Context, access: str) -> NoReturn:
    """Print the version, and the error that the server would answer every call with; `doctor` reads both.

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


def _serve(ctx: typer.Context) -> None:
    """Start PostgreSQL before importing the SDK, so that its processes start while the import runs."""
    gc.disable()  # Imports create no garbage. `run` enables the collector again.
    from zava_mcp.server.startup import Startup

    try:
        settings = load_settings(ctx)
        startup = Startup(settings)
    except ZavaError as error:
        serve_fault(error)

    _handle_signals(startup)
    startup.start_postgres()
    if sys.stdin and sys.stdin.isatty():
        from zava_mcp.cli.display.messages import print_note

        print_note("serving MCP on stdin and stdout; press Ctrl-C to stop. For a demonstration: zava-mcp demo")
    from zava_mcp.server.run import run

    run(settings, startup)


def _handle_signals(startup: "Startup") -> None:
    """Exit on signals, until the event loop handles them."""

    def stop(signum: int, _: object) -> None:
        startup.close()
        os._exit(128 + signum)

    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
