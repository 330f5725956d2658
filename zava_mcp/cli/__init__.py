"""The command line: without a command it serves MCP over stdio, with a command it prints results."""

import sys

from zava_mcp.search_paths import exclude_working_directory
from zava_mcp.standard_streams import CANNOT_WRITE, flush_stdout, repair_streams, reset_interpreter

_INTERRUPTED = 130  # exit code of shells after Ctrl-C


def main() -> None:
    """Run the console script: print errors and turn them into exit codes."""
    repair_streams()
    reset_interpreter()
    exclude_working_directory()
    try:
        try:
            from zava_mcp.cli.start_server import server_options, start_server

            if (options := server_options(sys.argv[1:])) is not None:
                start_server(options)
            from zava_mcp.cli.commands import app

            app(prog_name="zava-mcp")
        finally:
            flush_stdout()
    except BrokenPipeError:  # For example `zava-mcp query … | head`.
        sys.stdout = None  # Python must not flush stdout at exit, because writing to it fails.
        sys.exit(0)
    except (Exception, KeyboardInterrupt) as error:
        sys.exit(_exit_code(error))


def _exit_code(error: BaseException) -> int:
    """Print an error, unless a signal preceded it, and return its exit code. Raises unexpected errors again."""
    from zava_mcp.call_context import preceding_signal
    from zava_mcp.cli.display.messages import print_error
    from zava_mcp.errors import OutputError, ZavaError

    if isinstance(error, OSError) and error.errno in CANNOT_WRITE:  # `print` raises OSError itself.
        error = OutputError(error)
    if isinstance(error, OutputError):
        sys.stdout = None  # Python must not flush stdout at exit, because writing to it fails.
        print_error(error)
        return error.exit_code
    if (signal := preceding_signal(error)) is not None:
        return _INTERRUPTED if isinstance(signal, KeyboardInterrupt) else _system_exit_code(signal)
    if not isinstance(error, ZavaError):
        raise error
    print_error(error)
    return error.exit_code


def _system_exit_code(error: BaseException) -> int:
    """Return the exit code of a SystemExit."""
    return error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else 1
