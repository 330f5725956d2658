"""The door for people: without a command it serves MCP over stdio, with one it answers on the terminal."""

import sys


def main() -> None:
    """The console script. The one place where failures are printed and become exit codes."""
    from zava_mcp.cli.commands import app
    from zava_mcp.cli.output import complain
    from zava_mcp.errors import ZavaError

    try:
        app(prog_name="zava-mcp")
    except ZavaError as error:
        complain(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `zava-mcp query … | head`
        sys.stdout = None  # nothing more can be written there, also not at exit
        sys.exit(0)
