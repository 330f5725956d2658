"""`zava-mcp query --output FILE`: every row that the identity may see, not only as many as a model should read."""

from dataclasses import replace
from pathlib import Path

from zava_mcp import call_context
from zava_mcp.cli.command_audit import flush_output
from zava_mcp.cli.display.output import print_note, progress_bar
from zava_mcp.errors import InputError
from zava_mcp.sales.export import open_writer
from zava_mcp.sales.service import SalesService
from zava_mcp.settings import Settings

DEFAULT_SECONDS = 600.0
_LONGEST = 86_400.0


def export(settings: Settings, sql: str, path: Path, seconds: float | None, bom: bool, formulas: bool) -> None:
    """Writes a query's rows to a file. Raises InputError, and what asking a query raises."""
    seconds = DEFAULT_SECONDS if seconds is None else seconds
    if not 1 <= seconds <= _LONGEST:
        raise InputError(f"--timeout must be from 1 to {_LONGEST:,.0f} seconds, not {seconds:g}")
    settings = replace(settings, query_timeout=seconds)
    try:
        with progress_bar() as tell, SalesService(settings, tell) as service:
            flush_output()  # its record stands in the audit log before the first row leaves
            with service.name_hints(), open_writer(path, bom, formulas) as writer:
                rows = service.export(sql, writer, lambda number: tell(0.0, f"{number:,} rows"))
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}", "Make room, or name another file.") from None
    call_context.current_call().rows = rows
    flush_output(path.stat().st_size)
    print_note(f"{rows:,} rows written to {path}")
    for remark in call_context.current_call().take_remarks():
        print_note(remark)
