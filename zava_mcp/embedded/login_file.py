"""Reads and writes the file with the embedded database's logins and passwords, which only its owner can read."""

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from zava_mcp.embedded.host import trusted
from zava_mcp.trusted_files import open_owned


@dataclass(frozen=True)
class Login:
    """A login of the embedded database. `user_id` is empty for the administrator."""

    login: str
    password: str
    user_id: str = ""
    name: str = ""

    def __repr__(self) -> str:
        return f"Login({self.login!r})"


def read_logins(file: Path) -> dict[str, Login]:
    """The logins by user id. Raises OSError, and ValueError, TypeError or KeyError for a damaged file."""
    with open(open_owned(file, os.O_RDONLY, trusted()), encoding="utf-8") as opened:
        return {entry["user_id"]: Login(**entry) for entry in json.load(opened)}


def write_logins(file: Path, logins: Iterable[Login]) -> None:
    """Replaces the file of logins."""
    write_private(file, json.dumps([asdict(login) for login in logins], indent=1))


def write_private(path: Path, text: str) -> None:
    """Replaces a file atomically, readable by its owner alone, and never writes through a link."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
