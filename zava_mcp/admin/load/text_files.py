"""Finds out how a text file is written: its encoding, its separator, and whether it is text at all."""

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zava_mcp.errors import InputError

_CHUNK = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # bytes that cp1252 does not have
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_SEPARATORS = ",;\t|"
_SAMPLE_LINES = 200
MAX_CELL = 1 << 20
MAX_LINE = 4 << 20
_SHOWN = 3  # lines that a message names
csv.field_size_limit(MAX_CELL)


@dataclass(frozen=True)
class TextFile:
    """A file's encoding, the hash of its content, and the bytes of its longest line."""

    encoding: str
    sha256: str
    longest: int = 0


def examine(path: Path) -> TextFile:
    """Reads a text file once. Raises InputError if it is not text, or mixes encodings; the message names lines."""
    digest = hashlib.sha256()
    utf8, others = _Lines(), _Lines()
    with path.open("rb") as file:
        start = file.read(4)
        encoding = next((name for bom, name in _BOMS if start.startswith(bom)), "")
        file.seek(0)
        number = longest = 0
        for chunk in _chunks(file):
            digest.update(chunk)
            longest = max(longest, *map(len, chunk.replace(b"\r", b"\n").split(b"\n")))
            if longest > MAX_LINE:
                raise InputError(
                    f"{path.name} has a line of more than {MAX_LINE:,} bytes", "Give each row its own line."
                )
            if encoding == "utf-16":
                continue
            if found := _CONTROL.search(chunk):
                raise _not_text(path, number + 1 + chunk.count(b"\n", 0, found.start()), found[0])
            if not chunk.isascii():
                _count_encodings(path, chunk, number, utf8, others)
            number += chunk.count(b"\n")
    if not others.count:
        return TextFile(encoding or "utf-8", digest.hexdigest(), longest)
    if utf8.count or encoding:
        raise InputError(
            f"{path.name} mixes encodings: {utf8.described()} UTF-8, {others.described()} cp1252",
            "Save the file in one encoding, UTF-8 if possible. Nothing was written.",
        )
    return TextFile("cp1252", digest.hexdigest(), longest)


class _Lines:
    """The number of lines of a kind, and the first ones."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[int] = []

    def add(self, number: int) -> None:
        self.count += 1
        if len(self.first) < _SHOWN:
            self.first.append(number)

    def described(self) -> str:
        numbers = ", ".join(map(str, self.first))
        if self.count == 1:
            return f"line {numbers} is"
        return f"lines {numbers}{' and more' if self.count > len(self.first) else ''} are"


def _chunks(file: io.BufferedReader) -> Iterator[bytes]:
    """The content in pieces that end with a line, so that no character is cut; a very long line is one piece."""
    while chunk := file.read(_CHUNK):
        yield chunk + (file.readline(_CHUNK * 4) if not chunk.endswith(b"\n") else b"")


def _count_encodings(path: Path, chunk: bytes, number: int, utf8: _Lines, others: _Lines) -> None:
    try:
        chunk.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if len(utf8.first) == _SHOWN:
            utf8.count += 1
            return
    for line in chunk.split(b"\n"):
        number += 1
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            utf8.add(number)
        except UnicodeDecodeError:
            if found := _UNDEFINED.search(line):
                raise _not_text(path, number, found[0]) from None
            others.add(number)


def _not_text(path: Path, line: int, byte: bytes) -> InputError:
    what = "a NUL byte" if byte == b"\0" else f"the byte 0x{byte.hex()}"
    return InputError(
        f"{path.name} is not a text file: line {line} has {what}",
        "Save it as CSV in UTF-8, UTF-16 with a byte order mark, or cp1252; an Excel file needs the suffix .xlsx.",
    )


def separator_of(path: Path, encoding: str) -> str:
    """The separator that gives the first lines equally many cells, and most of them."""
    if path.suffix.lower() in (".tsv", ".tab"):
        return "\t"
    with path.open(encoding=encoding, newline="") as file:
        lines = [line for _, line in zip(range(_SAMPLE_LINES), iter(lambda: file.readline(MAX_CELL), ""), strict=False)]
    best, score = ",", (0.0, 0)
    for separator in _SEPARATORS:
        widths = _widths(lines, separator)
        if widths and widths[0] > 1:
            same = sum(width == widths[0] for width in widths) / len(widths)
            if (same, widths[0]) > score:
                best, score = separator, (same, widths[0])
    return best


def _widths(lines: list[str], separator: str) -> list[int]:
    try:
        return [len(row) for row in csv.reader(lines, delimiter=separator) if row]
    except csv.Error:
        return []
