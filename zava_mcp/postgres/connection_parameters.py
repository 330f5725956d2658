"""The parameters of a connection, and none from where they should not come."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict

from zava_mcp.errors import SettingsError
from zava_mcp.postgres.entra_password import Tokens, private
from zava_mcp.postgres.location import LIBPQ, PARTS, URL, Location
from zava_mcp.postgres.query_errors import connection_error
from zava_mcp.postgres.timeout_connection import CONNECT_SECONDS
from zava_mcp.settings import DatabaseLocation, Secret

#: Parameters without a built-in default that may not be empty; the embedded server asks for SCRAM and nothing else.
_NOT_EMPTY = {
    "sslcertmode": "allow",
    "require_auth": "scram-sha-256",
    "min_protocol_version": "3.0",
    "max_protocol_version": "3.0",
}


@dataclass(frozen=True)
class ConnectionParameters:
    """libpq parameters of a connection; the password shows in no repr.

    `settings` is what its options set, for where a pooler drops them; with `tokens`, one of them is the password.
    `source` is the setting that named the host.
    """

    parameters: dict[str, Any]
    password: Secret | None = None
    embedded: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    tokens: Tokens | None = None
    source: str = URL

    @property
    def location(self) -> Location | None:
        """Where it connects to, None for the embedded database."""
        return None if self.embedded else Location.of(self.parameters, self.source)

    def keywords(self) -> dict[str, Any]:
        """What psycopg connects with now. Raises what `Tokens.token` raises."""
        password = self.tokens.token() if self.tokens else self.password.reveal() if self.password else None
        return {**self.parameters, **({"password": password} if password else {})}


def connection_parameters(
    place: DatabaseLocation, user_id: UUID | None, tokens: Tokens | None = None
) -> ConnectionParameters:
    """Where and as whom the settings say to connect; without a user name, as the login named by the user id.

    Raises DatabaseUnavailable if the URL cannot be read, SettingsError if a token could be seen on its way.
    """
    source = URL if place.url else PARTS if "host" in place.parameters else LIBPQ
    target = read_url(place.url.reveal() if place.url else "", place.parameters, source)
    target.parameters.setdefault("user", str(user_id))
    return with_tokens(target, tokens) if tokens else replace(target, password=place.password or target.password)


def read_url(url: str, more: Mapping[str, str], source: str = URL) -> ConnectionParameters:
    """What a URL and single parameters say, the password apart. Raises DatabaseUnavailable if it cannot be read.

    A host that is named is the one that is meant, wherever PGHOSTADDR points to.
    """
    try:
        parameters = conninfo_to_dict(url, **more)
    except psycopg.ProgrammingError as error:
        raise connection_error(error, Location(source=source)) from None
    if parameters.get("host"):
        parameters.setdefault("hostaddr", "")
    password = parameters.pop("password", None)
    return ConnectionParameters(parameters, Secret(str(password)) if password else None, source=source)


def with_our_defaults(parameters: dict[str, Any]) -> dict[str, Any]:
    """The embedded database's parameters, and for each that libpq would take from the environment its own default."""
    own = {"connect_timeout": CONNECT_SECONDS, "client_encoding": "UTF8"}
    left = ("service", "options", "application_name")  # which would name a file; which do no harm
    defaults = {  # an empty text is a value, too: libpq then does not look further
        (name := option.keyword.decode()): (option.compiled or _NOT_EMPTY.get(name, "").encode()).decode()
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.envvar and option.keyword.decode() not in left
    }
    return {**defaults, **own, **parameters}


def with_tokens(target: ConnectionParameters, tokens: Tokens) -> ConnectionParameters:
    """The target with tokens of Entra for a password. Raises SettingsError if one could be seen on its way."""
    if target.password is not None:
        raise SettingsError(
            "the URL has a password, but ZAVA_DATABASE_AUTH=entra takes none", "Take one of the two away."
        )
    return replace(target, parameters=private(target.parameters), tokens=tokens)
