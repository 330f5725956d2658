"""Starts the MCP server on stdin and stdout. This module does not import typer, which would delay the first reply."""

import gc
import os
import signal
import stat
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from zava_mcp.errors import ZavaError
from zava_mcp.settings import Settings, load
from zava_mcp.standard_streams import remove_session_variables, take_standard_streams

if TYPE_CHECKING:
    from zava_mcp.server.first_replies import FirstReplies
    from zava_mcp.server.startup import Startup

_OPTIONS = {
    "--user-id": "ZAVA_USER_ID",
    "--env-file": "ZAVA_ENV_FILE",
    "--database-url": "ZAVA_DATABASE_URL",
    "--data-dir": "ZAVA_DATA_DIR",
    "--log-level": "ZAVA_LOG_LEVEL",
}
_COMPLETION = "_ZAVA_MCP_COMPLETE"  # set by shells that ask for completions


def server_options(arguments: Sequence[str]) -> dict[str, str | None] | None:
    """Return the settings of a command line that only starts the server, None for every other one.

    Typer parses the others, among them the faulty ones.
    """
    if _COMPLETION in os.environ:
        return None
    options: dict[str, str | None] = {}
    rest = iter(arguments)
    for argument in rest:
        name, equals, text = argument.partition("=")
        value = text if equals else next(rest, "-")
        if name not in _OPTIONS or value.startswith("-"):
            return None
        options[_OPTIONS[name]] = value
    return options


def prepare(options: Mapping[str, str | None]) -> Settings:
    """Return the settings, and start logging. Raises SettingsError."""
    from zava_mcp.cli.logging_setup import start_logging

    settings = load(options)
    start_logging(settings)
    remove_session_variables()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # Exiting runs cleanup, which the default handler does not.
    return settings


def start_server(options: Mapping[str, str | None]) -> NoReturn:
    """Start PostgreSQL before importing the SDK, so that its processes start while the import runs."""
    gc.disable()  # Imports create no garbage. `run` enables the collector again.
    from zava_mcp.server.startup import Startup

    try:
        settings = prepare(options)
        startup = Startup(settings)
    except ZavaError as error:
        serve_fault(error)

    _handle_signals(startup)
    if sys.stdin and sys.stdin.isatty():
        from zava_mcp.cli.display.messages import print_note

        print_note("serving MCP on stdin and stdout; press Ctrl-C to stop. For a demonstration: zava-mcp demo")
    first = _first_replies(settings)
    startup.start_postgres()
    from zava_mcp.server.run import run

    run(settings, startup, first)


def _first_replies(settings: Settings) -> "FirstReplies":
    """Take stdin and stdout, and begin to answer the client's first requests if their replies are recorded."""
    from zava_mcp.server.first_replies import FirstReplies
    from zava_mcp.server.recorded_replies import NO_REPLIES, find_replies

    is_pipe = sys.platform != "win32" and client_waits()  # Windows cannot wait for pipes to be ready.
    return FirstReplies(find_replies(settings) if is_pipe else NO_REPLIES, *take_standard_streams())


def _handle_signals(startup: "Startup") -> None:
    """Exit on signals, until the event loop handles them."""

    def stop(signum: int, _: object) -> None:
        startup.close()
        os._exit(128 + signum)

    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)


def client_waits() -> bool:
    """Whether stdin is a pipe or a socket, as from an MCP client, rather than a terminal, a file or closed."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def serve_fault(fault: ZavaError) -> NoReturn:
    """Serve only the fault until the client disconnects, then exit with the fault's exit code.

    Raises the fault if no client waits.
    """
    if not client_waits():
        raise fault
    from zava_mcp.cli.display.messages import print_error
    from zava_mcp.cli.logging_setup import start_logging
    from zava_mcp.server.run import run_faulty

    print_error(fault)
    settings = load({}, {})
    start_logging(settings)
    sys.stderr.flush()
    run_faulty(settings, fault)
