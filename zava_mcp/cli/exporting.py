"""`zava-mcp query --output FILE`: every row that the identity may see, not only as many as a model should read."""

from dataclasses import replace
from pathlib import Path

from zava_mcp import calls
from zava_mcp.cli.output import note, progress_bar
from zava_mcp.cli.watched import show_now
from zava_mcp.errors import InputError
from zava_mcp.retail.export import written_to
from zava_mcp.retail.shop import Shop
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
        with progress_bar() as tell, Shop(settings, tell) as shop:
            show_now()  # its record stands in the audit log before the first row leaves
            with shop.hints(), written_to(path, bom, formulas) as writer:
                rows = shop.export(sql, writer, lambda number: tell(0.0, f"{number:,} rows"))
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}", "Make room, or name another file.") from None
    calls.now().rows = rows
    show_now(path.stat().st_size)
    note(f"{rows:,} rows written to {path}")
    for remark in calls.now().take_remarks():
        note(remark)
