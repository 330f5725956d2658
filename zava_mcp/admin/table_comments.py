"""Comments on exposed tables, which assistants read: reads them from a file, or prompts for them."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from zava_mcp.admin.change_report import Report
from zava_mcp.admin.plain_text import refuse_invisible
from zava_mcp.errors import InputError

_MAX_COMMENT = 1_000
Comments = dict[str, str]  # The keys are columns; "" stands for the table.


def read_comments(file: Path) -> Comments:
    """Reads a TOML file: `table = "…"`, and below `[columns]` a line for each column. Raises InputError."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"the file of comments {file} cannot be read: {error}") from None
    columns = content.get("columns", {})
    texts = {"": content["table"]} if "table" in content else {}
    if set(content) - {"table", "columns"} or not isinstance(columns, dict):
        raise InputError(f"{file} may have table and [columns] alone", 'For example: table = "Invoices, one a month"')
    texts |= columns
    if not all(isinstance(text, str) for text in texts.values()):
        raise InputError(f"the comments in {file} must be texts")
    return texts


def new_comments(
    existing: Mapping[str, str | None],
    columns: Sequence[str],
    given: Comments,
    ask: Callable[[str], str] | None,
    report: Report,
) -> Comments:
    """The comments to write; existing ones stay. Raises InputError for a comment on an unknown column."""
    if unknown := [name for name in given if name not in existing]:
        raise InputError(f"there is a comment on {unknown[0]!r}, which is not a column of the table")
    wanted = ["", *columns]
    comments = {name: _plain(name, given[name]) for name in wanted if name in given}
    if kept := [name or "the table" for name, text in comments.items() if existing[name] and existing[name] != text]:
        report.warnings.append(f"existing comments were kept: {', '.join(kept)}")
    comments = {name: text for name, text in comments.items() if text and not existing[name]}
    if ask is not None:
        missing = [name for name in wanted if not existing[name] and name not in comments]
        comments |= {name: text for name in missing if (text := _plain(name, ask(name)))}
    for name in wanted:  # the owner of the table may have written these
        refuse_invisible(_subject(name), " ".join((existing[name] or "").split()))
    return comments


def _plain(column: str, text: str) -> str:
    """A comment in one line. Raises InputError for a long one, and for one with characters that are not shown."""
    text = " ".join(text.split())
    refuse_invisible(_subject(column), text)
    if len(text) > _MAX_COMMENT:
        raise InputError(f"{_subject(column)} has {len(text):,} characters", f"It may have at most {_MAX_COMMENT:,}.")
    return text


def _subject(column: str) -> str:
    return f"the comment on {column or 'the table'}"
