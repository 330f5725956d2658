"""`zava-mcp load`: loads files with rows of a company."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import AdminUrl, DataDir, EnvFile


@app.command()
def load(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="CSV, TSV, JSON lines or Excel.")
    ] = None,
    table: Annotated[
        str | None, typer.Option("--table", metavar="TABLE", help="The table; default: by file name and header.")
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=FIELD", help="The field of a column; COLUMN= ignores it. Repeatable."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Load and check everything, then undo it.")] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File for rejected rows; default: beside each file, as NAME.rejects.csv."),
    ] = None,
    skip_rejected: Annotated[
        bool, typer.Option("--skip-rejected", help="Load a file without its rejected rows.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Load files that were loaded before again.")] = False,
    decimal: Annotated[str, typer.Option(metavar="comma|point", help="Decimal separator; default: detected.")] = "",
    dates: Annotated[
        str, typer.Option(metavar="FORMAT", help="Format of dates, e.g. DD/MM/YYYY; default: detected.")
    ] = "",
    template: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write empty files of all tables to a folder, and exit.")
    ] = None,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Load rows from files: new ones are added, changed ones updated. Each file is loaded as a whole or not at all.

    Example: zava-mcp load shop/*.csv --dry-run
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.load.files import LoadOptions, load_files
    from zava_mcp.admin.load.plans import Choices
    from zava_mcp.admin.load.templates import write_templates
    from zava_mcp.cli.display.escape import escape
    from zava_mcp.cli.display.messages import print_lines, progress_bar
    from zava_mcp.errors import InputError

    if template is not None:
        for path in write_templates(template):
            print(escape(str(path)))
        return
    if not files:
        raise InputError("no files to load", "Name them: zava-mcp load shop/*.csv; `--template DIR` writes examples.")
    choices = Choices(table, _columns(map_ or []), *_notation(decimal, dates))
    options = LoadOptions(choices, dry_run, rejects, skip_rejected, again)
    with progress_bar(time_left=True) as progress:
        load_files(settings, files, options, lambda line: print_lines(escape(line)), progress)
    sys.stdout.flush()


def _columns(texts: list[str]) -> dict[str, str]:
    """The columns of `--map`. Raises InputError for a text without an equals sign."""
    from zava_mcp.errors import InputError

    pairs = [text.rpartition("=") for text in texts]
    for text, (_, equals, _) in zip(texts, pairs, strict=True):
        if not equals:
            raise InputError(f"--map {text[:60]!r} has no equals sign", "Write --map COLUMN=FIELD.")
    return {column.strip(): field.strip() for column, _, field in pairs}


def _notation(decimal: str, dates: str) -> tuple[str, str]:
    """The chosen notation. Raises InputError for an unknown one."""
    from zava_mcp.admin.load.notation import DATE_FORMATS
    from zava_mcp.errors import InputError

    if decimal not in ("", "comma", "point"):
        raise InputError(f"--decimal is comma or point, not {decimal[:60]!r}", "Leave it out to detect it.")
    if dates and dates.upper() not in DATE_FORMATS:
        raise InputError(f"there is no date format {dates[:60]!r}", f"The formats are: {', '.join(DATE_FORMATS)}.")
    return decimal, dates.upper()
