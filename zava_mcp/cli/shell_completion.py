"""What the shell completes: the identities, the sample's categories and types, without asking a database."""

import csv
import io
import os
import re
from contextlib import suppress
from pathlib import Path

_SHELL = "_ZAVA_MCP_COMPLETE"
_PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)


class Quoted(str):
    """A value as the shell is to read it. It begins with what was typed, whatever quotes the shell needs around it."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        return True


def identities(incomplete: str) -> list[tuple[str, str]]:
    """Names with the user id they stand for; the ids themselves once somebody begins to write one."""
    from zava_mcp.postgres.user_ids import short_name

    known = [(short_name(name).replace(" ", "-"), user_id, name) for user_id, name in _known().items()]
    typed = short_name(incomplete).replace(" ", "-") if incomplete.strip() else ""
    named = [(_quoted(short), f"{name}, {user_id}") for short, user_id, name in known if short.startswith(typed)]
    return named or [(_quoted(user_id), name) for _, user_id, name in known if user_id.startswith(incomplete.lower())]


def categories(incomplete: str) -> list[str]:
    """The sample's categories, then its product types."""
    from zava_mcp import sql

    rows = list(csv.DictReader(io.StringIO(sql.script("sample/catalogue.csv"))))
    names = dict.fromkeys([row["category"] for row in rows] + [row["type"] for row in rows])
    return [_quoted(name) for name in names if name.lower().startswith(incomplete.lower())]


def guide_pages(incomplete: str) -> list[tuple[str, str]]:
    """The pages of the guide, each with its subject."""
    from zava_mcp.guide import pages

    return [(name, page.summary) for name, page in pages().items() if name.startswith(incomplete.lower())]


def _known() -> dict[str, str]:
    """Names by user id: those of the embedded database that the environment names, else the sample's."""
    from zava_mcp.embedded.folders import default_data_dir
    from zava_mcp.embedded.host import POSTGRES_MAJOR
    from zava_mcp.embedded.login_file import read_logins
    from zava_mcp.errors import ZavaError
    from zava_mcp.postgres.user_ids import sample_identities

    sample = {str(who.user_id): who.name for who in sample_identities()}
    with suppress(OSError, ValueError, KeyError, TypeError, RuntimeError, ZavaError):
        folder = Path(os.environ.get("ZAVA_DATA_DIR") or default_data_dir()).expanduser()
        logins = read_logins(folder / f"postgres-{POSTGRES_MAJOR}" / "logins.json")
        return {user_id: login.name or sample.get(user_id, "") for user_id, login in logins.items() if user_id}
    return sample


def _quoted(value: str) -> str:
    """The value as one word of the shell that asks. zsh and fish quote what they insert themselves."""
    shell = os.environ.get(_SHELL, "").rpartition("_")[2]
    if _PLAIN.fullmatch(value):
        return Quoted(value)
    if shell == "bash":
        return Quoted(_for_bash(value))
    if shell in ("powershell", "pwsh"):
        return Quoted("'" + value.replace("'", "''") + "'")
    return Quoted(value)


def _for_bash(value: str) -> str:
    """Behind an opening quote, bash keeps the quote and adds the closing one."""
    quote = _open_quote(os.environ.get("COMP_WORDS", ""))
    if quote == '"':
        return re.sub(r'(["$`\\!])', r"\\\1", value)
    if quote == "'":
        return value.replace("'", "'\\''")
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", value, flags=re.ASCII)


def _open_quote(line: str) -> str:
    """The quote that is open at the end of a line; "" if none is."""
    without = re.sub(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"", "", line, flags=re.DOTALL)
    return next((mark for mark in without if mark in "\"'"), "")
