"""`zava-mcp help`: what a command does."""

from typing import Annotated

import typer

from zava_mcp.cli.app import app


@app.command(name="help")
def help_(
    ctx: typer.Context,
    command: Annotated[list[str] | None, typer.Argument(metavar="[COMMAND]...", help="Which command.")] = None,
) -> None:
    """Show what a command does and its options, as --help behind it does.

    Example: zava-mcp help query
    """
    root = ctx.find_root()
    root.command.main([*(command or []), "--help"], prog_name=root.info_name or "zava-mcp", standalone_mode=True)
