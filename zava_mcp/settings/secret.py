"""Keeps passwords and keys out of output, and finds them in variables and libpq URLs."""

import re
from urllib.parse import parse_qsl, unquote

from zava_mcp.errors import SettingsError

_NAME = re.compile(r"(PASSWORD|KEY|SECRET|CONNECTION_STRING)$")
_SECRET_PARAMETERS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")


class Secret:
    """A text that its repr hides; `reveal()` returns it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"


def is_secret(name: str) -> bool:
    """Whether the value of a variable with this name is a password or a key."""
    return _NAME.search(name) is not None


def without_password(url: str) -> str:
    """Return a libpq URL without its passwords.

    Raises SettingsError if the rest might still contain a part of a password.
    """
    scheme, _, rest = url.partition("://")
    match = re.match(r"([^/@]*)@(.*)", rest, re.DOTALL)
    credentials, location = match.groups() if match else ("", rest)
    if "@" in location:  # libpq ends the credentials at the first @, unless there is a / before it.
        raise SettingsError(
            "the password cannot be removed from the database URL: the URL has one @ too many",
            "In a password write @ as %40, / as %2F and ? as %3F.",
        )
    hosts, _, query = location.partition("?")
    kept = [part for part in query.split("&") if unquote(part.partition("=")[0]) not in _SECRET_PARAMETERS]
    user = credentials.partition(":")[0]
    return f"{scheme}://{user}{'@' if user else ''}{hosts}" + (f"?{'&'.join(kept)}" if any(kept) else "")


def find_passwords(url: str) -> list[str]:
    """Return every part of a libpq URL that might be a password, as written and decoded, for redaction."""
    rest, _, query = url.partition("://")[2].partition("?")
    parameters = [value for name, value in parse_qsl(query) if name in _SECRET_PARAMETERS]
    password = rest.rpartition("@")[0].partition(":")[2]
    return [*parameters, *({password, unquote(password)} - {""})]
