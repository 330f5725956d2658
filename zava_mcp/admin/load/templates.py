"""Writes empty CSV files with the header of each table, and a description of their columns."""

import csv
from pathlib import Path

from zava_mcp.admin.load.fields import TABLES, Table
from zava_mcp.errors import InputError

_README = "columns.txt"
_KINDS = {
    "whole": "whole number",
    "amount": "amount",
    "date": "date",
    "moment": "date, with or without a time",
    "yes_no": "yes or no",
    "uuid": "UUID",
}


def write_templates(folder: Path) -> list[Path]:
    """Writes a file for each table, and one that describes their columns. Raises InputError if one exists."""
    files = {folder / f"{table.name}.csv": table for table in TABLES}
    existing = [path for path in (*files, folder / _README) if path.exists()]
    if existing:
        raise InputError(f"{existing[0]} exists already", "Name an empty folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, table in files.items():
            with path.open("x", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerow([field.name for field in table.fields])
        with (folder / _README).open("x", encoding="utf-8") as file:  # The mode "x" follows no link.
            file.write("\n\n".join(map(_described, TABLES)) + "\n")
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}", "Name another folder.") from None
    return [*files, folder / _README]


def _described(table: Table) -> str:
    lines = [f"{table.name}.csv"]
    for field in table.fields:
        kind = _KINDS.get(field.kind, "text")
        role = " (key)" if field.key else " (required)" if field.required else ""
        lines.append(f"  {field.name}{role}: {kind}; {field.meaning}")
    return "\n".join(lines)
