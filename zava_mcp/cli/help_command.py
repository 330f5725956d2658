"""`zava-mcp help`: prints the help of a command."""

from typing import Annotated

import typer

from zava_mcp.cli.app import app


@app.command(name="help")
def help_(
    ctx: typer.Context,
    command: Annotated[list[str] | None, typer.Argument(metavar="[COMMAND]...", help="A command's name.")] = None,
) -> None:
    """Print what a command does and its options, as COMMAND --help does.

    Example: zava-mcp help query
    """
    root = ctx.find_root()
    root.command.main([*(command or []), "--help"], prog_name=root.info_name or "zava-mcp", standalone_mode=True)
