"""Tokens of an Entra service principal for Azure OpenAI. This module imports azure-identity, so it is imported late."""

import re
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError
from azure.identity import ClientSecretCredential

from zava_mcp.embeddings.service_errors import RetryPolicy, Service, ServiceError, causes, service_unreachable
from zava_mcp.settings.embedding_settings import EmbeddingSettings
from zava_mcp.settings.table import default

_SOVEREIGN_CLOUDS = (".us", ".cn")  # US government and China
_CODES = {
    "AADSTS7000215": "the secret is wrong: AZURE_CLIENT_SECRET must hold the secret's value, not its id",
    "AADSTS7000222": "the secret has expired: make a new one, and put it into AZURE_CLIENT_SECRET",
    "AADSTS700016": "AZURE_CLIENT_ID names no application of the tenant",
    "AADSTS90002": "AZURE_TENANT_ID names no tenant",
}


class EntraTokenSource:
    """Returns tokens for requests. The library caches a token until five minutes before it expires."""

    def __init__(self, options: EmbeddingSettings, seconds: float) -> None:
        """`seconds` is the timeout of one request for a token."""
        assert options.azure_endpoint
        assert options.tenant_id
        assert options.client_id
        assert options.client_secret
        self._seconds = seconds
        host = urlsplit(options.authority or default("AZURE_AUTHORITY_HOST")).netloc
        trust = "If a proxy intercepts TLS, set REQUESTS_CA_BUNDLE to a file with its certificate."
        self._service = Service("Entra", host, address="AZURE_AUTHORITY_HOST", trust=trust)
        host = urlsplit(options.azure_endpoint).hostname or ""
        cloud = next((end for end in _SOVEREIGN_CLOUDS if host.endswith(f".azure{end}")), ".com")
        self._scope = f"https://cognitiveservices.azure{cloud}/.default"
        self._credential = ClientSecretCredential(
            options.tenant_id,
            options.client_id,
            options.client_secret.reveal(),
            authority=options.authority,
            # Microsoft's list of authorities may be unreachable, and a configured host needs no entry in it.
            disable_instance_discovery=options.authority is not None,
            retry_total=0,  # RemoteEmbedder retries within its own deadline
            connection_timeout=seconds,
            read_timeout=seconds,
        )

    def token(self) -> str:
        """Returns a token. Raises ServiceError."""
        try:
            return self._credential.get_token(self._scope).token
        except AzureError as error:
            raise self._service_error(error) from None

    def close(self) -> None:
        """Closes the connections."""
        self._credential.close()

    def _service_error(self, error: AzureError) -> ServiceError:
        """Entra's messages contain ids and addresses, so the error repeats only their code."""
        found = re.search(r"AADSTS\d+", error.message)
        if found:
            reason = _CODES.get(found[0], "it does not accept the service principal")
            return ServiceError(
                f"{self._service} returned no token ({found[0]}): {reason}",
                "Check AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and AZURE_TENANT_ID.",
            )
        if any(isinstance(cause, (ServiceRequestError, ServiceResponseError)) for cause in causes(error)):
            return service_unreachable(self._service, error, self._seconds)
        return ServiceError(
            f"{self._service} returned no token, for an unknown reason",
            "Try again in a minute; check AZURE_AUTHORITY_HOST, AZURE_CLIENT_ID and AZURE_TENANT_ID.",
            RetryPolicy.few_times,
        )
