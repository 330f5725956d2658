"""The door for people: without a command it serves MCP over stdio, with one it answers on the terminal."""

import sys

from zava_mcp.search_paths import leave_working_directory_out
from zava_mcp.standard_streams import CANNOT_WRITE, flush_stdout, settle_interpreter, settle_streams

_INTERRUPTED = 130  # what shells call an end by Ctrl-C


def main() -> None:
    """The console script. The one place where failures are printed and become exit codes."""
    settle_streams()
    settle_interpreter()
    leave_working_directory_out()
    try:
        try:
            from zava_mcp.cli.commands import app

            app(prog_name="zava-mcp")
        finally:
            flush_stdout()
    except BrokenPipeError:  # `zava-mcp query … | head`
        sys.stdout = None  # nothing more can be written there, also not at exit
        sys.exit(0)
    except (Exception, KeyboardInterrupt) as error:  # ours, and any that follows a signal
        sys.exit(_exit_code(error))


def _exit_code(error: BaseException) -> int:
    """What a failure ends with; tells it, unless a signal came before it. Raises it again if it is not ours."""
    from zava_mcp.call_context import signal_before
    from zava_mcp.cli.display.output import print_error
    from zava_mcp.errors import OutputError, ZavaError

    if isinstance(error, OSError) and error.errno in CANNOT_WRITE:  # of the many places that print
        error = OutputError(error)
    if isinstance(error, OutputError):
        sys.stdout = None  # nothing more can be written there, also not at exit
        print_error(error)
        return error.exit_code
    if (signal := signal_before(error)) is not None:
        return _INTERRUPTED if isinstance(signal, KeyboardInterrupt) else _code(signal)
    if not isinstance(error, ZavaError):
        raise error
    print_error(error)
    return error.exit_code


def _code(end: BaseException) -> int:
    """The exit code of a SystemExit."""
    return end.code if isinstance(end, SystemExit) and isinstance(end.code, int) else 1
