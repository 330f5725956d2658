"""Writes the result of `zava-mcp query --output FILE`: every row that the identity may see, without a row limit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from zava_mcp import call_context
from zava_mcp.cli.command_audit import flush_output
from zava_mcp.cli.display.messages import print_note, progress_bar
from zava_mcp.errors import InputError
from zava_mcp.plurals import counted
from zava_mcp.postgres.bound_sql import BoundSql
from zava_mcp.sales.export import open_writer
from zava_mcp.sales.service import SalesService, service_for
from zava_mcp.settings import Settings

DEFAULT_SECONDS = 600.0
_MAX_SECONDS = 86_400.0


def export(
    settings: Settings,
    prepare: Callable[[SalesService], BoundSql],
    path: Path,
    seconds: float | None,
    bom: bool,
    formulas: bool,
) -> None:
    """Write the rows of the query that `prepare` returns to a file. Raises InputError, and a query's errors."""
    seconds = DEFAULT_SECONDS if seconds is None else seconds
    if not 1 <= seconds <= _MAX_SECONDS:
        raise InputError(f"--timeout must be from 1 to {_MAX_SECONDS:,.0f} seconds, not {seconds:g}")
    settings = replace(settings, query_timeout=seconds)
    try:
        with progress_bar() as progress, service_for(settings, progress) as service:
            query = prepare(service)
            flush_output()  # The audit log must have the record before the file has the first row.
            with service.name_hints(), open_writer(path, bom, formulas) as writer:
                rows = service.export(query, writer, lambda count: progress(0.0, counted(count, "row")))
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}", "Free some space, or name another file."
        ) from None
    call_context.current_call().rows = rows
    flush_output(path.stat().st_size)
    print_note(f"{rows:,} {'row' if rows == 1 else 'rows'} written to {path}")
    for remark in call_context.current_call().take_remarks():
        print_note(remark)
