"""The question before an embedded database is removed."""

import sys

import typer

from zava_mcp.settings import Settings


def confirm_reset(settings: Settings, yes: bool) -> None:
    """Asks before a database is removed. Raises InputError where nobody can be asked, Exit for a no."""
    from zava_mcp.database.opening import lost_by_reset
    from zava_mcp.errors import InputError

    lost = lost_by_reset(settings)
    if lost is None or yes:
        return
    if not sys.stdin.isatty():
        raise InputError("--reset removes the database and asks before, but nobody is at a terminal", "Add --yes.")
    added = f", among them the identities {', '.join(lost)}" if lost else ""
    if not typer.confirm(f"Remove the embedded database with everything in it{added}?", err=True):
        raise typer.Exit(1)
