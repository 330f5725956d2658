"""Completes identities, categories and product types in the shell, without a database connection.

For a server's database, which need not be the sample, it offers none.
"""

import csv
import io
import os
import re
from contextlib import suppress
from pathlib import Path

_COMPLETION_VARIABLE = "_ZAVA_MCP_COMPLETE"
_PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)


class Quoted(str):
    """A value quoted for the shell. `startswith` is always true, because typer compares it with the unquoted input."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        return True


def complete_identities(incomplete: str) -> list[tuple[str, str]]:
    """Return the names that match, with their user ids; if none matches, return the user ids that do."""
    from zava_mcp.postgres.user_ids import short_name

    known = [(short_name(name).replace(" ", "-"), user_id, name) for user_id, name in _known_names().items()]
    prefix = short_name(incomplete).replace(" ", "-") if incomplete.strip() else ""
    names = [(_quote(short), f"{name}, {user_id}") for short, user_id, name in known if short.startswith(prefix)]
    return names or [(_quote(user_id), name) for _, user_id, name in known if user_id.startswith(incomplete.lower())]


def complete_categories(incomplete: str) -> list[str]:
    """Return the sample's categories, then its product types."""
    from zava_mcp import sql

    if _names_server():
        return []
    rows = list(csv.DictReader(io.StringIO(sql.script("sample/catalogue.csv"))))
    names = dict.fromkeys([row["category"] for row in rows] + [row["type"] for row in rows])
    return [_quote(name) for name in names if name.lower().startswith(incomplete.lower())]


def complete_guide_pages(incomplete: str) -> list[tuple[str, str]]:
    """Return the pages of the guide, with their subjects, and `check`."""
    from zava_mcp.guide import pages

    names = {name: page.summary for name, page in pages().items()} | {"check": "Check the exercises of a chapter."}
    return [(name, subject) for name, subject in names.items() if name.startswith(incomplete.lower())]


def complete_chapters(incomplete: str) -> list[tuple[str, str]]:
    """Return the chapters of the guide, with their subjects."""
    from zava_mcp.guide import pages

    chapters = [page for page in pages().values() if page.number]
    return [(page.name, page.summary) for page in chapters if page.name.startswith(incomplete.lower())]


def _known_names() -> dict[str, str]:
    """Return names by user id: those of the embedded database in the environment, else the sample's."""
    if _names_server():
        return {}
    from zava_mcp.embedded.folders import default_data_dir
    from zava_mcp.embedded.host import POSTGRES_MAJOR
    from zava_mcp.embedded.login_file import read_logins
    from zava_mcp.errors import ZavaError
    from zava_mcp.postgres.user_ids import sample_identities

    sample = {str(identity.user_id): identity.name for identity in sample_identities()}
    with suppress(OSError, ValueError, KeyError, TypeError, RuntimeError, ZavaError):
        folder = Path(os.environ.get("ZAVA_DATA_DIR") or default_data_dir()).expanduser()
        logins = read_logins(folder / f"postgres-{POSTGRES_MAJOR}" / "logins.json")
        return {user_id: login.name or sample.get(user_id, "") for user_id, login in logins.items() if user_id}
    return sample


def _names_server() -> bool:
    """Whether the environment or the line names a server, or has settings that cannot be read."""
    from zava_mcp.errors import ZavaError
    from zava_mcp.settings import load

    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    try:
        return "--database-url" in line or load().database is not None
    except ZavaError:
        return True


def _quote(value: str) -> str:
    """Return the value as one word of the current shell. zsh and fish quote completions themselves."""
    shell = os.environ.get(_COMPLETION_VARIABLE, "").rpartition("_")[2]
    if _PLAIN.fullmatch(value):
        return Quoted(value)
    if shell == "bash":
        return Quoted(_quote_for_bash(value))
    if shell in ("powershell", "pwsh"):
        return Quoted("'" + value.replace("'", "''") + "'")
    return Quoted(value)


def _quote_for_bash(value: str) -> str:
    """Quote a value; if the line has an open quote, bash keeps it and adds the closing one."""
    quote = _open_quote(os.environ.get("COMP_WORDS", ""))
    if quote == '"':
        return re.sub(r'(["$`\\!])', r"\\\1", value)
    if quote == "'":
        return value.replace("'", "'\\''")
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", value, flags=re.ASCII)


def _open_quote(line: str) -> str:
    """Return the quote that is open at the end of a line, or ""."""
    unquoted = re.sub(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"", "", line, flags=re.DOTALL)
    return next((character for character in unquoted if character in "\"'"), "")
