"""`zava-mcp guide check`: runs the checks of a chapter's exercises on the learner's files."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from zava_mcp.cli.app import load_settings

if TYPE_CHECKING:
    from zava_mcp.guide import Page


def check_exercises(ctx: typer.Context, chapter: "Page", folder: Path | None) -> None:
    """Print a line for each exercise. Raises Exit with 1 unless all are right, InputError without exercises."""
    settings = load_settings(ctx)
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_text
    from zava_mcp.errors import InputError
    from zava_mcp.exercises.lab import Lab
    from zava_mcp.exercises.registry import exercises_of

    exercises = exercises_of(chapter.number)
    if not exercises:
        raise InputError(f"{chapter.name} has no exercises", "Name a chapter with exercises, such as 00.")
    if folder is not None and not folder.is_dir():
        raise InputError(f"{folder} is not a folder", "Name the folder in which you wrote your answers.")
    with progress_bar() as progress, Lab(settings, progress) as lab:
        verdicts = [exercise.verdict(folder or Path(), lab) for exercise in exercises]
    show_text("\n".join(verdict.text for verdict in verdicts))
    if not all(verdict.is_right for verdict in verdicts):
        raise typer.Exit(1)
