"""`zava-mcp init`: builds, upgrades, adopts or resets the database."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from zava_mcp.cli.app import app, is_given, settings_of
from zava_mcp.cli.options import AdminUrl, DataDir, EnvFile
from zava_mcp.settings import Settings


@app.command()
def init(
    ctx: typer.Context,
    sample: Annotated[bool, typer.Option(help="Fill a new database with the sample.")] = True,
    scale: Annotated[float, typer.Option(help="Size of the sample: 1 is about 200,000 orders.")] = 1.0,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the sample; today if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes another sample.")] = 42,
    passwords_file: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="On a server: write generated passwords there, as a libpq passfile."),
    ] = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over an existing Zava database, without touching a row of it.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --adopt: only print the SQL that would run.")
    ] = False,
    take_over_roles: Annotated[
        bool,
        typer.Option(
            "--take-over-roles",
            help="On a server: make roles of our names ours that others made. Resets their passwords and memberships.",
        ),
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Remove the embedded database, after a question, and build a new one.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --reset: do not ask.")] = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Build or upgrade the database: schema, identities, sample. Changes nothing that is already there.

    Example: zava-mcp init --scale 0.1
    """
    settings = settings_of(ctx, ZAVA_ENV_FILE=env_file, ZAVA_ADMIN_DATABASE_URL=admin_url, ZAVA_DATA_DIR=data_dir)
    from zava_mcp.admin.init import adopt_database, initialise, reset_embedded
    from zava_mcp.admin.sample import Sample
    from zava_mcp.cli.display.output import progress_bar, show_report
    from zava_mcp.errors import InputError

    if dry_run and not adopt:
        raise InputError("--dry-run is for --adopt", "Without --adopt, init changes nothing that is already there.")
    if reset and (adopt or passwords_file or take_over_roles or not sample):
        raise InputError("--reset is for the embedded database alone", "Leave the other options out.")
    wanted = Sample(scale, as_of.date() if as_of else None, seed)
    if reset:
        _confirm_reset(settings, yes)
    with progress_bar() as tell:
        if reset:
            report = reset_embedded(settings, wanted, tell)
        elif adopt:
            report = adopt_database(settings, dry_run, passwords_file, tell, take_over_roles)
        else:
            chosen = [name for name in ("scale", "as_of", "seed") if is_given(ctx, name)]
            report = initialise(settings, wanted if sample else None, passwords_file, tell, take_over_roles, chosen)
    show_report(report, only_sql=dry_run)


def _confirm_reset(settings: Settings, yes: bool) -> None:
    """Asks before a database is removed. Raises InputError where nobody can be asked, Exit for a no."""
    from zava_mcp.admin.init import lost_by_reset
    from zava_mcp.errors import InputError

    lost = lost_by_reset(settings)
    if lost is None or yes:
        return
    if not sys.stdin.isatty():
        raise InputError("--reset removes the database and asks before, but nobody is at a terminal", "Add --yes.")
    added = f", among them the identities {', '.join(lost)}" if lost else ""
    if not typer.confirm(f"Remove the embedded database with everything in it{added}?", err=True):
        raise typer.Exit(1)
