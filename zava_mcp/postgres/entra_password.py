"""Entra access tokens as the password of a login, asked for anew before they end. azure-identity: only at first use."""

import os
import re
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zava_mcp.errors import DatabaseUnavailable, IdentityError, SettingsError
from zava_mcp.settings.embedding import EmbeddingSettings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_EARLY_SECONDS = 300  # before its end: a token must outlive the connection's coming about
_SECONDS = 10  # for one request
_SCOPE = "https://ossrdbms-aad.database.{}/.default"
_CLOUDS = {".us": "usgovcloudapi.net", ".cn": "chinacloudapi.cn"}  # of their own: government and China
_PRIVATE = ("require", "verify-ca", "verify-full")
_SIGN_IN = (
    "Sign in with `az login`, run where there is a managed identity, or set AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and "
    "AZURE_TENANT_ID."
)


class Tokens:
    """The token of one Entra identity: the service principal of the settings, else whoever is signed in here."""

    def __init__(self, chosen: EmbeddingSettings) -> None:
        self._chosen = chosen
        ending = next((end for end in _CLOUDS if (chosen.authority or "").rstrip("/").endswith(end)), "")
        self._scope = _SCOPE.format(_CLOUDS.get(ending, "windows.net"))
        self._credential: TokenCredential | None = None
        self._turn = threading.Lock()
        self._token, self._good_until = "", 0.0

    def token(self) -> str:
        """Raises SettingsError without the extra `azure`, DatabaseUnavailable if Entra gives none."""
        with self._turn:
            if time.time() >= self._good_until:
                self._fetch()
            return self._token

    def forget(self) -> None:
        """The next one is asked for anew, of nobody who keeps old ones: the database did not take this one."""
        self._good_until, self._credential = 0.0, None

    def _fetch(self) -> None:
        try:
            import azure.identity  # noqa: F401  # whether it is there
            from azure.core.exceptions import ClientAuthenticationError
        except ImportError:
            raise SettingsError(
                "ZAVA_DATABASE_AUTH=entra needs the extra `azure`", "Install it: uvx 'zava-mcp[azure]'."
            ) from None
        try:
            self._credential = self._credential or _credential(self._chosen)
            given = self._credential.get_token(self._scope)
        except ClientAuthenticationError as error:  # its text names ids, addresses, and all that was tried
            code = re.search(r"AADSTS\d+", error.message)
            fault = f"Entra gave no token for the database ({code[0]})" if code else "nobody is signed in to Entra here"
            raise DatabaseUnavailable(fault, _SIGN_IN) from None
        except Exception as error:
            unavailable = DatabaseUnavailable(
                f"Entra gave no token for the database ({type(error).__name__})",
                "Check the network, AZURE_AUTHORITY_HOST and AZURE_TENANT_ID.",
            )
            unavailable.server_hint = "The server asks for a token again by itself."
            raise unavailable from None
        self._token, self._good_until = given.token, given.expires_on - _EARLY_SECONDS


def _credential(chosen: EmbeddingSettings) -> "TokenCredential":
    from azure.identity import ClientSecretCredential, DefaultAzureCredential

    bounds: dict[str, Any] = {
        "authority": chosen.authority,
        "disable_instance_discovery": chosen.authority is not None,
        "retry_total": 0,
        "connection_timeout": _SECONDS,
        "read_timeout": _SECONDS,
    }
    if chosen.client_id and chosen.client_secret and chosen.tenant_id:
        return ClientSecretCredential(chosen.tenant_id, chosen.client_id, chosen.client_secret.reveal(), **bounds)
    mine = {"managed_identity_client_id": chosen.client_id} if chosen.client_id else {}
    return DefaultAzureCredential(**bounds, **mine)


def private(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a connection that a token may cross: over TLS, or to a socket of this machine.

    Without a word about it TLS is required. Raises SettingsError where it would not be sure.
    """
    service = parameters.get("service") or os.environ.get("PGSERVICE")
    address = parameters.get("hostaddr", os.environ.get("PGHOSTADDR")) or service
    if not address and all(host.startswith("/") for host in str(parameters.get("host", "")).split(",")):
        return dict(parameters)
    if service and "sslmode" not in parameters:  # what the service says is libpq's to read
        raise SettingsError(
            "with ZAVA_DATABASE_AUTH=entra and a service, sslmode must stand in ZAVA_DATABASE_URL",
            "Write postgresql:///?service=NAME&sslmode=verify-full: a token must not cross a network in clear text.",
        )
    mode = parameters.get("sslmode") or os.environ.get("PGSSLMODE")
    if mode and mode not in _PRIVATE:
        raise SettingsError(
            f"sslmode={mode} would let the Entra token cross the network in clear text",
            "Set sslmode=verify-full, or at least require.",
        )
    return {**parameters, "sslmode": mode or "require"}


def token_refused(login: str) -> IdentityError:
    return IdentityError(
        f"the database does not accept the Entra token for the login {login}",
        "The login (POSTGRES_USER) must be the Entra identity's, made with pgaadauth_create_principal; `zava-mcp "
        "identities map` admits it. It may also have been removed or have expired.",
    )
