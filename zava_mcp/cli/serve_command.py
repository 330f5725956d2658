"""`zava-mcp` without a command: serves MCP on stdin and stdout."""

import gc
import os
import signal
import sys
from typing import Annotated

import typer

from zava_mcp.cli.app import app, settings_of
from zava_mcp.cli.faulty_settings import serve_fault
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile, LogLevel, UserId
from zava_mcp.errors import ZavaError


def version_wanted(wanted: bool) -> None:
    """Prints the version and ends."""
    if wanted:
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
    version: Annotated[  # noqa: ARG001  # answered by its callback
        bool, typer.Option("--version", callback=version_wanted, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Serve when no command is given; keep the options for a command otherwise."""
    ctx.obj = {
        "ZAVA_USER_ID": user_id,
        "ZAVA_ENV_FILE": env_file,
        "ZAVA_DATABASE_URL": database_url,
        "ZAVA_DATA_DIR": data_dir,
        "ZAVA_LOG_LEVEL": log_level,
    }
    if ctx.invoked_subcommand is None:
        _serve(ctx)


def _serve(ctx: typer.Context) -> None:
    """The order matters for the start: PostgreSQL in its own processes first, the SDK's import beside it."""
    gc.disable()  # importing makes no garbage; switched on again before serving
    from zava_mcp.server.startup import Startup

    try:
        settings = settings_of(ctx)
        startup = Startup(settings)
    except ZavaError as error:
        serve_fault(error)

    def end(signum: int, _: object) -> None:  # until the event loop takes the signals over
        startup.close()
        os._exit(128 + signum)

    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    startup.start_postgres()
    if sys.stdin and sys.stdin.isatty():
        from zava_mcp.cli.display.output import print_note

        print_note("serving MCP on stdin and stdout; Ctrl-C ends it. To see it at work: zava-mcp demo")
    from zava_mcp.server.run import run

    run(settings, startup)
