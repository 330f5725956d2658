"""Entra access tokens as the password of a login, renewed before they expire.

azure-identity is imported at the first use, because importing it takes long.
"""

import os
import re
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zava_mcp.errors import DatabaseUnavailable, SettingsError, install_extra
from zava_mcp.settings import Settings
from zava_mcp.settings.embedding_settings import EmbeddingSettings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_RENEW_SECONDS = 300  # A token is renewed this long before its expiry.
_REQUEST_SECONDS = 10
_SCOPE = "https://ossrdbms-aad.database.{}/.default"
_CLOUDS = {".us": "usgovcloudapi.net", ".cn": "chinacloudapi.cn"}  # Azure Government, Azure China
_ENCRYPTED_MODES = ("require", "verify-ca", "verify-full")
_SIGN_IN = (
    "Sign in with `az login`, run where there is a managed identity, or set AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and "
    "AZURE_TENANT_ID."
)


class Tokens:
    """Tokens of one Entra identity: the service principal of the settings, or else the account that is signed in."""

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._settings = settings
        suffix = next((end for end in _CLOUDS if (settings.authority or "").rstrip("/").endswith(end)), "")
        self._scope = _SCOPE.format(_CLOUDS.get(suffix, "windows.net"))
        self._credential: TokenCredential | None = None
        self._lock = threading.Lock()
        self._token, self._valid_until = "", 0.0

    def token(self) -> str:
        """A valid token. Raises SettingsError without the extra `azure`, DatabaseUnavailable if Entra issues none."""
        with self._lock:
            if time.time() >= self._valid_until:
                self._fetch()
            return self._token

    def discard(self) -> None:
        """Discards a token that the database refused, and the credential, which may have cached it."""
        self._valid_until, self._credential = 0.0, None

    def _fetch(self) -> None:
        try:
            import azure.identity  # noqa: F401  # fails here without the extra
            from azure.core.exceptions import ClientAuthenticationError
        except ImportError:
            raise SettingsError("ZAVA_DATABASE_AUTH=entra needs the extra azure", install_extra("azure")) from None
        try:
            self._credential = self._credential or _credential(self._settings)
            token = self._credential.get_token(self._scope)
        except ClientAuthenticationError as error:  # its message has ids and addresses
            code = re.search(r"AADSTS\d+", error.message)
            message = (
                f"Entra issued no token for the database ({code[0]})" if code else "no account is signed in to Entra"
            )
            raise DatabaseUnavailable(message, _SIGN_IN) from None
        except Exception as error:
            unavailable = DatabaseUnavailable(
                f"Entra issued no token for the database ({type(error).__name__})",
                "Check the network, AZURE_AUTHORITY_HOST and AZURE_TENANT_ID.",
            )
            unavailable.server_hint = "The server requests a new token by itself."
            raise unavailable from None
        self._token, self._valid_until = token.token, token.expires_on - _RENEW_SECONDS


def _credential(settings: EmbeddingSettings) -> "TokenCredential":
    from azure.identity import ClientSecretCredential, DefaultAzureCredential

    options: dict[str, Any] = {
        "authority": settings.authority,
        "disable_instance_discovery": settings.authority is not None,
        "retry_total": 0,
        "connection_timeout": _REQUEST_SECONDS,
        "read_timeout": _REQUEST_SECONDS,
    }
    if settings.client_id and settings.client_secret and settings.tenant_id:
        return ClientSecretCredential(
            settings.tenant_id, settings.client_id, settings.client_secret.reveal(), **options
        )
    client = {"managed_identity_client_id": settings.client_id} if settings.client_id else {}
    return DefaultAzureCredential(**options, **client)


def entra_tokens(settings: Settings) -> Tokens | None:
    """The source of Entra tokens as passwords, None without `ZAVA_DATABASE_AUTH=entra`."""
    return Tokens(settings.embedding) if settings.database_auth == "entra" else None


def require_encryption(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a connection that uses TLS or a socket of this machine, so that a token can cross it.

    Without `sslmode`, TLS is required. Raises SettingsError if the parameters do not guarantee TLS.
    """
    service = parameters.get("service") or os.environ.get("PGSERVICE")
    address = parameters.get("hostaddr", os.environ.get("PGHOSTADDR")) or service
    if not address and all(host.startswith("/") for host in str(parameters.get("host", "")).split(",")):
        return dict(parameters)
    if service and "sslmode" not in parameters:  # only libpq reads the service file
        raise SettingsError(
            "with ZAVA_DATABASE_AUTH=entra and a service, ZAVA_DATABASE_URL must set sslmode",
            "Write postgresql:///?service=NAME&sslmode=verify-full: a token must not cross a network in clear text.",
        )
    mode = parameters.get("sslmode") or os.environ.get("PGSSLMODE")
    if mode and mode not in _ENCRYPTED_MODES:
        raise SettingsError(
            f"sslmode={mode} would let the Entra token cross the network in clear text",
            "Set sslmode=verify-full, or at least require.",
        )
    return {**parameters, "sslmode": mode or "require"}
