"""Writes the rows that were rejected to a CSV file: line, column, reason, and the original cells."""

import csv
import errno
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from zava_mcp.admin.load.plans import Plan
from zava_mcp.errors import InputError
from zava_mcp.trusted_files import replaced_atomically

SUFFIX = ".rejects.csv"


class RejectsFile:
    """Where rejected rows go: beside each file, or into the file that the administrator named."""

    def __init__(self, path: Path | None, several: bool) -> None:
        self._path, self._several = path, several

    def path_for(self, plan: Plan) -> Path:
        """The file for the rejected rows of a plan; a named file gets the names of several inputs."""
        source = plan.source.path
        if self._path is None:
            return source.with_name(f"{source.stem}{SUFFIX}")
        return self._path.with_stem(f"{self._path.stem}-{source.stem}") if self._several else self._path

    def write(self, plan: Plan, rejected: Iterable[tuple[int, str, str]]) -> Path:
        """Writes the rejected rows, in the order of their lines. Raises InputError if it cannot."""
        path = self.path_for(plan)
        try:
            _refuse_special(path)
            with replaced_atomically(path) as binary, TextIOWrapper(binary, encoding="utf-8", newline="") as file:
                _write_rows(file, plan, iter(rejected))
        except OSError as error:
            raise InputError(
                f"{path} cannot be written: {error.strerror}", "Name another file: --rejects FILE."
            ) from None
        return path


def _refuse_special(path: Path) -> None:
    """Raises OSError for a name that is a link, a folder, a pipe or a device, none of which should be replaced."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise OSError(errno.EPERM, "a link, folder, pipe or device has this name")


def _write_rows(file: TextIO, plan: Plan, rejected: Iterator[tuple[int, str, str]]) -> None:
    """The cells stay as they are, also those that a spreadsheet would compute, so that the file can be loaded again."""
    row = next(rejected, None)
    writer = csv.writer(file, delimiter=plan.source.separator or ",", lineterminator="\n")
    writer.writerow(["line", "column", "reason", *plan.source.header])
    for lines, chunk in plan.source.chunks():
        for line, cells in zip(lines, chunk, strict=True):
            if row is not None and row[0] == line:
                writer.writerow([line, _column(plan, row[1]), row[2], *cells])
                row = next(rejected, None)
        if row is None:
            break


def _column(plan: Plan, fields: str) -> str:
    """The headers of the fields, as the file has them."""
    names = [name for name in fields.split(", ") if name]
    return ", ".join(
        plan.source.header[plan.mapping.columns[name]] if name in plan.mapping.columns else name for name in names
    )
