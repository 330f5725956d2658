"""Texts that must not be seen."""

import re
from urllib.parse import parse_qsl, unquote

from zava_mcp.errors import SettingsError

_NAME = re.compile(r"(PASSWORD|KEY|SECRET|CONNECTION_STRING)$")
_SECRET_PARAMETERS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")


class Secret:
    """A text that never shows itself: only `reveal()` gives it away."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"


def is_secret(name: str) -> bool:
    """Whether a variable of that name has a password or a key for a value."""
    return _NAME.search(name) is not None


def without_password(url: str) -> str:
    """A libpq URL without the passwords in it.

    Raises SettingsError where what is left might still hold a part of one.
    """
    scheme, _, rest = url.partition("://")
    credentials, place = found.groups() if (found := re.match(r"([^/@]*)@(.*)", rest, re.DOTALL)) else ("", rest)
    if "@" in place:  # libpq ends the credentials at the first @, unless a / stands before it
        raise SettingsError(
            "the database's URL cannot be written without its password: it has an @ too many",
            "In a password write @ as %40, / as %2F and ? as %3F.",
        )
    hosts, _, query = place.partition("?")
    kept = [part for part in query.split("&") if unquote(part.partition("=")[0]) not in _SECRET_PARAMETERS]
    user = credentials.partition(":")[0]
    return f"{scheme}://{user}{'@' if user else ''}{hosts}" + (f"?{'&'.join(kept)}" if any(kept) else "")


def passwords_of(url: str) -> list[str]:
    """What might be a password in a libpq URL, as it stands there and decoded: for hiding it, so rather too much."""
    rest, _, query = url.partition("://")[2].partition("?")
    found = [value for name, value in parse_qsl(query) if name in _SECRET_PARAMETERS]
    written = rest.rpartition("@")[0].partition(":")[2]
    return [*found, *({written, unquote(written)} - {""})]
