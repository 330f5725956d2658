"""Writes the rows that were rejected to a CSV file: line, column, reason, and the original cells."""

import csv
import errno
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from zava_mcp.admin.load.mapping import REJECTS_HEADER
from zava_mcp.admin.load.plans import Plan
from zava_mcp.admin.load.sources import Source, open_source
from zava_mcp.errors import InputError
from zava_mcp.trusted_files import replaced_atomically

_NAME = re.compile(r"(?P<stem>.*)\.rejects(?:-(?P<number>\d+))?", re.DOTALL)


def has_rejects(source: Source) -> bool:
    """Whether a file has the rejected rows of another file."""
    return source.header[:3] == REJECTS_HEADER


def is_named_as_rejects(path: Path) -> bool:
    """Whether a file's name is one that rejected rows get by default."""
    return path.suffix == ".csv" and _NAME.fullmatch(path.stem) is not None


class RejectsFile:
    """The files of rejected rows: one beside each loaded file, or the one that the administrator named."""

    def __init__(self, path: Path | None, several: bool) -> None:
        self._path, self._several = path, several

    def path_for(self, plan: Plan) -> Path:
        """The file for the rejected rows of a plan; a named file gets the names of several inputs."""
        source = plan.source.path
        if self._path is None:
            name = _NAME.fullmatch(source.stem) if has_rejects(plan.source) else None
            number = f"-{int(name['number'] or 1) + 1}" if name else ""
            return source.with_name(f"{name['stem'] if name else source.stem}.rejects{number}.csv")
        return self._path.with_stem(f"{self._path.stem}-{source.stem}") if self._several else self._path

    def write(self, plan: Plan, rejected: Iterable[tuple[int, str, str]]) -> Path:
        """Writes the rejected rows, in the order of their lines and in the file's encoding. Raises InputError."""
        path, encoding = self.path_for(plan), plan.source.encoding or "utf-8-sig"  # Excel needs the mark
        try:
            _refuse_special(path, plan.source.path)
            with replaced_atomically(path) as binary, TextIOWrapper(binary, encoding, "replace", newline="") as file:
                _write_rows(file, plan, iter(rejected))
        except OSError as error:
            raise InputError(
                f"{path} cannot be written: {error.strerror}", "Name another file: --rejects FILE."
            ) from None
        return path

    def remove_obsolete(self, plan: Plan) -> Path | None:
        """Removes the rejected rows of an earlier load, after all rows were loaded; returns the removed file."""
        path = self.path_for(plan)
        try:
            _refuse_special(path, plan.source.path)
            if path.exists() and has_rejects(open_source(path)):
                path.unlink()
                return path
        except (OSError, InputError):  # zava-mcp did not write the file
            pass
        return None


def _refuse_special(path: Path, source: Path) -> None:
    """Raises OSError for the loaded file itself, a link, a folder, a pipe or a device, which should not be replaced."""
    with suppress(FileNotFoundError):
        if path.samefile(source):
            raise OSError(errno.EPERM, "it is the file that is loaded")
        if not stat.S_ISREG(path.lstat().st_mode):
            raise OSError(errno.EPERM, "a link, folder, pipe or device has this name")


def _write_rows(file: TextIO, plan: Plan, rejected: Iterator[tuple[int, str, str]]) -> None:
    """The cells stay as they are, also those that a spreadsheet would compute, so that the file can be loaded again."""
    row = next(rejected, None)
    writer = csv.writer(file, delimiter=plan.source.separator or ",", lineterminator="\n")
    first = len(REJECTS_HEADER) if has_rejects(plan.source) else 0  # the reasons of the load before are left out
    writer.writerow([*REJECTS_HEADER, *plan.source.header[first:]])
    for lines, chunk in plan.source.chunks():
        for line, cells in zip(lines, chunk, strict=True):
            if row is not None and row[0] == line:
                writer.writerow([line, _column(plan, row[1]), row[2], *cells[first:]])
                row = next(rejected, None)
        if row is None:
            break


def _column(plan: Plan, fields: str) -> str:
    """The headers of the fields, as the file has them."""
    names = [name for name in fields.split(", ") if name]
    return ", ".join(
        plan.source.header[plan.mapping.columns[name]] if name in plan.mapping.columns else name for name in names
    )
