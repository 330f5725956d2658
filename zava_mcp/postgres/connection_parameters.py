"""Reads connection parameters from settings and URLs, and keeps libpq from adding others from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict

from zava_mcp.embedded import Address, Login
from zava_mcp.errors import SettingsError
from zava_mcp.postgres.connection_errors import connection_error
from zava_mcp.postgres.entra_password import Tokens, require_encryption
from zava_mcp.postgres.location import ADMIN_URL, LIBPQ, PARTS, URL, Location
from zava_mcp.postgres.timeout_connection import CONNECT_SECONDS
from zava_mcp.settings import DatabaseLocation, Secret

EMBEDDED_DATABASE = "zava"
#: Parameters without a built-in default that may not be empty; the embedded server only uses SCRAM.
_NOT_EMPTY = {
    "sslcertmode": "allow",
    "require_auth": "scram-sha-256",
    "min_protocol_version": "3.0",
    "max_protocol_version": "3.0",
}


@dataclass(frozen=True)
class ConnectionParameters:
    """libpq's parameters of a connection; the repr does not show the password.

    `settings` are the options as names and values, to be set by SQL behind a pooler. With `tokens`, a token is the
    password. `source` is the setting that named the host.
    """

    parameters: dict[str, Any]
    password: Secret | None = None
    embedded: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    tokens: Tokens | None = None
    source: str = URL

    @property
    def location(self) -> Location | None:
        """The location for error messages, None for the embedded database."""
        return None if self.embedded else Location.of(self.parameters, self.source)

    def keywords(self) -> dict[str, Any]:
        """The arguments of `psycopg.connect`, with the password or a current token. Raises as `Tokens.token`."""
        password = self.tokens.token() if self.tokens else self.password.reveal() if self.password else None
        return {**self.parameters, **({"password": password} if password else {})}


def connection_parameters(
    database: DatabaseLocation, user_id: UUID | None, tokens: Tokens | None = None
) -> ConnectionParameters:
    """The connection parameters of the settings; without a user name, the login is the one named by the user id.

    Raises DatabaseUnavailable if the URL cannot be read, SettingsError if a token could cross the network unencrypted.
    """
    source = URL if database.url else PARTS if "host" in database.parameters else LIBPQ
    target = read_url(database.url.reveal() if database.url else "", database.parameters, source)
    target.parameters.setdefault("user", str(user_id))
    return with_tokens(target, tokens) if tokens else replace(target, password=database.password or target.password)


def embedded_parameters(address: Address, login: Login, database: str = EMBEDDED_DATABASE) -> ConnectionParameters:
    """The parameters of a connection to the embedded database as a login."""
    parameters = {"host": address.host, "port": address.port, "dbname": database, "user": login.login}
    return ConnectionParameters(
        with_our_defaults({**parameters, "sslmode": "disable"}), Secret(login.password), embedded=True
    )


def admin_parameters(url: Secret, tokens: Tokens | None = None) -> ConnectionParameters:
    """The connection parameters of an administrator's URL; a password in the URL takes precedence over tokens.

    Raises SettingsError as `read_url` does.
    """
    target = read_url(url.reveal(), {}, ADMIN_URL)
    target.parameters.update(application_name="zava-mcp init", client_encoding="UTF8")
    return with_tokens(target, tokens) if tokens and target.password is None else target


def read_url(url: str, more: Mapping[str, str], source: str = URL) -> ConnectionParameters:
    """The parameters of a URL and of single settings, with the password apart. Raises DatabaseUnavailable.

    A host in them takes precedence over PGHOSTADDR.
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
    """Adds libpq's own default for each parameter that libpq would otherwise take from the environment."""
    fixed = {"connect_timeout": CONNECT_SECONDS, "client_encoding": "UTF8"}
    skipped = (
        "service",
        "options",
        "application_name",
    )  # an empty service would be read as a file; others are harmless
    defaults = {  # libpq does not look into the environment if a parameter is set, even to an empty text
        (name := option.keyword.decode()): (option.compiled or _NOT_EMPTY.get(name, "").encode()).decode()
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.envvar and option.keyword.decode() not in skipped
    }
    return {**defaults, **fixed, **parameters}


def with_tokens(target: ConnectionParameters, tokens: Tokens) -> ConnectionParameters:
    """The parameters with Entra tokens as password. Raises SettingsError if one could cross the network unencrypted."""
    if target.password is not None:
        raise SettingsError(
            "the URL has a password, but ZAVA_DATABASE_AUTH=entra uses tokens", "Remove one of the two."
        )
    return replace(target, parameters=require_encryption(target.parameters), tokens=tokens)
